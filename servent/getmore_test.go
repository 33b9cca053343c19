package servent_test

import (
	"context"
	"os"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// source is a servent that shares a folder and delivers so many bytes a second.
func source(t *testing.T, to *servent.Servent, dir string, rate int64) (s *servent.Servent, stop func()) {
	t.Helper()
	s, err := servent.New(servent.Config{
		Listen: "127.0.0.1:0", ConnectOnly: true, Role: servent.RoleFlat, Connect: []string{to.Addr().String()}, UploadRate: rate,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	if err := s.Share(ctx, dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a link", func() bool { return len(s.Peers()) > 0 })
	return s, stop
}

// TestFindsAnotherSource: a download whose only source dies goes on, with what it has,
// from one that came later.
func TestFindsAnotherSource(t *testing.T) {
	t.Parallel()
	dir, content, urn := shareFile(t, "x", 3_000_000)
	s := start(t, servent.Config{})
	first, stop := source(t, s, dir, 500_000)
	req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{{Addr: first.Addr().String()}}}
	died := false
	got, err := s.Get(t.Context(), req, func(p servent.GetProgress) {
		if p.Done > uint64(len(content)/3) && !died {
			died = true
			source(t, s, dir, 0)
			stop()
		}
	})
	if err != nil || !died || !got.Verified {
		t.Fatalf("%+v, %v", got, err)
	}
	if have, err := os.ReadFile(got.Path); err != nil || string(have) != string(content) {
		t.Errorf("%d bytes, %v", len(have), err)
	}
	const lost = 2 * 256 << 10 // what was on its way
	if got.Fetched > uint64(len(content)+lost) {
		t.Errorf("%d bytes fetched of %d: it began anew", got.Fetched, len(content))
	}
}

// TestFindsMoreSources: another one who comes while the file loads is found by its
// hash, and delivers too.
func TestFindsMoreSources(t *testing.T) {
	t.Parallel()
	dir, content, urn := shareFile(t, "x", 8_000_000)
	s := start(t, servent.Config{})
	first, _ := source(t, s, dir, 200_000) // alone it would take 40 s
	req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{{Addr: first.Addr().String()}}}
	var second *servent.Servent
	most := 0
	got, err := s.Get(t.Context(), req, func(p servent.GetProgress) {
		if most = max(most, p.Sources); p.Done > 0 && second == nil {
			second, _ = source(t, s, dir, 2_000_000)
		}
	})
	if err != nil || !got.Verified || got.Sources != 2 || most != 2 {
		t.Fatalf("%+v, %v; %d sources were known", got, err, most)
	}
	for i, from := range []*servent.Servent{first, second} {
		if up := from.Status().Transfer.Uploaded; up == 0 || up > uint64(len(content)) {
			t.Errorf("source %d has sent %d bytes of %d", i, up, len(content))
		}
	}
}
