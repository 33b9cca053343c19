package search

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Query is what somebody looks for. All its parts must hold for a file. Words
// of all kinds are tokens as [Tokens] gives them. The zero value asks for
// nothing in particular: it matches every file, and an Index finds none.
type Query struct {
	Words      []string   // every one stands in the text
	Phrases    [][]string // stand there one behind the other
	Prefixes   []string   // some word of the text begins with each
	Not        []string   // none stands in the text
	NotPhrases [][]string
	Type       MediaType // Any: of every type
	Exts       []string  // one of them, lower case, without the dot; none: any
	MinSize    uint64    // in bytes, inclusive
	MaxSize    uint64    // in bytes, inclusive; 0: no limit
}

const (
	// MaxWireText is the most bytes that WireText returns. With the flags and a
	// small extension such a query stays below the 256 bytes that old servents relay.
	MaxWireText = 180
	// maxWords bounds the words of a query, each kind by itself.
	maxWords = 64
	// minWirePrefix is the shortest beginning of a word, in characters, that route
	// tables hold (docs/protocol.md 10).
	minWirePrefix = 3
)

// Empty says whether q names no word that a file must have. Such a query can
// neither be sent nor looked up.
func (q Query) Empty() bool {
	return len(q.Words) == 0 && len(q.Phrases) == 0 && len(q.Prefixes) == 0
}

// WireText returns the text to send to peers: every word that a file must have,
// those of phrases too, each once, and prefixes with a star behind them. A
// servent of our kind reads the star; others see a separator and a word that
// they match against the beginnings of theirs, or not at all.
//
// Only what every peer can honour is sent; the searcher applies the rest to the
// hits. So words left out make a query wider and never lose a file: those past
// MaxWireText, and prefixes under three characters, because no route table
// would let them pass.
func (q Query) WireText() string {
	var words []string
	words = appendNew(words, q.Words...)
	for _, p := range q.Phrases {
		words = appendNew(words, p...)
	}
	for _, p := range q.Prefixes {
		if isWirePrefix(p) {
			words = append(words, p+"*")
		}
	}
	return joinUpTo(words, MaxWireText)
}

func isWirePrefix(p string) bool { return utf8.RuneCountInString(p) >= minWirePrefix }

// joinUpTo joins the words that fit into limit bytes.
func joinUpTo(words []string, limit int) string {
	var b strings.Builder
	for _, w := range words {
		switch need := b.Len() + len(w); {
		case b.Len() == 0 && need <= limit:
			b.WriteString(w)
		case b.Len() > 0 && need < limit:
			b.WriteByte(' ')
			b.WriteString(w)
		}
	}
	return b.String()
}

// WireQuery reads the text of a peer's query. All its words are wanted, and a
// word with a star right behind it is a prefix.
func WireQuery(text string) Query {
	var q Query
	for {
		before, after, star := strings.Cut(text, "*")
		words := Tokens(before)
		if n := len(words); star && n > 0 && endsInWord(before) {
			q.Prefixes = appendNew(q.Prefixes, words[n-1])
			words = words[:n-1]
		}
		q.Words = appendNew(q.Words, words...)
		if !star {
			break
		}
		text = after
	}
	q.Words = q.Words[:min(len(q.Words), maxWords)]
	q.Prefixes = q.Prefixes[:min(len(q.Prefixes), maxWords)]
	return q
}

// endsInWord says whether a letter appended to s would lengthen its last word.
func endsInWord(s string) bool {
	_, size := utf8.DecodeLastRuneInString(s)
	return len(Tokens(s[len(s)-size:])) > 0
}

// appendNew appends those words that dst does not hold yet.
func appendNew(dst []string, words ...string) []string {
	for _, w := range words {
		if !slices.Contains(dst, w) {
			dst = append(dst, w)
		}
	}
	return dst
}
