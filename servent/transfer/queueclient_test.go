package transfer

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const someQueueID = "0123456789abcdef0123456789abcdef"

// keepsAlive is a script that answers with a body of known length and goes on.
func keepsAlive(head, body string) script {
	return func(conn net.Conn, r *http.Request) bool {
		says(head, body)(conn, r)
		return true
	}
}

// TestGetQueued: a source that queues is asked again as it wishes, on the same
// connection, with the ID of the place, for as long as it takes.
func TestGetQueued(t *testing.T) {
	t.Parallel()
	content := noise(5000)
	var conns, asked atomic.Int32
	var last atomic.Value
	seen := map[net.Conn]bool{}
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		if !seen[conn] {
			seen[conn] = true
			conns.Add(1)
		}
		if r.Header.Get("X-Queue") != "1.0" {
			t.Errorf("X-Queue: %q", r.Header.Get("X-Queue"))
		}
		n := asked.Add(1)
		if want := fmt.Sprintf("position=%d; ID=%s", 6-n, someQueueID); n > 1 && r.Header.Get("X-Queued") != want {
			t.Errorf("X-Queued: %q, want %q", r.Header.Get("X-Queued"), want)
		}
		last.Store(r.Header.Get("X-Queued"))
		if n <= 4 { // Retries is 3: a place is no refusal
			return keepsAlive(fmt.Sprintf("HTTP/1.1 503 Queued\r\nX-Queued: position=%d; length=5; ID=%s; lifetime=9\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n", 5-n, someQueueID), "no")(conn, r)
		}
		return keepsAlive(okHead(len(content)), string(content))(conn, r)
	})
	cfg := quick()
	cfg.Retries = 3
	var places []string
	j := jobFor(t, content, addr)
	if _, err := NewClient(cfg).Get(t.Context(), j, func(p Progress) {
		if p.State == StateQueued {
			places = append(places, fmt.Sprint(p.Place, " of ", p.Of))
		}
	}); err != nil {
		t.Fatal(err)
	}
	if conns.Load() != 1 || asked.Load() != 5 || strings.Join(places, ", ") != "4 of 5, 3 of 5, 2 of 5, 1 of 5" {
		t.Errorf("%d connections, %d requests, places %q", conns.Load(), asked.Load(), places)
	}
}

// TestGetGivesUpQueue: what would take longer than MaxQueueWait is not waited for;
// other sources are asked meanwhile.
func TestGetGivesUpQueue(t *testing.T) {
	content := noise(5000)
	queued := keepsAlive("HTTP/1.1 503 Queued\r\nX-Queue: position=2,length=5,limit=4,pollMin=31,pollMax=60\r\nContent-Length: 0\r\n\r\n", "")
	cfg := quick()
	cfg.MaxQueueWait = 30 * time.Second
	mustFail(t, NewClient(cfg), jobFor(t, content, rogue(t, queued)), errBusy)
	good := rogue(t, says(okHead(len(content)), string(content)))
	mustGet(t, NewClient(quick()), jobFor(t, content, rogue(t, queued), good), content)
}

func TestPlaceOf(t *testing.T) {
	h := http.Header{}
	h.Set("X-Queue", "position=2,length=5,limit=4,pollMin=45,pollMax=120")
	if p := placeOf(h); p.Position != 2 || p.PollMin != 45*time.Second || p.ID != "" {
		t.Errorf("legacy: %+v", p)
	}
	h.Set("X-Queued", "position=3; lifetime=300; ID="+someQueueID)
	if p := placeOf(h); p.Position != 3 || p.Length != 5 || p.PollMax != 2*time.Minute || p.ID != someQueueID {
		t.Errorf("both: %+v", p)
	}
	h.Set("X-Queued", "position=x")
	if p := placeOf(h); p.Position != 2 {
		t.Errorf("X-Queued unreadable: %+v", p)
	}
	if p := placeOf(http.Header{}); p != (protocol.QueuePlace{}) {
		t.Errorf("none: %+v", p)
	}
}

// TestOneConnection: many files from one source go over one connection, and over
// another one where that was closed in the meantime.
func TestOneConnection(t *testing.T) {
	var conns atomic.Int32
	content := noise(5000)
	var closes atomic.Bool
	var seen sync.Map
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		if _, again := seen.LoadOrStore(conn, true); !again {
			conns.Add(1)
		}
		keepsAlive(okHead(len(content)), string(content))(conn, r)
		return !closes.Load()
	})
	c := NewClient(quick())
	defer c.Close()
	for range 20 {
		j := jobFor(t, content, addr)
		mustGet(t, c, j, content)
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections", conns.Load())
	}
	closes.Store(true) // without a word
	for range 3 {
		mustGet(t, c, jobFor(t, content, addr), content)
	}
	if conns.Load() != 3 {
		t.Errorf("%d connections where the source closes", conns.Load())
	}
}

// TestParkIsBounded keeps so many links, and none past its time or its end.
func TestParkIsBounded(t *testing.T) {
	var p park
	cfg := quick()
	link := func() (*link, net.Conn) {
		a, b := net.Pipe()
		return newLink(a, &cfg, "x"), b
	}
	closed := func(c net.Conn) bool {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		return err != nil && !strings.Contains(err.Error(), "timeout")
	}
	var ends []net.Conn
	for range parkedPerSource + 1 {
		l, end := link()
		ends = append(ends, end)
		p.put(sourceKey{}, l, time.Minute)
	}
	if closed(ends[parkedPerSource-1]) || !closed(ends[parkedPerSource]) {
		t.Error("the limit of a source is not kept")
	}
	l := p.take(sourceKey{})
	if l == nil || p.count != parkedPerSource-1 {
		t.Errorf("%d are left", p.count)
	}
	l.close()
	p.close()
	if !closed(ends[0]) || p.count != 0 || p.take(sourceKey{}) != nil {
		t.Error("a link is left open")
	}
	l, end := link()
	p.put(sourceKey{}, l, time.Minute)
	if !closed(end) {
		t.Error("put after close")
	}
	var short park
	l, end = link()
	short.put(sourceKey{}, l, time.Millisecond)
	if _, err := end.Read(make([]byte, 1)); err == nil || short.take(sourceKey{}) != nil {
		t.Error("a link outlives its time")
	}
}
