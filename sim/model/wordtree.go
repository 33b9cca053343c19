package model

import (
	"cmp"
	"slices"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

// wordTree is the shape of a prefix hash tree of all words of all names: each
// word is a key with an entry for each copy of a file with it. All of a word is in
// one leaf.
type wordTree struct {
	*dht.Trie
	place   []int32 // of each word among the keys, which are in order
	entries []int   // of each key
}

// A leaf holds 100 entries unless they are of one word; no word has more than 12
// letters.
const (
	leafEntries = 100
	longestWord = 12
)

func newWordTree(w *load.Workload) *wordTree {
	type spelled struct {
		key  string
		word load.Word
	}
	words := make([]spelled, w.Vocabulary())
	for v := range words {
		words[v] = spelled{load.Word(v).Spell(), load.Word(v)}
	}
	slices.SortFunc(words, func(a, b spelled) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.word, b.word)) })
	t := &wordTree{place: make([]int32, len(words)), entries: make([]int, len(words))}
	keys := make([]string, len(words))
	for i, s := range words {
		keys[i], t.place[s.word] = s.key, int32(i)
		for _, f := range w.Postings(s.word) {
			t.entries[i] += len(w.Holders(f))
		}
	}
	t.Trie = dht.NewTrie(keys, t.entries, leafEntries, longestWord)
	return t
}

// appendWay appends the keys of what is looked up until the word is found.
func (t *wordTree) appendWay(dst []dht.ID, v load.Word) []dht.ID {
	return t.AppendWay(dst, int(t.place[v]))
}

// lookups is how many it takes to find the place of an entry, on average.
func (t *wordTree) lookups() float64 {
	n, all := 0, 0
	var way []dht.ID
	for i, entries := range t.entries {
		way = t.AppendWay(way[:0], i)
		n += entries * len(way)
		all += entries
	}
	return float64(n) / float64(max(1, all))
}
