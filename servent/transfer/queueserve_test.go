package transfer

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// hall is a server with one slot, under virtual time, whose connections are
// pipes.
type hall struct {
	t      *testing.T
	server *Server
	inbox  *ConnListener
	paths  []string // of shared files; each is more than a pipe holds
}

// inHall runs a test in a bubble.
func inHall(t *testing.T, cfg ServerConfig, test func(h *hall)) {
	synctest.Test(t, func(t *testing.T) {
		files := newFolder(t)
		h := &hall{t: t, inbox: NewConnListener(&net.TCPAddr{}, 100)}
		for i := range 3 {
			h.paths = append(h.paths, "/uri-res/N2R?"+files.add(t, strconv.Itoa(i), noise(100_000+i)).URN.SHA1URN())
		}
		cfg.Files, cfg.MaxUploads = files, 1
		h.server = NewServer(cfg)
		done := make(chan error, 1)
		go func() { done <- h.server.Serve(h.inbox) }()
		test(h)
		h.server.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// guest is a client at an address of its own.
type guest struct {
	h    *hall
	conn net.Conn
	br   *bufio.Reader
}

type guestConn struct {
	net.Conn
	from net.Addr
}

func (c guestConn) RemoteAddr() net.Addr { return c.from }

func (h *hall) guest(from string) *guest {
	h.t.Helper()
	here, there := net.Pipe()
	if !h.inbox.Deliver(guestConn{there, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from + ":1"))}) {
		h.t.Fatal("the server takes no connection")
	}
	return &guest{h, here, bufio.NewReader(here)}
}

// ask sends a request and returns the answer, of which only a refusal's body
// is read.
func (g *guest) ask(path string, lines ...string) *http.Response {
	g.h.t.Helper()
	head := "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(lines, "", ""), "\r\n")
	go func() { _, _ = io.WriteString(g.conn, head) }()
	resp, err := http.ReadResponse(g.br, nil)
	if err != nil {
		g.h.t.Fatal(err)
	}
	if resp.StatusCode == 503 {
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	return resp
}

// want is ask that must be answered with a status.
func (g *guest) want(code int, path string, lines ...string) *http.Response {
	g.h.t.Helper()
	resp := g.ask(path, lines...)
	if resp.StatusCode != code {
		g.h.t.Fatalf("after %s: %s, want %d", time.Now().Format("15:04:05"), resp.Status, code)
	}
	return resp
}

func (g *guest) leave() {
	g.conn.Close()
	synctest.Wait()
}

// TestQueueLegacy: LimeWire keeps its connection, polls inside the window and is
// served when the slot is free, before who came after it.
func TestQueueLegacy(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		first, second, third := h.guest("10.0.0.1"), h.guest("10.0.0.2"), h.guest("10.0.0.3")
		first.want(200, h.paths[0])
		resp := second.want(503, h.paths[0], "X-Queue: 0.1", "X-Features: fwalt/0.1,browse/1.0")
		if got, want := resp.Header.Get("X-Queue"), "position=1,length=1,limit=1,pollMin=30,pollMax=90"; got != want || resp.Close {
			t.Errorf("X-Queue: %q, want %q; closing %v", got, want, resp.Close)
		}
		if resp.Header.Get("Retry-After") != "30" || resp.Header.Get("X-Queued") != "" {
			t.Errorf("header %v", resp.Header)
		}
		third.want(503, h.paths[1], "X-Queue: 0.1")
		first.leave()
		time.Sleep(60 * time.Second)
		if got := third.want(503, h.paths[1], "X-Queue: 0.1").Header.Get("X-Queue"); !strings.HasPrefix(got, "position=2,length=2,") {
			t.Errorf("the second in the queue: %q", got)
		}
		second.want(200, h.paths[0], "X-Queue: 0.1")
		second.leave()
		time.Sleep(60 * time.Second)
		third.want(200, h.paths[1], "X-Queue: 0.1")
		third.leave()
		if st := h.server.Stats(); st.Queued != 0 || st.Busy != 3 || st.QueueLost+st.QueueEarly != 0 {
			t.Errorf("stats: %+v", st)
		}
	})
}

// TestQueuePARQ: gtk-gnutella has an ID for its place, may come on another
// connection, and waits longer further back.
func TestQueuePARQ(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		first := h.guest("10.0.0.1")
		first.want(200, h.paths[0])
		other := h.guest("10.0.0.2")
		other.want(503, h.paths[0])
		second := h.guest("10.0.0.3")
		resp := second.want(503, h.paths[0], "X-Queue: 1.1", "X-Features: browse/1.0, fwalt/0.1, queue/1.1")
		p, err := protocol.ParseQueuePlace(resp.Header.Get("X-Queued"))
		if err != nil || p.Position != 2 || p.Length != 2 || p.Lifetime != 110*time.Second || len(p.ID) != 32 || resp.Header.Get("Retry-After") != "50" {
			t.Fatalf("%+v, %v, Retry-After %q", p, err, resp.Header.Get("Retry-After"))
		}
		second.leave()
		first.leave()
		other.leave()
		time.Sleep(100 * time.Second) // who waits before it has gone
		again := protocol.QueuePlace{Position: p.Position, ID: p.ID}
		h.guest("10.0.0.3").want(200, h.paths[0], "X-Queued: "+again.PARQ())
		if st := h.server.Stats(); st.QueueLost != 1 {
			t.Errorf("stats: %+v", st)
		}
	})
}

// TestQueueSaysNoMore: gtk-gnutella reads on its connection from behind the headers
// of a refusal that gives it a place, whatever length they tell.
func TestQueueSaysNoMore(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		empty bool
	}{
		"gtk-gnutella": {[]string{"X-Queue: 1.1", "X-Features: browse/1.0, fwalt/0.1, queue/1.1"}, true},
		"asking again": {[]string{"X-Queued: position=1; ID=" + strings.Repeat("1", 32)}, true},
		"LimeWire":     {[]string{"X-Queue: 0.1"}, true},
		"curl":         {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			inHall(t, ServerConfig{}, func(h *hall) {
				h.guest("10.0.0.1").want(200, h.paths[0])
				resp := h.guest("10.0.0.2").want(503, h.paths[0], tt.lines...)
				if (resp.ContentLength == 0) != tt.empty || resp.ContentLength < 0 || len(resp.TransferEncoding) > 0 || resp.Close {
					t.Errorf("%d bytes, %v, closing %v", resp.ContentLength, resp.TransferEncoding, resp.Close)
				}
			})
		})
	}
}

// TestQueueImpatient: who polls all the time is sent to the back, and counted.
func TestQueueImpatient(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		first, second, third := h.guest("10.0.0.1"), h.guest("10.0.0.2"), h.guest("10.0.0.3")
		first.want(200, h.paths[0])
		second.want(503, h.paths[0], "X-Queue: 0.1")
		third.want(503, h.paths[0], "X-Queue: 0.1")
		first.leave()
		for range maxEarly + 1 {
			time.Sleep(time.Second)
			second.want(503, h.paths[0], "X-Queue: 0.1")
		}
		time.Sleep(50 * time.Second)
		third.want(200, h.paths[0], "X-Queue: 0.1")
		third.leave()
		if st := h.server.Stats(); st.QueueEarly != maxEarly+1 || st.QueueBack != 1 {
			t.Errorf("stats: %+v", st)
		}
	})
}

// TestQueueLimits fills the queue, and the share of one address.
func TestQueueLimits(t *testing.T) {
	inHall(t, ServerConfig{MaxQueue: 3, MaxPerAddr: 2}, func(h *hall) {
		h.guest("10.0.0.1").want(200, h.paths[0])
		greedy := h.guest("10.0.0.2")
		for _, path := range h.paths[:2] { // at the limit of an address
			if resp := greedy.want(503, path, "X-Queue: 0.1"); resp.Header.Get("X-Queue") == "" {
				t.Error("no place within the limit")
			}
		}
		// One past it.
		if resp := greedy.want(503, h.paths[2], "X-Queue: 0.1"); resp.Header.Get("X-Queue") != "" || resp.Header.Get("Retry-After") == "" {
			t.Errorf("past the limit: %v", resp.Header)
		}
		h.guest("10.0.0.3").want(503, h.paths[0]) // at the limit of the queue
		resp := h.guest("10.0.0.4").want(503, h.paths[0], "X-Queue: 1.0")
		if resp.Header.Get("X-Queued") != "" || resp.Header.Get("Retry-After") == "" {
			t.Errorf("past the limit: %v", resp.Header)
		}
		if st := h.server.Stats(); st.Queued != 3 || st.QueueFull != 1 || st.PerAddr != 1 || st.Busy != 5 {
			t.Errorf("stats: %+v", st)
		}
	})
}

// TestQueueAndParts: who fetches ranges one after the other keeps the slot
// until the end of the file, or until it stays away.
func TestQueueAndParts(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		parts, other := h.guest("10.0.0.1"), h.guest("10.0.0.2")
		part := func(ranges string) {
			resp := parts.want(206, h.paths[0], "Range: bytes="+ranges)
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		part("0-9")
		other.want(503, h.paths[1])
		time.Sleep(holdSlot)
		part("10-19")
		time.Sleep(holdSlot)
		part("20-99999") // the end
		time.Sleep(30 * time.Second)
		other.want(200, h.paths[1])
		other.leave()
		part("0-9")
		time.Sleep(holdSlot + time.Second)
		h.guest("10.0.0.3").want(200, h.paths[2])
	})
}

// TestQueueCalls: whose turn comes by another's staying away is told, where it listens at the
// address that it asks from, and says that it takes calls; nobody is when the server has ended.
func TestQueueCalls(t *testing.T) {
	calls := make(chan QueueCall, 100)
	inHall(t, ServerConfig{OnTurn: func(c QueueCall) { calls <- c }}, func(h *hall) {
		const ours = "X-Features: srvt/0.1, queue/1.0"
		part := func(from string) {
			if _, err := io.Copy(io.Discard, h.guest(from).want(206, h.paths[0], "Range: bytes=0-9").Body); err != nil {
				t.Fatal(err)
			}
		}
		after := func(d time.Duration, want ...string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			var got []string
			for len(calls) > 0 {
				c := <-calls
				got = append(got, c.To.String())
				if len(c.ID) != 32 {
					t.Errorf("%+v", c)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("called %v, want %v", got, want)
			}
		}
		part("10.0.0.1")
		h.guest("10.0.0.2").want(503, h.paths[1], ours, "X-Node: 10.0.0.9:6346, 10.0.0.2:0")
		h.guest("10.0.0.3").want(503, h.paths[1], "X-Queue: 1.0", "X-Node: 10.0.0.3:6346") // keeps the connection
		after(2 * holdSlot)
		after(2*time.Minute + time.Second) // both lost
		part("10.0.0.1")
		waits := h.guest("10.0.0.2")
		id := waits.want(503, h.paths[1], ours, "X-Node: 10.0.0.2:6346").Header.Get("X-Queued")
		after(holdSlot - time.Second)
		after(2*time.Second, "10.0.0.2:6346")
		after(time.Second)
		waits.want(200, h.paths[1], ours, "X-Queued: "+id)
		waits.leave()
		part("10.0.0.1")
		h.guest("10.0.0.2").want(503, h.paths[1], ours, "X-Node: 10.0.0.2:6346")
		if st := h.server.Stats(); st.QueueCalls != 1 {
			t.Errorf("stats: %+v", st)
		}
		h.server.Close()
		after(2 * holdSlot)
	})
}

// TestQueueHead: HEAD needs no slot and takes no place.
func TestQueueHead(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		h.guest("10.0.0.1").want(200, h.paths[0])
		g := h.guest("10.0.0.2")
		go func() { _, _ = io.WriteString(g.conn, "HEAD "+h.paths[0]+" HTTP/1.1\r\nHost: x\r\n\r\n") }()
		resp, err := http.ReadResponse(g.br, &http.Request{Method: "HEAD"})
		if err != nil || resp.StatusCode != 200 || h.server.Stats().Queued != 0 {
			t.Errorf("%v, %v", resp, err)
		}
	})
}

// TestQueueFarBack: a connection is kept where the next poll comes before it
// would be closed as idle, and closed at once where it does not.
func TestQueueFarBack(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		h.guest("10.0.0.1").want(200, h.paths[0])
		for position := 1; position <= 7; position++ {
			resp := h.guest("10.0.1."+strconv.Itoa(position)).want(503, h.paths[0], "X-Queue: 1.0")
			if want := 30+20*(position-1) >= 120; resp.Close != want {
				t.Errorf("position %d: closing %v, want %v", position, resp.Close, want)
			}
		}
	})
}

// TestQueueInABrowser: a person sees where he stands, and his browser asks
// again until it gets the file.
func TestQueueInABrowser(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		const accept = "Accept: text/html,*/*;q=0.8"
		first, person := h.guest("10.0.0.1"), h.guest("10.0.0.2")
		first.want(200, h.paths[0])
		go func() {
			_, _ = io.WriteString(person.conn, "GET "+h.paths[0]+" HTTP/1.1\r\nHost: x\r\n"+accept+"\r\n\r\n")
		}()
		resp, err := http.ReadResponse(person.br, nil)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 503 || resp.Header.Get("Refresh") != "30" || !strings.Contains(string(page), "You are number 1 of 1") {
			t.Errorf("%s, Refresh %q, %v\n%s", resp.Status, resp.Header.Get("Refresh"), err, page)
		}
		first.leave()
		time.Sleep(30 * time.Second)
		person.want(200, h.paths[0], accept)
	})
}
