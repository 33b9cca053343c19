package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// gated is a script that serves content once open is closed, and tells of each
// request.
func gated(content []byte, asked chan<- bool, open <-chan bool) script {
	return func(conn net.Conn, r *http.Request) bool {
		asked <- true
		<-open
		return says(okHead(len(content)), string(content))(conn, r)
	}
}

// TestGetFromOneSource: so many downloads ask one source at once, and not one
// more; all of them end well.
func TestGetFromOneSource(t *testing.T) {
	content := noise(5000)
	var now, most atomic.Int32
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-time.After(20 * time.Millisecond) // for others to come, if they may
		now.Add(-1)
		return says(okHead(len(content)), string(content))(conn, r)
	})
	c := NewClient(quick())
	var all sync.WaitGroup
	for range 4 * perSource {
		j := jobFor(t, content, addr)
		all.Go(func() {
			if _, err := c.Get(t.Context(), j, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != perSource {
		t.Errorf("%d requests at once, want %d", most.Load(), perSource)
	}
}

// TestGetPassesFullSource: a download does not wait for a source that others
// keep occupied while it has another; where it has none, its end need not wait.
func TestGetPassesFullSource(t *testing.T) {
	content := noise(5000)
	asked, open := make(chan bool, perSource), make(chan bool)
	slow, free := rogue(t, gated(content, asked, open)), rogue(t, says(okHead(len(content)), string(content)))
	c := NewClient(quick())
	var all sync.WaitGroup
	for range perSource {
		j := jobFor(t, content, slow)
		all.Go(func() {
			if _, err := c.Get(t.Context(), j, nil); err != nil {
				t.Error(err)
			}
		})
		<-asked
	}
	mustGet(t, c, jobFor(t, content, slow, free), content)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.Get(ctx, jobFor(t, content, slow), func(p Progress) {
		if p.State != StateWaiting {
			t.Errorf("state %q", p.State)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(open)
	all.Wait()
}

// TestBusySourceIsAskedRarely: gtk-gnutella bans who sends more than five
// requests in a minute. Many downloads together stay below.
func TestBusySourceIsAskedRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ts turns
		var mu sync.Mutex
		var asked []time.Time
		k := sourceKey{addr: netip.MustParseAddrPort("10.0.0.1:6346")}
		wait := ClientConfig{}.withDefaults().RetryWait
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		ask := func() {
			for ctx.Err() == nil {
				at, _ := ts.look(k)
				<-time.After(time.Until(at))
				took, err := ts.take(ctx, k, false)
				if !took || err != nil {
					continue
				}
				mu.Lock()
				asked = append(asked, time.Now())
				mu.Unlock()
				<-time.After(time.Second) // until the refusal comes
				ts.busy(k, wait)
				ts.give(k)
			}
		}
		var all sync.WaitGroup
		for range 9 {
			all.Go(ask)
		}
		all.Wait()
		for i, at := range asked {
			if n := i - slices.IndexFunc(asked, func(b time.Time) bool { return at.Sub(b) < time.Minute }) + 1; n > 5 {
				t.Fatalf("%d requests in the minute before %v", n, at)
			}
		}
		if len(asked) < 60 {
			t.Errorf("only %d requests in an hour", len(asked))
		}
	})
}

// TestTurnsForget: a source that nobody asks costs nothing, one that was busy
// not for long.
func TestTurnsForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ts turns
		visit := func(n int, busy bool) {
			k := sourceKey{addr: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(n))}
			if took, err := ts.take(t.Context(), k, false); !took || err != nil {
				t.Fatal(took, err)
			}
			if busy {
				ts.busy(k, time.Minute)
			}
			ts.give(k)
		}
		for n := range 100 {
			visit(n, n%2 == 0)
		}
		if len(ts.queues) > 51 {
			t.Errorf("%d queues", len(ts.queues))
		}
		<-time.After(2 * time.Minute)
		visit(1000, false)
		if len(ts.queues) != 1 {
			t.Errorf("%d queues after the busy ones were forgotten", len(ts.queues))
		}
	})
}

// TestServedSourceIsNotPaced: a source that serves again may be asked at once.
func TestServedSourceIsNotPaced(t *testing.T) {
	content := noise(100)
	var asked atomic.Int32
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		if asked.Add(1) == 1 {
			return says("HTTP/1.1 429 Busy\r\nContent-Length: 0\r\n\r\n")(conn, r)
		}
		return says(okHead(len(content)), string(content))(conn, r)
	})
	cfg := quick()
	cfg.RetryWait = time.Second
	c := NewClient(cfg)
	begin := time.Now()
	for range 5 {
		mustGet(t, c, jobFor(t, content, addr), content)
	}
	if d := time.Since(begin); d < cfg.RetryWait || d > 2*cfg.RetryWait {
		t.Errorf("took %v, want one wait of %v", d, cfg.RetryWait)
	}
}

func TestSourceKeys(t *testing.T) {
	at := netip.MustParseAddrPort("10.0.0.1:6346")
	sources := []Source{
		{Addr: at},
		{Addr: at, Push: true, Servent: protocol.GUID{1}},
		{Addr: at, Push: true, Servent: protocol.GUID{2}}, // another, behind another router
		{Servent: protocol.GUID{1}},
	}
	for i, a := range sources {
		for j, b := range sources {
			if same := keyOf(a) == keyOf(b); same != (i == j) {
				t.Errorf("%v and %v: same %v", a, b, same)
			}
		}
	}
	if keyOf(Source{Addr: at, Servent: protocol.GUID{1}, Index: 7}) != keyOf(sources[0]) {
		t.Error(fmt.Sprint(at), "is two sources")
	}
}
