package transfer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// engaged is a swarm for a file of that many blocks whose first sources are asked, for long.
func engaged(t *testing.T, blocks, running, spare int) (s *swarm, ended func() []int) {
	t.Helper()
	var sources []Source
	for i := range running + spare {
		sources = append(sources, sourceAt(i+1))
	}
	s = bareSwarm(Job{URN: urnOf(nil)}, sources...)
	s.resize(uint64(blocks)*tiger.MinPart, nil)
	var gone []int
	for i, c := range s.all[:running] {
		c.running, c.linked, c.begun, s.active = true, true, time.Now().Add(-time.Hour), s.active+1
		c.cancel = func(err error) {
			if !errors.Is(err, errReplaced) {
				t.Error(err)
			}
			gone = append(gone, i)
		}
	}
	return s, func() []int { return gone }
}

// TestIdlePartGivesWay: sources that have nothing of what is missing do not keep away, by
// taking all slots, one that has.
func TestIdlePartGivesWay(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spare  int
		change func(s *swarm)
		want   []int
	}{
		{"eight that have nothing new", 1, func(*swarm) {}, []int{0}},
		{"nobody waits", 0, func(*swarm) {}, nil},
		{"the first has more", 1, func(s *swarm) { s.blocks.offer(s.all[0], nil) }, []int{1}},
		{"the first is asked", 1, func(s *swarm) { s.all[0].busy, s.all[0].moved, s.all[0].rate = true, time.Now(), 1000 }, []int{1}},
		{"all have begun only now", 1, func(s *swarm) {
			for _, c := range s.all {
				c.begun = time.Now()
			}
		}, nil},
		{"another gave way", 1, func(s *swarm) { s.replaced = time.Now() }, nil},
		{"a slot is free", 1, func(s *swarm) { s.active-- }, nil},
	} {
		s, ended := engaged(t, 16, mostActive(), tt.spare)
		s.blocks.put(0, tiger.Digest{}, nil)
		for _, c := range s.all[:s.active] {
			c.partial = true
			s.blocks.offer(c, []protocol.Range{{First: 0, End: tiger.MinPart}})
		}
		tt.change(s)
		if s.replaceSlow(time.Now()); !slices.Equal(ended(), tt.want) {
			t.Errorf("%s: %v gave way, want %v", tt.name, ended(), tt.want)
		}
	}
}

func mostActive() int { return NewClient(quick()).cfg.MaxActive }

// TestIdlePartsAreNoHelp: one more source is of use while something is open that the idle ones
// do not have.
func TestIdlePartsAreNoHelp(t *testing.T) {
	s, _ := engaged(t, 6, 6, 1)
	s.blocks.put(0, tiger.Digest{}, nil)
	for _, c := range s.all[:s.active] {
		c.partial = true
		s.blocks.offer(c, []protocol.Range{{First: 0, End: tiger.MinPart}})
	}
	if !s.wantsMore(time.Now()) {
		t.Error("nobody else is asked")
	}
	for _, c := range s.all[:5] {
		s.blocks.offer(c, nil)
	}
	if s.moved = time.Now(); s.wantsMore(time.Now()) {
		t.Error("more are asked than there are blocks")
	}
}

// TestLargeBlockChangesHands: of a block that is too large for two to send it at once, a source
// that is much faster and has nothing to do gets the rest.
func TestLargeBlockChangesHands(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(s *swarm, slow, fast *candidate)
		gives  bool
	}{
		{"much faster", func(*swarm, *candidate, *candidate) {}, true},
		{"not much", func(_ *swarm, _, fast *candidate) { fast.rate = replaceTimes*1000 - 10 }, false},
		{"small blocks", func(s *swarm, _, _ *candidate) { s.blocks.part = maxSpare }, false},
		{"has other things to do", func(s *swarm, _, _ *candidate) { s.blocks.asked.Remove(1) }, false},
		{"does not have it", func(_ *swarm, _, fast *candidate) { fast.offered.Remove(0) }, false},
		{"is asked itself", func(_ *swarm, _, fast *candidate) { fast.busy = true }, false},
	} {
		s, ended := engaged(t, 2, 2, 0)
		s.blocks.part = 2 * maxSpare
		s.blocks.size = 4 * maxSpare
		slow, fast := s.all[0], s.all[1]
		for _, c := range []*candidate{slow, fast} {
			c.moved = time.Now()
			s.blocks.offer(c, nil)
		}
		slow.busy, slow.gained, fast.rate = true, 1000*3600, 1e6 // 1 kB/s
		slow.leases.Add(0)
		s.blocks.asked.Add(0)
		s.blocks.asked.Add(1)
		tt.change(s, slow, fast)
		if s.replaceSlow(time.Now()); slices.Equal(ended(), []int{0}) != tt.gives {
			t.Errorf("%s: %v gave way", tt.name, ended())
		}
	}
}

// partly serves the first block of content only, and does with HEAD what look does.
func partly(content []byte, look func(conn net.Conn, claim string) bool) script {
	claim := fmt.Sprintf("X-Available-Ranges: bytes 0-%d\r\n", tiger.MinPart-1)
	return func(conn net.Conn, r *http.Request) bool {
		if r.Method == http.MethodHead {
			return look(conn, claim)
		}
		at, end := rangeOf(r, len(content))
		if end = min(end, tiger.MinPart); at >= end {
			return keepsAlive("HTTP/1.1 416 No\r\n"+claim+"Content-Length: 0\r\n\r\n", "")(conn, r)
		}
		return answers(conn, r, content[:end], len(content), claim)
	}
}

// TestWholeFileWaitsForNoLook: who does not answer the question what it has keeps nobody
// waiting when the file is there.
func TestWholeFileWaitsForNoLook(t *testing.T) {
	t.Parallel()
	content := noise(2 << 20)
	looked := make(chan bool, 100)
	mute := rogue(t, partly(content, func(conn net.Conn, _ string) bool {
		looked <- true
		_, _ = io.Copy(io.Discard, conn)
		return false
	}))
	slow := &foreignSource{content: content, pace: 10 * time.Millisecond} // 1.3 s
	cfg := quick()
	cfg.HeaderTimeout = time.Minute
	r := mustGet(t, NewClient(cfg), jobFor(t, content, mute, slow.serve(t)), content)
	if r.Elapsed > patience || len(looked) == 0 {
		t.Errorf("took %v, asked %d times what it has", r.Elapsed, len(looked))
	}
}

// TestClosesWhenLookedAt: a source that closes after each question what it has is not connected
// to again and again.
func TestClosesWhenLookedAt(t *testing.T) {
	t.Parallel()
	content := noise(2 << 20)
	var conns atomic.Int64
	do := partly(content, func(conn net.Conn, claim string) bool {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n", claim, len(content))
		return false
	})
	closes := rawServer(t, func(conn net.Conn) {
		conns.Add(1)
		converse(conn, do)
	})
	slow := &foreignSource{content: content, pace: 10 * time.Millisecond}
	mustGet(t, NewClient(quick()), jobFor(t, content, closes, slow.serve(t)), content)
	if n := conns.Load(); n > 4 {
		t.Errorf("%d connections", n)
	}
}

// TestNotFoundOnce: who has sent right bytes of a part may not find the file for a moment,
// when that has become whole. Who never finds it, or had all of it, is asked no more.
func TestNotFoundOnce(t *testing.T) {
	const size = 4 << 20
	content := noise(size)
	part := fmt.Sprintf("X-Available-Ranges: bytes 0-%d\r\n", size-1)
	for _, tt := range []struct {
		what, lines string
		again, want bool
		most        int64
	}{
		{"a part that becomes whole", part, true, true, 40},
		{"a part that is gone", part, false, false, 40},
		{"a file that is not shared any more", "", false, false, 8},
	} {
		var n atomic.Int64
		source := rogue(t, func(conn net.Conn, r *http.Request) bool {
			if i := n.Add(1); i == 3 || i > 3 && !tt.again {
				return keepsAlive("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "")(conn, r)
			}
			return answers(conn, r, content, len(content), tt.lines)
		})
		_, err := NewClient(quick()).Get(t.Context(), jobFor(t, content, source), nil)
		if (err == nil) != tt.want || err != nil && !errors.Is(err, errNotFound) || n.Load() > tt.most {
			t.Errorf("%s: asked %d times: %v", tt.what, n.Load(), err)
		}
	}
}

// TestQueuedAgain: a source that has served us in the meantime may let us wait anew.
func TestQueuedAgain(t *testing.T) {
	s := bareSwarm(Job{URN: urnOf(nil)}, sourceAt(1))
	s.resize(1000, nil)
	c := s.all[0]
	queued := &sourceError{kind: failBusy, place: protocol.QueuePlace{Position: 1}, err: errBusy}
	s.note(c, queued)
	c.queued = c.queued.Add(-s.client.cfg.MaxQueueWait)
	resp := &http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, ContentLength: 1000}
	if _, err := s.judge(c, ask{all: true, lease: lease{of: s.blocks, to: 1000}}, resp); err != nil {
		t.Fatal(err)
	}
	if s.note(c, queued); c.out {
		t.Error("it is asked no more")
	}
	c.queued = c.queued.Add(-s.client.cfg.MaxQueueWait)
	if s.note(c, queued); !c.out {
		t.Error("it is waited for without end")
	}
}
