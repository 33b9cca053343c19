package transfer

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// partOfAll is the header of an answer with the first block of a file of size bytes.
func partOfAll(size int) *http.Response {
	h := http.Header{"Content-Range": {fmt.Sprintf("bytes 0-%d/%d", tiger.MinPart-1, size)}}
	return &http.Response{StatusCode: http.StatusPartialContent, ProtoMajor: 1, ProtoMinor: 1, Header: h, ContentLength: tiger.MinPart}
}

// TestMayResize: the size that one source told gives way to another's, when nobody stands
// for it any more, nobody else is asked for its blocks, and none is verified.
func TestMayResize(t *testing.T) {
	const told, other = 100 * tiger.MinPart, 2 * tiger.MinPart
	for name, tt := range map[string]struct {
		sizerRuns bool
		active    int
		good      bool
		ofJob     bool
		resizes   bool
	}{
		"nobody stands for it": {active: 1, resizes: true},
		"who told it runs":     {active: 1, sizerRuns: true},
		"others run":           {active: 2},
		"a block is verified":  {active: 1, good: true},
		"the job told it":      {active: 1, ofJob: true},
	} {
		s := bareSwarm(Job{URN: urnOf(nil)}, Source{Index: 1}, Source{Index: 2})
		sizer, c := s.all[0], s.all[1]
		if s.resize(told, sizer); tt.ofJob {
			s.sizer = nil
		}
		s.blocks.offer(c, []protocol.Range{{End: tiger.MinPart}})
		before := s.blocks
		a, ok := s.assign(c, nil)
		if !ok {
			t.Fatal("nothing to ask for")
		}
		s.active, sizer.running, c.running = tt.active, tt.sizerRuns, true
		if tt.good {
			s.blocks.good.Add(0)
		}
		_, err := s.judge(c, a, partOfAll(other))
		if got := s.blocks.size == other; got != tt.resizes || got != errors.Is(err, errNothingThere) {
			t.Errorf("%s: %d bytes, %v", name, s.blocks.size, err)
		}
		if !tt.resizes {
			continue
		}
		s.assign(c, nil)
		s.release(c, ask{lease: lease{of: before, first: 99, n: 1}}, false) // of the file as it was
		s.release(c, a, false)
		if n := s.blocks.asked.Count(); n != 1 {
			t.Errorf("%s: %d blocks are asked for", name, n)
		}
	}
}

// TestRetract: 416 takes back what a source has told that it has, and nothing else.
func TestRetract(t *testing.T) {
	s := bareSwarm(Job{URN: urnOf(nil), Size: 4 * tiger.MinPart}, Source{})
	s.resize(4*tiger.MinPart, nil)
	c := s.all[0]
	s.learnRanges(c, http.Header{protocol.HeaderAvailableRanges: {fmt.Sprintf("bytes 0-%d", 2*tiger.MinPart-1)}})
	a, _ := s.assign(c, nil)
	no := &http.Response{StatusCode: http.StatusRequestedRangeNotSatisfiable, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}}
	if _, err := s.judge(c, a, no); !errors.Is(err, errNothingThere) {
		t.Errorf("judged as %v", err)
	}
	if left := 2 - a.n; c.offers != left || c.offered.Count() != left || c.offered.Has(a.first) || s.blocks.copies[a.first] != 0 {
		t.Errorf("offers %d: %v, of %+v", c.offers, c.offered, a)
	}
	for i := range maxVain - 1 {
		if _, err := s.judge(c, a, no); errors.Is(err, errNothingThere) != (i < maxVain-2) {
			t.Errorf("time %d: %v", i+2, err)
		}
	}
}

// TestDroppedIsForgotten: of a block that is dropped the journal is told nothing, and the
// hash of the whole begins anew.
func TestDroppedIsForgotten(t *testing.T) {
	cfg := quick()
	s := newStore(new(memFile), &cfg)
	for i := range 3 {
		s.came(i, tiger.Digest{}, 1)
	}
	s.spoilt = false
	if s.dropped([]int{1}); len(s.pending) != 2 || s.pending[0].Index != 0 || s.pending[1].Index != 2 || !s.spoilt {
		t.Errorf("%+v, spoilt %v", s.pending, s.spoilt)
	}
}
