package report

import (
	"strings"
	"unicode"
)

// clean makes s fit for one line of a terminal or a picture: what moves the
// cursor, or is no text at all, becomes a blank.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
}

// paragraphs parts a text where lines are empty.
func paragraphs(text string) []string {
	var out []string
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p := strings.TrimSpace(clean(part)); p != "" {
			out = append(out, p)
		}
	}
	return out
}
