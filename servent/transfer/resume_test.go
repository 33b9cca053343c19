package transfer

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal"
)

// often is a configuration that records what has come again and again.
func often() ClientConfig {
	c := quick()
	c.CheckpointBytes = tiger.MinPart
	return c
}

// breaksAt is a source that sends content up to byte at and then nothing.
func breaksAt(content []byte, at int) script {
	return hangs(okHead(len(content)), string(content[:at]))
}

// interrupted downloads from a source that stops at byte at, and ends like a
// Ctrl-C once that has come. It returns where what came is kept.
func interrupted(t *testing.T, j Job, content []byte, at int) *KeptError {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j.Sources = jobFor(t, content, rogue(t, breaksAt(content, at))).Sources
	c := NewClient(often())
	go cancelAt(ctx, cancel, c, at)
	_, err := c.Get(ctx, j, nil)
	var kept *KeptError
	if !errors.As(err, &kept) || !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted download: %v", err)
	}
	return kept
}

// cancelAt ends a download when so many bytes have come.
func cancelAt(ctx context.Context, cancel func(), c *Client, bytes int) {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for c.Stats().Bytes < uint64(bytes) && ctx.Err() == nil {
		<-look.C
	}
	cancel()
}

func TestGetResumes(t *testing.T) {
	content := noise(5<<20 + 77)
	const stop = 3 << 20
	began := make(chan int, 100)
	j := jobFor(t, content, rogue(t, ranges(content, began)))
	kept := interrupted(t, j, content, stop+5)
	if kept.Bytes != stop || kept.Path != filepath.Join(j.Dir, "file.bin.part") {
		t.Errorf("kept %+v", kept)
	}
	c := NewClient(often())
	r := mustGet(t, c, j, content)
	wantFrom(t, began, stop)
	if in := c.Stats().Bytes; in != uint64(len(content)-stop) || r.Fetched != in {
		t.Errorf("fetched %d bytes, told as %d; %d were missing", in, r.Fetched, len(content)-stop)
	}
	wantOnly(t, j.Dir, "file.bin")
}

// wantFrom checks that a source was asked for something, and for nothing before byte
// first.
func wantFrom(t *testing.T, began <-chan int, first int) {
	t.Helper()
	if len(began) == 0 {
		t.Error("was not asked")
	}
	for len(began) > 0 {
		if at := <-began; at < first {
			t.Errorf("asked from byte %d, there was everything up to %d", at, first)
		}
	}
}

// TestGetResumesDamaged: whatever became of what was kept, the right file comes.
func TestGetResumesDamaged(t *testing.T) {
	content := noise(4 << 20)
	const stop = 3 << 20
	for name, c := range map[string]struct {
		damage func(t *testing.T, part string)
		at     int // where the download goes on; -1: a part that is not ours stays
	}{
		"whole":              {func(*testing.T, string) {}, stop},
		"part grew":          {func(t *testing.T, part string) { appendTo(t, part, noise(99)) }, stop},
		"part cut short":     {func(t *testing.T, part string) { truncate(t, part, stop-1) }, stop - tiger.MinPart},
		"part edited":        {func(t *testing.T, part string) { flip(t, part, 12345); touch(t, part) }, 0},
		"part edited unseen": {flipUnseen, 0},
		"part touched":       {touch, stop},
		"journal cut short":  {func(t *testing.T, part string) { truncate(t, part+journalSuffix, 50) }, -1},
		"journal gone":       {func(t *testing.T, part string) { remove(t, part+journalSuffix) }, -1},
		"journal of noise":   {func(t *testing.T, part string) { overwrite(t, part+journalSuffix, noise(9999)) }, -1},
		"journal of zeros":   {func(t *testing.T, part string) { overwrite(t, part+journalSuffix, make([]byte, 9999)) }, -1},
		"journal emptied":    {func(t *testing.T, part string) { truncate(t, part+journalSuffix, 0) }, -1},
		"journal a folder":   {func(t *testing.T, part string) { remove(t, part+journalSuffix); mkdir(t, part+journalSuffix) }, -1},
		"of other content":   {func(t *testing.T, part string) { newJournal(t, part, urnOf([]byte("something else")), tiger.MinPart) }, -1},
		"of other blocks":    {func(t *testing.T, part string) { newJournal(t, part, urnOf(content), 2*tiger.MinPart) }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			began := make(chan int, 100)
			j := jobFor(t, content, rogue(t, ranges(content, began)))
			kept := interrupted(t, j, content, stop)
			c.damage(t, kept.Path)
			wantGet(t, j, content)
			wantFrom(t, began, max(c.at, 0))
			if _, err := os.Lstat(kept.Path); (err == nil) != (c.at < 0) {
				t.Errorf("part of others: %v", err)
			}
		})
	}
}

// wantGet downloads content, whatever else lies in the folder.
func wantGet(t *testing.T, j Job, content []byte) {
	t.Helper()
	r, err := NewClient(often()).Get(context.Background(), j, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(r.Path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s holds %d bytes that are others (%v)", r.Path, len(got), err)
	}
}

// touch makes it look as if somebody had written to the file much later.
func touch(t *testing.T, path string) {
	t.Helper()
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(b)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// flipUnseen is flip that leaves the time of the file as it was.
func flipUnseen(t *testing.T, part string) {
	t.Helper()
	info, err := os.Stat(part)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, part, 12345)
	if err := os.Chtimes(part, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// newJournal makes the journal one of a file in blocks of that size, the first of which is there.
func newJournal(t *testing.T, part string, urn protocol.URN, block uint64) {
	t.Helper()
	f, err := os.OpenFile(part+journalSuffix, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Create(f, journal.Head{URN: urn, Size: 4 << 20, Block: block})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Record([]journal.Block{{Index: 0, Root: tiger.Digest{1}}}); err != nil {
		t.Fatal(err)
	}
	_ = j.Close() // each record was synced
}

// TestGetResumesAfterLastByte: all had come, only the name was missing.
func TestGetResumesAfterLastByte(t *testing.T) {
	content := noise(2 << 20)
	j := jobFor(t, content, rogue(t, says("nothing is asked of it")))
	interruptedWhole(t, j, content)
	c := NewClient(often())
	mustGet(t, c, j, content)
	if in := c.Stats().Bytes; in != 0 {
		t.Errorf("%d bytes were fetched again", in)
	}
}

// interruptedWhole leaves a .part file that is whole.
func interruptedWhole(t *testing.T, j Job, content []byte) {
	t.Helper()
	kept := interrupted(t, j, content, len(content)-1)
	o, err := adopt(kept.Path, &j)
	if err != nil || o == nil {
		t.Fatal(err)
	}
	last := len(content) - tiger.MinPart
	if _, err := o.file.WriteAt(content[last:], int64(last)); err != nil {
		t.Fatal(err)
	}
	if err := o.journal.Record([]journal.Block{{Index: last / tiger.MinPart, Root: urnOf(content[last:]).Tiger}}); err != nil {
		t.Fatal(err)
	}
	o.keep()
}

// TestGetWaitsForTheSame: while a download of the same content runs, another one
// waits and takes its file; of the same process it tells how far that is.
func TestGetWaitsForTheSame(t *testing.T) {
	const half = 1 << 20
	content := noise(2 * half)
	for _, same := range []bool{true, false} {
		goOn := make(chan struct{})
		slow := rogue(t, func(conn net.Conn, _ *http.Request) bool {
			says(okHead(len(content)), string(content[:half]))(conn, nil)
			<-goOn
			return says(string(content[half:]))(conn, nil)
		})
		j := jobFor(t, content, slow)
		first := make(chan error, 1)
		c := NewClient(often())
		go func() {
			_, err := c.Get(context.Background(), j, nil)
			first <- err
		}()
		ctx, halfway := context.WithCancel(context.Background())
		cancelAt(ctx, halfway, c, half)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		second, told := c, false
		if !same {
			second = NewClient(often())
		}
		r, err := second.Get(ctx, j, func(p Progress) {
			knows := p.Done > 0 && p.Total == 2*half && p.Known == 1
			if p.State == StateTaken && knows == same && !told {
				told = true
				close(goOn)
			}
		})
		if err != nil || !r.Existing || !told {
			t.Errorf("second download: %+v, %v, told %v", r, err, told)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		wantOnly(t, j.Dir, "file.bin")
	}
}

// TestGetSmallHasNoJournal: up to a mebibyte nothing is kept, beyond it something.
func TestGetSmallHasNoJournal(t *testing.T) {
	for size, want := range map[int]bool{minJournal: false, minJournal + 1: true} {
		content := noise(size)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		j := jobFor(t, content, rogue(t, breaksAt(content, size-1)))
		c := NewClient(often())
		go cancelAt(ctx, cancel, c, size-1)
		_, err := c.Get(ctx, j, nil)
		var kept *KeptError
		if got := errors.As(err, &kept); got != want {
			t.Errorf("%d bytes: kept %v, want %v (%v)", size, got, want, err)
		}
		if !want {
			wantOnly(t, j.Dir)
		}
	}
}

// TestGetNoRoom: a file that cannot fit is not begun.
func TestGetNoRoom(t *testing.T) {
	free, ok := freeSpace(t.TempDir())
	if !ok || free > 1<<39 {
		t.Skip("the room here is not known, or without end")
	}
	size := int(free + 1<<30)
	j := jobFor(t, noise(1<<20), rogue(t, hangs(okHead(size), "some bytes")))
	j.Size = 0
	_, err := NewClient(quick()).Get(context.Background(), j, nil)
	if !errors.Is(err, errNoRoom) {
		t.Errorf("error %v, want %v", err, errNoRoom)
	}
}

// TestGetResumesPastAHint: a job whose size is too small is no reason to fetch
// again what has come.
func TestGetResumesPastAHint(t *testing.T) {
	content := noise(5 << 20)
	const stop = 3 << 20
	began := make(chan int, 100)
	j := jobFor(t, content, rogue(t, ranges(content, began)))
	_ = interrupted(t, j, content, stop)
	j.Size = 2 << 20
	wantGet(t, j, content)
	wantFrom(t, began, stop)
}

// TestGetInterruptedWhileItVerifies: who ends a download while what was kept is
// read again loses nothing.
func TestGetInterruptedWhileItVerifies(t *testing.T) {
	content := noise(5 << 20)
	const stop = 3 << 20
	began := make(chan int, 100)
	j := jobFor(t, content, rogue(t, ranges(content, began)))
	kept := interrupted(t, j, content, stop)
	touch(t, kept.Path)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := NewClient(often()).Get(ctx, j, func(p Progress) {
		if p.State == StateVerifying {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error: %v", err)
	}
	wantGet(t, j, content)
	wantFrom(t, began, stop)
}

// TestDamagedJournalIsTold: who finds the start of his download gone learns why, and that it is
// not lost; of another's .part file nothing is said.
func TestDamagedJournalIsTold(t *testing.T) {
	content := noise(4 << 20)
	for name, tt := range map[string]struct {
		damage func(part string)
		told   int
	}{
		"damaged":          {func(part string) { overwrite(t, part+journalSuffix, noise(9999)) }, 1},
		"of other content": {func(part string) { newJournal(t, part, urnOf([]byte("x")), tiger.MinPart) }, 0},
		"gone":             {func(part string) { remove(t, part+journalSuffix) }, 0},
	} {
		_, addr := honest(t, content)
		j := jobFor(t, content, addr)
		kept := interrupted(t, j, content, 3<<20)
		tt.damage(kept.Path)
		log, said := logtest.NewNullLogger()
		cfg := quick()
		cfg.Log = log
		if _, err := NewClient(cfg).Get(t.Context(), j, nil); err != nil {
			t.Fatal(err)
		}
		told := 0
		for _, e := range said.AllEntries() {
			if e.Level == logrus.WarnLevel && e.Data["path"] == kept.Path {
				told++
			}
		}
		if told != tt.told {
			t.Errorf("%s: told %d times, want %d", name, told, tt.told)
		}
	}
}
