package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// browser is a plain keep-alive HTTP client over one connection.
type browser struct {
	t    testing.TB
	conn net.Conn
	br   *bufio.Reader
}

func browse(t testing.TB, addr netip.AddrPort) *browser {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &browser{t, conn, bufio.NewReader(conn)}
}

// send writes a request with extra header lines and reads the answer's header.
func (b *browser) send(method, path string, lines ...string) *http.Response {
	b.t.Helper()
	head := method + " " + path + " HTTP/1.1\r\nHost: x\r\nUser-Agent: test/1\r\n"
	for _, l := range lines {
		head += l + "\r\n"
	}
	if _, err := io.WriteString(b.conn, head+"\r\n"); err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.ReadResponse(b.br, &http.Request{Method: method})
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

// do is send with the body.
func (b *browser) do(method, path string, lines ...string) (*http.Response, []byte) {
	b.t.Helper()
	resp := b.send(method, path, lines...)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatalf("%s %s: body: %v", method, path, err)
	}
	return resp, body
}

// wantClosed waits until the server closes the connection.
func (b *browser) wantClosed() {
	b.t.Helper()
	_, err := io.Copy(io.Discard, b.br)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		b.t.Fatal("server leaves the connection open")
	}
}

func TestServeFile(t *testing.T) {
	files := newFolder(t)
	content := noise(70_000)
	f := files.add(t, "zebra walrus.txt", content)
	s, addr := startServer(t, ServerConfig{Files: files, Agent: "Servent/test"})
	b := browse(t, addr)
	sha1 := f.URN.SHA1URN()
	paths := map[string]string{
		"by hash":            "/uri-res/N2R?" + sha1,
		"by hash lower case": "/URI-RES/n2r?" + strings.ToLower(sha1),
		"by bitprint":        "/uri-res/N2R?" + f.URN.String(),
		"escaped urn":        "/uri-res/N2R?" + strings.ReplaceAll(sha1, ":", "%3A"),
		"by index":           "/get/1/zebra%20walrus.txt",
		"by index, case":     "/get/1/Zebra%20Walrus.TXT",
	}
	for name, path := range paths {
		resp, body := b.do("GET", path)
		if resp.StatusCode != 200 || !bytes.Equal(body, content) {
			t.Errorf("%s: status %d, %d bytes", name, resp.StatusCode, len(body))
		}
	}
	for _, method := range []string{"GET", "HEAD"} {
		resp, _ := b.do(method, paths["by hash"])
		want := map[string]string{
			"Server":                 "Servent/test",
			"Content-Length":         "70000",
			"Content-Type":           "text/plain; charset=utf-8",
			"Content-Disposition":    `inline; filename="zebra walrus.txt"`,
			"X-Gnutella-Content-Urn": sha1,
			"X-Features":             "srvt/0.1, queue/1.0",
			"X-Thex-Uri":             "/uri-res/N2X?" + sha1 + ";" + f.URN.Tiger.String(),
			"Accept-Ranges":          "bytes",
			"Last-Modified":          "Tue, 14 Nov 2023 22:13:20 GMT",
		}
		for k, v := range want {
			if got := resp.Header.Get(k); got != v {
				t.Errorf("%s: %s is %q, want %q", method, k, got, v)
			}
		}
	}
	if got := s.Stats(); got.Done != uint64(len(paths))+1 || got.Bytes != got.Done*70_000 || got.Conns != 1 || got.Failed != 0 {
		t.Errorf("stats: %+v", got)
	}
}

func TestServeRanges(t *testing.T) {
	files := newFolder(t)
	content := noise(1000)
	path := "/uri-res/N2R?" + files.add(t, "a.bin", content).URN.SHA1URN()
	empty := "/uri-res/N2R?" + files.add(t, "empty", nil).URN.SHA1URN()
	_, addr := startServer(t, ServerConfig{Files: files})
	tests := []struct {
		name, path, ranges string
		code               int
		body               []byte
		contentRange       string
	}{
		{"first byte", path, "0-0", 206, content[:1], "bytes 0-0/1000"},
		{"middle", path, "100-199", 206, content[100:200], "bytes 100-199/1000"},
		{"open end", path, "990-", 206, content[990:], "bytes 990-999/1000"},
		{"last byte", path, "999-", 206, content[999:], "bytes 999-999/1000"},
		{"suffix", path, "-5", 206, content[995:], "bytes 995-999/1000"},
		{"suffix longer than the file", path, "-5000", 206, content, "bytes 0-999/1000"},
		{"clipped", path, "900-5000", 206, content[900:], "bytes 900-999/1000"},
		{"all", path, "0-", 206, content, "bytes 0-999/1000"},
		{"starts at the end", path, "1000-", 416, nil, "bytes */1000"},
		{"starts past the end", path, "5000-6000", 416, nil, "bytes */1000"},
		{"backwards", path, "9-3", 416, nil, ""},
		{"no number", path, "x-y", 416, nil, ""},
		{"past 64 bits", path, "99999999999999999999-", 416, nil, ""},
		{"empty file", empty, "0-", 200, []byte{}, ""},
	}
	b := browse(t, addr)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := b.do("GET", tt.path, "Range: bytes="+tt.ranges)
			if resp.StatusCode != tt.code || resp.Header.Get("Content-Range") != tt.contentRange {
				t.Errorf("status %d, Content-Range %q", resp.StatusCode, resp.Header.Get("Content-Range"))
			}
			if tt.body != nil && !bytes.Equal(body, tt.body) {
				t.Errorf("%d other bytes", len(body))
			}
		})
	}
}

// TestServeSeveralRanges asks for two ranges at once.
func TestServeSeveralRanges(t *testing.T) {
	files := newFolder(t)
	content := noise(1000)
	f := files.add(t, "a.bin", content)
	ended := make(chan Upload, 1)
	s, addr := startServer(t, ServerConfig{Files: files, OnUpload: func(u Upload) { ended <- u }})
	resp, body := browse(t, addr).do("GET", "/uri-res/N2R?"+f.URN.SHA1URN(), "Range: bytes=0-9,500-599")
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != 206 || kind != "multipart/byteranges" {
		t.Fatalf("status %d, type %q, %v", resp.StatusCode, kind, err)
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for _, want := range [][]byte{content[:10], content[500:600]} {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, want) {
			t.Errorf("part of %d bytes, %v", len(got), err)
		}
	}
	if u := <-ended; !u.Whole || u.Bytes != uint64(len(body)) {
		t.Errorf("upload %+v", u)
	}
	browse(t, addr).do("GET", "/uri-res/N2R?"+f.URN.SHA1URN(), "Range: bytes=1000-")
	if st := s.Stats(); st.Done != 1 || st.Bytes != uint64(len(body)) {
		t.Errorf("a refused range counts: %+v", st)
	}
}

// TestServeRangesKeptAlive fetches a file as LimeWire does: 128 KiB ranges one
// after the other over one connection, with its headers.
func TestServeRangesKeptAlive(t *testing.T) {
	const step = 128 << 10
	files := newFolder(t)
	content := noise(5*step + 77)
	path := "/uri-res/N2R?" + files.add(t, "a.bin", content).URN.SHA1URN()
	s, addr := startServer(t, ServerConfig{Files: files, MaxUploads: 1})
	b := browse(t, addr)
	var got []byte
	for at := 0; at < len(content); at += step {
		last := min(at+step, len(content)) - 1
		resp, body := b.do("GET", path, fmt.Sprintf("Range: bytes=%d-%d", at, last),
			"Connection: Keep-Alive", "X-Queue: 0.1", "X-Features: fwalt/0.1,browse/1.0",
			"X-FW-Node-Info: 36be31020494b38bf3d170902b279908;fwt/1;7001:5.9.0.1", fmt.Sprintf("X-Downloaded: %d", at))
		if resp.StatusCode != 206 || resp.ContentLength != int64(last-at+1) {
			t.Fatalf("at %d: status %d, length %d", at, resp.StatusCode, resp.ContentLength)
		}
		got = append(got, body...)
	}
	if !bytes.Equal(got, content) {
		t.Error("content differs")
	}
	if st := s.Stats(); st.Conns != 1 || st.Done != 6 {
		t.Errorf("stats: %+v", st)
	}
}

func TestServeRefusals(t *testing.T) {
	t.Parallel()
	files := newFolder(t)
	sha1 := files.add(t, "a.txt", []byte("a")).URN.SHA1URN()
	other := urnOf([]byte("other"))
	other.SHA1 = files.files[0].URN.SHA1
	s, addr := startServer(t, ServerConfig{Files: files})
	tests := []struct {
		method, path string
		code         int
	}{
		{"GET", "/", 403}, // there is no catalog
		{"GET", "/nothing", 404},
		{"GET", "/uri-res/N2R?" + urnOf([]byte("x")).SHA1URN(), 404},
		{"HEAD", "/uri-res/N2R?" + urnOf([]byte("x")).SHA1URN(), 404},
		{"GET", "/uri-res/N2R?" + other.String(), 404}, // a bitprint whose tiger root is another
		{"GET", "/uri-res/N2X?" + urnOf([]byte("x")).SHA1URN(), 404},
		{"GET", "/uri-res/N2X?" + sha1 + ";" + other.Tiger.String(), 404},
		{"GET", "/uri-res/N2X?urn:sha1:short", 400},
		{"GET", "/get/2/a.txt", 404},
		{"GET", "/get/1/b.txt", 404},
		{"GET", "/get/1", 404},
		{"GET", "/get/../../etc/passwd", 400},
		{"GET", "/get/4294967296/a.txt", 400},
		{"GET", "/get/-1/a.txt", 400},
		{"GET", "/uri-res/N2R", 400},
		{"GET", "/uri-res/N2R?urn:sha1:short", 400},
		{"GET", "/uri-res/N2R?urn:tree:tiger:" + other.Tiger.String(), 400},
		{"GET", "/uri-res/N2R?%zz", 400},
		{"PUT", "/uri-res/N2R?" + sha1, 405},
		{"OPTIONS", "*", 405},
	}
	b := browse(t, addr)
	for _, tt := range tests {
		if resp, _ := b.do(tt.method, tt.path); resp.StatusCode != tt.code {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, resp.StatusCode, tt.code)
		}
	}
	if st := s.Stats(); st.Missing != 9 || st.Refused != 11 || st.Conns != 1 {
		t.Errorf("stats: %+v", st)
	}
	resp, _ := b.do("GET", "/uri-res/N2R?"+sha1, "Content-Length: 1000000000")
	if resp.StatusCode != 400 || !resp.Close {
		t.Errorf("request with a body: %d, closing %v", resp.StatusCode, resp.Close)
	}
	b.wantClosed()
}

func TestServeOpenFails(t *testing.T) {
	tests := []struct {
		name string
		err  error
		code int
	}{
		{"changed since hashed", errors.New("changed"), 404},
		{"no descriptors", &net.OpError{Op: "open", Err: syscall.EMFILE}, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := newFolder(t)
			path := "/uri-res/N2R?" + files.add(t, "a", []byte("a")).URN.SHA1URN()
			files.openErr = tt.err
			_, addr := startServer(t, ServerConfig{Files: files})
			if resp, _ := browse(t, addr).do("GET", path); resp.StatusCode != tt.code {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.code)
			}
		})
	}
}

// largeFile is more than the buffers of a loopback connection hold, so that
// sending it to somebody who does not read does not end.
const largeFile = 32 << 20

func TestUploadSlots(t *testing.T) {
	files := newFolder(t)
	var paths []string
	for i, size := range []int{largeFile, largeFile + 1, 100} {
		paths = append(paths, "/uri-res/N2R?"+files.add(t, "file"+strconv.Itoa(i), make([]byte, size)).URN.SHA1URN())
	}
	ended := make(chan Upload, 8)
	s, addr := startServer(t, ServerConfig{Files: files, MaxUploads: 2, RetryAfter: time.Second, OnUpload: func(u Upload) { ended <- u }})
	first, second, third := browse(t, addr), browse(t, addr), browse(t, addr)
	for i, b := range []*browser{first, second} { // at the limit
		if resp := b.send("GET", paths[i]); resp.StatusCode != 200 {
			t.Fatalf("upload %d: %d", i, resp.StatusCode)
		}
	}
	resp, _ := third.do("GET", paths[2]) // one past it
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" || resp.Close {
		t.Fatalf("past the limit: %d, Retry-After %q, closing %v", resp.StatusCode, resp.Header.Get("Retry-After"), resp.Close)
	}
	if resp, _ := third.do("HEAD", paths[2]); resp.StatusCode != 200 {
		t.Errorf("HEAD needs no slot: %d", resp.StatusCode)
	}
	if st := s.Stats(); st.Active != 2 || st.Busy != 1 {
		t.Errorf("stats: %+v", st)
	}
	first.conn.Close()
	u := <-ended
	if u.Whole || u.Bytes >= largeFile || u.Agent != "test/1" || u.File.Rel != "file0" || !u.Addr.IsValid() {
		t.Errorf("broken upload: %+v", u)
	}
	<-time.After(time.Second)
	if resp, body := third.do("GET", paths[2], "Range: bytes=5-9"); resp.StatusCode != 206 || len(body) != 5 {
		t.Fatalf("freed slot: status %d", resp.StatusCode)
	}
	if u := <-ended; !u.Whole || u.Offset != 5 || u.Bytes != 5 {
		t.Errorf("range: %+v", u)
	}
}

func TestConnectionLimit(t *testing.T) {
	files := newFolder(t)
	path := "/uri-res/N2R?" + files.add(t, "a", []byte("a")).URN.SHA1URN()
	s, addr := startServer(t, ServerConfig{Files: files, MaxConns: 2})
	for range 2 {
		if resp, _ := browse(t, addr).do("GET", path); resp.StatusCode != 200 {
			t.Fatalf("at the limit: %d", resp.StatusCode)
		}
	}
	browse(t, addr).wantClosed()
	if st := s.Stats(); st.Refused != 1 {
		t.Errorf("stats: %+v", st)
	}
}

func TestRequestLimits(t *testing.T) {
	t.Parallel()
	files := newFolder(t)
	path := "/uri-res/N2R?" + files.add(t, "a", []byte("a")).URN.SHA1URN()
	_, addr := startServer(t, ServerConfig{Files: files, HeaderTimeout: 200 * time.Millisecond, IdleTimeout: 200 * time.Millisecond})
	if resp, _ := browse(t, addr).do("GET", path, "X-Pad: "+strings.Repeat("x", 15<<10)); resp.StatusCode != 200 {
		t.Errorf("header at the limit: %d", resp.StatusCode)
	}
	if resp, _ := browse(t, addr).do("GET", path, "X-Pad: "+strings.Repeat("x", 21<<10)); resp.StatusCode != 431 {
		t.Errorf("header past the limit: %d", resp.StatusCode)
	}
	unfinished := browse(t, addr)
	if _, err := io.WriteString(unfinished.conn, "GET / HTTP/1.1\r\nHost: x\r\n"); err != nil {
		t.Fatal(err)
	}
	unfinished.wantClosed()
	idle := browse(t, addr)
	idle.do("GET", path)
	idle.wantClosed()
}

func TestStalledReader(t *testing.T) {
	t.Parallel()
	files := newFolder(t)
	path := "/uri-res/N2R?" + files.add(t, "large", make([]byte, largeFile)).URN.SHA1URN()
	ended := make(chan Upload, 1)
	s, addr := startServer(t, ServerConfig{Files: files, WriteTimeout: 200 * time.Millisecond, OnUpload: func(u Upload) { ended <- u }})
	browse(t, addr).send("GET", path) // reads no further
	if u := <-ended; u.Whole {
		t.Errorf("upload to nobody: %+v", u)
	}
	if st := s.Stats(); st.Failed != 1 {
		t.Errorf("stats: %+v", st)
	}
}

// TestDeadlineOfTheRequestBefore sees that a connection lives longer than the
// WriteTimeout of its first request.
func TestDeadlineOfTheRequestBefore(t *testing.T) {
	t.Parallel()
	files := newFolder(t)
	path := "/uri-res/N2R?" + files.add(t, "a", []byte("a")).URN.SHA1URN()
	_, addr := startServer(t, ServerConfig{Files: files, WriteTimeout: 50 * time.Millisecond})
	b := browse(t, addr)
	b.do("GET", path)
	<-time.After(150 * time.Millisecond)
	if resp, _ := b.do("GET", path); resp.StatusCode != 200 {
		t.Errorf("second request: %d", resp.StatusCode)
	}
}

func TestUploadRate(t *testing.T) {
	t.Parallel()
	const burst, perSecond, size = 32 << 10, 256 << 10, 160 << 10
	files := newFolder(t)
	path := "/uri-res/N2R?" + files.add(t, "a", make([]byte, size)).URN.SHA1URN()
	_, addr := startServer(t, ServerConfig{Files: files, Rate: rate.NewLimiter(perSecond, burst)})
	begin := time.Now()
	if _, body := browse(t, addr).do("GET", path); len(body) != size {
		t.Fatalf("%d bytes", len(body))
	}
	if got, least := time.Since(begin), time.Duration(size-burst)*time.Second/perSecond; got < least*9/10 {
		t.Errorf("took %v, at that rate it takes %v", got, least)
	}
}

func TestCloseWithUploads(t *testing.T) {
	t.Parallel()
	files := newFolder(t)
	path := "/uri-res/N2R?" + files.add(t, "large", make([]byte, largeFile)).URN.SHA1URN()
	s, addr := startServer(t, ServerConfig{Files: files})
	b := browse(t, addr)
	b.send("GET", path)
	s.Close()
	if st := s.Stats(); st.Active != 0 || st.Conns != 0 {
		t.Errorf("after Close: %+v", st)
	}
}
