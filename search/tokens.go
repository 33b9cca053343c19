package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Tokens returns the words of s in the order they stand there: runs of Unicode
// letters and digits, in lower case, compatibility forms resolved (NFKD) and
// accents removed, so that "Café" and "CAFE" are the same word. Everything
// else separates words, as do bytes that are not UTF-8.
//
// Scripts written without spaces give one word for each unbroken run; a prefix
// query finds the start of such a run. Vowel signs of the Indic and Southeast
// Asian scripts and the sound marks of kana stay: they are letters in all but
// name, and words would melt into one another without them.
//
// Tokens of the result, joined by spaces, is the result again.
func Tokens(s string) []string { return AppendTokens(nil, s) }

// AppendTokens appends the words of s to dst. The words may share memory with
// s; for text that is ASCII and in lower case nothing but dst is allocated.
func AppendTokens(dst []string, s string) []string {
	if isASCII(s) {
		s = strings.ToLower(s)
	} else {
		s = fold(s)
	}
	start := -1
	for i := 0; i < len(s); i++ {
		switch word := isWordByte(s[i]); {
		case word && start < 0:
			start = i
		case !word && start >= 0:
			dst = append(dst, s[start:i])
			start = -1
		}
	}
	if start >= 0 {
		dst = append(dst, s[start:])
	}
	return dst
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isWordByte holds for what fold leaves between separators: ASCII letters and
// digits, and all bytes of the other letters.
func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

// fold gives s back with its words as Tokens wants them and one space for
// whatever separates them.
func fold(s string) string {
	// The normaliser skips characters that follow broken ones.
	s = norm.NFKD.String(strings.ToValidUTF8(s, " "))
	out := make([]byte, 0, len(s))
	word := false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			out = utf8.AppendRune(out, lower(r))
			word = true
		case unicode.Is(unicode.M, r):
			if word && isVowelSign(r) {
				out = utf8.AppendRune(out, r)
			}
		case isJoiner(r):
		default:
			out = append(out, ' ')
			word = false
		}
	}
	// Composed again, Hangul takes a third of the bytes, and words have the
	// form that other servents hash.
	return string(norm.NFC.Bytes(out))
}

// lower also makes the two small sigmas one, since their capitals are.
func lower(r rune) rune {
	if r = unicode.ToLower(r); r == 'ς' {
		return 'σ'
	}
	return r
}

// isVowelSign tells the marks that make another word of a word.
func isVowelSign(r rune) bool {
	switch {
	case r >= 0x0900 && r <= 0x109F: // Devanagari to Myanmar, with Thai, Lao and Tibetan
	case r >= 0x1700 && r <= 0x17FF: // Philippine scripts, Khmer
	case r >= 0x1900 && r <= 0x1CFF && (r < 0x1AB0 || r > 0x1AFF): // Limbu to Vedic
	case r >= 0xA800 && r <= 0xABFF: // Syloti Nagri to Meetei Mayek
	case r == 0x3099 || r == 0x309A: // kana sound marks
	default:
		return false
	}
	return true
}

// isJoiner tells the invisible characters that stand inside words: soft
// hyphen, zero-width joiners, direction marks. The zero-width space does not,
// it is how some scripts part their words.
func isJoiner(r rune) bool { return unicode.Is(unicode.Cf, r) && r != 0x200B }
