package model

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

// TableKind is one of the distributed hash tables.
type TableKind int

// The tables, with the parameters of their papers.
const (
	Chord    TableKind = iota // successor lists of 16
	Kademlia                  // k = 20, alpha = 3
	Pastry                    // b = 4, leaf sets of 16
	Plaxton                   // base 16, two backups for each entry, as in Tapestry
)

// Table is a distributed hash table of all peers: who shares a file tells the
// node that owns the file's key, and in an inverted index those that own the
// words of its name. It finds what was published under just that key or word,
// wherever it is, and nothing else. See package dht for the sources; the index
// as in Reynolds, Vahdat: Efficient peer-to-peer keyword searching (Middleware
// 2003), without their filters.
//
// Lookups are iterative. Owners have copies on the next nodes; whoever searches
// gets a copy when the owner has left and nobody has noticed yet.
type Table struct {
	cfg  TableConfig
	w    *load.Workload
	net  Net
	o    dht.Overlay
	dead dht.Dead
	told int64 // bytes of an answer: the nodes that it names
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
	t := &Table{cfg: cfg, w: w, net: net, told: nodeBytes}
	ring := dht.RandomRing(rand.New(rand.NewPCG(cfg.Seed, 5)), w.Peers())
	switch cfg.Kind {
	case Kademlia:
		t.o, t.told = dht.NewKademlia(ring, 20, 3), 20*nodeBytes
	case Pastry:
		t.o = dht.NewPastry(ring, 16)
	case Plaxton:
		t.o = dht.NewPlaxton(ring, 3)
	default:
		t.o = dht.NewChord(ring, 16)
	}
	if w.Down() != nil {
		t.dead = make(dht.Dead, w.Peers())
		for p := range t.dead {
			t.dead[p] = w.Left(int32(p))
		}
	}
	return t
}

// Name returns "Chord, by words", say.
func (t *Table) Name() string {
	if t.cfg.ByKey {
		return t.o.Name() + ", by key"
	}
	return t.o.Name() + ", by words"
}

// Upkeep is that of the tables, and of publishing every copy of a file under its
// key, or under every word of its name, once an hour.
func (t *Table) Upkeep() Upkeep {
	session := t.w.Config().Session.Mean()
	if session == 0 {
		session = math.MaxInt64
	}
	keys := perPeer(t.w)
	if !t.cfg.ByKey && t.w.Vocabulary() > 0 {
		keys *= wordsPerName(t.w)
	}
	care := dht.NewCare(t.w.Peers(), session, keys)
	care.Copies = t.cfg.Copies
	each, n := t.o.Upkeep(care).Total(), float64(t.w.Peers())
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

type tableSearcher struct {
	tally
	t       *Table
	path    dht.Path
	reached marks
	files   []int32
	nth     uint64 // of the search's delays
}

// Bytes of what only tables send.
const (
	answerBytes = 23     // an answer, without the nodes that it names
	nodeBytes   = 20 + 6 // an identifier and an address
)

// tableTimeout is how long a node waits for an answer before it asks another.
const tableTimeout = time.Second

func (s *tableSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	s.reached.clear()
	s.reached.add(q.From)
	s.nth = 0
	if s.t.cfg.ByKey || len(q.Words) == 0 {
		s.byKey(q)
	} else {
		s.byWords(q)
	}
	if s.out.Found == 0 {
		s.out.Hops = -1
	}
	return s.end()
}

// lookup finds the node that has what was published under key; -1 when the owner
// and all with copies have left, or the way to them was lost. at is when the
// asker knows.
func (s *tableSearcher) lookup(q *load.Query, key dht.ID) (node int32, at time.Duration) {
	s.t.o.Lookup(q.From, key, s.t.dead, &s.path)
	for _, v := range s.path.Asked {
		s.query(1)
		s.send(q.From, v)
		if s.w.Left(v) {
			s.out.Lost++
			continue
		}
		s.send(v, q.From)
		s.out.Replies++
		s.out.Bytes += answerBytes + s.t.told
		if s.reached.add(v) {
			s.out.Reached++
		}
	}
	for range s.path.Hops {
		at += s.roundTrip(q)
	}
	at += time.Duration(s.path.Timeouts) * tableTimeout
	if !s.path.Found {
		return -1, at
	}
	if s.path.Owner == s.t.o.Owner(key, nil) || slices.Contains(dht.Holders(s.t.o, key, s.t.cfg.Copies, nil), s.path.Owner) {
		return s.path.Owner, at
	}
	return -1, at
}

func (s *tableSearcher) roundTrip(q *load.Query) time.Duration {
	s.nth++
	return 2 * s.t.net.between(q, s.nth)
}

func (s *tableSearcher) oneWay(q *load.Query) time.Duration { return s.roundTrip(q) / 2 }

// Keys of files and of words differ.
func fileKey(file int32) dht.ID  { return dht.Hash(uint64(file)<<1 | 1) }
func wordKey(v load.Word) dht.ID { return dht.Hash(uint64(v) << 1) }

// byKey looks the one file up. The owner's answer names who has it.
func (s *tableSearcher) byKey(q *load.Query) {
	node, at := s.lookup(q, fileKey(q.File))
	if node < 0 {
		return
	}
	s.out.Hops, s.out.Covered = s.path.Hops, s.w.Peers()-1
	for _, p := range s.w.Holders(q.File) {
		if p != q.From {
			s.hit(p, 1, at)
			s.out.Bytes += nodeBytes
		}
	}
}

// byWords looks up the nodes with the lists of all words at a time. The list of
// the first goes to the node with that of the second, what both have to the
// third, and what is left to the asker.
func (s *tableSearcher) byWords(q *load.Query) {
	nodes := make([]int32, len(q.Words))
	var at time.Duration
	for i, v := range q.Words {
		node, ready := s.lookup(q, wordKey(v))
		if node < 0 {
			return // one list is lost: nobody knows which files have all words
		}
		nodes[i], at = node, max(at, ready)
		s.out.Hops = max(s.out.Hops, s.path.Hops)
	}
	s.out.Covered = s.w.Peers() - 1
	if len(nodes) > 1 {
		at += s.join(q, nodes)
	}
	for i, p := range s.targets.Peers {
		n := int(s.targets.Counts[i])
		s.hit(p, n, at)
		s.out.Bytes += int64(n) * fileBytes
	}
}

// join has the nodes find what all their lists have, and returns how long that
// takes until the asker has it.
func (s *tableSearcher) join(q *load.Query, nodes []int32) time.Duration {
	s.query(1)
	s.send(q.From, nodes[0])
	took := s.oneWay(q)
	part := load.Query{File: q.File}
	for i := 1; i < len(nodes); i++ {
		part.Words = q.Words[:i]
		s.files = s.w.AppendMatches(s.files[:0], &part)
		s.query(1)
		s.send(nodes[i-1], nodes[i])
		s.list(nodes[i-1], nodes[i])
		took += s.oneWay(q)
	}
	s.out.Replies++
	s.out.Bytes += answerBytes
	s.send(nodes[len(nodes)-1], q.From)
	s.out.Hops += len(nodes)
	return took + s.oneWay(q)
}

// list sends the entries of the files that are left, one for each copy: the
// first in the message that asks for them, the others in more of them.
func (s *tableSearcher) list(from, to int32) {
	n := 0
	for _, f := range s.files {
		n += len(s.w.Holders(f))
	}
	s.out.Bytes += int64(n) * dht.EntryBytes
	for n -= maxReply; n > 0; n -= maxReply {
		s.out.Replies++
		s.send(from, to)
	}
}
