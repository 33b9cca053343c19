//go:build !unix

package library

const nonBlocking = 0
