package servent_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// start runs a servent on loopback until the test ends.
func start(t *testing.T, cfg servent.Config, shares ...string) *servent.Servent {
	t.Helper()
	return startAt(t, "127.0.0.1:0", cfg, shares...)
}

func startAt(t *testing.T, listen string, cfg servent.Config, shares ...string) *servent.Servent {
	t.Helper()
	cfg.Listen, cfg.ConnectOnly = listen, true
	if cfg.Role == servent.RoleAuto { // these tests are not about roles
		cfg.Role = servent.RoleFlat
	}
	s, err := servent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	for _, dir := range shares {
		if err := s.Share(ctx, dir); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// shareFile makes a folder with one file of that many bytes.
func shareFile(t *testing.T, name string, size int) (dir string, content []byte, urn string) {
	t.Helper()
	dir = t.TempDir()
	content = make([]byte, size)
	for i := range content {
		content[i] = byte(i * i / 7)
	}
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(content)
	return dir, content, "urn:sha1:" + base32.StdEncoding.EncodeToString(sum[:])
}

func eachEncoding(t *testing.T, test func(t *testing.T, deflate bool)) {
	for _, deflate := range []bool{false, true} {
		t.Run(fmt.Sprintf("deflate=%v", deflate), func(t *testing.T) { test(t, deflate) })
	}
}

// TestForeignUltrapeer: another vendor's ultrapeer connects to our flat node,
// finds a file, downloads it in two ranges over one connection, and by push.
func TestForeignUltrapeer(t *testing.T) {
	eachEncoding(t, func(t *testing.T, deflate bool) {
		dir, content, urn := shareFile(t, "Marmalade Submarine.bin", 300_000)
		s := start(t, servent.Config{Role: servent.RoleFlat}, dir)
		f := dialForeign(t, s.Addr())
		f.connect(deflate)
		if f.head["x-ultrapeer"] != "True" {
			t.Errorf("X-Ultrapeer: %q from a flat node", f.head["x-ultrapeer"])
		}
		f.send(query("first", "submarine marmalade"))
		m := f.want(kindHit)
		if m.id != muid("first") {
			t.Fatalf("hit answers %q", m.id)
		}
		hits := parseHit(t, m.payload)
		if len(hits) != 1 {
			t.Fatalf("%d hits", len(hits))
		}
		h := hits[0]
		if h.name != "Marmalade Submarine.bin" || h.size != uint32(len(content)) || h.urn != urn || h.addr != s.Addr().String() {
			t.Fatalf("hit %+v, want %s", h, urn)
		}
		if h.vendor != "SRVT" || guidHex(h.guid) != s.GUID().String() {
			t.Errorf("vendor %q, guid %x", h.vendor, h.guid)
		}
		fetchRanges(t, h, content)
		fetchPushed(t, f, h, content)
	})
}

// fetchRanges downloads by N2R in two ranges on one kept-alive connection.
func fetchRanges(t *testing.T, h foreignHit, content []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	half := len(content) / 2
	for _, part := range [][2]int{{0, half - 1}, {half, len(content) - 1}} {
		fmt.Fprintf(conn, "GET /uri-res/N2R?%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Foreign/1.0\r\nRange: bytes=%d-%d\r\n\r\n", h.urn, h.addr, part[0], part[1])
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		want := fmt.Sprintf("bytes %d-%d/%d", part[0], part[1], len(content))
		if err != nil || resp.StatusCode != 206 || resp.Header.Get("Content-Range") != want {
			t.Fatalf("%s %q, %v; want 206 %s", resp.Status, resp.Header.Get("Content-Range"), err, want)
		}
		if string(body) != string(content[part[0]:part[1]+1]) {
			t.Fatalf("wrong content in %v", part)
		}
	}
}

// fetchPushed asks for a connection with a Push and downloads over it.
func fetchPushed(t *testing.T, f *foreign, h foreignHit, content []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f.send(pushFor("push", h.guid, h.index, netip.MustParseAddrPort(l.Addr().String())))
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(foreignWait)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatalf("no connection after a push: %v", err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	want := fmt.Sprintf("GIV %d:%s/%s\n", h.index, guidHex(h.guid), h.name)
	if err != nil || line != want {
		t.Fatalf("got %q, %v; want %q", line, err, want)
	}
	if blank, err := r.ReadString('\n'); err != nil || blank != "\n" {
		t.Fatalf("after GIV: %q, %v", blank, err)
	}
	fmt.Fprintf(conn, "GET /get/%d/%s HTTP/1.1\r\nHost: x\r\n\r\n", h.index, strings.ReplaceAll(h.name, " ", "%20"))
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || string(body) != string(content) {
		t.Fatalf("%s, %d bytes, %v", resp.Status, len(body), err)
	}
}

// TestLeafUnderForeignUltrapeer: our node as leaf connects to another vendor's
// ultrapeer, sends its route table, answers queries and relays none.
func TestLeafUnderForeignUltrapeer(t *testing.T) {
	eachEncoding(t, func(t *testing.T, deflate bool) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		dir, content, urn := shareFile(t, "papaya giraffe.txt", 5000)
		s := start(t, servent.Config{Role: servent.RoleLeaf, Connect: []string{l.Addr().String()}}, dir)
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		f := newForeign(t, conn)
		f.accept(deflate)
		if f.head["x-ultrapeer"] != "False" {
			t.Errorf("X-Ultrapeer: %q from a leaf", f.head["x-ultrapeer"])
		}
		present := f.foreignTable()
		for !present("papaya") { // the file may have come after the first table
			present = f.foreignPatch(present)
		}
		if !present("giraffe") || !present(strings.ToLower(urn)) || present("walrus") {
			t.Error("route table does not say what is shared")
		}
		f.send(query("leafq", "papaya"))
		h := parseHit(t, f.want(kindHit).payload)
		if len(h) != 1 || h[0].urn != urn {
			t.Fatalf("hits %+v", h)
		}
		fetchRanges(t, h[0], content)

		// A leaf's own search goes out with hops 0.
		found := make(chan servent.Found, 1)
		ctx, cancel := context.WithTimeout(t.Context(), foreignWait)
		defer cancel()
		go func() {
			_ = s.Search(ctx, servent.SearchRequest{Query: "walrus song", Limit: 1}, func(r servent.Found) { found <- r })
		}()
		q := f.want(kindQuery)
		if q.hops != 0 || q.ttl == 0 || q.ttl > 4 || !strings.Contains(string(q.payload), "walrus song\x00") {
			t.Fatalf("query %+v", q)
		}
		f.send(frame{q.id, kindHit, 2, 0, foreignAnswer("walrus song.ogg", 77, urn, 1234, true)})
		r := <-found
		if r.Name != "walrus song.ogg" || r.Size != 77 || "urn:sha1:"+r.SHA1 != urn || !r.Sources[0].Push {
			t.Fatalf("found %+v", r)
		}
	})
}

// foreignPatch takes one more table, changes only or whole.
func (f *foreign) foreignPatch(before func(string) bool) func(string) bool {
	f.t.Helper()
	m := f.want(kindQRP).payload
	if m[0] == 0 { // RESET: what follows is whole
		return f.afterReset(m)
	}
	after := f.patchOnly(m)
	return func(word string) bool { return before(word) || after(word) }
}

// foreignAnswer makes a QueryHit by hand: one record, trailer FRGN.
func foreignAnswer(name string, size uint32, urn string, port uint16, push bool) []byte {
	b := []byte{1}
	b = binary.LittleEndian.AppendUint16(b, port)
	b = append(b, 127, 0, 0, 1)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint32(b, 9) // index
	b = binary.LittleEndian.AppendUint32(b, size)
	b = append(b, name...)
	b = append(b, 0)
	b = append(b, urn...)
	b = append(b, 0)
	b = append(b, "FRGN"...)
	flags := [2]byte{0x00, 0x01} // push bit: valid in the second byte, value in the first
	if push {
		flags[0] = 0x01
	}
	b = append(b, 2, flags[0], flags[1])
	return append(b, "0123456789abcdef"...)
}

// TestPushedDownload: our node asks a firewalled foreign servent to connect,
// and downloads over the connection that the GIV opens.
func TestPushedDownload(t *testing.T) {
	_, content, urn := shareFile(t, "x", 100_000)
	s := start(t, servent.Config{Role: servent.RoleFlat})
	f := dialForeign(t, s.Addr())
	f.connect(false)
	out := t.TempDir()
	type outcome struct {
		got servent.Got
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		got, err := s.Get(t.Context(), servent.GetRequest{Magnet: urn, Dir: out}, func(servent.GetProgress) {})
		done <- outcome{got, err}
	}()
	q := f.want(kindQuery)
	if !strings.Contains(string(q.payload), urn) {
		t.Fatalf("query for content: %q", q.payload)
	}
	f.send(frame{q.id, kindHit, 2, 0, foreignAnswer("walrus.ogg", uint32(len(content)), urn, 1, true)})
	p := f.want(kindPush).payload
	if string(p[:16]) != "0123456789abcdef" || binary.LittleEndian.Uint32(p[16:]) != 9 {
		t.Fatalf("push % x", p)
	}
	back := fmt.Sprintf("%d.%d.%d.%d:%d", p[20], p[21], p[22], p[23], binary.LittleEndian.Uint16(p[24:]))
	serveOnce(t, back, content)
	r := <-done
	if r.err != nil || !r.got.Verified || filepath.Base(r.got.Path) != "walrus.ogg" {
		t.Fatalf("%+v", r)
	}
	have, err := os.ReadFile(r.got.Path)
	if err != nil || string(have) != string(content) {
		t.Fatalf("%d bytes on disk, %v", len(have), err)
	}
}

// serveOnce connects with a GIV and answers one request.
func serveOnce(t *testing.T, to string, content []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GIV 9:%s/walrus.ogg\n\n", guidHex("0123456789abcdef"))
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(req.RequestURI, "/uri-res/N2R?urn:sha1:") {
		t.Errorf("request %q", req.RequestURI)
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(content))
	if _, err := conn.Write(content); err != nil {
		t.Error(err)
	}
}

// TestSearchByHash: a download without sources asks for the hash, and with it
// for the words of the name, without which gtk-gnutella relays no query.
func TestSearchByHash(t *testing.T) {
	const urn = "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB"
	for magnet, want := range map[string]string{
		"magnet:?xt=" + urn + "&dn=Marmalade%20Submarine.bin": "marmalade submarine bin\x00" + urn,
		"magnet:?xt=" + urn: "\\\x00" + urn,
	} {
		s := start(t, servent.Config{})
		f := dialForeign(t, s.Addr())
		f.connect(false)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := s.Get(ctx, servent.GetRequest{Magnet: magnet, Dir: t.TempDir()}, func(servent.GetProgress) {})
			ended <- err
		}()
		if got := string(f.want(kindQuery).payload[2:]); got != want {
			t.Errorf("%s: asks %q, want %q", magnet, got, want)
		}
		cancel()
		if err := <-ended; err == nil {
			t.Error("a file that nobody has was found")
		}
	}
}

// TestSearchLimit: a row that changes is no new row.
func TestSearchLimit(t *testing.T) {
	_, _, urn := shareFile(t, "x", 10)
	s := start(t, servent.Config{})
	f := dialForeign(t, s.Addr())
	f.connect(false)
	ctx, cancel := context.WithTimeout(t.Context(), foreignWait)
	defer cancel()
	rows := make(chan []servent.Found, 1)
	go func() {
		var all []servent.Found
		_ = s.Search(ctx, servent.SearchRequest{Query: "walrus song", Limit: 2}, func(r servent.Found) { all = append(all, r) })
		rows <- all
	}()
	q := f.want(kindQuery)
	other := strings.Replace(urn, urn[len(urn)-4:], "AAAA", 1)
	for _, answer := range [][]byte{
		foreignAnswer("walrus.ogg", 77, urn, 1, false), foreignAnswer("walrus song.ogg", 77, urn, 1, false),
		foreignAnswer("another walrus song.ogg", 78, other, 1, false),
	} {
		f.send(frame{q.id, kindHit, 2, 0, answer})
	}
	all := <-rows
	if ctx.Err() != nil || all[len(all)-1].Name != "another walrus song.ogg" {
		t.Errorf("%v: %+v", ctx.Err(), all)
	}
}

// TestMagnetNamesSource: a magnet link's source serves a node that has no links.
func TestMagnetNamesSource(t *testing.T) {
	dir, content, urn := shareFile(t, "Marmalade Submarine.bin", 70_000)
	server, s := start(t, servent.Config{}, dir), start(t, servent.Config{})
	magnet := fmt.Sprintf("magnet:?xt=%s&xs=ftp://x/&xs=http://%s/uri-res/N2R?%s", urn, server.Addr(), urn)
	got, err := s.Get(t.Context(), servent.GetRequest{Magnet: magnet, Dir: t.TempDir()}, func(p servent.GetProgress) {
		if p.State == "searching" {
			t.Error("it searches")
		}
	})
	if err != nil || !got.Verified || got.Bytes != uint64(len(content)) {
		t.Fatalf("got %+v, %v", got, err)
	}
}
