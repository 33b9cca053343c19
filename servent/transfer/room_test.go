package transfer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestDiskOthersFill: when others fill the disk, a download ends before it runs into that,
// says so, and keeps what has come: the next one fetches only the rest.
func TestDiskOthersFill(t *testing.T) {
	content := noise(4 << 20)
	const stop = 2 << 20
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := NewClient(often())
	c.space = func(string) (uint64, bool) {
		if c.Stats().Bytes < stop {
			return 1 << 40, true
		}
		return uint64(len(content)-stop) - 1, true
	}
	j := jobFor(t, content, rogue(t, breaksAt(content, stop)))
	_, err := c.Get(ctx, j, nil)
	var kept *KeptError
	if !errors.Is(err, errNoRoom) || !errors.As(err, &kept) || kept.Bytes < stop-tiger.MinPart {
		t.Fatalf("Get: %v; want %v, and all kept but for the last block at most", err, errNoRoom)
	}
	for _, part := range []string{"not enough room in " + j.Dir, "2.1 MB are free", "make room", "are kept in " + kept.Path} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not tell %q", err, part)
		}
	}
	began := make(chan int, 100)
	j.Sources = jobFor(t, content, rogue(t, ranges(content, began))).Sources
	wantGet(t, j, content)
	wantFrom(t, began, int(kept.Bytes))
}

// TestRoomWhileRunning: there must be room for what is missing, to the byte, each time
// something is recorded, and where it is not known there is.
func TestRoomWhileRunning(t *testing.T) {
	const missing = 2 * tiger.MinPart
	for _, tt := range []struct {
		name  string
		free  uint64
		known bool
		fits  bool
	}{
		{"room for all of it", missing, true, true},
		{"a byte too little", missing - 1, true, false},
		{"not known", 0, false, true},
	} {
		s := bareSwarm(Job{URN: urnOf(nil)}, Source{})
		s.resize(missing+tiger.MinPart, nil)
		s.client.space = func(string) (uint64, bool) { return tt.free, tt.known }
		s.blocks.put(0, tiger.Digest{}, nil)
		<-s.wake
		if s.recordOn(t.Context()); s.broken != nil {
			t.Errorf("%s: looked at with nothing to record: %v", tt.name, s.broken)
		}
		s.store.came(0, tiger.Digest{}, tiger.MinPart)
		s.store.flushed = time.Now().Add(-s.client.cfg.CheckpointTime)
		s.recordOn(t.Context())
		if fits := !errors.Is(s.broken, errNoRoom); fits != tt.fits || len(s.wake) == 0 != fits {
			t.Errorf("%s: ends with %v, run is woken %v", tt.name, s.broken, len(s.wake) > 0)
		}
	}
}
