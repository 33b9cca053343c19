package servent_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestHostileNames: whatever a peer calls a file, it lands in the output folder
// under one harmless name.
func TestHostileNames(t *testing.T) {
	_, content, urn := shareFile(t, "x", 1000)
	for _, name := range []string{
		"../../etc/passwd", "/etc/passwd", `..\..\x`, "..", ".", "", "a\x01\x1b[31mb", strings.Repeat("n", 300) + ".mp3",
		"CON", "\xff\xfe", "before\x00after",
	} {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			s := start(t, servent.Config{})
			f := dialForeign(t, s.Addr())
			f.connect(false)
			outer := t.TempDir()
			out := filepath.Join(outer, "out")
			if err := os.Mkdir(out, 0o700); err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go serveAll(l, content)
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				q := f.want(kindQuery)
				port := uint16(l.Addr().(*net.TCPAddr).Port)
				f.send(frame{q.id, kindHit, 2, 0, foreignAnswer(name, uint32(len(content)), urn, port, false)})
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			got, err := s.Get(ctx, servent.GetRequest{Magnet: urn, Dir: out}, func(servent.GetProgress) {})
			<-answered
			if strings.Contains(name, "\x00") {
				// The NUL ends the name, and what follows takes the URN's place.
				if err == nil {
					t.Errorf("got %+v of a record without a hash", got)
				}
				return
			}
			if err != nil || !got.Verified {
				t.Fatalf("%+v, %v", got, err)
			}
			checkLanding(t, outer, out, got.Path)
		})
	}
}

// checkLanding says whether path is a plain file in out, and nothing else is in outer.
func checkLanding(t *testing.T, outer, out, path string) {
	t.Helper()
	base := filepath.Base(path)
	if filepath.Dir(path) != out || len(base) > 255 || strings.ContainsAny(base, "\x00\x01\x1b/\\") || base == "CON" {
		t.Errorf("landed at %q", path)
	}
	for dir, want := range map[string]int{outer: 1, out: 1} {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
			t.Errorf("%s holds %v, %v", dir, entries, err)
		}
	}
}

func serveAll(l net.Listener, content []byte) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(content))
		_, _ = c.Write(content) // whoever hangs up has seen enough
		c.Close()
	}
}

// TestGGEPBomb: an extension that inflates to a gigabyte costs nothing, and the
// node goes on.
func TestGGEPBomb(t *testing.T) {
	dir, _, _ := shareFile(t, "papaya.txt", 100)
	bomb, small := ggep("H", 0x20, deflateZeros(t, 30<<20)), ggep("H", 0x20, deflateZeros(t, 400<<10))
	s := start(t, servent.Config{}, dir)
	f := dialForeign(t, s.Addr())
	f.connect(false)
	before := allocated()
	f.send(frame{muid("bomb"), kindQuery, 3, 0, append([]byte("\x80\x00papaya\x00"), bomb[:200]...)})
	f.send(frame{muid("bomb2"), kindPing, 3, 0, bomb})
	f.send(frame{muid("bomb3"), kindQuery, 3, 0, append([]byte("\x80\x00papaya\x00"), small...)})
	f.send(query("after", "papaya"))
	for f.want(kindHit).id != muid("after") {
	}
	if grown := allocated() - before; grown > 16<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

// TestRecordBomb: extensions of a hit's record that inflate to a hundred
// megabytes cost nothing, and the search that they answer goes on.
func TestRecordBomb(t *testing.T) {
	_, _, urn := shareFile(t, "x", 10)
	s := start(t, servent.Config{})
	f := dialForeign(t, s.Addr())
	f.connect(false)
	zeros := cobs(deflateZeros(t, 30<<20))
	var answers [][]byte
	for _, id := range []string{"H", "PATH", "LF", "u"} {
		bomb := ggep(id, 0x60, zeros) // COBS and deflate
		if len(bomb) > 60<<10 || bytes.IndexByte(bomb, 0) >= 0 {
			t.Fatalf("%d bytes are no extension of a record", len(bomb))
		}
		answers = append(answers, foreignAnswer("walrus "+id+".ogg", 77, string(bomb), 1, false))
	}
	answers = append(answers, foreignAnswer("walrus.ogg", 77, urn, 1, false))
	ctx, cancel := context.WithTimeout(t.Context(), foreignWait)
	defer cancel()
	rows := make(chan []servent.Found, 1)
	go func() {
		var all []servent.Found
		_ = s.Search(ctx, servent.SearchRequest{Query: "walrus", Limit: len(answers)}, func(r servent.Found) { all = append(all, r) })
		rows <- all
	}()
	q := f.want(kindQuery)
	before := allocated()
	for _, a := range answers {
		f.send(frame{q.id, kindHit, 2, 0, a})
	}
	all := <-rows
	if grown := allocated() - before; grown > 8<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
	if len(all) != len(answers) || "urn:sha1:"+all[len(all)-1].SHA1 != urn {
		t.Fatalf("%d rows of %d: %+v", len(all), len(answers), all)
	}
	for _, r := range all[:len(all)-1] {
		if r.Size != 77 || r.SHA1 != "" || r.Path != "" {
			t.Errorf("a bomb was taken for news: %+v", r)
		}
	}
}

// cobs makes data free of NULs by hand: each run up to a NUL is led by its
// length and one more, a run of 254 without NUL by 255.
func cobs(data []byte) []byte {
	var out []byte
	for run := range bytes.SplitSeq(data, []byte{0}) {
		for ; len(run) >= 254; run = run[254:] {
			out = append(append(out, 255), run[:254]...)
		}
		out = append(append(out, byte(len(run)+1)), run...)
	}
	return out
}

// TestLinkBomb: a compressed link that unfolds into a thousand times its size is
// closed soon, and memory stays flat.
func TestLinkBomb(t *testing.T) {
	bomb := deflateZeros(t, 64<<20)
	s := start(t, servent.Config{})
	f := dialForeign(t, s.Addr())
	f.connect(true)
	before := allocated()
	if _, err := f.conn.Write(bomb); err == nil {
		f.drain()
	}
	if grown := allocated() - before; grown > 32<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
	if closed := s.Status().Closed["408"]; closed != 1 {
		t.Errorf("closed with 408: %d times", closed)
	}
}

// drain reads until the node closes.
func (f *foreign) drain() {
	for {
		if _, err := f.next(); err != nil {
			return
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// ggep makes a GGEP block of one item by hand.
func ggep(id string, flags byte, data []byte) []byte {
	b := append([]byte{0xc3, 0x80 | flags | byte(len(id))}, id...)
	n := len(data)
	b = append(b, 0x80|byte(n>>12&63), 0x80|byte(n>>6&63), 0x40|byte(n&63))
	return append(b, data...)
}

// deflateZeros is a zlib stream of that many zeros.
func deflateZeros(t *testing.T, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	chunk := make([]byte, 1<<20)
	for left := size; left > 0; left -= len(chunk) {
		if _, err := z.Write(chunk[:min(left, len(chunk))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
