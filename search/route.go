package search

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words is what words are put into: a protocol.RouteTable, or what counts them.
type Words interface{ Add(word string) }

// AddWords puts the words of a file's text into a route table, so that a query
// for them gets there: each word with all its beginnings of three characters or
// more, which is where prefix queries look. Words beyond ASCII go in as the
// other families of servents spell them, too (docs/protocol.md 10).
func AddWords(t Words, text string) {
	var room [32]string
	for _, w := range AppendTokens(room[:0], text) {
		addBeginnings(t, w)
		for _, other := range otherSpellings(w) {
			t.Add(other)
		}
	}
	if !isASCII(text) {
		for _, w := range plainWords(text) {
			t.Add(w)
		}
	}
}

// addBeginnings goes on where Add stops, which puts in a word and its next few
// shorter forms.
func addBeginnings(t Words, word string) {
	const forms = 6 // what one call of Add covers
	t.Add(word)
	if len(word) < minWirePrefix+forms {
		return
	}
	letters := []rune(word)
	for n := len(letters) - forms; n >= minWirePrefix; n -= forms {
		t.Add(string(letters[:n]))
	}
}

// plainWords returns the words of s with their accents, as servents see them
// that only change the case.
func plainWords(s string) []string {
	s = norm.NFC.String(strings.ToValidUTF8(s, " "))
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.M, r)
	})
}

// otherSpellings returns how gtk-gnutella spells a word that it folds unlike us.
func otherSpellings(word string) []string {
	if isASCII(word) {
		return nil
	}
	var out []string
	if w := strings.ReplaceAll(word, "ß", "ss"); w != word {
		out = append(out, w)
	}
	if w, ok := strings.CutSuffix(word, "σ"); ok {
		out = append(out, w+"ς")
	}
	return out
}
