package bleveindex

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	index "github.com/blevesearch/bleve_index_api"
	bolt "go.etcd.io/bbolt/errors"
)

// store is a scorch index held on short reins. Left alone, scorch merges
// whenever it likes, tries again for ever what fails, and lets who waits for it
// wait for ever when one of its goroutines dies. Here it merges when a batch is
// on disk and at no other time, and the first error is the last.
type store struct {
	dir    string
	scorch *scorch.Scorch
	queue  *index.AnalysisQueue

	failed chan struct{} // closed after the first error
	ended  chan struct{} // closed by end
	ending sync.Once

	mu     sync.Mutex
	first  error // that made the store useless
	stuck  bool  // a goroutine died that holds locks which Close needs
	closed bool

	step *step // only for bleve's persister
}

// step is one batch on its way to disk and the merge that follows it.
type step struct {
	plan mergePlan
	done chan struct{} // closed by the persister
}

// mergePlan says what to merge once a batch is on disk; nil: nothing. It runs
// on the persister's goroutine.
type mergePlan func() *mergeplan.MergePlanOptions

// openStore opens the index in dir, or begins one.
func openStore(dir string) (*store, error) {
	s := &store{dir: dir, queue: index.NewAnalysisQueue(1), failed: make(chan struct{}), ended: make(chan struct{})}
	err := guard(s.open)
	if err == nil {
		return s, nil
	}
	s.queue.Close()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, bolt.ErrTimeout) { // another process has it
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
}

// registries guards two maps of bleve's in which callbacks are named. They are
// needed only while an index is made.
var registries sync.Mutex

func (s *store) open() error {
	registries.Lock()
	defer registries.Unlock()
	scorch.RegistryEventCallbacks[s.dir] = s.event
	scorch.RegistryAsyncErrorCallbacks[s.dir] = s.asyncError
	defer delete(scorch.RegistryEventCallbacks, s.dir)
	defer delete(scorch.RegistryAsyncErrorCallbacks, s.dir)
	made, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path":                   s.dir,
		"bolt_timeout":           "5s", // to wait for its lock
		"unsafe_batch":           true, // step waits instead, and can end
		"eventCallbackName":      s.dir,
		"asyncErrorCallbackName": s.dir,
		"scorchMergePlanOptions": never(),
	}, s.queue)
	if err != nil {
		return err
	}
	s.scorch = made.(*scorch.Scorch)
	return s.scorch.Open()
}

// event hears from bleve's goroutines what they do.
func (s *store) event(e scorch.Event) bool {
	switch e.Kind {
	case scorch.EventKindPurgerCheck, scorch.EventKindPreMergeCheck:
		// Each of the two comes first thing in a goroutine that reads mapped
		// files: the persister, the merger. Both recover from panics.
		debug.SetPanicOnFault(true)
	case scorch.EventKindPersisterProgress:
		s.persisted(e.Scorch)
	}
	return true
}

// persisted ends the step whose batch is on disk with a merge. It runs on the
// persister's goroutine, which waits for the merger here: it may do so for ever,
// where a goroutine of ours that called ForceMerge could not get away.
func (s *store) persisted(made *scorch.Scorch) {
	if s.step == nil {
		return
	}
	if options := s.step.plan(); options != nil {
		if err := made.ForceMerge(context.Background(), options); err != nil {
			s.fail(err)
		}
	}
	close(s.step.done)
	s.step = nil
}

// asyncError hears of errors on bleve's goroutines, on these. It does not
// return before end: bleve would try again at once.
func (s *store) asyncError(err error, _ string) {
	var e *scorch.ScorchError
	if errors.Is(err, scorch.ErrAsyncPanic) && errors.As(err, &e) {
		s.mu.Lock()
		s.stuck = s.stuck || e.Source == "persister"
		s.mu.Unlock()
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	} else if sums := s.segments(hasSum); sums != nil { // bleve does not say what the matter was
		err = fmt.Errorf("%w: %w", sums, err)
	}
	s.fail(err)
	<-s.ended
}

// fail makes the store useless. What is damaged is never opened again.
func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first != nil {
		return
	}
	s.first = err
	close(s.failed)
	if errors.Is(err, ErrDamaged) {
		_ = os.Remove(filepath.Join(s.dir, schemaFile)) // else it will be found out again
	}
}

// err returns what made the store useless.
func (s *store) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return ErrClosed
	default:
		return s.first
	}
}

// batch brings b to disk, and merges.
func (s *store) batch(b *index.Batch, plan mergePlan) error {
	st := &step{plan: plan, done: make(chan struct{})}
	b.SetPersistedCallback(func(error) { s.step = st }) // on the persister's goroutine
	if err := guard(func() error { return s.scorch.Batch(b) }); err != nil {
		s.fail(err)
		return err
	}
	select {
	case <-st.done:
	case <-s.failed:
	case <-s.ended:
	}
	return s.err()
}

// end lets go all that wait.
func (s *store) end() { s.ending.Do(func() { close(s.ended) }) }

// close closes the files. A store whose persister died is left as it is: its
// locks are held for good.
func (s *store) close() error {
	s.end()
	s.mu.Lock()
	leave := s.closed || s.stuck
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if !closed {
		s.queue.Close()
	}
	if leave {
		return nil
	}
	// A write to bleve's list that has met damage may hold its lock for good, in a
	// goroutine that is no more. Closing ends or is left alone then, like that.
	ended := make(chan error, 1)
	time.AfterFunc(0, func() { ended <- guard(s.scorch.Close) })
	select {
	case err := <-ended:
		return err
	case <-time.After(closeTime):
		return nil
	}
}

// closeTime is how long the files may take to be closed.
const closeTime = 5 * time.Second

// verify reads every segment in full and returns the documents they hold.
func (s *store) verify() (ids *roaring64.Bitmap, err error) {
	ids = roaring64.New()
	err = s.segments(func(seg *scorch.SegmentSnapshot, path string) error {
		if err := checkSum(path); err != nil {
			return err
		}
		for live := seg.DocNumbersLive().Iterator(); live.HasNext(); {
			name, err := seg.DocID(uint64(live.Next()))
			if err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			if string(name) == ballast {
				continue
			}
			id, err := idOf(name)
			if err != nil {
				return err
			}
			ids.Add(uint64(id))
		}
		return nil
	})
	return ids, err
}

// hasSum returns ErrDamaged for a segment that was changed.
func hasSum(_ *scorch.SegmentSnapshot, path string) error { return checkSum(path) }

// segments calls f for each segment that counts, and the file it lies in.
func (s *store) segments(f func(seg *scorch.SegmentSnapshot, path string) error) error {
	return guard(func() error {
		reader, err := s.scorch.Reader()
		if err != nil {
			return err
		}
		defer reader.Close()
		for _, seg := range reader.(*scorch.IndexSnapshot).Segments() {
			p, ok := seg.Segment().(interface{ Path() string })
			if !ok {
				continue // not on disk yet
			}
			if err := f(seg, p.Path()); err != nil {
				return err
			}
		}
		return nil
	})
}

// names returns the files of the segments that count.
func (s *store) names() (names []string, err error) {
	err = s.segments(func(_ *scorch.SegmentSnapshot, path string) error {
		names = append(names, filepath.Base(path))
		return nil
	})
	return names, err
}
