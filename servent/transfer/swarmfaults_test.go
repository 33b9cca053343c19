package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol"
)

// TestGivingWayIsNoFaultOfOurs: a source that is not asked any more while it waits for our
// own rate limit does not end the download.
func TestGivingWayIsNoFaultOfOurs(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cfg := ClientConfig{Rate: rate.NewLimiter(1, 1)}.withDefaults()
	f := &fetcher{cfg: &cfg, link: newLink(nil, &cfg, "")}
	cfg.Rate.AllowN(time.Now(), 1)
	cancel(errReplaced)
	var local *localError
	if err := f.came(ctx, 1, nil); err == nil || errors.As(err, &local) {
		t.Errorf("%v: want an error that is not of our side", err)
	}
}

// TestWholeFileWaitsForNobody: a source that is being dialled does not hold up a file that
// is whole.
func TestWholeFileWaitsForNobody(t *testing.T) {
	content := noise(2 << 20)
	_, addr := honest(t, content)
	silent := netip.MustParseAddrPort("192.0.2.1:6346")
	cfg := quick()
	cfg.Dial = dialFunc(func(ctx context.Context, network, to string) (net.Conn, error) {
		if to != silent.String() {
			return new(net.Dialer).DialContext(ctx, network, to)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	r := mustGet(t, NewClient(cfg), jobFor(t, content, addr, silent), content)
	if r.Elapsed > patience/2 {
		t.Errorf("took %v", r.Elapsed)
	}
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func (d dialFunc) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d(ctx, network, addr)
}

// answers sends the asked bytes of content, and of a larger file noise, as a part of size bytes.
func answers(conn net.Conn, r *http.Request, content []byte, size int, lines string) bool {
	at, end := rangeOf(r, size)
	body := make([]byte, end-at)
	if at < len(content) {
		copy(body, content[at:])
	}
	return keepsAlive(partHead(at, end, size, lines), string(body))(conn, r)
}

// TestSizeThatChangesForEver: a source that tells another size each time is given up.
func TestSizeThatChangesForEver(t *testing.T) {
	var asked atomic.Int64
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		return answers(conn, r, nil, 4<<20+int(asked.Add(1)), "")
	})
	j := jobFor(t, noise(1<<20), addr)
	j.Size, j.URN.HasTiger = 0, false
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := NewClient(quick()).Get(ctx, j, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

// TestPartThatIsDeniedForEver: a source that says that it has blocks, and when asked says
// that it has not, is given up.
func TestPartThatIsDeniedForEver(t *testing.T) {
	content := noise(2 << 20)
	var asked atomic.Int64
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		asked.Add(1)
		return keepsAlive("HTTP/1.1 416 No\r\nX-Available-Ranges: bytes 0-1048575\r\nContent-Length: 0\r\n\r\n", "")(conn, r)
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := NewClient(quick()).Get(ctx, jobFor(t, content, addr), nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

// TestPartThatBecomesWhole: who loads the file itself has all of it once it does not say any
// more which part it has.
func TestPartThatBecomesWhole(t *testing.T) {
	content := noise(2 << 20)
	var asked atomic.Int64
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		if asked.Add(1) == 1 {
			at, end := rangeOf(r, len(content))
			return answers(conn, r, content, len(content), fmt.Sprintf("X-Available-Ranges: bytes %d-%d\r\n", at, end-1))
		}
		if r.Method == http.MethodHead {
			_, err := io.WriteString(conn, okHead(len(content)))
			return err == nil
		}
		return answers(conn, r, content, len(content), "")
	})
	mustGet(t, NewClient(quick()), jobFor(t, content, addr), content)
}

// TestSourceIsAskedAhead: one of ours gets a request before it has answered the last.
func TestSourceIsAskedAhead(t *testing.T) {
	content := noise(16 << 20)
	var most atomic.Int64
	addr := rawServer(t, func(conn net.Conn) {
		asked := make(chan *http.Request, 100)
		go func() {
			defer close(asked)
			converse(conn, func(_ net.Conn, r *http.Request) bool { asked <- r; return true })
		}()
		for r := range asked {
			time.Sleep(10 * time.Millisecond)
			most.Store(max(most.Load(), int64(len(asked))+1))
			answers(conn, r, content, len(content), "X-Features: "+ourFeature+"/1\r\n")
		}
	})
	mustGet(t, NewClient(quick()), jobFor(t, content, addr), content)
	if n := most.Load(); n < 2 || n > maxAsked {
		t.Errorf("%d requests at once", n)
	}
}

// TestOneTreeOfEachSource: a source that gives one made-up tree after the other, and
// blocks that fit none, cannot have the blocks of others thrown away for ever.
func TestOneTreeOfEachSource(t *testing.T) {
	c := &candidate{}
	s := &swarm{job: Job{URN: protocol.URN{HasSHA1: true}}, blocks: newBlocks(4 << 20)}
	for i, root := range []string{strings.Repeat("A", 39), strings.Repeat("B", 38) + "A"} {
		c.learnTree(http.Header{"X-Thex-Uri": {"/tree;" + root}})
		if _, _, ok := s.treeFrom(c); ok != (i == 0) {
			t.Errorf("asked for tree %d: %v", i, ok)
		}
		s.treeAsked = nil
	}
}

// TestTooSlowWithTheLastByte: what has come as a whole counts, whatever is said of its source.
func TestTooSlowWithTheLastByte(t *testing.T) {
	content := noise(1000)
	slow := rogue(t, func(conn net.Conn, r *http.Request) bool {
		time.Sleep(150 * time.Millisecond)
		return says(okHead(len(content)), string(content))(conn, r)
	})
	cfg := quick()
	cfg.MinSpeed, cfg.SpeedWindow = 1<<40, 50*time.Millisecond
	mustGet(t, NewClient(cfg), jobFor(t, content, slow), content)
}

// TestLargeBlocksAreNotAskedTwice: of a block that is too large to be held in memory while
// another source writes it, nothing can come of asking twice.
func TestLargeBlocksAreNotAskedTwice(t *testing.T) {
	for _, part := range []uint64{maxSpare, 2 * maxSpare} {
		b := newBlocks(1000)
		b.size, b.part = part, part
		var slow, quick candidate
		b.offer(&slow, nil)
		b.offer(&quick, nil)
		if _, ok := b.lease(&slow, 1, time.Now()); !ok || b.begin(&slow, 0, 0) == nil {
			t.Fatal("the first source is not asked")
		}
		if _, ok := b.lease(&quick, 1, time.Now()); ok != (part == maxSpare) {
			t.Errorf("blocks of %d bytes: asked twice: %v", part, ok)
		}
	}
}

// TestWhoWasNotAsked: an error names who was left out before it was asked for anything.
func TestWhoWasNotAsked(t *testing.T) {
	s := &swarm{all: []*candidate{{Source: Source{Addr: netip.MustParseAddrPort("192.0.2.1:6346")}}}}
	if text := s.exhausted().Error(); !strings.Contains(text, "192.0.2.1:6346: was not asked;") {
		t.Error(text)
	}
}
