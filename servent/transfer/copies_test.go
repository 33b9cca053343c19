package transfer

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestCopiesInSight: a download tells how many copies of the file its sources make
// together: of the rarest block, and which share has one more.
func TestCopiesInSight(t *testing.T) {
	const blocks = 8
	content := noise(blocks * tiger.MinPart)
	for _, tt := range []struct {
		name string
		have []int // blocks from the first on
		want float64
	}{
		{"one that has all", []int{blocks}, 1},
		{"all, a part and a smaller one", []int{blocks, 4, 2}, 1.5},
		{"all twice, and a part", []int{blocks, 6, blocks}, 2.75},
		{"parts alone", []int{6, 2}, 0.75},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen, see := context.WithTimeout(ctx, patience)
			defer see()
			j := Job{URN: urnOf(content), Name: "a", Size: uint64(len(content)), Dir: t.TempDir()}
			for _, n := range tt.have {
				j.Sources = append(j.Sources, Source{Addr: rogue(t, tells(content, n*tiger.MinPart, seen.Done()))})
			}
			last, found := 0.0, false
			_, err := NewClient(quick()).Get(ctx, j, func(p Progress) {
				if last = p.Copies; last == tt.want {
					found = true
					see()
					if tt.want < 1 {
						cancel() // it cannot come to its end
					}
				}
			})
			if !found || (err != nil) != (tt.want < 1) {
				t.Errorf("%v copies at last, want %v; %v", last, tt.want, err)
			}
		})
	}
}

// tells is a source with the first so many bytes of content, which says so, and sends none
// before goOn is closed.
func tells(content []byte, n int, goOn <-chan struct{}) script {
	return func(conn net.Conn, r *http.Request) bool {
		at, end := rangeOf(r, len(content))
		if at >= n {
			return keepsAlive(fmt.Sprintf("HTTP/1.1 416 No\r\nX-Available-Ranges: bytes 0-%d\r\nContent-Length: 0\r\n\r\n", n-1), "")(conn, r)
		}
		end = min(end, n)
		says(partHead(at, end, len(content), fmt.Sprintf("X-Available-Ranges: bytes 0-%d\r\n", n-1)))(conn, r)
		<-goOn
		return keepsAlive("", string(content[at:end]))(conn, r)
	}
}

// TestCopiesLost: what a source does not have after all, and one that is given up, count no
// more, and before the size is known nothing does.
func TestCopiesLost(t *testing.T) {
	const blocks = 8
	s := bareSwarm(Job{URN: urnOf(nil)}, sourceAt(1), sourceAt(2))
	var last Progress
	s.progress = func(p Progress) { last = p }
	want := func(what string, copies float64) {
		t.Helper()
		if s.report(true); last.Copies != copies {
			t.Errorf("%s: %v copies, want %v", what, last.Copies, copies)
		}
	}
	want("of a size not known", 0)
	s.resize(blocks*tiger.MinPart, nil)
	want("nobody has told anything", 0)
	whole, part := s.all[0], s.all[1]
	s.blocks.offer(whole, nil)
	want("one has all", 1)
	s.learnRanges(part, http.Header{
		protocol.HeaderAvailableRanges: {fmt.Sprintf("bytes 0-%d", 6*tiger.MinPart-1)},
		protocol.HeaderClaims:          {fmt.Sprintf("bytes %d-%d", 6*tiger.MinPart, 7*tiger.MinPart-1)},
	})
	want("one a part, too, and waits for more", 1+6./blocks)
	s.blocks.retract(part, lease{first: 0, n: 2})
	want("less of it", 1+4./blocks)
	whole.out, whole.running, s.active = true, true, 1
	ctx, cancel := context.WithCancelCause(t.Context())
	whole.cancel = cancel
	s.stopped(ctx, whole, nil)
	want("the first is given up", 4./blocks)
}
