package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the length in bytes at which Clean cuts.
const MaxName = 255

// Clean makes text from a peer fit to be shown: valid UTF-8 without control
// characters (C0, C1, line and paragraph separators) and without the invisible
// characters that turn the direction of text around it, in at most MaxName bytes.
// Tabs and ends of lines become spaces. It is for eyes only; a name for a file needs more care than this.
func Clean(s string) string {
	if isPlain(s) {
		return s[:min(len(s), MaxName)]
	}
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '\t', '\n', '\u0085', '\u2028', '\u2029':
			r = ' ' // it stood between two words
		}
		if isUnprintable(r) {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > MaxName {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isPlain says whether s is printable ASCII.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func isUnprintable(r rune) bool {
	switch {
	case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control):
		return true
	case r == 0xFEFF || r >= 0xFFF9 && r <= 0xFFFB: // byte order mark, interlinear notes
		return true
	}
	return r >= 0xE0000 && r <= 0xE007F // tag characters: ASCII that nobody sees
}
