package servent_test

import (
	"context"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// loads begins a download from a source, and ends it with the test.
func loads(t *testing.T, s *servent.Servent, urn string, from *servent.Servent) (begun func() bool, ended chan servent.Got) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended, done := make(chan servent.Got, 1), make(chan uint64, 1)
	done <- 0
	req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{{Addr: from.Addr().String()}}}
	go func() {
		got, _ := s.Get(ctx, req, func(p servent.GetProgress) {
			<-done
			done <- p.Done
		})
		ended <- got
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		for range ended {
		}
	})
	return func() bool {
		n := <-done
		done <- n
		return n > 512<<10
	}, ended
}

// TestHeadPings: whom a source names, another one that loads the same file, is asked over
// UDP, says that it has a part, and delivers.
func TestHeadPings(t *testing.T) {
	t.Parallel()
	dir, content, urn := shareFile(t, "x", 8_000_000)
	seed := start(t, servent.Config{UploadRate: 600_000}, dir)
	link := servent.Config{Connect: []string{seed.Addr().String()}}
	early, late := start(t, link), start(t, link)
	eventually(t, "links", func() bool { return len(early.Peers()) > 0 && len(late.Peers()) > 0 })
	begun, _ := loads(t, early, urn, seed)
	eventually(t, "the first blocks", begun)
	_, ended := loads(t, late, urn, seed)
	got := <-ended
	if !got.Verified || got.Bytes != uint64(len(content)) || got.Sources != 2 {
		t.Errorf("%+v", got)
	}
	if h := late.Status().Transfer.Heads; h.Out == 0 || h.Heard == 0 || h.Denied != 0 {
		t.Errorf("who came later: %+v", h)
	}
	st := early.Status().Transfer
	if st.Heads.In == 0 || st.Parts == 0 {
		t.Errorf("who came first: %+v", st)
	}
	if m := seed.Status().Transfer.Mesh; m.Sources == 0 {
		t.Errorf("the seed's mesh: %+v", m)
	}
}

// TestWhoServesUsShares: an upload goes to who serves us at that time as to one who shares.
func TestWhoServesUsShares(t *testing.T) {
	t.Parallel()
	dir, _, urn := shareFile(t, "x", 8_000_000)
	mine, _, other := shareFile(t, "y", 5000)
	one, two := start(t, servent.Config{UploadRate: 600_000}, dir), start(t, servent.Config{}, mine)
	req := servent.GetRequest{Magnet: other, Sources: []servent.FoundSource{{Addr: two.Addr().String()}}}
	for _, want := range []uint64{0, 1} {
		req.Dir = t.TempDir()
		if got, err := one.Get(t.Context(), req, func(servent.GetProgress) {}); err != nil || !got.Verified {
			t.Fatal(err)
		}
		if n := two.Status().Transfer.Sharers; n != want {
			t.Errorf("%d slots went to who shares, want %d", n, want)
		}
		if want == 0 {
			begun, _ := loads(t, two, urn, one)
			eventually(t, "the first blocks", begun)
		}
	}
}
