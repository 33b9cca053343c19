package transfer

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
)

// open asks a server for a page as a browser does.
func open(s *Server, path string, lines ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host, r.RemoteAddr = "192.168.1.20:6346", "192.168.1.30:5000"
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestBrowsePage(t *testing.T) {
	c := newNames("Blue Danube.flac", "Notes", "Music/Strauss/Radetzky.mp3", "Music/top.ogg", "empty name/\u202e")
	s := NewServer(ServerConfig{Catalog: c, Agent: "Servent/test"})
	tests := []struct {
		path string
		code int
		want []string
	}{
		{"/", 200, []string{
			"Shared files · Servent/test", "5 files, ", "Blue Danube.flac", ">audio<", ">16 kB<", "2023-11-14",
			`href="/uri-res/N2R?` + c.files[0].URN.SHA1URN() + `"`, `href="magnet:?xt=` + c.files[0].URN.SHA1URN() + "&amp;dn=Blue%20Danube.flac",
			`href="/?in=Music"`, "2 folders and 2 files, 21 kB", `href="/?desc=1&amp;sort=size"`, `aria-sort="ascending"><a href="/?desc=1">`,
		}},
		{"/?in=Music", 200, []string{"All files", "<strong>Music</strong>", `href="/?in=Music%2FStrauss"`, "top.ogg"}},
		{"/?in=Music%2FStrauss", 200, []string{`<a href="/?in=Music">Music</a>`, "Radetzky.mp3"}},
		{"/?in=empty+name", 200, []string{"(no name)"}},
		{"/?q=radetzky", 200, []string{"Found for <strong>radetzky</strong>", "Radetzky.mp3", `in <a href="/?in=Music%2FStrauss">Music/Strauss</a>`}},
		{"/?q=polka", 200, []string{"Nothing found"}},
		{"/?q=type:nonsense+x", 200, []string{"This cannot be searched for"}},
		{"/?q=" + strings.Repeat("a", 10_000), 200, []string{`value="` + strings.Repeat("a", maxQuery) + `"`}},
		{"/?in=Music&page=-7&sort=x&desc=2", 200, []string{"top.ogg"}},
		{"/?page=99999999999999999999", 200, []string{"Music"}},
		{"/?in=Blue", 404, []string{"Nothing is here"}},
		{"/?in=../../etc", 404, []string{"Nothing is here"}},
		{"/index.php", 404, []string{"Nothing is here"}},
	}
	for _, tt := range tests {
		w := open(s, tt.path)
		if w.Code != tt.code {
			t.Errorf("%.40s: status %d, want %d", tt.path, w.Code, tt.code)
		}
		for _, text := range tt.want {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("%.40s lacks %q", tt.path, text)
			}
		}
	}
	if w := open(NewServer(ServerConfig{Catalog: newNames()}), "/"); !strings.Contains(w.Body.String(), "Nothing is shared yet") {
		t.Errorf("of an empty library: %s", w.Body)
	}
}

// TestBrowsePageIsSafe shows the names of somebody who means harm.
func TestBrowsePageIsSafe(t *testing.T) {
	evil := []string{
		`<script>alert(1)`, `"><img src=x onerror=alert(1)>`, `'-alert(1)-'`, "javascript:alert(1)", "a\nSet-Cookie: x=y",
		"\u202egnp.exe", "bad\xffutf8", "{{.Agent}}", "</style><script>", strings.Repeat("long", 60),
	}
	var rels []string
	for _, e := range evil {
		rels = append(rels, e, "in "+e+"/x")
	}
	s := NewServer(ServerConfig{Catalog: newNames(rels...)})
	outside := regexp.MustCompile(`(?:src|href|action)="(?:https?:|//|javascript:)`)
	for _, path := range []string{"/", "/?q=alert", "/?q=%22%3E%3Cscript%3E", "/?in=" + "in+%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E"} {
		w := open(s, path)
		text := w.Body.String()
		for _, bad := range []string{"<script", "<img", "\u202e", "\xff", "ZgotmplZ"} {
			if at := strings.Index(text, bad); at >= 0 {
				t.Errorf("%s: %q stands in …%.60q", path, bad, text[max(0, at-30):])
			}
		}
		if m := outside.FindString(text); m != "" {
			t.Errorf("%s: loads from elsewhere: %s", path, m)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestBrowsePaging(t *testing.T) {
	var rels []string
	for i := range 2*pageSize + 1 {
		rels = append(rels, fmt.Sprintf("d/f%04d", i))
	}
	s := NewServer(ServerConfig{Catalog: newNames(rels...)})
	first, last := open(s, "/?in=d").Body.String(), open(s, "/?in=d&page=3").Body.String()
	if n := strings.Count(first, "/uri-res/N2R?"); n != pageSize {
		t.Errorf("first page: %d links", n)
	}
	if !strings.Contains(first, "Page 1 of 3") || !strings.Contains(first, html.EscapeString("/?in=d&page=2")) {
		t.Error("no way from the first page to the next")
	}
	if n := strings.Count(last, ">f0"); n != 1 || !strings.Contains(last, "Page 3 of 3") {
		t.Errorf("last page: %d files", n)
	}
}

func TestBrowseRefused(t *testing.T) {
	c := newNames("x")
	open403 := NewServer(ServerConfig{})
	s := NewServer(ServerConfig{Catalog: c})
	tests := []struct {
		name string
		s    *Server
		line string
		code int
	}{
		{"switched off", open403, "A: b", 403},
		{"no type that we have", s, "Accept: image/png", 406},
		{"hits, where there are none", s, "Accept: " + packets, 406},
		{"a name of the internet", s, "Host: evil.example:6346", 403},
		{"a name of the network", s, "Host: nas.local:6346", 200},
		{"localhost", s, "Host: localhost:6346", 200},
		{"an IPv6 address", s, "Host: [2001:db8::1]:6346", 200},
		{"a script of another site", s, "Origin: http://evil.example", 403},
		{"a script of nobody", s, "Origin: null", 403},
		{"our own page", s, "Origin: http://192.168.1.20:6346", 200},
		{"an image of another site", s, "Sec-Fetch-Site: cross-site", 403},
	}
	for _, tt := range tests {
		if w := open(tt.s, "/", tt.line); w.Code != tt.code {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.code)
		}
	}
	if w := open(s, "/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"); w.Code != 200 {
		t.Errorf("a link from another site: %d", w.Code)
	}
	if n := s.Stats().CrossOrigin; n != 4 {
		t.Errorf("counted %d of other sites", n)
	}
}

func TestBrowseRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // no time goes by
		s := NewServer(ServerConfig{Catalog: newNames("x"), Hits: fakeHits})
		for i := range smallBurst { // at the limit
			if w := open(s, "/"); w.Code != 200 {
				t.Fatalf("page %d: %d", i, w.Code)
			}
		}
		w := open(s, "/") // one past it
		if w.Code != 429 || w.Header().Get("Retry-After") == "" || s.Stats().TooOften != 1 {
			t.Errorf("past the limit: %d, counted %d", w.Code, s.Stats().TooOften)
		}
		if w := open(s, "/", "Accept: "+packets); w.Code != 429 {
			t.Errorf("a list past the limit: %d", w.Code)
		}
	})
}

// fakeHits makes a message of at most 32 files.
func fakeHits(files []library.File) ([]byte, int) {
	used := min(len(files), 32)
	hit := protocol.QueryHit{Addr: netip.MustParseAddrPort("1.2.3.4:5"), Count: uint8(used)}
	for _, f := range files[:used] {
		hit.Records = f.Record().Record().Append(hit.Records)
	}
	return protocol.AppendMessage(nil, protocol.Header{Kind: protocol.KindQueryHit, TTL: 1}, hit), used
}

func TestBrowsePackets(t *testing.T) {
	var rels []string
	for i := range 1001 {
		rels = append(rels, fmt.Sprintf("two:d%02d/f%04d", i%17, i))
	}
	c := newNames(append(rels, "first", "second")...)
	s := NewServer(ServerConfig{Catalog: c, Hits: fakeHits})
	for _, encoding := range []string{"", "gzip", "deflate"} {
		w := open(s, "/", "Accept: "+packets, "Accept-Encoding: "+encoding)
		if got := w.Header().Get("Content-Encoding"); w.Code != 200 || got != encoding || w.Header().Get("Content-Type") != packets {
			t.Fatalf("status %d, encoding %q", w.Code, got)
		}
		names := hitNames(t, decoded(t, encoding, w.Body.Bytes()))
		if len(names) != len(c.files) {
			t.Fatalf("%d files, want %d", len(names), len(c.files))
		}
		for i, f := range c.files {
			if names[i] != f.Name() {
				t.Fatalf("file %d is %q, want %q", i, names[i], f.Name())
			}
		}
	}
	if w := open(NewServer(ServerConfig{Catalog: newNames(), Hits: fakeHits}), "/", "Accept: "+packets); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("of an empty library: %d, %d bytes", w.Code, w.Body.Len())
	}
}

// hitNames reads a stream of whole messages.
func hitNames(t *testing.T, stream []byte) []string {
	t.Helper()
	var names []string
	for len(stream) > 0 {
		h, err := protocol.ParseHeader(stream)
		if err != nil || h.Kind != protocol.KindQueryHit {
			t.Fatalf("message %v, %v", h.Kind, err)
		}
		end := protocol.HeaderSize + int(h.Size)
		hit, err := protocol.ParseQueryHit(stream[protocol.HeaderSize:end])
		if err != nil {
			t.Fatal(err)
		}
		for r := range hit.Files() {
			names = append(names, r.File().Name)
		}
		stream = stream[end:]
	}
	return names
}

func TestBrowsePacketsAtOnce(t *testing.T) {
	s := NewServer(ServerConfig{Catalog: newNames("x"), Hits: fakeHits})
	for range maxLists {
		s.lists.enter()
	}
	if w := open(s, "/", "Accept: "+packets); w.Code != 503 || w.Header().Get("Retry-After") == "" || s.Stats().BrowsesBusy != 1 {
		t.Errorf("one list too many: %d", w.Code)
	}
	for range maxPages {
		s.pages.enter()
	}
	if w := open(s, "/"); w.Code != 503 || s.Stats().BrowsesBusy != 2 {
		t.Errorf("one page too many: %d", w.Code)
	}
	s.lists.leave()
	s.pages.leave()
	if a, b := open(s, "/"), open(s, "/", "Accept: "+packets); a.Code != 200 || b.Code != 200 {
		t.Errorf("when there is room again: %d, %d", a.Code, b.Code)
	}
}

func TestBrowseHead(t *testing.T) {
	_, addr := startServer(t, ServerConfig{Files: newFolder(t), Catalog: newNames("x"), Hits: fakeHits})
	b := browse(t, addr)
	for _, accept := range []string{"text/html", packets} {
		resp := b.send("HEAD", "/", "Accept: "+accept)
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || len(body) != 0 || !strings.HasPrefix(resp.Header.Get("Content-Type"), accept) {
			t.Errorf("%s: %d, %q", accept, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
	resp, body := b.do("GET", "/", "Accept: text/html")
	if resp.StatusCode != 200 || !bytes.Contains(body, []byte("</html>")) || resp.Header.Get("X-Features") != "srvt/0.1, queue/1.0, browse/1.0" {
		t.Errorf("the same connection: %d, features %q", resp.StatusCode, resp.Header.Get("X-Features"))
	}
}

// TestBrowseCaptured reads what gtk-gnutella 1.2.3 sent of its own: chunked and
// compressed (docs/interop.md).
func TestBrowseCaptured(t *testing.T) {
	answer, err := os.ReadFile("../../protocol/testdata/gtkg/browse.response")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	err = NewClient(quick()).Browse(t.Context(), Source{Addr: rogue(t, says(string(answer)))}, func(hit protocol.QueryHit, r protocol.FileRecord) bool {
		if !r.URN.HasSHA1 || r.Size == 0 || hit.Addr.String() != "5.14.0.1:6346" {
			t.Errorf("%+v of %v", r, hit.Addr)
		}
		names = append(names, r.Name)
		return true
	})
	if err != nil || len(names) != 20 || !slices.Contains(names, "maple17 damiture.txt") {
		t.Errorf("%d files: %q, %v", len(names), names, err)
	}
}
