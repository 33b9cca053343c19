package transfer

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestFileChangesWhileItIsSent: what somebody writes into a file while it goes out puts no
// wrong file in place, and another source makes it right.
func TestFileChangesWhileItIsSent(t *testing.T) {
	t.Parallel()
	content := noise(3 << 20)
	for name, others := range map[string]bool{"alone": false, "beside another source": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newFolder(t)
			file := files.add(t, "file.bin", content)
			server, changing := startServer(t, ServerConfig{Files: files, Rate: rate.NewLimiter(4<<20, 64<<10)})
			j := jobFor(t, content, changing)
			if others {
				_, good := honest(t, content)
				j.Sources = append(j.Sources, Source{Addr: good})
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			var writing sync.WaitGroup
			defer writing.Wait()
			defer cancel()
			writing.Go(func() {
				for server.Stats().Bytes < 1<<19 && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
				_ = os.WriteFile(filepath.Join(files.dir, file.Rel), bytes.Repeat([]byte{'x'}, len(content)), 0o644) // else the download succeeds
			})
			r, err := NewClient(quick()).Get(ctx, j, nil)
			if others {
				if got, _ := os.ReadFile(r.Path); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				return
			}
			if _, there := os.Stat(filepath.Join(j.Dir, "file.bin")); err == nil || there == nil {
				t.Errorf("a file whose content had changed: %v, %v", err, there)
			}
		})
	}
}

// TestLiarAmongParts: where nobody has the whole file, and nothing tells which part is
// wrong, a download ends after maxRejects times.
func TestLiarAmongParts(t *testing.T) {
	content := noise(2 * tiger.MinPart)
	wrong := lie(content, len(content)-1)
	half := func(sent []byte, first int) script {
		return func(conn net.Conn, r *http.Request) bool {
			at, end := rangeOf(r, len(content))
			at, end = max(at, first), min(end, first+tiger.MinPart)
			ranges := fmt.Sprintf("X-Available-Ranges: bytes %d-%d\r\n", first, first+tiger.MinPart-1)
			if r.Method == http.MethodHead {
				return keepsAlive(okHead(len(content), ranges[:len(ranges)-2]), "")(conn, r)
			}
			if at >= end || r.Header.Get("Range") == "" {
				return keepsAlive("HTTP/1.1 416 No\r\nContent-Length: 0\r\n"+ranges+"\r\n", "")(conn, r)
			}
			head := fmt.Sprintf("HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n%s\r\n", at, end-1, len(content), end-at, ranges)
			return keepsAlive(head, string(sent[at:end]))(conn, r)
		}
	}
	j := jobFor(t, content, rogue(t, half(content, 0)), rogue(t, half(wrong, tiger.MinPart)))
	j.URN.HasTiger = false
	c := NewClient(quick())
	mustFail(t, c, j, ErrNotVerified)
	if lies := c.Stats().Lies; lies != maxRejects {
		t.Errorf("%d times, want %d", lies, maxRejects)
	}
}
