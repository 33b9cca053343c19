package protocol

import (
	"slices"
	"strings"
	"testing"
)

// headersOf makes headers of "name: value" lines.
func headersOf(lines ...string) Headers {
	var h Headers
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

// linesOf is the inverse of headersOf.
func linesOf(h Headers) []string {
	var out []string
	for name, value := range h.All() {
		out = append(out, name+": "+value)
	}
	return out
}

func TestHeadersGet(t *testing.T) {
	h := headersOf("X-Try: a", "GUID: ", "x-try: b")
	if got := h.Get("X-TRY"); got != "a" {
		t.Errorf("Get = %q", got)
	}
	if !h.Has("guid") || h.Get("guid") != "" || h.Has("X-Tr") || h.Get("") != "" || h.Len() != 3 {
		t.Errorf("an empty value or no header at all: %v", linesOf(h))
	}
	var none Headers
	if none.Has("GUID") || none.Get("GUID") != "" || none.Tokens("GUID") != nil || linesOf(none) != nil {
		t.Error("the zero value has headers")
	}
}

func TestHeadersSet(t *testing.T) {
	for _, c := range []struct{ before, after []string }{
		{nil, []string{"B: new"}},
		{[]string{"A: 1"}, []string{"A: 1", "B: new"}},
		{[]string{"A: 1", "b: 2", "C: 3"}, []string{"A: 1", "B: new", "C: 3"}},
		{[]string{"b: 1", "A: 2", "B: 3", "C: 4", "b: 5"}, []string{"B: new", "A: 2", "C: 4"}},
	} {
		h := headersOf(c.before...)
		h.Set("B", "new")
		if got := linesOf(h); !slices.Equal(got, c.after) {
			t.Errorf("%q becomes %q, want %q", c.before, got, c.after)
		}
	}
}

func TestHeadersTokens(t *testing.T) {
	h := headersOf("X-Features: browse/1.0, ,sflag/0.1,", "X-Other: no/1", "x-features: \tHSEP/0.2 ")
	want := []string{"browse/1.0", "sflag/0.1", "HSEP/0.2"}
	if got := h.Tokens("X-Features"); !slices.Equal(got, want) {
		t.Errorf("Tokens = %q, want %q", got, want)
	}
}

func TestHeadersAllStops(t *testing.T) {
	var seen []string
	for name := range headersOf("A: 1", "B: 2", "C: 3").All() {
		seen = append(seen, name)
		if name == "B" {
			break
		}
	}
	if !slices.Equal(seen, []string{"A", "B"}) {
		t.Errorf("seen %q", seen)
	}
}
