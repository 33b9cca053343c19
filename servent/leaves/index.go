// Package leaves is how a supernode runs the file lists of its leaves: the registry
// of package supernode behind a lock, an index of their words, and the goroutines
// between the two.
package leaves

import (
	"cmp"
	"context"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/wordindex"
	"github.com/seed282dab8e/servent/supernode"
	"github.com/sirupsen/logrus"
)

const (
	// defaultBatch is how many documents the index is told of at once: what bleve
	// likes. feedEvery is how long fewer wait.
	defaultBatch = 1000
	feedEvery    = time.Second
	feedSoon     = 50 * time.Millisecond // likewise, after a quiet time
	// maxWaiting is how many documents may wait for the index before leaves are
	// asked for no more, and partFiles about how many one answer brings.
	maxWaiting = 20 * defaultBatch
	partFiles  = 300
	// maxAsked is how many leaves may be asked and not have sent, of those asked in
	// the last askedFor.
	maxAsked = 512
	askedFor = 10 * time.Second
)

// Config says how an Index works. Answer is needed.
type Config struct {
	Lists    supernode.ListsConfig
	Dir      string // of the index on disk, for it alone; "": in memory
	MaxBytes int64  // of it; 0: the default of package bleveindex
	// Answer is told what to say to a leaf. It is called on Run's goroutines, once at a
	// time and in order, and these go on when it returns.
	Answer func(link uint32, a protocol.ListAnswer)
	// Words, where it is not nil, is told what can be found now whenever that has
	// changed, likewise: a route table that nobody may write to, nil for nothing, and
	// how many files. A leaf hears that its list is held only after that.
	Words func(t *protocol.RouteTable, files int)
	Log   logrus.FieldLogger // nil discards
	Batch int                // documents that the index is told of at once; 0: 1000
	// Now is the time that lists are kept by, from any origin; nil: since New.
	Now func() time.Duration
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		log := logrus.New()
		log.SetOutput(io.Discard)
		c.Log = log
	}
	c.Log = c.Log.WithField("component", "leaves")
	if c.Now == nil {
		start := time.Now()
		c.Now = func() time.Duration { return time.Since(start) }
	}
	c.Batch = cmp.Or(c.Batch, defaultBatch)
	return c
}

// Index answers for the files of leaves. All its methods may be called by many at
// once; Run is called once.
type Index struct {
	cfg   Config
	words *wordindex.Index
	inbox inbox
	full  chan struct{}        // a batch waits for the index
	few   chan struct{}        // some documents do
	told  *protocol.RouteTable // that Config.Words was told last; only feed knows

	tables  sync.Mutex // held by Table
	telling sync.Mutex // held until what was decided has been answered

	mu    sync.RWMutex
	lists *supernode.Lists
	held  []answer // that ask for more, and wait for room
	whole []wholeList
	// Documents since the start that were given to the index, that it knows, and of
	// these, those that Config.Words knows of, too.
	given, fed, findable int
	asked                int // answers that asked for more since askedSince, less the parts that came

	askedSince time.Duration
}

// answer is what a leaf is told.
type answer struct {
	link uint32
	protocol.ListAnswer
}

// wholeList is what a leaf is told, once fed documents can be found, whose list is
// held then.
type wholeList struct {
	answer
	fed int
}

// New returns an index without files. Whoever has called it calls Close.
func New(cfg Config) *Index {
	cfg = cfg.withDefaults()
	x := &Index{
		cfg: cfg, words: wordindex.New(cfg.Dir, cfg.MaxBytes, cfg.Log),
		inbox: newInbox(), full: make(chan struct{}, 1), few: make(chan struct{}, 1), lists: supernode.NewLists(cfg.Lists),
	}
	x.words.Begin(documents{x})
	return x
}

// Run works until ctx ends.
func (x *Index) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { x.words.Run(ctx) })
	wg.Go(func() { x.feed(ctx) })
	x.handle(ctx)
}

// Close gives the files of the index back. Nobody may call Run or Find any more.
func (x *Index) Close() { x.words.Close() }

// Question is what is looked for in the files of leaves.
type Question struct {
	Words     search.Query
	URNs      []protocol.URN // or the content of one of these, by SHA-1
	Except    uint32         // the link of who asks; 0: nobody's
	Reachable bool           // of leaves that can be connected to only
	Limit     int            // most files; 0: all
}

// File is a file of the leaf on a link, and how close it comes to the question.
type File struct {
	Link   uint32
	Record protocol.FileRecord
	Score  float64 // as in search.Hit; infinite for one found by hash
}

// Find returns files of leaves that are there: those that are found by hash, then
// those that answer the words, the best first.
func (x *Index) Find(ctx context.Context, q Question) ([]File, error) {
	found := x.byHash(q)
	left := q.Limit - len(found)
	if q.Limit > 0 && left == 0 {
		return x.files(found), nil
	}
	keep := func(id search.DocID) bool {
		x.mu.RLock()
		defer x.mu.RUnlock()
		return x.wanted(q, id) && !slices.ContainsFunc(found, func(h search.Hit) bool { return h.ID == id })
	}
	hits, err := x.words.Find(ctx, q.Words, keep, max(0, left))
	return x.files(append(found, hits...)), err
}

// wanted says whether the leaf that has a file is there, and another than who asks,
// who can get it from there. mu is held.
func (x *Index) wanted(q Question, id search.DocID) bool {
	link, ok := x.lists.Link(id)
	return ok && link != q.Except && (!q.Reachable || x.lists.Reachable(link))
}

func (x *Index) byHash(q Question) []search.Hit {
	var found []search.Hit
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, u := range q.URNs {
		if !u.HasSHA1 {
			continue
		}
		for _, id := range x.lists.ByHash(u.SHA1, 0) {
			h := search.Hit{ID: id, Score: math.Inf(1)}
			if x.wanted(q, id) && !slices.Contains(found, h) && (q.Limit <= 0 || len(found) < q.Limit) {
				found = append(found, h)
			}
		}
	}
	return found
}

// files returns what is found of leaves that are there still.
func (x *Index) files(found []search.Hit) []File {
	out := make([]File, 0, len(found))
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, h := range found {
		if link, r, ok := x.lists.File(h.ID); ok {
			out = append(out, File{link, r, h.Score})
		}
	}
	return out
}

// Table returns the route table of all leaves' files, nil where there are none. It
// is the same one until a list has changed; nobody may write to it.
func (x *Index) Table() *protocol.RouteTable {
	x.tables.Lock()
	defer x.tables.Unlock()
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.lists.Table()
}

// Stats tells how an Index is.
type Stats struct {
	supernode.ListStats
	Waiting  int    // documents that the index has not been told of
	Withheld int    // answers to leaves that wait for room
	Overrun  uint64 // offers and parts that came faster than they were read
	Disk     int64  // bytes of the index on disk
	State    string // of the index, see package wordindex
}

// Stats returns the figures.
func (x *Index) Stats() Stats {
	s := Stats{Disk: x.words.Bytes(), State: x.words.State(), Overrun: x.inbox.overrun()}
	x.mu.RLock()
	defer x.mu.RUnlock()
	s.ListStats, s.Waiting, s.Withheld = x.lists.Stats(), x.lists.Waiting(), len(x.held)
	return s
}
