package transfer

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
)

// partOf writes what there is of content to a file whose holes are zeros.
func partOf(t testing.TB, content []byte, have ...protocol.Range) Partial {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.avi.part")
	b := make([]byte, len(content)-1) // the end may be missing, too
	for _, r := range have {
		b = append(b[:min(len(b), int(r.First))], slices.Concat(b[min(len(b), int(r.First)):r.First], content[r.First:r.End], b[min(len(b), int(r.End)):])...)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return Partial{
		File: library.File{Rel: "film.avi", Size: uint64(len(content)), URN: urnOf(content)},
		Path: path, Have: have,
	}
}

// loading is what a server asks about one partial file.
func loading(p *Partial) func(protocol.SHA1) (Partial, bool) {
	return func(h protocol.SHA1) (Partial, bool) { return *p, h == p.File.URN.SHA1 }
}

func (p *Partial) uri() string { return "/uri-res/N2R?" + p.File.URN.SHA1URN() }

// TestServePart: what there is of what is asked goes out, and what there is is told with each
// answer; all over one connection.
func TestServePart(t *testing.T) {
	content := noise(10_000)
	p := partOf(t, content, protocol.Range{End: 1000}, protocol.Range{First: 5000, End: 6000}, protocol.Range{First: 9000, End: 10_000})
	s, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	b := browse(t, addr)
	sent, missing := 0, 0
	for asked, want := range map[string][2]int{ // empty: nothing of it is there
		"bytes=0-99":                   {0, 100},
		"bytes=999-999":                {999, 1000},
		"bytes=500-":                   {500, 1000},
		"bytes=0-":                     {0, 1000},
		"bytes=900-5500":               {900, 1000},
		"bytes=2000-":                  {5000, 6000},
		"bytes=1000-5000":              {5000, 5001},
		"bytes=-500":                   {9500, 10_000},
		"bytes=-2000":                  {9000, 10_000},
		"bytes=-90000":                 {0, 1000},
		"bytes= 9999-20000":            {9999, 10_000},
		"bytes=1000-4999,5500-":        {5500, 6000},
		"bytes=20000-, 10-19,0-1":      {10, 20},
		"bytes=1000-4999":              {},
		"bytes=10000-":                 {},
		"bytes=6000-6000,7000-7":       {},
		"bytes=20-10":                  {},
		"bytes=a-b":                    {},
		"bytes=-":                      {},
		"bytes=5":                      {},
		"bytes=0-9,":                   {},
		"lines=0-9":                    {},
		"bytes=-1-5":                   {},
		"bytes=0-99999999999999999999": {},
	} {
		resp, body := b.do("GET", p.uri(), "Range: "+asked)
		if got := resp.Header.Get("X-Available-Ranges"); got != "bytes 0-999,5000-5999,9000-9999" || resp.Header.Get("X-Available") != "" {
			t.Errorf("%s: available %q", asked, got)
		}
		if resp.Close {
			t.Errorf("%s: closes", asked)
		}
		if want[1] == 0 {
			missing++
			if resp.StatusCode != 416 || resp.ContentLength != 0 || resp.Header.Get("Content-Range") != "bytes */10000" {
				t.Errorf("%s: %s, %v", asked, resp.Status, resp.Header)
			}
			continue
		}
		sent += len(body)
		if got, w := resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-%d/10000", want[0], want[1]-1); resp.StatusCode != 206 || got != w {
			t.Errorf("%s: %s, %q, want %q", asked, resp.Status, got, w)
		}
		if !bytes.Equal(body, content[want[0]:want[1]]) {
			t.Errorf("%s: other bytes", asked)
		}
	}
	if resp, _ := b.do("GET", p.uri()); resp.StatusCode != 416 || resp.Header.Get("X-Available-Ranges") == "" {
		t.Errorf("without Range: %s, %v", resp.Status, resp.Header)
	}
	if st := s.Stats(); st.Unavailable != uint64(missing)+1 || st.Bytes != uint64(sent) || st.Busy+st.Refused+st.Failed != 0 {
		t.Errorf("%d bytes, %d in vain; %+v", sent, missing, st)
	}
}

// TestHeadOfPart: HEAD tells the size and the parts; with Range it answers as GET does.
func TestHeadOfPart(t *testing.T) {
	content := noise(10_000)
	p := partOf(t, content, protocol.Range{First: 10, End: 1000})
	_, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	b := browse(t, addr)
	for lines, want := range map[string]struct {
		code   int
		length int64
	}{"X: y": {200, 10_000}, "Range: bytes=0-19": {206, 10}, "Range: bytes=0-9": {416, 0}} {
		resp, body := b.do("HEAD", p.uri(), lines)
		if resp.StatusCode != want.code || resp.ContentLength != want.length || len(body) > 0 || resp.Header.Get("X-Available-Ranges") != "bytes 10-999" {
			t.Errorf("%s: %s, %d bytes, %v", lines, resp.Status, resp.ContentLength, resp.Header)
		}
	}
	if resp, _ := b.do("HEAD", p.uri()[:len(p.uri())-1]+"A"); resp.StatusCode != 404 {
		t.Errorf("another hash: %s", resp.Status)
	}
	other := p.File.URN
	other.Tiger[0]++
	if resp, _ := b.do("HEAD", "/uri-res/N2R?"+other.String()); resp.StatusCode != 404 {
		t.Errorf("another tiger root: %s", resp.Status)
	}
}

// TestManyParts: what does not fit in a header is told by and by, and that it is not all.
func TestManyParts(t *testing.T) {
	content := noise(200_000)
	var have []protocol.Range
	for i := uint64(0); i < 200_000; i += 1000 {
		have = append(have, protocol.Range{First: i, End: i + 500})
	}
	p := partOf(t, content, have...)
	_, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	b := browse(t, addr)
	ask := func(lines ...string) []protocol.Range {
		resp, _ := b.do("HEAD", p.uri(), lines...)
		if got := resp.Header.Get("X-Available"); got != "bytes 100000" && len(lines) == 0 {
			t.Fatalf("X-Available: %q", got)
		}
		text := resp.Header.Get("X-Available-Ranges")
		told, err := protocol.ParseRanges(text)
		if err != nil || len(text) > maxRangesText && len(lines) == 0 {
			t.Fatalf("%d bytes of ranges, %v", len(text), err)
		}
		return told
	}
	var all []protocol.Range
	for range 200 {
		all = protocol.MergeRanges(append(all, ask()...))
	}
	if !slices.Equal(all, have) {
		t.Errorf("learned of %d ranges of %d", len(all), len(have))
	}
	if n := len(ask("X-Features: srvt/0.1, fwalt/0.1")); n != len(have) {
		t.Errorf("one of ours is told of %d", n)
	}
}

// TestPartWhileBusy: a 503 that told nothing would say that the whole file is here.
func TestPartWhileBusy(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		p := partOf(t, noise(10_000), protocol.Range{End: 1000})
		h.server.cfg.Partial = loading(&p)
		h.guest("10.0.0.1").want(200, h.paths[0])
		resp := h.guest("10.0.0.2").want(503, p.uri(), "Range: bytes=0-", "X-Queue: 1.1")
		if resp.Header.Get("X-Available-Ranges") != "bytes 0-999" || resp.Header.Get("X-Queued") == "" {
			t.Errorf("%v", resp.Header)
		}
		h.guest("10.0.0.2").want(416, p.uri(), "Range: bytes=1000-") // needs no slot
	})
}

// TestPartBecomesWhole: a .part file that has its final name by now is still served.
func TestPartBecomesWhole(t *testing.T) {
	content := noise(10_000)
	p := partOf(t, content, protocol.Range{End: 1000})
	files := newFolder(t)
	var answers []Partial // of the lookups, one after the other
	s, addr := startServer(t, ServerConfig{Files: files, Partial: func(protocol.SHA1) (Partial, bool) {
		a := answers[0]
		answers = answers[1:]
		return a, a.Path != ""
	}})
	gone := p
	gone.Path += ".gone"
	b := browse(t, addr)
	for name, tt := range map[string]struct {
		answers []Partial
		code    int
	}{
		"moved":         {[]Partial{gone, p}, 206},
		"gone":          {[]Partial{gone, {}}, 404},
		"gone for good": {[]Partial{gone, gone}, 404},
		"unknown":       {[]Partial{{}}, 404},
	} {
		answers = tt.answers
		resp, body := b.do("GET", p.uri(), "Range: bytes=10-99")
		if resp.StatusCode != tt.code || tt.code == 206 && !bytes.Equal(body, content[10:100]) || len(answers) > 0 {
			t.Errorf("%s: %s, %d lookups left", name, resp.Status, len(answers))
		}
	}
	s.cfg.Partial = func(protocol.SHA1) (Partial, bool) {
		files.add(t, "film.avi", content) // between the two lookups
		return gone, true
	}
	if resp, body := b.do("GET", p.uri(), "Range: bytes=10-99"); resp.StatusCode != 206 || !bytes.Equal(body, content[10:100]) {
		t.Errorf("in the library: %s", resp.Status)
	}
	if resp, body := b.do("GET", p.uri()); resp.StatusCode != 200 || !bytes.Equal(body, content) || resp.Header.Get("X-Available-Ranges") != "" {
		t.Errorf("whole: %s, %v", resp.Status, resp.Header)
	}
}

// TestPartIsNearlyWhole: nothing is missing, only the library does not know yet.
func TestPartIsNearlyWhole(t *testing.T) {
	content := noise(10_000)
	p := partOf(t, content, protocol.Range{End: 10_000})
	_, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	resp, body := browse(t, addr).do("GET", p.uri())
	if resp.StatusCode != 200 || !bytes.Equal(body, content) || resp.Header.Get("X-Available-Ranges") != "" {
		t.Errorf("%s, %v", resp.Status, resp.Header)
	}
}

// TestTreeOfPart: a tree goes out where it is known.
func TestTreeOfPart(t *testing.T) {
	content := noise(10_000)
	p := partOf(t, content, protocol.Range{End: 1000})
	s, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	b := browse(t, addr)
	uri := strings.Replace(p.uri(), "N2R", "N2X", 1)
	if resp, _ := b.do("HEAD", p.uri()); resp.Header.Get("X-Thex-URI") != "" {
		t.Errorf("a tree is told of: %v", resp.Header)
	}
	if resp, _ := b.do("GET", uri); resp.StatusCode != 404 {
		t.Errorf("a tree that is not known: %s", resp.Status)
	}
	var leaves []tiger.Digest
	for i := 0; i < len(content); i += tiger.LeafSize {
		leaves = append(leaves, tiger.Sum(append([]byte{0}, content[i:min(i+tiger.LeafSize, len(content))]...)))
	}
	p.Tree = tiger.Expand(leaves)
	if resp, _ := b.do("HEAD", p.uri()); !strings.EqualFold(resp.Header.Get("X-Thex-URI"), uri+";"+p.File.URN.Tiger.String()) {
		t.Errorf("the tree: %v", resp.Header)
	}
	resp, body := b.do("GET", uri)
	x, err := protocol.ParseTHEX(body, 10_000, p.File.URN.Tiger)
	if err != nil || resp.StatusCode != 200 || len(x.Levels) != len(p.Tree) {
		t.Errorf("%s, %v", resp.Status, err)
	}
	if st := s.Stats(); st.Trees != 1 || st.Missing != 1 {
		t.Errorf("%+v", st)
	}
}

// TestLimeWireLoadsAPart asks as LimeWire does: 128 KiB after 128 KiB over one connection.
func TestLimeWireLoadsAPart(t *testing.T) {
	content := noise(500_000)
	p := partOf(t, content, protocol.Range{End: 300_000}, protocol.Range{First: 400_000, End: 500_000})
	ended := make(chan Upload, 9)
	_, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p), OnUpload: func(u Upload) { ended <- u }})
	b := browse(t, addr)
	const step = 128 << 10
	var got []byte
	for i := 0; ; i += step {
		resp, body := b.do("GET", p.uri(), fmt.Sprintf("Range: bytes=%d-%d", i, i+step-1),
			"X-Queue: 0.1", "X-Features: browse/1.0,queue/0.1,fwalt/0.1", "X-Gnutella-Content-URN: "+p.File.URN.SHA1URN())
		if resp.StatusCode == 416 || len(got) > len(content) {
			break
		}
		u := <-ended
		if !u.Whole || u.Offset != uint64(i) || u.Bytes != uint64(len(body)) || u.File.Name() != "film.avi" {
			t.Errorf("%+v", u)
		}
		got = append(got, body...)
		if len(body) < step {
			break // the rest is asked for by what is available
		}
	}
	if !bytes.Equal(got, content[:300_000]) {
		t.Errorf("%d bytes came", len(got))
	}
	if resp, body := b.do("GET", p.uri(), "Range: bytes=300000-431071"); resp.Header.Get("Content-Range") != "bytes 400000-431071/500000" || !bytes.Equal(body, content[400_000:431_072]) {
		t.Errorf("behind the hole: %v", resp.Header)
	}
}

// sendfiler is a response that says whether it could send a file by the kernel.
type sendfiler struct {
	*httptest.ResponseRecorder
	files int
}

func (s *sendfiler) ReadFrom(r io.Reader) (int64, error) {
	if l, ok := r.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			s.files++
		}
	}
	return io.Copy(s.Body, r)
}

func TestPartBySendfile(t *testing.T) {
	content := noise(500_000)
	p := partOf(t, content, protocol.Range{End: 300_000})
	s := NewServer(ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	r := httptest.NewRequest("GET", p.uri(), nil)
	r.Header.Set("Range", "bytes=0-")
	w := &sendfiler{ResponseRecorder: httptest.NewRecorder()}
	s.Handler().ServeHTTP(w, r)
	if w.files != 3 || !bytes.Equal(w.Body.Bytes(), content[:300_000]) {
		t.Errorf("%d steps, %d bytes", w.files, w.Body.Len())
	}
}

// TestPartIsCutOff: a .part file that is shorter than it should be ends the connection.
func TestPartIsCutOff(t *testing.T) {
	content := noise(10_000)
	p := partOf(t, content, protocol.Range{End: 5000})
	if err := os.Truncate(p.Path, 4000); err != nil {
		t.Fatal(err)
	}
	s, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	b := browse(t, addr)
	resp := b.send("GET", p.uri(), "Range: bytes=0-")
	if body, err := io.ReadAll(resp.Body); err == nil || len(body) != 4000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	for limit := time.Now().Add(patience); s.Stats().Failed == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("is not counted")
		}
	}
}

func FuzzAskedRanges(f *testing.F) {
	f.Add("bytes=0-99,200-", uint64(1000))
	f.Add("bytes=-5, 7-7", uint64(1))
	f.Fuzz(func(t *testing.T, s string, size uint64) {
		size %= 1 << 63
		r := &http.Request{Header: http.Header{"Range": {s}}}
		for _, a := range askedRanges(r, size) {
			if a.First >= a.End || a.End > size || a.open && a.End != size {
				t.Errorf("%q of %d: %+v", s, size, a)
			}
		}
	})
}
