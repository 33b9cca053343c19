package wordindex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/search/bleveindex"
	"github.com/seed282dab8e/servent/search/indextest"
	"github.com/sirupsen/logrus"
)

// ownDocs are documents as a library has them, with their index.
type ownDocs struct {
	*Index
	id   string
	mu   sync.RWMutex
	docs map[search.DocID]search.Doc
	// What Refused was told, and the state then.
	refused []search.DocID
	state   string
}

func (s *ownDocs) ID() string { return s.id }

func (s *ownDocs) Doc(id search.DocID) (search.Doc, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d, ok := s.docs[id]
	return d, ok
}

func (s *ownDocs) Docs() iter.Seq[search.Doc] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Values(maps.Clone(s.docs))
}

func (s *ownDocs) Refused(ids []search.DocID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused, s.state = append(s.refused, ids...), s.State()
	for _, id := range ids {
		delete(s.docs, id)
	}
}

func (s *ownDocs) Apply(put []search.Doc, del []search.DocID) error {
	s.mu.Lock()
	for _, id := range del {
		delete(s.docs, id)
	}
	for _, d := range put {
		s.docs[d.ID] = d
	}
	s.mu.Unlock()
	return s.Index.Apply(put, del)
}

// start opens the index of s in dir, as a start of the servent does.
func (s *ownDocs) start(t *testing.T, dir string, maxBytes int64) {
	t.Helper()
	if s.Index != nil {
		s.Close()
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	if dir != "" {
		dir = filepath.Join(dir, "index")
	}
	s.Index = New(dir, maxBytes, log)
	s.Begin(s)
	t.Cleanup(s.Close)
}

func newOwnDocs(t *testing.T, dir string, maxBytes int64) *ownDocs {
	s := &ownDocs{id: "one", docs: map[search.DocID]search.Doc{}}
	s.start(t, dir, maxBytes)
	return s
}

func names(first, n int) []search.Doc {
	docs := make([]search.Doc, n)
	for i := range docs {
		docs[i] = search.Doc{ID: search.DocID(first + i), Text: fmt.Sprintf("folder/common word%d.txt", first+i)}
	}
	return docs
}

func (s *ownDocs) mustApply(t *testing.T, put []search.Doc, del []search.DocID) {
	t.Helper()
	if err := s.Apply(put, del); err != nil {
		t.Fatal(err)
	}
}

// wantFound checks how many documents hold a word.
func (s *ownDocs) wantFound(t *testing.T, word string, want int) {
	t.Helper()
	hits, err := s.Find(context.Background(), search.Query{Words: []string{word}}, nil, 0)
	if err != nil || len(hits) != want {
		t.Errorf("%s: %d hits and %v, want %d", word, len(hits), err, want)
	}
}

func (s *ownDocs) onDisk() bool { _, disk := s.current(); return disk != nil }

func TestConformance(t *testing.T) {
	indextest.Run(t, func(t *testing.T) search.Index {
		s := newOwnDocs(t, t.TempDir(), 0)
		if err := s.toDisk(nil); err != nil || !s.onDisk() {
			t.Fatal("not on disk", err)
		}
		return s
	})
}

func TestMovesToDisk(t *testing.T) {
	s := newOwnDocs(t, t.TempDir(), 0)
	s.mustApply(t, names(1, MaxInMemory), nil)
	if s.onDisk() {
		t.Errorf("on disk with %d documents", MaxInMemory)
	}
	var searching sync.WaitGroup
	for range 2 { // answers are whole all the while
		searching.Go(func() {
			for !s.onDisk() {
				s.wantFound(t, "word17", 1)
			}
		})
	}
	s.mustApply(t, names(MaxInMemory+1, 1), nil)
	searching.Wait()
	if !s.onDisk() || s.State() != OK || s.Bytes() == 0 {
		t.Errorf("on disk %t, state %s, %d bytes", s.onDisk(), s.State(), s.Bytes())
	}
	s.wantFound(t, "common", MaxInMemory+1)
	s.mustApply(t, nil, []search.DocID{5})
	s.wantFound(t, "common", MaxInMemory)

	none := newOwnDocs(t, "", 0)
	none.mustApply(t, names(1, MaxInMemory+1), nil)
	if none.onDisk() {
		t.Error("on disk without a data dir")
	}
}

func TestTakenUp(t *testing.T) {
	dir := t.TempDir()
	s := newOwnDocs(t, dir, 0)
	s.mustApply(t, names(1, MaxInMemory+1), nil)

	before := s.docs
	s.docs = map[search.DocID]search.Doc{}
	s.start(t, dir, 0)
	if !s.onDisk() {
		t.Fatal("not taken up")
	}
	s.wantFound(t, "common", 0) // nothing is shared yet
	size := s.Bytes()
	s.mustApply(t, names(1, 5000), nil)
	if s.Bytes() != size {
		t.Error("what was there has been put again")
	}
	s.wantFound(t, "common", 5000)
	s.mustApply(t, []search.Doc{{ID: 7, Text: "folder/other.txt"}}, nil)
	s.wantFound(t, "other", 1)
	s.wantFound(t, "word7", 0)

	s.applied = s.applied.Add(-2 * sweepAfter)
	s.Look()
	if _, disk := s.current(); disk.Len() != 5000 {
		t.Errorf("%d documents after the sweep, want 5000", disk.Len())
	}

	s.id, s.docs = "two", before // ids mean other documents now
	s.start(t, dir, 0)
	if s.onDisk() {
		t.Error("another's index was taken up")
	}
	s.mustApply(t, names(1, MaxInMemory+1), nil)
	s.wantFound(t, "word7", 1)
}

func TestMadeAnew(t *testing.T) {
	for _, name := range []string{"*.zap", "root.bolt"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newOwnDocs(t, dir, 0)
			s.mustApply(t, names(1, MaxInMemory+1), nil)
			ctx, cancel := context.WithCancel(context.Background())
			var running sync.WaitGroup
			defer running.Wait()
			defer cancel()
			running.Go(func() { s.Run(ctx) })
			for round := range 2 {
				cutShort(t, filepath.Join(dir, "index", name))
				s.mustApply(t, names(20_000+round, 1), []search.DocID{search.DocID(round + 1)})
				for s.State() != OK { // Run mends it
					if s.State() == Failed {
						t.Fatal("the disk is given up")
					}
					s.wantFound(t, "absent", 0)
				}
				s.wantFound(t, "common", MaxInMemory+1)
			}
		})
	}
}

func TestFull(t *testing.T) {
	s := newOwnDocs(t, t.TempDir(), bleveindex.MinMaxBytes)
	var full *search.FullError
	next := 1
	for ; full == nil; next += 3000 {
		if err := s.Apply(names(next, 3000), nil); err != nil && !errors.As(err, &full) {
			t.Fatal(err)
		}
	}
	if s.State() != Full || len(full.Refused) == 0 {
		t.Fatalf("state %s, %d refused", s.State(), len(full.Refused))
	}
	s.wantFound(t, "common", next-1-len(full.Refused))
	var del []search.DocID
	for id := range search.DocID(2000) {
		del = append(del, id+1)
	}
	s.mustApply(t, nil, del)
	s.mustApply(t, names(next, 1000), nil)
	if s.State() != OK {
		t.Errorf("state %s after deletions", s.State())
	}
}

func TestWithoutDisk(t *testing.T) {
	s := newOwnDocs(t, "/proc/none", 0) // nothing can be made there, not even by root
	s.mustApply(t, names(1, MaxInMemory+1), nil)
	if s.onDisk() || s.State() != Failed {
		t.Errorf("on disk %t, state %s", s.onDisk(), s.State())
	}
	s.wantFound(t, "common", MaxInMemory+1)

	s = newOwnDocs(t, "/proc/none", bleveindex.MinMaxBytes)
	err := s.Apply(names(1, 50_000), nil)
	var full *search.FullError
	if !errors.As(err, &full) || full.Max != bleveindex.MinMaxBytes || s.State() != Failed {
		t.Fatalf("50,000 documents in 2 MiB of memory: %v, state %s", err, s.State())
	}
	s.wantFound(t, "common", 50_000-len(full.Refused))
}

// TestMadeAnewTooSmall: what has no room in an index that is made anew is told
// before it is said to be whole.
func TestMadeAnewTooSmall(t *testing.T) {
	for name, tt := range map[string]struct {
		rebuilds int
		end      string
	}{"on disk": {0, Full}, "in memory": {maxRebuilds, Failed}} {
		t.Run(name, func(t *testing.T) {
			s := newOwnDocs(t, t.TempDir(), bleveindex.MinMaxBytes)
			s.rebuilds = tt.rebuilds
			const before, more = 5000, 50_000
			s.mustApply(t, names(1, before), nil)
			if err := s.toDisk(nil); err != nil {
				t.Fatal(err)
			}
			_, disk := s.current()
			s.broke(disk, bleveindex.ErrDamaged)
			if s.mustApply(t, names(before+1, more), nil); s.State() != Rebuilding {
				t.Fatalf("state %s", s.State())
			}
			s.mend(t.Context())
			if s.State() != tt.end || s.state != Rebuilding || len(s.refused) == 0 {
				t.Errorf("state %s; %d were refused, in state %q", s.State(), len(s.refused), s.state)
			}
			s.wantFound(t, "common", before+more-len(s.refused))
		})
	}
}

// cutShort takes most of the first file that matches pattern away.
func cutShort(t *testing.T, pattern string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatal(pattern, paths, err)
	}
	if err := os.Truncate(paths[0], 100); err != nil {
		t.Fatal(err)
	}
}
