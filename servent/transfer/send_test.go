package transfer

import (
	"io"
	"mime"
	"net/netip"
	"strings"
	"testing"
)

func TestDisposition(t *testing.T) {
	tests := []struct{ kind, name, how, saved string }{
		{"text/plain; charset=utf-8", "zebra walrus.txt", "inline", "zebra walrus.txt"},
		{"audio/mpeg", "An der schönen Donau.mp3", "inline", "An der schönen Donau.mp3"},
		{"video/mp4", "東京.mp4", "inline", "東京.mp4"},
		{"text/html; charset=utf-8", "page.html", "attachment", "page.html"},
		{"image/svg+xml", "x.svg", "attachment", "x.svg"},
		{"image/png", "x.png", "inline", "x.png"},
		{"application/octet-stream", `a"b\c.bin`, "attachment", "c.bin"},
		{"text/plain", "50% off; filename=x.txt", "inline", "50% off; filename=x.txt"},
		{"application/octet-stream", "a\r\nSet-Cookie: x", "attachment", "a__Set-Cookie_ x"},
		{"application/octet-stream", "evil\u202egnp.exe", "attachment", "evilgnp.exe"},
		{"application/octet-stream", "..", "attachment", "unnamed"},
	}
	for _, tt := range tests {
		text := disposition(tt.kind, tt.name)
		how, params, err := mime.ParseMediaType(strings.Replace(text, `filename="`, `plain="`, strings.Count(text, "filename*=")))
		if err != nil || how != tt.how || params["filename"] != tt.saved {
			t.Errorf("%q: %s, saved as %q, %v", tt.name, text, params["filename"], err)
		}
		if strings.ContainsAny(text, "\r\n") {
			t.Errorf("%q: %q", tt.name, text)
		}
	}
}

func TestDescribe(t *testing.T) {
	files := newFolder(t)
	f := files.add(t, "a.txt", []byte("a"))
	proxies := []netip.AddrPort{netip.MustParseAddrPort("5.9.0.1:6346"), netip.MustParseAddrPort("5.9.0.2:7001")}
	fenced := false
	_, addr := startServer(t, ServerConfig{
		Files: files, Firewalled: func() bool { return fenced }, Proxies: func() []netip.AddrPort { return proxies },
	})
	b := browse(t, addr)
	resp, _ := b.do("GET", "/uri-res/N2R?"+f.URN.SHA1URN())
	if got := resp.Header.Get("X-Gnutella-Content-Urn"); got != f.URN.SHA1URN() || resp.Header.Get("X-Push-Proxy") != "" {
		t.Errorf("asked by SHA-1: %q, %v", got, resp.Header)
	}
	fenced = true
	resp, _ = b.do("GET", "/uri-res/N2R?"+f.URN.String())
	if got := resp.Header.Get("X-Gnutella-Content-Urn"); got != f.URN.String() {
		t.Errorf("asked by bitprint: %q", got)
	}
	if got := resp.Header.Get("X-Push-Proxy"); got != "5.9.0.1:6346,5.9.0.2:7001" {
		t.Errorf("X-Push-Proxy: %q", got)
	}
	if got := resp.Header.Get("X-Fw-Node-Info"); got != strings.Repeat("0", 32)+";5.9.0.1:6346;5.9.0.2:7001" {
		t.Errorf("X-FW-Node-Info: %q", got)
	}
}

// TestOddRequests sends what tries a server, each on a connection of its own.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	files := newFolder(t)
	path := "/uri-res/N2R?" + files.add(t, "a", []byte("abcdef")).URN.SHA1URN()
	_, addr := startServer(t, ServerConfig{Files: files})
	get := "GET " + path + " HTTP/1.1\r\nHost: x\r\n"
	ranges := func(n int) string { return get + "Range: bytes=" + strings.Repeat("0-0,", n-1) + "1-1\r\n\r\n" }
	tests := []struct{ name, request, starts string }{
		{"HTTP/1.0", "GET " + path + " HTTP/1.0\r\n\r\n", "HTTP/1.0 200 "},
		{"HTTP/2.0", "GET " + path + " HTTP/2.0\r\n\r\n", "HTTP/1.1 505 "},
		{"no version", "GET " + path + "\r\n\r\n", "HTTP/1.1 400 "},
		{"no host", "GET " + path + " HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		{"two hosts", get + "Host: y\r\n\r\n", "HTTP/1.1 400 "},
		{"a length and chunks", get + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x", "HTTP/1.1 400 "},
		{"two lengths", get + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", "HTTP/1.1 400 "},
		{"a negative length", get + "Content-Length: -1\r\n\r\n", "HTTP/1.1 400 "},
		{"an unknown coding", get + "Transfer-Encoding: xchunked\r\n\r\n", "HTTP/1.1 501 "},
		{"a folded header", get + "X-A: b\r\n c\r\n\r\n", "HTTP/1.1 200 "},
		{"a header without a name", get + ": b\r\n\r\n", "HTTP/1.1 400 "},
		{"a blank before the colon", get + "X-A : b\r\n\r\n", "HTTP/1.1 400 "},
		{"NUL", get + "X-A: \x00\r\n\r\n", "HTTP/1.1 400 "},
		{"as many ranges as may be", ranges(maxRanges), "HTTP/1.1 200 "}, // more than the whole: so the whole
		{"one range more", ranges(maxRanges + 1), "HTTP/1.1 416 "},
		{"thousands of ranges", ranges(3000), "HTTP/1.1 416 "},
		{"another unit", get + "Range: lines=1-2\r\n\r\n", "HTTP/1.1 416 "},
		{"POST", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 400 "},
		{"DELETE", "DELETE " + path + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
		{"CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "HTTP/1.1 405 "},
		{"a proxy's form", "GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 403 "},
		{"an endless line", "GET /" + strings.Repeat("a", 40<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 431 "},
		{"an upgrade", get + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 200 "},
		{"expect", get + "Expect: 100-continue\r\n\r\n", "HTTP/1.1 200 "},
	}
	for _, tt := range tests {
		b := browse(t, addr)
		go func() { _, _ = io.WriteString(b.conn, tt.request) }() // what is refused is not read to its end
		got := make([]byte, len(tt.starts))
		if _, err := io.ReadFull(b.br, got); err != nil || string(got) != tt.starts {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.starts)
		}
		b.conn.Close()
	}
}
