// Package leaves is how a supernode runs the file lists of its leaves: the registry
// of package supernode behind a lock, an index of their words, and the goroutines
// between the two.
package leaves

import (
	"cmp"
	"context"
	"io"
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

// File is a file of the leaf on a link.
type File struct {
	Link   uint32
	Record protocol.FileRecord
}

// Find returns files of leaves that are there, but for that on link except, at most
// limit if it is positive: those that hold the content of one of urns, by SHA-1, then
// those that answer q, the best first.
func (x *Index) Find(ctx context.Context, q search.Query, urns []protocol.URN, except uint32, limit int) ([]File, error) {
	found := x.byHash(urns, except, limit)
	if limit > 0 && len(found) == limit {
		return x.files(found), nil
	}
	keep := func(id search.DocID) bool {
		x.mu.RLock()
		defer x.mu.RUnlock()
		link, ok := x.lists.Link(id)
		return ok && link != except && !slices.Contains(found, id)
	}
	hits, err := x.words.Find(ctx, q, keep, max(0, limit-len(found)))
	for _, h := range hits {
		found = append(found, h.ID)
	}
	return x.files(found), err
}

func (x *Index) byHash(urns []protocol.URN, except uint32, limit int) []search.DocID {
	var found []search.DocID
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, u := range urns {
		if !u.HasSHA1 {
			continue
		}
		for _, id := range x.lists.ByHash(u.SHA1, 0) {
			if link, ok := x.lists.Link(id); ok && link != except && !slices.Contains(found, id) && (limit <= 0 || len(found) < limit) {
				found = append(found, id)
			}
		}
	}
	return found
}

// files returns those of ids whose leaves are there still.
func (x *Index) files(ids []search.DocID) []File {
	out := make([]File, 0, len(ids))
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, id := range ids {
		if link, r, ok := x.lists.File(id); ok {
			out = append(out, File{link, r})
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
