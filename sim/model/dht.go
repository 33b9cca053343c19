package model

import (
	"cmp"
	"math"
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

// TableKind is one of the distributed hash tables.
type TableKind int

// The tables, with the parameters of their papers.
const (
	Chord      TableKind = iota // successor lists of 16
	Kademlia                    // k = 20, alpha = 3
	Pastry                      // b = 4, leaf sets of 16
	Plaxton                     // base 16, two backups for each entry, as in Tapestry
	PrefixTree                  // a prefix hash tree over such a Chord; not by key
)

// Table is a distributed hash table of all peers: who shares a file tells the
// node that owns the file's key, and in an inverted index those that own the
// words of its name. It finds what was published under just that key or word,
// wherever it is, and nothing else. See package dht for the sources; the index
// as in Reynolds, Vahdat: Efficient peer-to-peer keyword searching (Middleware
// 2003), without their filters. A prefix tree keeps the words in order, so that
// it could also find those that begin with some letters, which no query here
// asks for; it takes several lookups to find the place of one.
//
// Lookups are iterative. Where peers come and go, tables and lists name some that
// have left, and some of what was published is lost: see ghosts.
type Table struct {
	cfg   TableConfig
	w     *load.Workload
	net   Net
	care  dht.Care
	o     dht.Overlay
	peer  []int32 // at each node of o; -1: a ghost
	node  []int32 // of each peer
	dead  dht.Dead
	told  int64 // bytes of an answer: the nodes that it names
	lanes int   // requests that are on their way at a time
	tree  *wordTree
	ghosts
}

// TableConfig describes a Table. The zero value is a Chord that is searched by
// words.
type TableConfig struct {
	Kind   TableKind
	ByKey  bool // the asker knows the key of one file, and looks for that one only
	Copies int  // nodes that have what is published; 3, in Kademlia k
	Seed   uint64
}

// NewTable puts the peers of w into a hash table.
func NewTable(w *load.Workload, cfg TableConfig, net Net) *Table {
	if cfg.Copies == 0 && cfg.Kind == Kademlia {
		cfg.Copies = 20
	}
	cfg.Copies = cmp.Or(cfg.Copies, 3)
	t := &Table{cfg: cfg, w: w, net: net, told: nodeBytes, lanes: 1}
	t.care = dht.NewCare(w.Peers(), cmp.Or(w.Config().Session.Mean(), math.MaxInt64), perPeer(w))
	t.care.Copies = cfg.Copies
	if !cfg.ByKey && w.Vocabulary() > 0 {
		t.care.Keys *= wordsPerName(w)
	}
	t.ghosts = newGhosts(w, cfg, t.care)
	r := rand.New(rand.NewPCG(cfg.Seed, 5))
	ring := dht.RandomRing(r, w.Peers()+t.count)
	t.settle(r)
	t.join(ring)
	return t
}

// join makes the table itself.
func (t *Table) join(ring *dht.Ring) {
	noticed := t.whoIsDead()
	chord := dht.NewChord(ring, 16)
	chord.Noticed = noticed
	switch t.cfg.Kind {
	case Kademlia:
		const k, alpha = 20, 3
		t.o, t.told, t.lanes = dht.NewKademlia(ring, k, alpha), k*nodeBytes, alpha
	case Pastry:
		pastry := dht.NewPastry(ring, 16)
		pastry.Noticed = noticed
		t.o = pastry
	case Plaxton:
		t.o = dht.NewPlaxton(ring, 3)
	case PrefixTree:
		t.o = chord
		if t.w.Vocabulary() > 0 {
			t.tree = newWordTree(t.w)
		}
	default:
		t.o = chord
	}
}

// Name returns "Chord, by words", say.
func (t *Table) Name() string {
	switch {
	case t.cfg.Kind == PrefixTree:
		return "prefix tree, by words"
	case t.cfg.ByKey:
		return t.o.Name() + ", by key"
	}
	return t.o.Name() + ", by words"
}

// Upkeep is that of the tables, and of publishing every copy of a file under its
// key, or under every word of its name, once an hour. Nodes that come get nothing
// from others, and those that leave are made up for within the hour only, so that
// nothing is moved. In a prefix tree each word is looked for anew each time that it
// is published.
func (t *Table) Upkeep() Upkeep {
	u := t.o.Upkeep(t.care)
	u.Move = dht.Traffic{}
	each := u.Total()
	if t.tree != nil {
		care := t.care
		care.Copies = 0 // what is left is the lookup
		lookup, more := t.o.Upkeep(care).Publish, t.tree.lookups()-1
		each.Messages += float64(more * lookup.Messages)
		each.Bytes += float64(more * lookup.Bytes)
	}
	n := float64(t.w.Peers())
	return Upkeep{Messages: n * each.Messages, Bytes: n * each.Bytes}
}

// wordsPerName is how many different words the name of a file has on average.
func wordsPerName(w *load.Workload) float64 {
	n := 0
	for v := range w.Vocabulary() {
		n += len(w.Postings(load.Word(v)))
	}
	return float64(n) / float64(w.Files())
}

// Searcher makes one that runs searches.
func (t *Table) Searcher() Searcher {
	return &tableSearcher{tally: newTally(t.w), t: t, reached: newMarks(t.w.Peers())}
}

// Keys of files and of words differ.
func fileKey(file int32) dht.ID  { return dht.Hash(uint64(file)<<1 | 1) }
func wordKey(v load.Word) dht.ID { return dht.Hash(uint64(v) << 1) }

// Bytes of what only tables send.
const (
	answerBytes = 23     // an answer, without the nodes that it names
	nodeBytes   = 20 + 6 // an identifier and an address
)

// tableTimeout is how long a node waits for an answer before it asks another.
const tableTimeout = time.Second
