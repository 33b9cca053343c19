package protocol

import "iter"

// Headers are the header lines of one handshake group, in order.
type Headers struct{}

// Get returns the value of the first header of that name, "" without one.
func (h Headers) Get(name string) string { panic("unwritten") }

// Has reports whether there is a header of that name.
func (h Headers) Has(name string) bool { panic("unwritten") }

// Add appends a header.
func (h *Headers) Add(name, value string) { panic("unwritten") }

// Set replaces all headers of that name by one.
func (h *Headers) Set(name, value string) { panic("unwritten") }

// All yields every header in order.
func (h Headers) All() iter.Seq2[string, string] { panic("unwritten") }

// Tokens returns the parts of the comma lists of all headers of that name.
func (h Headers) Tokens(name string) []string { panic("unwritten") }
