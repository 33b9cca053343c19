package load

import (
	"slices"
	"sort"

	"github.com/seed282dab8e/servent/sim/exact"
)

// Word is a word of file names. Low numbers are common.
type Word uint32

// Spell writes a word with 6 to 9 letters: consonants and vowels in turn. A few
// words are spelled alike.
func (v Word) Spell() string {
	h := exact.Mix(uint64(v))
	b := make([]byte, 6+h%4)
	for i := range b {
		h = exact.Mix(h)
		b[i] = "bcdfghjklmnpqrstvwz"[h%19]
		if i%2 == 1 {
			b[i] = "aeiou"[h%5]
		}
	}
	return string(b)
}

// wordZipf is the exponent of how often words occur in file names. At 1 the
// commonest of 200,000 words would be in most names; stop words, which nobody
// searches for, are thought to be left out.
const wordZipf = 0.8

// words are the names of all files. A name is computed from the number of its
// file; only where each word occurs is stored.
type words struct {
	seed   uint64
	length int
	often  []float64 // of words up to and with each, summed

	start []int32 // where the files with each word begin, and one more
	files []int32 // ascending for each word
}

func newWords(c Config) *words {
	n := &words{seed: c.Seed, length: c.NameWords, often: sums(exact.Zipf(c.Vocabulary, wordZipf))}
	n.start = make([]int32, c.Vocabulary+1)
	var name []Word
	for f := range c.Files {
		name = n.appendName(name[:0], int32(f))
		for _, v := range name {
			n.start[v+1]++
		}
	}
	for v := range c.Vocabulary {
		n.start[v+1] += n.start[v]
	}
	n.files = make([]int32, n.start[c.Vocabulary])
	at := slices.Clone(n.start[:c.Vocabulary])
	for f := range c.Files {
		name = n.appendName(name[:0], int32(f))
		for _, v := range name {
			n.files[at[v]] = int32(f)
			at[v]++
		}
	}
	return n
}

// appendName appends the different words of the file's name.
func (n *words) appendName(dst []Word, file int32) []Word {
	r := stream{draw(n.seed, forName, uint64(file))}
	from := len(dst)
	for range n.length {
		v := Word(find(n.often, r.unit()))
		if !slices.Contains(dst[from:], v) {
			dst = append(dst, v)
		}
	}
	return dst
}

// find returns the first place where the sums exceed the part u of them all.
func find(sums []float64, u float64) int {
	want := u * sums[len(sums)-1]
	return min(sort.Search(len(sums), func(i int) bool { return sums[i] > want }), len(sums)-1)
}

// AppendName appends the different words of the file's name; nothing when files
// have no names.
func (w *Workload) AppendName(dst []Word, file int32) []Word {
	if w.words == nil {
		return dst
	}
	return w.words.appendName(dst, file)
}

// Vocabulary returns how many words there are, from 0 on; 0 when files have no
// names.
func (w *Workload) Vocabulary() int {
	if w.words == nil {
		return 0
	}
	return len(w.words.often)
}

// Postings returns the files whose names have the word, ascending. They must
// not be changed.
func (w *Workload) Postings(v Word) []int32 {
	return w.words.files[w.words.start[v]:w.words.start[v+1]:w.words.start[v+1]]
}

// AppendMatches appends the files that q asks for, ascending: those that have
// all its words, or its own file when it has none.
func (w *Workload) AppendMatches(dst []int32, q *Query) []int32 {
	if len(q.Words) == 0 {
		return append(dst, q.File)
	}
	rarest := 0
	for i, v := range q.Words {
		if len(w.Postings(v)) < len(w.Postings(q.Words[rarest])) {
			rarest = i
		}
	}
	from := len(dst)
	dst = append(dst, w.Postings(q.Words[rarest])...)
	for i, v := range q.Words {
		if i != rarest {
			dst = dst[:from+intersect(dst[from:], w.Postings(v))]
		}
	}
	return dst
}

// intersect keeps in a what is in b too, both ascending, and returns how much
// that is. It leaps through b, which is the longer one.
func intersect(a, b []int32) int {
	kept := 0
	for _, f := range a {
		step := 1
		for step < len(b) && b[step] < f {
			step *= 2
		}
		at, ok := slices.BinarySearch(b[:min(step+1, len(b))], f)
		b = b[at:]
		if ok {
			a[kept] = f
			kept++
		}
	}
	return kept
}
