package servent

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// stillLoop is the loop of a servent that does not run.
func stillLoop(t *testing.T) *loop {
	t.Helper()
	s, err := New(Config{ConnectOnly: true, listener: newPipes()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return newLoop(t.Context(), s, s.node)
}

// TestSearchQueue: while the index is busy so many queries wait; one past that
// is dropped and counted.
func TestSearchQueue(t *testing.T) {
	l := stillLoop(t)
	for range searchQueue {
		l.search(&overlay.Action{Msg: []byte("query"), Limit: 1})
	}
	if n := l.edge.searchesDropped; n != 0 || len(l.s.jobs) != searchQueue {
		t.Errorf("at the limit %d were dropped, %d wait", n, len(l.s.jobs))
	}
	l.search(&overlay.Action{Msg: []byte("query"), Limit: 1})
	if n := l.edge.searchesDropped; n != 1 {
		t.Errorf("one past the limit: %d dropped", n)
	}
}

// TestHitQueue: so many hits wait for a user who does not take them; one past
// that is dropped and counted.
func TestHitQueue(t *testing.T) {
	l := stillLoop(t)
	u := &userSearch{hits: make(chan foundHit, hitQueue)}
	hit := overlay.Action{ID: protocol.GUID{1}, Msg: make([]byte, protocol.HeaderSize+11)}
	l.searches[hit.ID] = u
	for range hitQueue {
		l.hit(&hit)
	}
	if n := l.edge.hitsDropped; n != 0 || len(u.hits) != hitQueue {
		t.Errorf("at the limit %d were dropped, %d wait", n, len(u.hits))
	}
	l.hit(&hit)
	if n := l.edge.hitsDropped; n != 1 {
		t.Errorf("one past the limit: %d dropped", n)
	}
}

// TestWriteTimeout: a peer that takes nothing fails the writer when the time is
// over; one that takes all just before does not.
func TestWriteTimeout(t *testing.T) {
	for rest, fails := range map[time.Duration]bool{writeTimeout - 1: false, writeTimeout + 1: true} {
		synctest.Test(t, func(t *testing.T) {
			here, there := net.Pipe()
			defer there.Close()
			go func() {
				time.Sleep(rest)
				_, _ = io.Copy(io.Discard, there)
			}()
			var pool blocks
			w := &wire{conn: here, out: here}
			start := time.Now()
			_, err := w.send(queue{append(pool.get(), "message"...)}, &pool)
			if took := time.Since(start); errors.Is(err, os.ErrDeadlineExceeded) != fails || took != min(rest, writeTimeout) {
				t.Errorf("peer rests %v: %v after %v", rest, err, took)
			}
			here.Close()
			time.Sleep(time.Second) // until the other end has seen it
		})
	}
}

// TestLongGIV: the line may have so many bytes, however it ends, and none more.
func TestLongGIV(t *testing.T) {
	start := "GIV 0:00112233445566778899aabbccddeeff/"
	for _, end := range []string{"\n\n", "\r\n\r\n"} {
		for size, ok := range map[int]bool{transfer.MaxGIVLine: true, transfer.MaxGIVLine + 1: false, 4 * transfer.MaxGIVLine: false} {
			line := start + strings.Repeat("x", size-len(start)) + end
			here, there := net.Pipe()
			go func() { _, _ = io.WriteString(there, line) }()
			giv, err := peek(here).readGIV()
			if (err == nil) != ok || ok && len(giv.Name) != size-len(start) {
				t.Errorf("line of %d bytes and %q: %v", size, end, err)
			}
			here.Close()
			there.Close()
		}
	}
}

// TestHostsAreKeptSoon: the host cache is on disk once there is a link, and
// what comes later within a minute, so that a kill loses little.
func TestHostsAreKeptSoon(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := runHostOn(t, Config{
			DataDir: dir, Network: Gnutella, listener: newPipes(), dial: noDials,
		})
		link := func(listen string) {
			c := h.pipes.knock()
			linkSaying(t, c, "Listen-IP: "+listen+"\r\n")
			go func() { _, _ = io.Copy(io.Discard, c) }()
		}
		has := func(listen string) bool {
			return slices.ContainsFunc(loadHosts(dir), func(a netip.AddrPort) bool { return a.String() == listen })
		}
		link("5.9.0.1:6346")
		if !has("5.9.0.1:6346") {
			t.Error("the first link is not on disk")
		}
		link("5.9.0.2:6346")
		if has("5.9.0.2:6346") {
			t.Error("written with every link")
		}
		time.Sleep(hostsSoon)
		synctest.Wait()
		if !has("5.9.0.2:6346") {
			t.Errorf("the second link is not on disk after %s", hostsSoon)
		}
		for n := range 8 {
			link(fmt.Sprintf("5.9.1.%d:6346", n))
			time.Sleep(hostsEvery)
			synctest.Wait()
			if !has(fmt.Sprintf("5.9.1.%d:6346", n)) {
				t.Error("a later link is not on disk after a minute")
			}
		}
		h.stop()
	})
}
