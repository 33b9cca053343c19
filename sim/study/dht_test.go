package study

import (
	"math"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/report"
)

func smallDHT(seed int) Study {
	return &dhtStudy{largest: 1024, peers: 500, lookups: 2000, ring: 100, files: 200, shape: 0.615, seed: seed}
}

func TestDHT(t *testing.T) {
	checkStudy(t, func(seed int) Study {
		return &dhtStudy{largest: 256, peers: 200, lookups: 200, ring: 50, files: 100, shape: 0.615, seed: seed}
	})
}

func TestDHTMeetsItsTargets(t *testing.T) {
	page := whole(t, smallDHT(1))
	checkShape(t, page)
	held := 0
	for _, target := range targets(page) {
		switch {
		case target.Missing || target.Away:
		case !target.Unverified && !target.Met():
			t.Errorf("%s: %v, want %v", target.What, target.Ours, target.Paper)
		default:
			held++
		}
	}
	if held < 30 {
		t.Errorf("only %d targets were held", held)
	}
	for _, section := range page.Sections {
		for _, f := range section.Figures {
			checkFigure(t, f)
		}
	}
}

// checkFigure checks that all lines have values that can be drawn.
func checkFigure(t *testing.T, f report.Figure) {
	t.Helper()
	for _, line := range f.Series {
		if len(line.X) == 0 {
			t.Errorf("figure %s, %s is empty", f.Name, line.Name)
		}
		for i := range line.X {
			if math.IsNaN(line.Y[i]) || f.LogX && line.X[i] <= 0 || f.LogY && line.Y[i] <= 0 {
				t.Errorf("figure %s, %s: (%v, %v)", f.Name, line.Name, line.X[i], line.Y[i])
			}
		}
	}
}

func TestDHTSizes(t *testing.T) {
	s := &dhtStudy{shape: 0.615}
	for _, c := range []struct{ largest, sizes, last int }{{256, 1, 256}, {1023, 1, 256}, {1024, 2, 1024}, {1 << 20, 7, 1 << 20}} {
		s.largest = c.largest
		if got := s.sizes(); len(got) != c.sizes || got[len(got)-1] != c.last {
			t.Errorf("up to %d: %v", c.largest, got)
		}
	}
	if got := s.weibull(time.Hour).Mean().Hours(); math.Abs(got-1) > 1e-9 {
		t.Errorf("sessions of %v hours on average", got)
	}
}

func TestFit(t *testing.T) {
	s := &dhtStudy{largest: 1 << 14}
	all := &dhtResults{hops: make([]*dhtHops, len(s.sizes()))}
	if _, _, ok := s.fit(all); ok {
		t.Error("a line through no points")
	}
	for i := range all.hops { // 2, 5, 8, 11 hops at 8, 10, 12, 14 bits
		all.hops[i] = &dhtHops{Counts: []dhtCount{{}, {Found: 1, Hops: 2 + 3*i}}}
	}
	slope, straight, ok := s.fit(all)
	if !ok || math.Abs(slope-1.5) > 1e-9 || math.Abs(straight-1) > 1e-9 {
		t.Errorf("slope %v, r^2 %v, want 1.5 and 1", slope, straight)
	}
	all.hops[3] = nil
	all.hops[2].Counts[1].Hops = 2 // 2, 5, 2
	if slope, straight, _ = s.fit(all); math.Abs(slope) > 1e-9 || straight > 1e-9 {
		t.Errorf("slope %v, r^2 %v, want none", slope, straight)
	}
}

func TestLostRuns(t *testing.T) {
	for _, c := range []struct {
		f    float64
		r    int
		want float64
	}{{0, 3, 0}, {1, 3, 1}, {0.5, 1, 0.75}, {0.5, 16, 9. / 65536}} {
		if got := lostRuns(c.f, c.r); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v dead, runs of %d: %v, want %v", c.f, c.r, got, c.want)
		}
	}
}

func TestRound6(t *testing.T) {
	for v, want := range map[float64]float64{0: 0, 1.23456789: 1.23457, -1234567.8: -1234570, 0.000123456789: 0.000123457} {
		if got := round6(v); math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("round6(%v) = %v, want %v", v, got, want)
		}
	}
}
