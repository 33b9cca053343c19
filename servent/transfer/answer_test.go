package transfer

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

func TestParseContentRange(t *testing.T) {
	tests := []struct {
		in       string
		want     part
		complete bool
		fails    bool
	}{
		{in: "bytes 0-99/1000", want: part{first: 0, end: 100, total: 1000}, complete: true},
		{in: "bytes 999-999/1000", want: part{first: 999, end: 1000, total: 1000}, complete: true},
		{in: "Bytes=5-9/10", want: part{first: 5, end: 10, total: 10}, complete: true}, // seen from old servents
		{in: "bytes 5-9/*", want: part{first: 5, end: 10}},
		{in: "bytes 5-10/10", fails: true},
		{in: "bytes 9-5/10", fails: true},
		{in: "bytes */10", fails: true},
		{in: "bytes 0-9", fails: true},
		{in: "bytes -1-9/10", fails: true},
		{in: "bytes 0-9223372036854775808/9223372036854775809", fails: true},
		{in: "lines 0-9/10", fails: true},
		{in: "", fails: true},
	}
	for _, tt := range tests {
		got, complete, err := parseContentRange(tt.in)
		if tt.fails != (err != nil) || !tt.fails && (got != tt.want || complete != tt.complete) {
			t.Errorf("%q: %+v, %v, %v", tt.in, got, complete, err)
		}
	}
}

func FuzzParseContentRange(f *testing.F) {
	f.Add("bytes 0-99/1000")
	f.Add("bytes 5-9/*")
	f.Fuzz(func(t *testing.T, s string) {
		p, complete, err := parseContentRange(s)
		if err == nil && (p.end <= p.first || complete && p.end > p.total) {
			t.Errorf("%q: %+v", s, p)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"30": 30 * time.Second, " 7 ": 7 * time.Second, "0": 0, "": 0, "-5": 0, "soon": 0,
		"Fri, 20 Nov 2026 12:01:00 GMT": time.Minute,
		"Fri, 20 Nov 2026 11:00:00 GMT": 0,
		"18446744073709551615":          9223372036 * time.Second,
	} {
		if got := retryAfter(in, now); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

// canned is a connection whose other side says fixed bytes.
type canned struct {
	io.Reader
	asked bytes.Buffer
}

func (c *canned) Write(p []byte) (int, error)      { return c.asked.Write(p) }
func (c *canned) Close() error                     { return nil }
func (c *canned) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *canned) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

// TestRequestText compares a whole request.
func TestRequestText(t *testing.T) {
	conn := &canned{Reader: bytes.NewReader(nil)}
	cfg := ClientConfig{Agent: "Servent/1"}.withDefaults()
	if _, err := newLink(conn, &cfg, "1.2.3.4:6346").ask(request{path: "/uri-res/N2R?urn:sha1:X", from: 4096, to: 8192}); !errors.Is(err, errShort) {
		t.Errorf("ask: %v", err)
	}
	want := "GET /uri-res/N2R?urn:sha1:X HTTP/1.1\r\nHost: 1.2.3.4:6346\r\nUser-Agent: Servent/1\r\n" +
		"X-Features: srvt/0.1, fwalt/0.1\r\nConnection: Keep-Alive\r\nX-Queue: 1.0\r\nRange: bytes=4096-8191\r\n\r\n"
	if conn.asked.String() != want {
		t.Errorf("request %q", conn.asked.String())
	}
}

// TestJudgeCaptured reads what gtk-gnutella 1.2.3 answered to probes.
func TestJudgeCaptured(t *testing.T) {
	urn, err := protocol.ParseURN("urn:sha1:DR2UR7HOTKS3KTI5OT5556O6W3ZNTGI4")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		file  string
		want  wanted
		part  part
		fails error
	}{
		{"n2r_range.txt", wanted{urn: urn, from: 100, to: 200, size: 1_500_000, sized: true}, part{100, 200, 1_500_000, true}, nil},
		{"n2r_range.txt", wanted{urn: urn, from: 100, to: 300}, part{100, 200, 1_500_000, true}, nil},
		{"n2r_range.txt", wanted{urn: urn, from: 101, to: 200}, part{}, errRange},
		{"n2r_range.txt", wanted{urn: urn, from: 100, to: 199}, part{}, errRange},
		{"n2r_range.txt", wanted{urn: urnOf(nil), from: 100, to: 200}, part{}, errOtherURN},
		{"n2r_whole.txt", wanted{}, part{0, 24, 24, true}, nil},
		{"n2r_whole.txt", wanted{size: 25, sized: true}, part{}, errOtherSize},
		{"not_found.txt", wanted{}, part{}, errNotFound},
		{"malformed_urn.txt", wanted{}, part{}, errNotFound},
	}
	for _, tt := range tests {
		b, err := os.ReadFile(filepath.Join("testdata", "http", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		cfg := ClientConfig{}.withDefaults()
		tt.want.limit = cfg.MaxFileSize
		resp, err := newLink(&canned{Reader: bytes.NewReader(b)}, &cfg, "").ask(request{path: "/"})
		if err != nil {
			t.Fatalf("%s: %v", tt.file, err)
		}
		if p, err := tt.want.judge(resp); !errors.Is(err, tt.fails) || err == nil && p != tt.part {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.file, p, err, tt.part, tt.fails)
		}
	}
}

// nowhere is a file that forgets.
type nowhere struct{}

func (nowhere) ReadAt([]byte, int64) (int, error)      { return 0, io.EOF }
func (nowhere) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (nowhere) Truncate(int64) error                   { return nil }
func (nowhere) Sync() error                            { return nil }
func (nowhere) Close() error                           { return nil }

// FuzzAnswer feeds a download with any bytes: it ends, and what counts as come is
// right and no more than the size allows.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), true)
	f.Add([]byte("HTTP/1.1 206 P\r\nContent-Range: bytes 0-3/5\r\nContent-Length: 4\r\n\r\nhell"), true)
	f.Add([]byte("HTTP/1.1 206 P\r\nContent-Range: bytes 2-4/5\r\nContent-Length: 3\r\n\r\nllo"), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), true)
	f.Add([]byte("HTTP/1.1 416 R\r\nX-Available-Ranges: bytes 0-1\r\nX-Thex-URI: /t;LWPNACQDBZRYXW3VHJVCJ64QBZNGHOHHHZWCLNQ\r\nContent-Length: 0\r\n\r\n"), true)
	f.Add([]byte("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n"), false)
	c := NewClient(ClientConfig{MaxFileSize: 1 << 20})
	f.Fuzz(func(t *testing.T, answer []byte, sized bool) {
		j := Job{URN: urnOf([]byte("hello")), Sources: make([]Source, 1)}
		if sized {
			j.Size = 5
		}
		s := newSwarm(c, j, &output{file: nowhere{}}, nil)
		if sized {
			s.resize(5, nil)
		}
		g := &fetcher{swarm: s, c: s.all[0], cfg: &c.cfg, path: "/", link: newLink(&canned{Reader: bytes.NewReader(answer)}, &c.cfg, "x")}
		var err error
		for range 4 {
			if err = g.fill(); err == nil && len(g.asked) > 0 {
				_, err = g.answer(t.Context())
			}
			if err != nil {
				break
			}
		}
		g.giveBack()
		b := s.blocks
		switch {
		case b == nil:
		case sized && b.size != 5:
			t.Fatalf("the size became %d", b.size)
		case b.size == 5 && b.good.Count() > 0 && b.list[0].root != j.URN.Tiger:
			t.Fatal("other bytes count as verified")
		case b.bytes() > b.size || b.bytes() > uint64(len(answer)):
			t.Fatalf("%d bytes of %d are there", b.bytes(), b.size)
		case b.asked.Count() > 0 || s.all[0].leases != nil && s.all[0].leases.Count() > 0:
			t.Fatal("something is still asked of somebody")
		}
	})
}
