// Package search says what words a text holds, what a query asks for, which
// files answer it, and how the answers of many peers become one ranked list.
//
// There is one tokenizer, [Tokens]. Index, matcher, route tables and the words
// on the wire all come from it, so that no part filters out what another
// would have found. The package is pure: no clock, no randomness, no goroutine.
package search
