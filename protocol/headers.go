package protocol

import (
	"iter"
	"slices"
	"strings"
)

// Headers are the header lines of one handshake group, in order. Names are
// alike in any case, and may come more than once. The zero value is empty and
// ready to use. A copy shares its lines with the original: change one of the
// two only.
type Headers struct {
	lines []headerLine
}

type headerLine struct{ name, value string }

func (l headerLine) is(name string) bool { return strings.EqualFold(l.name, name) }

// Get returns the value of the first header of that name, "" without one.
func (h Headers) Get(name string) string {
	if i := h.index(name); i >= 0 {
		return h.lines[i].value
	}
	return ""
}

// Has reports whether there is a header of that name, be its value empty.
func (h Headers) Has(name string) bool { return h.index(name) >= 0 }

// Len returns the number of headers.
func (h Headers) Len() int { return len(h.lines) }

// Add appends a header. The name is ASCII without blanks and colons.
func (h *Headers) Add(name, value string) {
	h.lines = append(h.lines, headerLine{name, value})
}

// Set makes the header the only one of that name. It keeps the place of the
// first, or becomes the last.
func (h *Headers) Set(name, value string) {
	i := h.index(name)
	if i < 0 {
		h.Add(name, value)
		return
	}
	rest := slices.DeleteFunc(h.lines[i+1:], func(l headerLine) bool { return l.is(name) })
	h.lines = h.lines[:i+1+len(rest)]
	h.lines[i] = headerLine{name, value}
}

// All yields every header in order.
func (h Headers) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, l := range h.lines {
			if !yield(l.name, l.value) {
				return
			}
		}
	}
}

// Tokens returns the parts of the comma lists of all headers of that name,
// without blanks around them and without empty ones.
func (h Headers) Tokens(name string) []string {
	var out []string
	for _, l := range h.lines {
		if !l.is(name) {
			continue
		}
		for part := range strings.SplitSeq(l.value, ",") {
			if part = strings.Trim(part, blanks); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

func (h Headers) index(name string) int {
	return slices.IndexFunc(h.lines, func(l headerLine) bool { return l.is(name) })
}
