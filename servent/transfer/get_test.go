package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// honest starts a server that shares content as file.bin.
func honest(t testing.TB, content []byte) (*Server, netip.AddrPort) {
	t.Helper()
	files := newFolder(t)
	files.add(t, "file.bin", content)
	return startServer(t, ServerConfig{Files: files})
}

// ranges is a script that serves content and honours "bytes=N-M", and tells at
// which byte each request began.
func ranges(content []byte, began chan<- int) script {
	return func(conn net.Conn, r *http.Request) bool {
		at, end := rangeOf(r, len(content))
		began <- at
		head := partHead(at, end, len(content))
		if r.Header.Get("Range") == "" {
			head = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(content))
		}
		return keepsAlive(head, string(content[at:end]))(conn, r)
	}
}

// rangeOf reads which bytes are asked for of size.
func rangeOf(r *http.Request, size int) (at, end int) {
	end = size
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &at, &end); n == 2 {
		end = min(end+1, size)
	}
	return at, end
}

func okHead(length int, lines ...string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n", length, strings.Join(append(lines, ""), "\r\n"))
}

// partHead is the header of an answer with the bytes from at to end of size.
func partHead(at, end, size int, lines ...string) string {
	return fmt.Sprintf("HTTP/1.1 206 Partial\r\n%sContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n",
		strings.Join(lines, ""), at, end-1, size, end-at)
}

func TestGet(t *testing.T) {
	for _, size := range []int{0, 1, 1024, tiger.MinPart - 1, tiger.MinPart, tiger.MinPart + 1, 20*tiger.MinPart + 4711} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			content := noise(size)
			_, addr := honest(t, content)
			var dates []string
			c := NewClient(ClientConfig{Date: func(from net.Addr, date string) { dates = append(dates, from.String()+" "+date) }})
			j := jobFor(t, content, addr)
			r := mustGet(t, c, j, content)
			want := Result{Path: filepath.Join(j.Dir, "file.bin"), URN: urnOf(content), SHA1: urnOf(content).SHA1, Bytes: uint64(size), Fetched: uint64(size), Elapsed: r.Elapsed, Verified: true}
			if want.Sources = min(size, 1); !reflect.DeepEqual(r, want) {
				t.Errorf("result %+v, want %+v", r, want)
			}
			if len(dates) == 0 || !strings.HasPrefix(dates[0], addr.String()+" ") || !strings.HasSuffix(dates[0], " GMT") {
				t.Errorf("dates %q", dates)
			}
			if st := c.Stats(); st != (ClientStats{Done: 1, Bytes: uint64(size)}) {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

func TestGetKnowingLittle(t *testing.T) {
	content := noise(300_000)
	_, addr := honest(t, content)
	tests := []struct {
		name     string
		forget   func(*Job)
		verified bool
	}{
		{"no size", func(j *Job) { j.Size = 0 }, true},
		{"no tiger root", func(j *Job) { j.URN.HasTiger = false }, true},
		{"no sha1, so by index and name", func(j *Job) { j.URN.HasSHA1 = false }, true},
		{"no hash at all", func(j *Job) { j.URN.HasSHA1, j.URN.HasTiger = false, false }, false},
		{"no name of its own", func(j *Job) { j.Name = "" }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := jobFor(t, content, addr)
			tt.forget(&j)
			r := mustGet(t, NewClient(ClientConfig{}), j, content)
			if r.Verified != tt.verified || r.URN != urnOf(content) || filepath.Base(r.Path) != "file.bin" {
				t.Errorf("result %+v", r)
			}
		})
	}
}

func TestGetTooSlow(t *testing.T) {
	t.Parallel()
	content := noise(100_000)
	bad := rogue(t, func(conn net.Conn, r *http.Request) bool {
		says(okHead(len(content)))(conn, r)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for err := error(nil); err == nil; <-tick.C {
			_, err = conn.Write(content[:1])
		}
		return false
	})
	cfg := quick()
	cfg.MinSpeed, cfg.SpeedWindow = 100_000, 100*time.Millisecond
	err := failure(t, NewClient(cfg), jobFor(t, content, bad), ErrUnavailable)
	if !errors.Is(err, errTooSlow) {
		t.Error(err)
	}
}

// TestGetGoesOn sees that what a source sent that broke off is not asked of another. Only the
// last block may be asked of both at once.
func TestGetGoesOn(t *testing.T) {
	content := noise(700_000)
	broken := rogue(t, func(conn net.Conn, r *http.Request) bool {
		at, end := rangeOf(r, len(content))
		head := partHead(at, end, len(content))
		return says(head, string(content[at:(at+end)/2]))(conn, r)
	})
	good := rogue(t, ranges(content, make(chan int, 32)))
	r := mustGet(t, NewClient(quick()), jobFor(t, content, broken, good), content)
	if r.Fetched > uint64(len(content)+tiger.MinPart) {
		t.Errorf("fetched %d bytes of %d", r.Fetched, len(content))
	}
}

// TestGetReconnects sees that a single source that breaks off is asked again
// for the rest.
func TestGetReconnects(t *testing.T) {
	content := noise(300_000)
	began := make(chan int, 8)
	var asked atomic.Int32
	good := ranges(content, began)
	flaky := rogue(t, func(conn net.Conn, r *http.Request) bool {
		if asked.Add(1) == 1 {
			return says(okHead(len(content)), string(content[:100_000]))(conn, r)
		}
		return good(conn, r)
	})
	mustGet(t, NewClient(quick()), jobFor(t, content, flaky), content)
	if at := <-began; at != 100_000 {
		t.Errorf("asked again from byte %d", at)
	}
}

func TestGetAttemptsBounded(t *testing.T) {
	content := noise(300_000)
	var asked atomic.Int32
	flaky := rogue(t, func(conn net.Conn, r *http.Request) bool {
		asked.Add(1)
		at, end := rangeOf(r, len(content))
		return says(fmt.Sprintf("HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/300000\r\n\r\nx", at, end-1))(conn, r)
	})
	cfg := quick()
	cfg.Attempts = 4
	mustFail(t, NewClient(cfg), jobFor(t, content, flaky), errShort)
	if asked.Load() != 4 {
		t.Errorf("asked %d times, want 4", asked.Load())
	}
}

func TestGetFromSourceWithoutRanges(t *testing.T) {
	content := noise(300_000)
	broken := rogue(t, says(okHead(len(content)), string(content[:200_000])))
	plain := rogue(t, says(okHead(len(content)), string(content)))
	mustGet(t, NewClient(quick()), jobFor(t, content, broken, plain), content)
}

// TestGetPieces gets a file from a source that gives at most 1000 bytes for a
// request, over one connection.
func TestGetPieces(t *testing.T) {
	content := noise(10_500)
	var conns sync.Map
	pieces := rogue(t, func(conn net.Conn, r *http.Request) bool {
		conns.Store(conn, true)
		at := 0
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at) //nolint:errcheck // absent: 0
		end := min(at+1000, len(content))
		says(fmt.Sprintf("HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n", at, end-1, len(content), end-at), string(content[at:end]))(conn, r)
		return true
	})
	j := jobFor(t, content, pieces)
	j.Size = 0
	mustGet(t, NewClient(quick()), j, content)
	used := 0
	conns.Range(func(any, any) bool { used++; return true })
	if used != 1 {
		t.Errorf("%d connections", used)
	}
}

// TestGetPiecesClosing gets a file from a source that closes after each piece.
func TestGetPiecesClosing(t *testing.T) {
	content := noise(10*enoughGain + 1)
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		at := 0
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at) //nolint:errcheck // absent: 0
		end := min(at+enoughGain, len(content))
		return says(fmt.Sprintf("HTTP/1.1 206 P\r\nConnection: close\r\nContent-Range: bytes %d-%d/%d\r\n\r\n", at, end-1, len(content)), string(content[at:end]))(conn, r)
	})
	mustGet(t, NewClient(quick()), jobFor(t, content, addr), content)
}

// TestGetPicksTheLiar mixes a liar's first half with an honest second half: it
// must not cost the honest source its place.
func TestGetPicksTheLiar(t *testing.T) {
	content := noise(600_000)
	wrong := bytes.Repeat([]byte("x"), len(content)/2)
	liar := rogue(t, says(okHead(len(content)), string(wrong)))
	good := rogue(t, ranges(content, make(chan int, 100)))
	c := NewClient(quick())
	r := mustGet(t, c, jobFor(t, content, liar, good), content)
	for _, l := range r.Liars { // none where no whole block of it came
		if l.Addr != liar {
			t.Errorf("liars %v", r.Liars)
		}
	}
	mustFail(t, c, jobFor(t, content, liar, liar), ErrUnavailable)
}

// TestGetLiedSize has a source that tells a wrong size before an honest one.
func TestGetLiedSize(t *testing.T) {
	content := noise(50_000)
	_, good := honest(t, content)
	for name, lie := range map[string]script{
		"smaller":           says(okHead(100), "some of it"),
		"larger":            says(okHead(70_000), "some of it"),
		"larger and whole":  says(okHead(70_000), strings.Repeat("x", 70_000)),
		"nothing but a lie": says(okHead(70_000)),
		"empty":             says(okHead(0)),
	} {
		t.Run(name, func(t *testing.T) {
			j := jobFor(t, content, rogue(t, lie), good)
			j.Size = 0
			mustGet(t, NewClient(quick()), j, content)
		})
	}
	t.Run("empty alone", func(t *testing.T) {
		j := jobFor(t, content, rogue(t, says(okHead(0))))
		j.Size = 0
		mustFail(t, NewClient(quick()), j, ErrNotVerified)
	})
	t.Run("no size told", func(t *testing.T) {
		j := jobFor(t, content, rogue(t, says("HTTP/1.1 200 OK\r\n\r\n", string(content))))
		j.Size = 0
		mustFail(t, NewClient(quick()), j, errNoSize)
	})
}

func TestGetBySize(t *testing.T) {
	content := noise(1000)
	_, addr := honest(t, content)
	for _, tt := range []struct {
		limit uint64
		known bool
		fails bool
	}{{1000, true, false}, {999, true, true}, {1000, false, false}, {999, false, true}} {
		t.Run(fmt.Sprintf("limit %d, size known %v", tt.limit, tt.known), func(t *testing.T) {
			c := NewClient(ClientConfig{MaxFileSize: tt.limit})
			j := jobFor(t, content, addr)
			if !tt.known {
				j.Size = 0
			}
			if tt.fails {
				mustFail(t, c, j, errTooBig)
				return
			}
			mustGet(t, c, j, content)
		})
	}
}

func TestGetFallsBackToIndex(t *testing.T) {
	content := noise(5000)
	for name, refusal := range map[string]string{
		"404 and on":      "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope",
		"400 and on":      "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n",
		"404 and closing": "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n",
		"404 too long":    "HTTP/1.1 404 Not Found\r\nContent-Length: 1000000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
				if r.URL.Path != "/get/7/a b?.bin" {
					says(refusal)(conn, r)
					return strings.HasSuffix(name, "on")
				}
				return says(okHead(len(content)), string(content))(conn, r)
			})
			j := jobFor(t, content, addr)
			j.Sources[0].Index, j.Sources[0].Name = 7, "a b?.bin"
			mustGet(t, NewClient(quick()), j, content)
			j.Dir, j.Sources[0].Name = t.TempDir(), ""
			mustFail(t, NewClient(quick()), j, errNotFound)
		})
	}
}

func TestGetWaitsForBusySource(t *testing.T) {
	content := noise(5000)
	for _, tt := range []struct {
		busy  int32
		fails bool
	}{{3, false}, {4, true}} { // Retries is 3: at it, and one past
		t.Run(fmt.Sprint(tt.busy), func(t *testing.T) {
			var asked atomic.Int32
			addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
				if asked.Add(1) <= tt.busy {
					return says("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")(conn, r)
				}
				return says(okHead(len(content)), string(content))(conn, r)
			})
			cfg := quick()
			cfg.Retries = 3
			if tt.fails {
				mustFail(t, NewClient(cfg), jobFor(t, content, addr), errBusy)
				return
			}
			mustGet(t, NewClient(cfg), jobFor(t, content, addr), content)
		})
	}
}

func TestGetRespectsRetryAfter(t *testing.T) {
	t.Parallel()
	content := noise(5000)
	var asked atomic.Int32
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		if asked.Add(1) == 1 {
			return says("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n")(conn, r)
		}
		return says(okHead(len(content)), string(content))(conn, r)
	})
	begin := time.Now()
	mustGet(t, NewClient(quick()), jobFor(t, content, addr), content)
	if d := time.Since(begin); d < 900*time.Millisecond {
		t.Errorf("asked again after %v", d)
	}
}

func TestGetWithoutSources(t *testing.T) {
	mustFail(t, NewClient(quick()), jobFor(t, []byte("x")), ErrNoSource)
}

func TestGetDeadHosts(t *testing.T) {
	l := listen(t)
	dead := addrOf(l)
	l.Close()
	j := jobFor(t, []byte("x"), dead, netip.AddrPort{}, netip.MustParseAddrPort("0.0.0.0:1"), netip.MustParseAddrPort("127.0.0.1:0"))
	err := failure(t, NewClient(quick()), j, ErrUnavailable)
	if !strings.Contains(err.Error(), "and 1 more") || !strings.Contains(err.Error(), "search again") {
		t.Errorf("error: %v", err)
	}
}

func TestGetCancelled(t *testing.T) {
	content := noise(100_000)
	for name, do := range map[string]script{
		"before the answer": hangs(),
		"in the body":       hangs(okHead(len(content)), string(content[:50_000])),
		"while it is busy":  says("HTTP/1.1 503 Busy\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			addr := rogue(t, do)
			j := jobFor(t, content, addr)
			c := NewClient(ClientConfig{})
			time.AfterFunc(50*time.Millisecond, cancel)
			if _, err := c.Get(ctx, j, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("Get: %v", err)
			}
			wantFiles(t, j.Dir)
			if st := c.Stats(); st.Active != 0 || st.Failed != 0 {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

func TestGetRate(t *testing.T) {
	t.Parallel()
	const burst, perSecond = 32 << 10, 256 << 10
	content := noise(160 << 10)
	_, addr := honest(t, content)
	begin := time.Now()
	mustGet(t, NewClient(ClientConfig{Rate: rate.NewLimiter(perSecond, burst)}), jobFor(t, content, addr), content)
	if got, least := time.Since(begin), time.Duration(len(content)-burst)*time.Second/perSecond; got < least*9/10 {
		t.Errorf("took %v, at that rate it takes %v", got, least)
	}
}

func TestGetProgress(t *testing.T) {
	content := noise(2 << 20)
	_, addr := honest(t, content)
	var got []Progress
	if _, err := NewClient(ClientConfig{}).Get(t.Context(), jobFor(t, content, addr), func(p Progress) { got = append(got, p) }); err != nil {
		t.Fatal(err)
	}
	first, last := got[0], got[len(got)-1]
	if first.State != StateConnecting || first.Source.Addr != addr || first.Done != 0 || first.Total != 2<<20 {
		t.Errorf("first: %+v", first)
	}
	if last.State != StateVerifying || last.Done != 2<<20 {
		t.Errorf("last: %+v", last)
	}
	for i := 1; i < len(got); i++ {
		if got[i].Done < got[i-1].Done {
			t.Errorf("goes back: %+v after %+v", got[i], got[i-1])
		}
	}
}

// TestGetMemory sees that a download costs the same however large the file.
func TestGetMemory(t *testing.T) {
	content := make([]byte, 48<<20)
	files := newFolder(t)
	files.add(t, "file.bin", content)
	_, addr := startServer(t, ServerConfig{Files: files})
	j := jobFor(t, content, addr)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := NewClient(ClientConfig{}).Get(t.Context(), j, nil); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("allocated %d KiB for both sides", used>>10)
	}
}

func TestGetSideBySide(t *testing.T) {
	content := noise(1 << 20)
	_, addr := honest(t, content)
	c := NewClient(ClientConfig{})
	j := jobFor(t, content, addr)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			r, err := c.Get(t.Context(), j, nil)
			if err != nil || filepath.Base(r.Path) != "file.bin" {
				t.Errorf("Get: %+v, %v", r, err)
			}
		})
	}
	all.Wait()
	wantFiles(t, j.Dir, "file.bin")
}

func TestGetHostileName(t *testing.T) {
	content := noise(100)
	_, addr := honest(t, content)
	j := jobFor(t, content, addr)
	j.Name = "../../../\x00evil\u202e/.ssh"
	r := mustGet(t, NewClient(quick()), j, content)
	if r.Path != filepath.Join(j.Dir, "ssh") {
		t.Errorf("lies at %q", r.Path)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(j.Dir), "ssh")); err == nil {
		t.Error("escaped")
	}
}
