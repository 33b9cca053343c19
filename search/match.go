package search

import (
	"slices"
	"strings"
)

// Match says whether a file with this text, which is its path as in Doc, size
// and type answers q.
func (q Query) Match(text string, size uint64, t MediaType) bool {
	return q.admits(text, size, t) && q.matchWords(Tokens(text))
}

// Rate says whether d answers q, and how closely: it is the Score of a Hit.
func (q Query) Rate(d Doc) (score float64, ok bool) {
	if !q.admits(d.Text, d.Size, d.Type) {
		return 0, false
	}
	words := Tokens(d.Text)
	return rate(q.wanted(), len(words)), q.matchWords(words)
}

// wanted is how many words and prefixes a hit matches.
func (q Query) wanted() int {
	n := len(q.Words) + len(q.Prefixes)
	for _, p := range q.Phrases {
		n += len(p)
	}
	return n
}

// rate is the share of a text's words that was asked for.
func rate(wanted, words int) float64 {
	return float64(wanted) / float64(max(words, wanted))
}

// admits applies what needs no words: type, extension and size.
func (q Query) admits(text string, size uint64, t MediaType) bool {
	switch {
	case q.Type != Any && t != q.Type:
		return false
	case size < q.MinSize || q.MaxSize > 0 && size > q.MaxSize:
		return false
	}
	return len(q.Exts) == 0 || hasExt(text, q.Exts)
}

// matchWords applies all that is about words.
func (q Query) matchWords(words []string) bool {
	for _, w := range q.Words {
		if !slices.Contains(words, w) {
			return false
		}
	}
	for _, p := range q.Prefixes {
		if !hasPrefix(words, p) {
			return false
		}
	}
	for _, w := range q.Not {
		if slices.Contains(words, w) {
			return false
		}
	}
	return q.matchPhrases(words)
}

// matchPhrases applies the phrases, wanted and unwanted.
func (q Query) matchPhrases(words []string) bool {
	for _, p := range q.Phrases {
		if !hasPhrase(words, p) {
			return false
		}
	}
	for _, p := range q.NotPhrases {
		if hasPhrase(words, p) {
			return false
		}
	}
	return true
}

// hasPrefix says whether one of words begins with prefix.
func hasPrefix(words []string, prefix string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, prefix) })
}

// hasPhrase says whether phrase stands somewhere in words without a gap.
func hasPhrase(words, phrase []string) bool {
	for ; len(words) >= len(phrase); words = words[1:] {
		if slices.Equal(words[:len(phrase)], phrase) {
			return true
		}
	}
	return false
}
