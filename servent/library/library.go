// Package library knows the files that a servent shares: it scans folders,
// hashes what lies in them, finds files by words and by hash, and opens them
// for uploads. What should not leave the machine by accident (hidden files,
// links, keys and credentials) is left out and listed.
package library

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/sirupsen/logrus"
)

var (
	// ErrNotShared says that a folder or file is not, or no longer, shared.
	ErrNotShared = errors.New("not shared")
	// ErrChanged says that a file on disk is no longer the one that was hashed.
	ErrChanged = errors.New("changed since it was hashed")
)

// Config says how a Library works. The zero value of each field is a good choice.
type Config struct {
	Log     logrus.FieldLogger // nil discards
	Index   search.Index       // for this library alone; nil: in memory
	Workers int                // files that a scan hashes at once; 0: two, or one on a single core
	// CachePath is the file that keeps hashes, so that a later start reads only
	// what is new or has changed, and indices; "": none. The trees of large files
	// are kept beside it, in "trees".
	CachePath string
	// OnProgress hears how scans go on, a few times a second for each. Several
	// goroutines may call it at once.
	OnProgress func(Progress)
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		log := logrus.New()
		log.SetOutput(io.Discard)
		c.Log = log
	}
	if c.Index == nil {
		c.Index = search.NewMemory()
	}
	if c.Workers <= 0 {
		c.Workers = min(2, runtime.NumCPU())
	}
	return c
}

// Progress says how far the scan of a folder is, or several of it together.
type Progress struct {
	Dir               string
	Found             int    // seen by now; all of them once hashing begins
	Files, TotalFiles int    // hashed or found wanting, of those that had to be hashed
	Bytes, TotalBytes uint64 // read, of those that have to be
}

// Root is a shared folder.
type Root struct {
	Dir     string // absolute, without symbolic links
	Files   int
	Bytes   uint64
	LeftOut int       // files and folders in it that are not shared
	Single  bool      // of the folder single files are shared, and nothing else
	Hashing *Progress // of new and changed files; nil: there are none
}

// LeftOut is a file, folder or link that is not shared. Rel is its path below
// the shared folder, fit to be shown.
type LeftOut struct{ Rel, Reason string }

// Library is the set of shared files. Its methods are safe for concurrent use;
// it starts goroutines only inside Add, Rescan and Watch, and they end before
// these return. Make one with New, and Close it.
type Library struct {
	cfg     Config
	id      string
	busy    chan struct{} // full while folders are compared, published or taken back
	changed chan struct{}
	huge    chan struct{} // holds one for each huge file that is hashed
	trees   treeStore
	reading chan struct{}           // full while a large file is read for its tree
	watched atomic.Pointer[watcher] // of Watch, while it runs

	// Of who has filled busy.
	cache     *cache // nil: nothing is kept
	recreated int    // times that the cache was made anew
	last      uint32 // index given last

	mu     sync.RWMutex
	shares []*share            // in the order they were added
	files  map[uint32]*entry   // what is shared, by index
	bySHA1 map[uint64]*entry   // by the beginning of the hash: the one of the least index
	equals map[uint64][]*entry // the others of that beginning, by index
	bytes  uint64
	runs   uint32               // comparisons so far
	words  *protocol.WordCount  // of what is shared
	table  *protocol.RouteTable // what Table returns; nil: to be made from words
	list   *fileList            // nil until somebody asks for it
}

// share is one shared folder.
type share struct {
	dir        string
	tree       *folder
	only       map[string]bool // files in dir itself that are shared, nothing else is; nil: all. Never changed, but replaced
	files      int
	bytes      uint64
	left       []LeftOut
	nleft      int
	hashes     tally           // how far the hashing of its files is
	unfinished bool            // somebody has ceased to hash its files
	life       context.Context // ends when Remove is called
	end        context.CancelCauseFunc
}

func newShare(dir string) *share {
	s := &share{dir: dir}
	s.tree = &folder{share: s}
	s.life, s.end = context.WithCancelCause(context.Background())
	return s
}

// during returns a context that ends with ctx, or when s is taken back, and a
// function to be called once it is no longer needed.
func (s *share) during(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	return ctx, func() { stop(); cancel(nil) }
}

// New returns an empty library.
func New(cfg Config) *Library {
	l := &Library{
		cfg:     cfg.withDefaults(),
		busy:    make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
		huge:    make(chan struct{}, maxHuge),
		reading: make(chan struct{}, 1),
		files:   make(map[uint32]*entry),
		bySHA1:  make(map[uint64]*entry),
		equals:  make(map[uint64][]*entry),
		words:   protocol.NewWordCount(),
	}
	if cfg.CachePath != "" {
		l.trees.dir, l.trees.max = filepath.Join(filepath.Dir(cfg.CachePath), "trees"), maxTreeBytes
	}
	l.openCache()
	return l
}

// Changed returns a channel that receives after files were added or removed.
// Changes that nobody has received yet are one.
func (l *Library) Changed() <-chan struct{} { return l.changed }

// Totals returns how many files are shared and their bytes.
func (l *Library) Totals() (files int, bytes uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.files), l.bytes
}

// Roots returns the shared folders in the order they were added. A file that
// lies in two of them counts for the one that had it first.
func (l *Library) Roots() []Root {
	l.mu.RLock()
	defer l.mu.RUnlock()
	roots := make([]Root, len(l.shares))
	for i, s := range l.shares {
		roots[i] = Root{Dir: s.dir, Files: s.files, Bytes: s.bytes, LeftOut: s.nleft, Single: s.only != nil}
		if p := s.progress(); p.TotalFiles > 0 {
			roots[i].Hashing = &p
		}
	}
	return roots
}

// LeftOut lists what the last scan of a shared folder left out, a thousand
// entries at most; Root says how many there are. A folder that is left out is
// one entry.
func (l *Library) LeftOut(dir string) []LeftOut {
	name := resolved(dir)
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.share(dir, name)
	if s == nil {
		return nil
	}
	out := slices.Clone(s.left)
	for i := range out {
		out[i].Rel = search.Clean(out[i].Rel)
	}
	return out
}

// share returns the shared folder of one of these names, nil if there is none.
func (l *Library) share(names ...string) *share {
	i := slices.IndexFunc(l.shares, func(s *share) bool { return slices.Contains(names, s.dir) })
	if i < 0 {
		return nil
	}
	return l.shares[i]
}
