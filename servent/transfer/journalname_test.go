package transfer

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestJournalNameIsSynced: before anything is recorded, the names of the .part file and its
// journal are made durable, once a download; one that is worth no journal does without.
func TestJournalNameIsSynced(t *testing.T) {
	for size, want := range map[int]int{minJournal: 1, minJournal + 1: 2} { // the last is the file's name
		content := noise(size)
		_, addr := honest(t, content)
		j := jobFor(t, content, addr)
		c := NewClient(often())
		var seen [][]string
		sync := c.publisher.names.do
		c.publisher.names.do = func(dir string, all []struct{}) []error {
			var names []string
			entries, err := os.ReadDir(dir)
			for _, e := range entries {
				if info, err := e.Info(); err == nil && (info.Size() > 0 || e.Name() == "file.bin.part") {
					names = append(names, e.Name())
				}
			}
			if dir == j.Dir && err == nil {
				seen = append(seen, names)
			}
			return sync(dir, all)
		}
		mustGet(t, c, j, content)
		if len(seen) != want || want > 1 && !slices.Equal(seen[0], []string{"file.bin.part", "file.bin.part.journal"}) {
			t.Errorf("%d bytes: synced with %q, want %d times", size, seen, want)
		}
	}
}

// TestJournalNameIsNotSynced: a journal that may not be there after a power cut is none: the
// download goes on without it, until it begins another.
func TestJournalNameIsNotSynced(t *testing.T) {
	content := noise(5 * tiger.MinPart)
	j := jobFor(t, content)
	c := NewClient(often())
	c.publisher.names.do = func(_ string, all []struct{}) []error { return slices.Repeat([]error{syscall.EIO}, len(all)) }
	out, err := openOutput(&j, createPart)
	if err != nil {
		t.Fatal(err)
	}
	defer out.discard()
	s := newSwarm(c, j, out, nil)
	s.resize(j.Size, nil)
	if s.broken != nil || s.store.journal != nil || out.journal != nil || !isBlank(out.path+journalSuffix) {
		t.Errorf("%v; journal %v", s.broken, s.store.journal)
	}
	if err := s.keep(syscall.EINTR); !errors.Is(err, syscall.EINTR) || errors.As(err, new(*KeptError)) {
		t.Errorf("kept: %v", err)
	}
	c.publisher = newPublisher()
	if s.resize(j.Size, nil); s.store.journal == nil || out.journal != s.store.journal {
		t.Errorf("once more: journal %v", s.store.journal)
	}
}
