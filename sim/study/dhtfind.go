package study

import (
	"context"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

// dhtAsk is what one way to find files came to for one kind of question.
type dhtAsk struct {
	Question, Way            string
	Asked                    int
	Lookups, Messages, Bytes int
	Hops                     int // one after the other
	Found, There             int // files
}

// dhtFound is the cost of publishing and of asking.
type dhtFound struct {
	Asks []dhtAsk
	// Published is what it takes to publish all files under their key, under
	// each word of their names, and in a prefix hash tree.
	Files, Postings, Leaves  int
	KeyMessages, KeyBytes    int
	WordMessages, WordBytes  int
	TreeMessages, TreeBytes  int
	TreeLookups, TreeEntries int
}

// dhtLeaf is how many entries a leaf of the tree holds.
const dhtLeaf = 100

// finder asks one Chord, whose nodes are the peers of the workload.
type finder struct {
	w    *load.Workload
	o    dht.Overlay
	tree *dht.Tree
	path dht.Path
	out  *dhtFound

	spelled []string // every word
}

func (s *dhtStudy) find(ctx context.Context) (*dhtFound, error) {
	w, err := load.New(load.Config{Seed: uint64(s.seed), Peers: 1000, Files: s.files, Copies: s.files, Vocabulary: 20_000})
	if err != nil {
		return nil, err
	}
	r := s.random("find", 0)
	f := &finder{w: w, o: dht.NewChord(dht.RandomRing(r, w.Peers()), 16), out: &dhtFound{Files: s.files}}
	f.tree = dht.NewTree(f.o, dhtLeaf, 12)
	for v := range w.Vocabulary() {
		f.spelled = append(f.spelled, load.Word(v).Spell())
	}
	for file := range int32(w.Files()) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.publish(file)
	}
	f.out.Leaves = f.tree.Leaves()
	const queries = 1000
	for id := range uint64(queries) {
		q := w.Query(id)
		f.byKey(&q)
		f.byWords(&q)
		f.byPrefix(&q)
	}
	return f.out, nil
}

// publish puts a file into all three: under its key, under each word, and under
// each word in the tree.
func (f *finder) publish(file int32) {
	from := f.w.Holders(file)[0]
	out := f.out
	f.o.Lookup(from, dhtFile(file), nil, &f.path)
	out.KeyMessages += f.path.Messages() + 1
	out.KeyBytes += dht.EntryBytes
	for _, v := range f.w.AppendName(nil, file) {
		f.o.Lookup(from, dhtWord(v), nil, &f.path)
		out.WordMessages += f.path.Messages() + 1
		out.WordBytes += dht.EntryBytes
		out.Postings++
		c := f.tree.Insert(from, dht.Entry{Key: v.Spell(), Value: file})
		out.TreeMessages += c.Messages
		out.TreeBytes += c.Bytes
		out.TreeLookups += c.Lookups
		out.TreeEntries++
	}
}

func dhtFile(file int32) dht.ID  { return dht.Hash(uint64(file)<<32 | 1) }
func dhtWord(v load.Word) dht.ID { return dht.Hash(uint64(v)<<32 | 2) }

// ask returns the row of one question.
func (f *finder) ask(question, way string) *dhtAsk {
	i := slices.IndexFunc(f.out.Asks, func(a dhtAsk) bool { return a.Question == question && a.Way == way })
	if i < 0 {
		i = len(f.out.Asks)
		f.out.Asks = append(f.out.Asks, dhtAsk{Question: question, Way: way})
	}
	f.out.Asks[i].Asked++
	return &f.out.Asks[i]
}

// lookup adds the cost of one lookup.
func (a *dhtAsk) lookup(f *finder, from int32, key dht.ID) int32 {
	f.o.Lookup(from, key, nil, &f.path)
	a.Lookups++
	a.Messages += f.path.Messages()
	a.Hops += f.path.Hops
	return f.path.Owner
}

func (f *finder) byKey(q *load.Query) {
	a := f.ask("a file by its hash", "key")
	a.lookup(f, q.From, dhtFile(q.File))
	a.There++
	if f.path.Found {
		a.Found++
		a.Bytes += dht.EntryBytes
	}
}

// byWords sends the list of the first word to the node with the next, which
// sends on what both have, and so on: first in the order of the query, then
// from the shortest list on, whose lengths the asker must first ask for.
func (f *finder) byWords(q *load.Query) {
	question := "files by one word"
	if len(q.Words) > 1 {
		question = "files by several words"
	}
	there := f.w.AppendMatches(nil, q)
	a := f.ask(question, "index, words as they come")
	f.intersect(a, q.From, q.Words, len(there))
	if len(q.Words) == 1 {
		return
	}
	a = f.ask(question, "index, rarest word first")
	for _, v := range q.Words {
		a.lookup(f, q.From, dhtWord(v))
	}
	words := slices.Clone(q.Words)
	slices.SortStableFunc(words, func(v, w load.Word) int { return len(f.w.Postings(v)) - len(f.w.Postings(w)) })
	f.intersect(a, q.From, words, len(there))
}

func (f *finder) intersect(a *dhtAsk, at int32, words []load.Word, there int) {
	part := load.Query{}
	var left []int32
	for i, v := range words {
		if i > 0 {
			a.Messages++
			a.Bytes += dht.EntryBytes * len(left)
		}
		at = a.lookup(f, at, dhtWord(v))
		part.Words = words[:i+1]
		left = f.w.AppendMatches(left[:0], &part)
	}
	a.Messages++
	a.Bytes += dht.EntryBytes * len(left)
	a.Found += len(left)
	a.There += there
}

// prefixLetters is how much of a word is given when it is searched for by
// prefix.
const prefixLetters = 3

// byPrefix asks for all files that have a word with the first letters of the
// first one, and for the word itself as the tree finds it.
func (f *finder) byPrefix(q *load.Query) {
	word := f.spelled[q.Words[0]]
	prefix := word[:prefixLetters]
	a := f.ask("files by the first 3 letters of a word", "prefix hash tree")
	found, c := f.tree.Prefix(q.From, prefix)
	a.tree(c, len(found), f.count(func(w string) bool { return strings.HasPrefix(w, prefix) }))
	a = f.ask("files by the first word of each search", "prefix hash tree")
	found, c = f.tree.Find(q.From, word, true)
	a.tree(c, len(found), f.count(func(w string) bool { return w == word }))
}

// count returns how many files there are under the words that are kept, a file
// once for each of them.
func (f *finder) count(keep func(word string) bool) int {
	n := 0
	for v, word := range f.spelled {
		if keep(word) {
			n += len(f.w.Postings(load.Word(v)))
		}
	}
	return n
}

func (a *dhtAsk) tree(c dht.Cost, found, there int) {
	a.Lookups += c.Lookups
	a.Messages += c.Messages
	a.Hops += c.Hops
	a.Bytes += c.Bytes
	a.Found += found
	a.There += there
}
