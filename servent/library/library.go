// Package library knows the files that a servent shares: it scans folders,
// hashes what lies in them, finds files by words and by hash, and opens them
// for uploads. What should not leave the machine by accident (hidden files,
// links, keys and credentials) is left out and listed.
package library

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

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
	Workers int                // files hashed at once; 0: two, or one on a single core
	// OnProgress hears how a scan goes on, a few times a second, in the goroutine
	// that called Add or Rescan.
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

// Progress says how far the scan of a folder is.
type Progress struct {
	Dir               string
	Files, TotalFiles int    // hashed or found wanting, of those that had to be hashed
	Bytes, TotalBytes uint64 // read, of those that have to be
}

// Root is a shared folder.
type Root struct {
	Dir     string // absolute, without symbolic links
	Files   int
	Bytes   uint64
	LeftOut int // files and folders in it that are not shared
}

// LeftOut is a file, folder or link that is not shared. Rel is its path below
// the shared folder, fit to be shown.
type LeftOut struct{ Rel, Reason string }

// Library is the set of shared files. Its methods are safe for concurrent use;
// it starts goroutines only inside Add and Rescan, and they end before these
// return. Make one with New.
type Library struct {
	cfg     Config
	busy    chan struct{} // full while folders are scanned or taken back
	changed chan struct{}
	order   inOrder

	mu     sync.RWMutex
	shares []*share                   // in the order they were added
	files  map[uint32]*File           // by index
	paths  map[string]uint32          // index by path on disk
	bySHA1 map[protocol.SHA1][]uint32 // indices of equal content, ascending
	bytes  uint64
	state  uint64               // counts what is put and dropped
	last   uint32               // index given last
	words  *protocol.RouteTable // of the largest size; nil: to be built anew
	table  *protocol.RouteTable // what Table returns; nil: to be made from words
}

// share is one shared folder.
type share struct {
	dir    string
	files  int
	bytes  uint64
	left   []LeftOut
	nleft  int
	cancel func(error) // ends the scan that runs, if one does
	taken  bool        // Remove was called
}

// maxLeftOut bounds the list of a folder; the rest is only counted.
const maxLeftOut = 1000

func (s *share) leaveOut(rel, reason string) {
	if s.nleft++; len(s.left) < maxLeftOut {
		s.left = append(s.left, LeftOut{search.Clean(rel), reason})
	}
}

// New returns an empty library.
func New(cfg Config) *Library {
	return &Library{
		cfg:     cfg.withDefaults(),
		busy:    make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
		files:   make(map[uint32]*File),
		paths:   make(map[string]uint32),
		bySHA1:  make(map[protocol.SHA1][]uint32),
	}
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
		roots[i] = Root{Dir: s.dir, Files: s.files, Bytes: s.bytes, LeftOut: s.nleft}
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
	if s := l.share(dir, name); s != nil {
		return slices.Clone(s.left)
	}
	return nil
}

// share returns the shared folder of one of these names, nil if there is none.
func (l *Library) share(names ...string) *share {
	i := slices.IndexFunc(l.shares, func(s *share) bool { return slices.Contains(names, s.dir) })
	if i < 0 {
		return nil
	}
	return l.shares[i]
}
