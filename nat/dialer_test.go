package nat

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestDialer: dials that are refused at once come to an end by their number, those that
// are dropped by time, and no dial lasts longer than the whole.
func TestDialer(t *testing.T) {
	for _, tt := range []struct {
		name        string
		took        time.Duration // 0: as long as it may
		least, most int
	}{
		{"refused at once", time.Millisecond, MaxDials, MaxDials},
		{"refused from far", 40 * time.Millisecond, MaxDials, MaxDials},
		{"refused from very far", 600 * time.Millisecond, 5, 8},
		{"dropped", 0, 4, 5},
	} {
		d := NewDialer(begin, rand.New(rand.NewPCG(1, 1)))
		dials, now := 0, begin
		for limit, ok := d.Try(now); ok; limit, ok = d.Try(now) {
			dials++
			took := limit
			if tt.took > 0 {
				took = min(limit, tt.took)
			}
			if now = now.Add(took); now.Sub(begin) > PunchLimit {
				t.Errorf("%s: dials until %v", tt.name, now.Sub(begin))
			}
			now = now.Add(d.Pause(took))
		}
		if dials < tt.least || dials > tt.most {
			t.Errorf("%s: %d dials, want %d to %d", tt.name, dials, tt.least, tt.most)
		}
	}
}

// TestDialerFarAway: a round trip of a second leaves time for a dial.
func TestDialerFarAway(t *testing.T) {
	d := NewDialer(begin, rand.New(rand.NewPCG(1, 1)))
	if limit, ok := d.Try(begin.Add(time.Second)); !ok || limit < 1500*time.Millisecond {
		t.Errorf("%v, %v", limit, ok)
	}
	if _, ok := d.Try(begin.Add(PunchLimit)); ok {
		t.Error("dials when it is over")
	}
}
