package study

import (
	"encoding/json"
	"testing"

	"github.com/seed282dab8e/servent/sim/report"
)

// TestAway: of a run with the publication's parameters every target counts, with
// other parameters none that was published; which ones that are, is told by how
// many are left.
func TestAway(t *testing.T) {
	tests := []struct {
		study, param, value string
		all, left           int // targets that count by default, and with the parameter
	}{
		{"lv2002", "scale", "0.5", 23, 4},
		{"lv2002", "searches", "10", 23, 8 + 5},
		{"gia2003", "replication", "0.002", 26, 0},
		{"gia2003", "work", "2", 26, 0},
		{"yang2003", "cluster", "20", 11, 0},
		{"yang2003", "sources", "50", 11, 0},
		{"cohen2002", "searches", "1000", 11, 0},
		{"dht", "lookups", "1000", 62, 5},
		{"swarm", "links", "12", 10, 4},
		{"swarm", "latency", "100", 10, 1},
		{"latency", "sources", "100", 2, 2},
	}
	for _, tt := range tests {
		info, err := Find(tt.study)
		if err != nil {
			t.Fatal(err)
		}
		if got := applied(t, info.New()); got != tt.all {
			t.Errorf("%s: %d targets count, want %d", tt.study, got, tt.all)
		}
		s, set := info.New(), false
		for _, p := range s.Params() {
			if p.Name == tt.param {
				if err := p.Set(tt.value); err != nil {
					t.Fatal(err)
				}
				set = true
			}
		}
		if got := applied(t, s); got != tt.left || !set {
			t.Errorf("%s --%s %s: %d targets count, want %d", tt.study, tt.param, tt.value, got, tt.left)
		}
	}
}

// applied counts the targets of a study, before anything was run, that do not say
// that they do not apply.
func applied(t *testing.T, s Study) int {
	t.Helper()
	points, err := s.Points()
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Report(make([]json.RawMessage, len(points)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, x := range targets(page) {
		if !x.Away {
			n++
		}
	}
	return n
}

func TestAwayFrom(t *testing.T) {
	list := []report.Target{{Away: true}, {}}
	if awayFrom(true, list); !list[0].Away || list[1].Away {
		t.Error("a publication's parameters change nothing")
	}
	if awayFrom(false, list); !list[1].Away {
		t.Error("another's do")
	}
}
