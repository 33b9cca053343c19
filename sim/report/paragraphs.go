package report

import (
	"html/template"
	"regexp"
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

var (
	flagNames = regexp.MustCompile(`(^|[ (])(--[a-z][a-z-]*)`)
	figures   = regexp.MustCompile(`([0-9]) (%|(?:ms|s|min|h)\b)`)
)

// rich is a text for a page: names of flags are set as code, and neither they nor
// figures and their units are torn apart at the end of a line.
func rich(text string) template.HTML {
	text = template.HTMLEscapeString(text)
	text = figures.ReplaceAllString(text, "$1\u00a0$2")
	return template.HTML(flagNames.ReplaceAllString(text, `$1<code class="tight">$2</code>`)) // the rest is escaped
}
