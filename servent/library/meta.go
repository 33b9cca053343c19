package library

import "github.com/seed282dab8e/servent/search"

// kindOf returns the type of a file by its name.
func kindOf(name string, _ []byte) search.MediaType { return search.TypeOf(name) }
