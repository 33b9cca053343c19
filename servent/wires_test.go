package servent

import (
	"io"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

func TestWires(t *testing.T) {
	s := wires{byID: map[overlay.LinkID]*wire{}}
	up := map[overlay.LinkID]*wire{}
	add := func(id overlay.LinkID) {
		up[id] = &wire{id: id}
		s.add(up[id])
	}
	check := func(ids ...overlay.LinkID) {
		t.Helper()
		for _, id := range ids {
			if got := s.find(id); got != up[id] {
				t.Errorf("link %d has wire %p, want %p", id, got, up[id])
			}
		}
		if len(s.order) != len(up) || len(s.byID) != len(up) {
			t.Errorf("%d and %d wires, want %d", len(s.order), len(s.byID), len(up))
		}
	}
	for _, id := range []overlay.LinkID{3, 1, 4, 5, 9} {
		add(id)
	}
	check(3, 1, 4, 5, 9, 3, 4, 9, 9, 1, 2, 5)
	for _, id := range []overlay.LinkID{4, 9, 3} { // in the middle, the last, the first
		s.remove(up[id])
		delete(up, id)
		check(3, 1, 4, 5, 9, 1, 5)
	}
	add(12)
	check(1, 5, 12, 1, 12, 3)
}

// TestWiresForget: what a deflater remembers goes once its link has been quiet for
// long enough, and not while it writes.
func TestWiresForget(t *testing.T) {
	now := time.Unix(1e9, 0)
	for _, c := range []struct {
		quiet  time.Duration
		busy   bool
		forgot time.Duration // since forget last looked
		keeps  bool
	}{
		{quietAfter, false, quietAfter, false},
		{quietAfter - 1, false, quietAfter, true},
		{quietAfter, true, quietAfter, true},
		{quietAfter, false, quietAfter - 1, true},
	} {
		d := &deflater{w: io.Discard}
		if _, err := d.Write([]byte("blue danube")); err != nil {
			t.Fatal(err)
		}
		s := wires{order: []*wire{{out: io.Discard}, {out: d, busy: c.busy, wrote: now.Add(-c.quiet)}}, forgot: now.Add(-c.forgot)}
		s.forget(now)
		if keeps := d.window != nil; keeps != c.keeps {
			t.Errorf("%+v: keeps %v", c, keeps)
		}
	}
}
