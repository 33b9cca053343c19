package search

import (
	"unicode/utf8"

	"github.com/seed282dab8e/servent/protocol"
)

// AppendHashes appends the route-table hashes (protocol.WordHash) of the
// tokens of text: what a query asks of a table. It allocates nothing for ASCII
// text while dst has room.
func AppendHashes(dst []uint32, text []byte) []uint32 {
	had := len(dst)
	for i := 0; i < len(text); i++ {
		start := i
		for i < len(text) && isASCIIWord(text[i]) {
			i++
		}
		if i > start {
			dst = append(dst, protocol.WordHash(text[start:i]))
		}
		if i < len(text) && text[i] >= utf8.RuneSelf {
			return appendSlowHashes(dst[:had], string(text))
		}
	}
	return dst
}

// isASCIIWord holds for letters and digits. WordHash takes capitals as small letters.
func isASCIIWord(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
}

func appendSlowHashes(dst []uint32, text string) []uint32 {
	for _, word := range Tokens(text) {
		dst = append(dst, protocol.WordHash(word))
	}
	return dst
}
