// Package wordindex keeps a search.Index where it suits its size: in memory, or in
// files that are made anew when they are damaged.
package wordindex

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/search/bleveindex"
	"github.com/sirupsen/logrus"
)

// MaxInMemory is how many documents stay in memory.
const MaxInMemory = 10_000

// Documents is what an index is made of. Its methods may be called at any time, by
// many at once.
type Documents interface {
	// Doc returns what Apply has put last, or is about to put; false: deleted,
	// or about to be.
	Doc(search.DocID) (search.Doc, bool)
	Docs() iter.Seq[search.Doc]
	// Refused is told what an index that was made anew has no room for, which nobody
	// was told of by Apply. State is Rebuilding until it has returned.
	Refused(ids []search.DocID)
	// ID is another text whenever document ids begin anew; "": they do so at
	// every start.
	ID() string
}

// Index is a search.Index of somebody's documents. A small one lies in memory;
// past MaxInMemory documents it moves to disk, for good, and the next start takes
// it up there. Where its files are damaged it is made anew from the
// documents while the servent runs: it finds less meanwhile, but nothing wrong.
// In memory it may take no more than on disk.
type Index struct {
	dir  string // "": always in memory
	max  int64
	docs Documents
	log  logrus.FieldLogger
	wake chan struct{} // for Run: the index is broken

	applying  sync.Mutex        // held while documents go in, and for what follows
	unclaimed *roaring64.Bitmap // taken up at the start, and put by nobody since
	applied   time.Time         // when somebody put or deleted last
	rebuilds  int

	mu         sync.RWMutex
	memory     *search.Memory    // nil once on disk
	disk       *bleveindex.Index // nil before that, and while it is broken
	broken     *bleveindex.Index // to be closed by mend
	rebuilding bool
	refused    bool // not all that was put last did fit
	failed     bool // the disk cannot be had: in memory until the next start
}

// New returns an index that is empty until Begin was called. On disk it has dir for
// itself; "": it is always in memory. It takes maxBytes, here or there; 0: the
// default of package bleveindex.
func New(dir string, maxBytes int64, log logrus.FieldLogger) *Index {
	maxBytes = cmp.Or(maxBytes, bleveindex.DefaultMaxBytes)
	return &Index{
		dir: dir, max: maxBytes, log: log,
		wake: make(chan struct{}, 1), unclaimed: roaring64.New(), memory: search.NewBoundedMemory(maxBytes),
	}
}

// Begin takes up the index on disk where there is one of docs. It is called
// once, before anything is put or asked.
func (o *Index) Begin(docs Documents) {
	o.docs = docs
	if o.dir == "" {
		return
	}
	if _, err := os.Stat(o.dir); err != nil {
		return
	}
	if err := o.takeUp(); err != nil {
		o.giveUp(err)
	}
}

// open opens the index on disk; it may be fresh.
func (o *Index) open() (*bleveindex.Index, error) {
	return bleveindex.Open(bleveindex.Config{Dir: o.dir, MaxBytes: o.max, Owner: o.docs.ID(), Doc: o.docs.Doc, Late: o.docs.ID() == ""})
}

// takeUp goes on with what an earlier start has left.
func (o *Index) takeUp() error {
	if o.docs.ID() == "" {
		return os.RemoveAll(o.dir)
	}
	disk, err := o.open()
	if err != nil {
		return err
	}
	if disk.Len() == 0 {
		o.log.WithField("fresh", disk.Fresh()).Info("nothing in the index on disk; it begins in memory")
		return disk.Close()
	}
	for id := range disk.IDs {
		o.unclaimed.Add(uint64(id))
	}
	o.memory, o.disk = nil, disk
	return nil
}

// current returns where the index is; nil for both while it is broken.
func (o *Index) current() (*search.Memory, *bleveindex.Index) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.memory, o.disk
}

// Find implements search.Index. While the index is made anew it finds what is
// there already.
func (o *Index) Find(ctx context.Context, q search.Query, keep func(search.DocID) bool, limit int) ([]search.Hit, error) {
	memory, disk := o.current()
	switch {
	case memory != nil:
		return memory.Find(ctx, q, keep, limit)
	case disk == nil:
		return nil, ctx.Err()
	}
	hits, err := disk.Find(ctx, q, keep, limit)
	if err != nil && ctx.Err() == nil {
		o.broke(disk, err)
		return nil, nil
	}
	return hits, err
}

// Apply implements search.Index. It fails with a *search.FullError only: what
// breaks is made anew from the documents, these among them.
func (o *Index) Apply(put []search.Doc, del []search.DocID) error {
	o.applying.Lock()
	defer o.applying.Unlock()
	o.applied = time.Now()
	memory, disk := o.current()
	switch {
	case disk != nil:
		return o.applyTo(disk, o.unlessClaimed(put), del)
	case memory == nil:
		return nil
	}
	err := memory.Apply(put, del)
	if (memory.Len() > MaxInMemory || err != nil) && o.mayMove() {
		return o.toDisk(err)
	}
	if len(put) > 0 {
		o.setRefused(err != nil)
	}
	return err
}

// mayMove says whether an index in memory may go to disk.
func (o *Index) mayMove() bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.dir != "" && !o.failed
}

// unlessClaimed leaves those of put that an earlier start has not put already.
func (o *Index) unlessClaimed(put []search.Doc) []search.Doc {
	if o.unclaimed.IsEmpty() {
		return put
	}
	out := make([]search.Doc, 0, len(put))
	for _, d := range put {
		if !o.unclaimed.CheckedRemove(uint64(d.ID)) {
			out = append(out, d)
		}
	}
	return out
}

func (o *Index) applyTo(disk *bleveindex.Index, put []search.Doc, del []search.DocID) error {
	err := disk.Apply(put, del)
	var full *search.FullError
	switch {
	case errors.As(err, &full) && !o.unclaimed.IsEmpty():
		if err := o.sweep(disk); err != nil {
			o.broke(disk, err)
			return nil
		}
		o.unclaimed.Clear()
		return o.applyTo(disk, only(put, full.Refused), nil) // there may be room now
	case err != nil && full == nil:
		o.broke(disk, err)
		return nil
	case len(put) > 0:
		o.setRefused(full != nil || o.State() == Full && disk.Bytes() > o.max/10*9) // until there is room again
	}
	return err
}

// only returns those of docs that ids name.
func only(docs []search.Doc, ids []search.DocID) []search.Doc {
	var out []search.Doc
	for _, d := range docs {
		if slices.Contains(ids, d.ID) {
			out = append(out, d)
		}
	}
	return out
}

// toDisk moves the index from memory, which answers until that is done. Where that
// cannot be it returns full, which says what has no room in memory.
func (o *Index) toDisk(full error) error {
	start := time.Now()
	if err := os.RemoveAll(o.dir); err != nil {
		o.giveUp(err)
		return full
	}
	disk, err := o.open()
	if err != nil {
		o.giveUp(err)
		return full
	}
	refused, err := o.fill(context.Background(), disk, func(f func()) { f() })
	if err != nil {
		_ = disk.Close() // it is of no use
		o.giveUp(err)
		return full
	}
	o.mu.Lock()
	o.memory, o.disk = nil, disk
	o.mu.Unlock()
	o.log.WithFields(logrus.Fields{"files": disk.Len(), "bytes": disk.Bytes(), "dur_ms": time.Since(start).Milliseconds()}).
		Info("index moved to disk")
	return o.fullError(refused)
}

// fullError is what Apply returns where documents did not fit.
func (o *Index) fullError(refused []search.DocID) error {
	o.setRefused(len(refused) > 0)
	if len(refused) == 0 {
		return nil
	}
	return &search.FullError{Refused: refused, Max: o.max}
}

func (o *Index) setRefused(refused bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refused = refused
}

// Close gives the files back. Everything that was applied is on disk.
func (o *Index) Close() {
	o.applying.Lock()
	defer o.applying.Unlock()
	o.mu.Lock()
	disk, broken := o.disk, o.broken
	o.disk, o.broken = nil, nil
	o.mu.Unlock()
	var errs []error
	if disk != nil {
		errs = append(errs, disk.Flush(), disk.Close())
	}
	if broken != nil {
		errs = append(errs, broken.Close())
	}
	if err := errors.Join(errs...); err != nil {
		o.log.WithError(err).Warn("close the index")
	}
}
