package search

import (
	"unicode/utf8"

	"github.com/seed282dab8e/servent/protocol"
)

// AppendHashes appends the route-table hashes (protocol.WordHash) of the
// tokens of text: what a query asks of a table. It allocates nothing for ASCII
// text while dst has room.
func AppendHashes(dst []uint32, text []byte) []uint32 {
	var word [maxASCIIWord]byte
	start, n := len(dst), 0
	for _, c := range text {
		switch {
		case c >= utf8.RuneSelf || n == len(word):
			return appendSlowHashes(dst[:start], string(text))
		case 'A' <= c && c <= 'Z':
			word[n] = c + 'a' - 'A'
			n++
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			word[n] = c
			n++
		case n > 0:
			dst = append(dst, protocol.WordHash(string(word[:n])))
			n = 0
		}
	}
	if n > 0 {
		dst = append(dst, protocol.WordHash(string(word[:n])))
	}
	return dst
}

// maxASCIIWord bounds the words of the fast path. It is also the size up to
// which Go makes a string of bytes without allocating.
const maxASCIIWord = 32

func appendSlowHashes(dst []uint32, text string) []uint32 {
	for _, word := range Tokens(text) {
		dst = append(dst, protocol.WordHash(word))
	}
	return dst
}
