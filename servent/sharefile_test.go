package servent_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestDownloadIsShared: where that was asked for, and of its folder nothing else.
func TestDownloadIsShared(t *testing.T) {
	for _, share := range []bool{true, false} {
		dir, content, urn := shareFile(t, "walrus.ogg", 5000)
		source := start(t, servent.Config{}, dir)
		s := start(t, servent.Config{})
		out := t.TempDir()
		if err := os.WriteFile(filepath.Join(out, "diary.txt"), content[1:], 0o600); err != nil {
			t.Fatal(err)
		}
		req := servent.GetRequest{
			Magnet: urn, Dir: out, Share: share,
			Sources: []servent.FoundSource{{Addr: source.Addr().String(), GUID: source.GUID().String()}},
		}
		if _, err := s.Get(t.Context(), req, func(servent.GetProgress) {}); err != nil {
			t.Fatal(err)
		}
		wait := 200 * time.Millisecond // for what must not be
		if share {
			wait = foreignWait
		}
		for end := time.Now().Add(wait); time.Now().Before(end) && (len(s.Shares()) == 0 || s.Shares()[0].Files == 0); {
			time.Sleep(5 * time.Millisecond)
		}
		shares := s.Shares()
		if share && (len(shares) != 1 || !shares[0].Single || shares[0].Files != 1) || !share && len(shares) != 0 {
			t.Errorf("asked for %v: %+v", share, shares)
		}
	}
}

// TestDownloadIsServedAtOnce: who loads a file from a download goes on when that has become
// whole, and is not told that there is nothing while it is hashed for sharing.
func TestDownloadIsServedAtOnce(t *testing.T) {
	for _, share := range []bool{true, false} {
		dir, content, urn := shareFile(t, "walrus.ogg", 40_000_000)
		source := start(t, servent.Config{}, dir)
		s := start(t, servent.Config{})
		req := servent.GetRequest{
			Magnet: urn, Dir: t.TempDir(), Share: share,
			Sources: []servent.FoundSource{{Addr: source.Addr().String(), GUID: source.GUID().String()}},
		}
		got, err := s.Get(t.Context(), req, func(servent.GetProgress) {})
		if err != nil {
			t.Fatal(err)
		}
		ask := func() (int, int64) {
			resp, err := http.Get("http://" + s.Addr().String() + "/uri-res/N2R?" + urn)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			n, _ := io.Copy(io.Discard, resp.Body)
			return resp.StatusCode, n
		}
		for i := range 20 { // before it is hashed, and after
			code, n := ask()
			if share && (code != http.StatusOK || n != int64(len(content))) || !share && code != http.StatusNotFound {
				t.Fatalf("shared %v, request %d: status %d, %d bytes", share, i, code, n)
			}
		}
		if !share {
			continue
		}
		if err := os.WriteFile(got.Path, content[1:], 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _ := ask(); code != http.StatusNotFound {
			t.Errorf("a file that was changed: status %d", code)
		}
	}
}
