package servent_test

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestClockTold: both ends of a handshake hear what the other takes for the time, also
// where no link comes of it.
func TestClockTold(t *testing.T) {
	one := start(t, servent.Config{Role: servent.RoleLeaf})
	two := start(t, servent.Config{Role: servent.RoleLeaf, Connect: []string{one.Addr().String()}}) // which is refused
	for name, s := range map[string]*servent.Servent{"called": one, "calling": two} {
		for wait := time.Now().Add(20 * time.Second); s.Status().Clock.State != "right"; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(wait) {
				t.Fatalf("%s: %+v", name, s.Status().Clock)
			}
		}
	}
	if n := len(one.Peers()); n > 0 {
		t.Errorf("%d links", n)
	}
}
