// Package bleveindex keeps a search.Index on disk, in segment files of bleve's
// scorch engine. The files hold words and document ids only: what a hit looks
// like is asked of the owner, who has the documents anyway, and every hit is
// held against the query again before it is given out. So damaged files can
// hide a document but never make up an answer.
//
// All imports of bleve are here.
package bleveindex

import (
	"errors"
	"fmt"
	"sync"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/seed282dab8e/servent/search"
)

var (
	// ErrDamaged says that the files are not as they were left. The index is of
	// no use then: close it, open it anew, and put the documents in again if it
	// is fresh.
	ErrDamaged = errors.New("index files are damaged")
	// ErrClosed says that Close was called.
	ErrClosed = errors.New("index is closed")
)

// DefaultMaxBytes is room for about six million files with long names.
const DefaultMaxBytes = 2 << 30

// Config says where an Index lies and whom it serves. Dir and Doc are needed.
type Config struct {
	Dir      string // of this index alone, made where absent
	MaxBytes int64  // that the files may take, merges included; 0: DefaultMaxBytes
	// Owner names, in one line, whose ids these are. An index of another owner is
	// as good as none.
	Owner string
	// Doc returns a document as its owner knows it. False says that it has gone:
	// it is no hit. Find calls it for every candidate, many at once.
	Doc func(search.DocID) (search.Doc, bool)
	// Late is for an owner whose documents come and go all the time and that begins
	// anew with each start: searches stay fast, but what was deleted lately is back
	// when the files are opened again.
	Late bool
}

// Index is a search.Index on disk. It is safe for concurrent use: Find runs
// beside all else, Apply beside Find, one at a time. It has no goroutine of its
// own but while it closes; bleve has, and they end with Close.
type Index struct {
	cfg   Config
	fresh bool
	store *store
	room  room

	apply sync.Mutex // held by Apply, Flush and Close
	left  files      // on disk after the last Apply; apply is held

	finds sync.RWMutex // held for reading by Find, for writing by Close
	mu    sync.RWMutex
	ids   *roaring64.Bitmap // of the documents; mu is held
	late  *roaring64.Bitmap // of those that have gone and bleve has still; mu is held
}

var _ search.Index = (*Index)(nil)

// Open opens the index in cfg.Dir. Where there is none, or one of another
// schema or owner, or with damaged files, the folder is emptied and the index
// begun anew; Fresh tells. Where the files of an earlier batch are still there
// and whole, it may be as it was after that one, and without any, empty: Has
// tells what is missing.
func Open(cfg Config) (*Index, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.MaxBytes < MinMaxBytes {
		return nil, fmt.Errorf("open index: %d bytes are too few: allow it %d", cfg.MaxBytes, MinMaxBytes)
	}
	x := &Index{cfg: cfg, room: room{max: cfg.MaxBytes}, late: roaring64.New()}
	err := x.load()
	if errors.Is(err, ErrDamaged) {
		x.fresh = true
		if err = begin(cfg.Dir, cfg.Owner); err == nil {
			err = x.load()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open index in %s: %w", cfg.Dir, err)
	}
	return x, nil
}

// load opens the files. It fails with ErrDamaged where they are not whole.
func (x *Index) load() (err error) {
	if err = checkSchema(x.cfg.Dir, x.cfg.Owner); err != nil {
		return err
	}
	if x.store, err = openStore(x.cfg.Dir); err != nil {
		return err
	}
	if x.ids, err = x.store.verify(); err == nil {
		err = x.look() // not at all files: bleve removes what a crash has left
	}
	if err != nil {
		_ = x.store.close() // there is a better error
	}
	return err
}

// Fresh says whether Open has begun the index anew.
func (x *Index) Fresh() bool { return x.fresh }

// Has says whether a document is in the index.
func (x *Index) Has(id search.DocID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.ids.Contains(uint64(id))
}

// Len returns the number of documents.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return int(x.ids.GetCardinality())
}

// IDs yields the documents there were when it was called, ascending.
func (x *Index) IDs(yield func(search.DocID) bool) {
	x.mu.RLock()
	ids := x.ids.Clone()
	x.mu.RUnlock()
	for it := ids.Iterator(); it.HasNext(); {
		if !yield(search.DocID(it.Next())) {
			return
		}
	}
}

// Bytes returns what the files take.
func (x *Index) Bytes() int64 {
	f, err := listFiles(x.cfg.Dir)
	if err != nil {
		return 0 // the next Apply tells
	}
	return f.bytes()
}

// Flush returns nil when all that was applied is safe on disk, where the files
// are as they were left. Apply itself has written them; Flush only looks.
func (x *Index) Flush() error {
	x.apply.Lock()
	defer x.apply.Unlock()
	if err := x.check(); err != nil {
		return fmt.Errorf("flush index: %w", err)
	}
	return nil
}

// check says whether the index can be worked on. apply is held.
func (x *Index) check() error {
	if err := x.store.err(); err != nil {
		return err
	}
	now, err := listFiles(x.cfg.Dir)
	if err == nil {
		err = x.left.within(now)
	}
	if err != nil {
		x.store.fail(err)
	}
	return err
}

// Close gives the files back. What runs ends first; what comes after fails
// with ErrClosed.
func (x *Index) Close() error {
	x.store.end() // Apply waits for nothing any more
	x.apply.Lock()
	defer x.apply.Unlock()
	x.finds.Lock()
	defer x.finds.Unlock()
	if err := x.store.close(); err != nil {
		return fmt.Errorf("close index: %w", err)
	}
	return nil
}
