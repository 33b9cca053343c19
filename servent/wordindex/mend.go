package wordindex

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/search/bleveindex"
	"github.com/sirupsen/logrus"
)

const (
	// fillBatch is how many documents are put at once when an index is made.
	fillBatch = 1000
	// checkIndexEvery is how often somebody looks whether the files are whole.
	checkIndexEvery = 10 * time.Second
	// sweepAfter is how long nothing must have been put before what an earlier
	// start has left, and no folder holds any more, is taken out.
	sweepAfter = 5 * time.Minute
	// maxRebuilds is after how many times a disk is no longer trusted.
	maxRebuilds = 5
)

// States of an index, as `servent status` tells them.
const (
	OK         = "ok"
	Full       = "full"       // some documents are not there, for want of room
	Rebuilding = "rebuilding" // the files were damaged; searches find a part
	Failed     = "failed"     // the disk cannot be had; the index is in memory
)

// State tells how the index is.
func (o *Index) State() string {
	o.mu.RLock()
	defer o.mu.RUnlock()
	switch {
	case o.rebuilding:
		return Rebuilding
	case o.failed:
		return Failed
	case o.refused:
		return Full
	}
	return OK
}

// Bytes is what the index takes on disk.
func (o *Index) Bytes() int64 {
	if _, disk := o.current(); disk != nil {
		return disk.Bytes()
	}
	return 0
}

// broke takes disk out of use and has Run make it anew.
func (o *Index) broke(disk *bleveindex.Index, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.disk != disk { // somebody else has noticed
		return
	}
	o.disk, o.broken, o.rebuilding = nil, disk, true
	o.log.WithError(err).Warn("index on disk is of no use; it is made anew")
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// giveUp leaves the index in memory, and returns what of the disk's has no room there.
// applying is held, or nobody knows o yet.
func (o *Index) giveUp(err error) []search.DocID {
	o.log.WithError(err).Error("index cannot be kept on disk; it stays in memory until the next start: check the disk and the data dir")
	var refused []search.DocID
	memory, _ := o.current()
	if memory == nil {
		memory, refused = o.inMemory()
	}
	o.mu.Lock()
	broken := o.broken
	o.memory, o.disk, o.broken, o.failed = memory, nil, nil, true
	o.mu.Unlock()
	if broken != nil { // it is not mended any more
		_ = broken.Close()
	}
	return refused
}

// inMemory returns an index of all documents, and what it has no room for.
func (o *Index) inMemory() (memory *search.Memory, refused []search.DocID) {
	memory = search.NewBoundedMemory(o.max)
	var full *search.FullError
	if errors.As(memory.Apply(slices.Collect(o.docs.Docs()), nil), &full) {
		refused = full.Refused
	}
	return memory, refused
}

// Run keeps the index whole until ctx ends.
func (o *Index) Run(ctx context.Context) {
	tick := time.NewTicker(checkIndexEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
			o.mend(ctx)
		case <-tick.C:
			o.Look()
		}
	}
}

// Look finds out whether files are missing, and sweeps when all is quiet.
func (o *Index) Look() {
	_, disk := o.current()
	if disk == nil {
		return
	}
	o.applying.Lock()
	defer o.applying.Unlock()
	err := disk.Flush()
	if err == nil && !o.unclaimed.IsEmpty() && time.Since(o.applied) > sweepAfter {
		err = o.sweep(disk)
		o.unclaimed.Clear()
	}
	if err != nil {
		o.broke(disk, err)
	}
}

// mend makes a broken index anew, in memory where it must be.
func (o *Index) mend(ctx context.Context) {
	var disk *bleveindex.Index
	var refused []search.DocID
	var err error
	o.alone(func() {
		if disk, err = o.reopen(); err != nil {
			refused = o.giveUp(err)
		}
	})
	switch {
	case err != nil:
		o.mended(refused)
	case disk != nil:
		o.refill(ctx, disk)
	}
}

// refill puts all documents into an index that was opened anew.
func (o *Index) refill(ctx context.Context, disk *bleveindex.Index) {
	start := time.Now()
	refused, err := o.fill(ctx, disk, o.alone)
	switch {
	case ctx.Err() != nil: // the next start puts the rest
		return
	case errors.Is(err, bleveindex.ErrDamaged):
		o.broke(disk, err)
		return
	case err != nil:
		o.alone(func() { refused = o.giveUp(err) })
		_ = disk.Close() // it is of no use
	default:
		o.log.WithFields(logrus.Fields{"files": disk.Len(), "refused": len(refused), "dur_ms": time.Since(start).Milliseconds()}).
			Info("index made anew")
	}
	o.mended(refused)
}

// reopen opens the index that has broken; it returns nil when none has.
func (o *Index) reopen() (*bleveindex.Index, error) {
	o.mu.Lock()
	broken := o.broken
	o.broken = nil
	o.refused = o.refused && broken == nil
	o.mu.Unlock()
	if broken == nil {
		return nil, nil
	}
	if err := broken.Close(); err != nil {
		o.log.WithError(err).Debug("close the broken index")
	}
	o.unclaimed.Clear() // may be lost; fill puts it again
	if o.rebuilds++; o.rebuilds > maxRebuilds {
		return nil, errors.New("its files are damaged again and again")
	}
	disk, err := o.open()
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.disk = disk
	return disk, nil
}

// mended says what has no room in the index that was made anew, and then that it is
// whole.
func (o *Index) mended(refused []search.DocID) {
	if len(refused) > 0 {
		o.docs.Refused(refused)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rebuilding = o.broken != nil
	o.refused = o.refused || len(refused) > 0 // by what was put meanwhile, or now
}

// alone runs f while nobody else puts or deletes documents.
func (o *Index) alone(f func()) {
	o.applying.Lock()
	defer o.applying.Unlock()
	f()
}

// fill brings disk to what the documents are: it puts what is missing, batch by
// batch, each within alone, and takes out what has gone. It returns what did
// not fit.
func (o *Index) fill(ctx context.Context, disk *bleveindex.Index, alone func(func())) (refused []search.DocID, err error) {
	for ids := range inBatches(o.docs.Docs()) {
		alone(func() { err = disk.Apply(o.missing(disk, ids), nil) })
		var full *search.FullError
		if errors.As(err, &full) {
			refused = append(refused, full.Refused...)
		} else if err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	alone(func() { err = o.sweep(disk) })
	return refused, err
}

// missing returns the documents of ids, as they are now, that disk lacks.
func (o *Index) missing(disk *bleveindex.Index, ids []search.DocID) []search.Doc {
	var put []search.Doc
	for _, id := range ids {
		if d, ok := o.docs.Doc(id); ok && !disk.Has(id) {
			put = append(put, d)
		}
	}
	return put
}

// sweep takes out what is no document any more. Finding never shows it, but it
// takes room.
func (o *Index) sweep(disk *bleveindex.Index) error {
	var gone []search.DocID
	for id := range disk.IDs {
		if _, ok := o.docs.Doc(id); !ok {
			gone = append(gone, id)
		}
	}
	return disk.Apply(nil, gone)
}

// inBatches yields the ids of docs, fillBatch at a time. The slice is reused.
func inBatches(docs iter.Seq[search.Doc]) iter.Seq[[]search.DocID] {
	return func(yield func([]search.DocID) bool) {
		ids := make([]search.DocID, 0, fillBatch)
		for d := range docs {
			if ids = append(ids, d.ID); len(ids) < fillBatch {
				continue
			}
			if !yield(ids) {
				return
			}
			ids = ids[:0]
		}
		if len(ids) > 0 {
			yield(ids)
		}
	}
}
