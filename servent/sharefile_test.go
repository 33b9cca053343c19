package servent_test

import (
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
