package transfer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// sniffed is a connection of which some bytes were read already.
type sniffed struct {
	net.Conn
	br *bufio.Reader
}

func (s *sniffed) Read(p []byte) (int, error) { return s.br.Read(p) }

// port takes GIV connections for a client, as the servent's port does.
func port(t testing.TB, accept func(net.Conn, GIV) bool) netip.AddrPort {
	t.Helper()
	l := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if g, br, err := readGIV(conn); err != nil || !accept(&sniffed{conn, br}, g) {
				conn.Close()
			}
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return addrOf(l)
}

func readGIV(conn net.Conn) (GIV, *bufio.Reader, error) {
	br := bufio.NewReader(conn)
	line, err := br.ReadSlice('\n')
	if err != nil {
		return GIV{}, nil, err
	}
	g, err := ParseGIV(line)
	if err != nil {
		return GIV{}, nil, err
	}
	_, err = br.ReadSlice('\n')
	return g, br, err
}

// firewalled runs a server that only dials back.
func firewalled(t testing.TB, files *folder, id protocol.GUID) (*Server, *ConnListener) {
	t.Helper()
	s := NewServer(ServerConfig{Files: files, GUID: id})
	l := NewConnListener(&net.TCPAddr{}, 4)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, l
}

func waiting(c *Client) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiters)
}

func TestPushBothSides(t *testing.T) {
	files := newFolder(t)
	content := noise(600_000)
	f := files.add(t, "file.bin", content)
	id := protocol.GUID{1, 2, 3}
	server, backlog := firewalled(t, files, id)

	var me netip.AddrPort
	given := make(chan GIV, 4)
	var pushes atomic.Int32
	cfg := quick()
	cfg.PushTimeout = patience
	cfg.Push = func(ctx context.Context, s Source) error {
		pushes.Add(1)
		return server.DialBack(ctx, &net.Dialer{}, backlog, protocol.Push{Servent: s.Servent, Index: s.Index, Addr: me})
	}
	client := NewClient(cfg)
	me = port(t, func(c net.Conn, g GIV) bool { given <- g; return client.Accept(c, g) })
	l := listen(t)
	dead := addrOf(l)
	l.Close()
	tests := []struct {
		name   string
		source Source
	}{
		{"pushed at once", Source{Servent: id, Index: f.Index, Push: true}},
		{"address unknown", Source{Servent: id, Index: f.Index}},
		{"dial fails", Source{Addr: dead, Servent: id, Index: f.Index}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pushes.Store(0)
			client.park = park{} // each has a connection of its own
			j := jobFor(t, content)
			j.Sources = []Source{tt.source}
			mustGet(t, client, j, content)
			if got, want := <-given, (GIV{f.Index, id, "file.bin"}); pushes.Load() != 1 || got != want {
				t.Errorf("%d pushes, giv %+v", pushes.Load(), got)
			}
		})
	}
	if waiting(client) != 0 {
		t.Errorf("%d waiters left", waiting(client))
	}
}

// TestDialFails: what is told of it names the address and that it was dialled once.
func TestDialFails(t *testing.T) {
	l := listen(t)
	dead := addrOf(l)
	l.Close()
	j := jobFor(t, []byte("x"))
	j.Sources = []Source{{Addr: dead, Index: 1, Name: "x"}}
	_, err := NewClient(quick()).Get(t.Context(), j, nil)
	if !errors.Is(err, ErrUnavailable) || strings.Count(err.Error(), "dial") != 1 || strings.Count(err.Error(), dead.String()) != 1 {
		t.Errorf("Get: %v", err)
	}
}

func TestPushFails(t *testing.T) {
	content := noise(1000)
	_, good := honest(t, content)
	fails := errors.New("no route")
	tests := []struct {
		name string
		push func(context.Context, Source) error
		want error
	}{
		{"no push function", nil, errNoAddress},
		{"no route", func(context.Context, Source) error { return fails }, fails},
		{"no answer", func(context.Context, Source) error { return nil }, errNoGIV},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := quick()
			cfg.Push = tt.push
			c := NewClient(cfg)
			j := jobFor(t, content)
			j.Sources = []Source{{Servent: protocol.GUID{1}, Push: true}}
			mustFail(t, c, j, tt.want)
			// Many set the push flag though they can be dialled.
			j.Sources[0].Addr = good
			mustGet(t, c, j, content)
			if waiting(c) != 0 {
				t.Errorf("%d waiters left", waiting(c))
			}
		})
	}
}

func TestPushCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cfg := quick()
	cfg.PushTimeout = time.Hour
	cfg.Push = func(context.Context, Source) error { cancel(); return nil }
	c := NewClient(cfg)
	j := jobFor(t, []byte("x"))
	j.Sources = []Source{{Servent: protocol.GUID{1}, Push: true}}
	if _, err := c.Get(ctx, j, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
	if c.Accept(nil, GIV{Servent: protocol.GUID{1}}) {
		t.Error("a download that ended took a connection")
	}
}

func TestAcceptMatches(t *testing.T) {
	c := NewClient(ClientConfig{})
	a, b := protocol.GUID{1}, protocol.GUID{2}
	conn, other := net.Pipe()
	defer conn.Close()
	defer other.Close()
	a1 := c.expect(Source{Servent: a, Index: 1})
	a2 := c.expect(Source{Servent: a, Index: 2})
	b9 := c.expect(Source{Servent: b, Index: 9})
	if c.Accept(conn, GIV{Servent: protocol.GUID{3}}) {
		t.Error("took a servent that nobody waits for")
	}
	if !c.Accept(conn, GIV{Servent: a, Index: 2}) || len(a2.conn) != 1 {
		t.Error("not given to the one that wants the index")
	}
	if !c.Accept(conn, GIV{Servent: a, Index: 77}) || len(a1.conn) != 1 {
		t.Error("another index not given to the one left")
	}
	if c.Accept(conn, GIV{Servent: a, Index: 1}) {
		t.Error("took a third one for two")
	}
	c.leave(b9)
	if c.Accept(conn, GIV{Servent: b}) || waiting(c) != 0 {
		t.Error("took one for who left")
	}
	c.leave(a1) // too late: the connection was delivered, and nobody will use it
	if _, err := other.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("connection delivered at the last moment: %v", err)
	}
}

// TestDialBackServes plays a foreign servent that pushed: it reads GIV and then
// asks for two ranges over the connection.
func TestDialBackServes(t *testing.T) {
	files := newFolder(t)
	content := noise(1000)
	f := files.add(t, "zebra.txt", content)
	id, err := protocol.ParseGUID(someID)
	if err != nil {
		t.Fatal(err)
	}
	s, backlog := firewalled(t, files, id)
	l := listen(t)
	defer l.Close()
	if err := s.DialBack(t.Context(), &net.Dialer{}, backlog, protocol.Push{Index: f.Index, Addr: addrOf(l)}); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	want := "GIV 1:" + someID + "/zebra.txt\n\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
	b := &browser{t, conn, bufio.NewReader(conn)}
	for range 2 {
		if resp, body := b.do("GET", "/uri-res/N2R?"+f.URN.SHA1URN(), "Range: bytes=10-19"); resp.StatusCode != http.StatusPartialContent || string(body) != string(content[10:20]) {
			t.Errorf("status %d, body %q", resp.StatusCode, body)
		}
	}
}

func TestDialBackFails(t *testing.T) {
	s := NewServer(ServerConfig{Files: newFolder(t)})
	backlog := NewConnListener(&net.TCPAddr{}, 1)
	defer backlog.Close()
	l := listen(t)
	p := protocol.Push{Addr: addrOf(l)}
	if err := s.DialBack(t.Context(), &net.Dialer{}, backlog, p); err != nil {
		t.Fatal(err)
	}
	if err := s.DialBack(t.Context(), &net.Dialer{}, backlog, p); !errors.Is(err, errBacklog) {
		t.Errorf("one past the backlog: %v", err)
	}
	l.Close()
	if err := s.DialBack(t.Context(), &net.Dialer{}, backlog, p); err == nil || !strings.HasPrefix(err.Error(), "dial back: ") {
		t.Errorf("dead host: %v", err)
	}
}
