package study

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMemoryOfPoints: no point takes more memory than it says before it starts; those of
// compare, whose networks are the largest, not less than a quarter either.
func TestMemoryOfPoints(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, tt := range []struct {
		flags string // of a study
		only  string // points whose names begin so; empty: all
		least float64
	}{
		{"compare --searches 10 --peers 10000", "", 0.25},
		{"compare --searches 10 --peers 10000 --degree 98 --models flat,rings,walks,biased", "", 0.25},
		{"compare --searches 10 --peers 10000 --links 1000 --leaves 9 --models super,tables,dynamic", "", 0.25},
		{"compare --searches 10 --peers 10000 --links 100 --leaves 1 --models super,tables,dynamic", "", 0.25},
		{"compare --searches 10 --peers 10000 --models chord,super", "Chord, by words, 10000 peers, ", 0.1},
		{"compare --searches 10 --peers 10000 --models chord,super", "supernodes, 10000 peers, ", 0.25},
		{"latency --sources 10", "20 to 200 ms, to the end", 0.25},
		{"lv2002 --scale 1 --floods 10 --searches 20 --instances 1", "", 0},
		{"cohen2002 --searches 500 --walks 100 --degree 20 --peers 30000", "Zipf 0.0", 0.25},
		{"gia2003 --peers 500 --work 0.2 --replication 0.01", "GIA, adapted", 0},
		{"yang2003 --peers 5000 --instances 1 --sources 100", "clusters", 0},
		{"dht --lookups 500 --peers-max 65536 --ring 200 --files 500", "", 0},
		{"swarm --peers 200 --size 200", "access", 0},
		{"election --nodes 100 --runs 1 --hours 1", "", 0.25},
		{"nodes --nodes 100 --runs 1 --minutes 10", "", 0.25},
		{"validate --nodes 1000 --queries 5", "real nodes", 0},
	} {
		s := flagged(t, tt.flags)
		points, err := s.Points()
		if err != nil {
			t.Fatal(err)
		}
		ran := 0
		for _, p := range points {
			again := tt.only == "" && strings.Contains(p.Name, "peers, ") // the same with another TTL or sessions
			if !strings.HasPrefix(p.Name, tt.only) || again || strings.HasPrefix(p.Name, "bare graphs") {
				continue // the last take seconds
			}
			ran++
			got := peakHeap(func() {
				if _, err := p.Run(t.Context(), func(float64) {}); err != nil {
					t.Errorf("%s: %s: %v", tt.flags, p.Name, err)
				}
			})
			const noise = 1 << 20
			if got > p.Memory+noise || float64(got+noise) < tt.least*float64(p.Memory) {
				t.Errorf("%s: %s takes %.1f MB, and says %.1f", tt.flags, p.Name, float64(got)/1e6, float64(p.Memory)/1e6)
			}
		}
		if ran == 0 {
			t.Errorf("%s: no point is %q", tt.flags, tt.only)
		}
	}
}

// flagged makes a study of a command line.
func flagged(t *testing.T, line string) Study {
	t.Helper()
	words := strings.Fields(line)
	info, err := Find(words[0])
	if err != nil {
		t.Fatal(err)
	}
	s := info.New()
	for i := 1; i < len(words); i += 2 {
		found := words[i] == "--memory" // that the command has for all studies
		for _, p := range s.Params() {
			if "--"+p.Name == words[i] {
				found = true
				if err := p.Set(words[i+1]); err != nil {
					t.Fatalf("%s: %s: %v", line, words[i], err)
				}
			}
		}
		if !found {
			t.Fatalf("%s: there is no %s", line, words[i])
		}
	}
	return s
}

// peakHeap returns how many bytes f keeps at most, and what it has just dropped.
func peakHeap(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	heap := func() int64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return int64(s[0].Value.Uint64())
	}
	ctx, stop := context.WithCancel(context.Background())
	before, peak := heap(), int64(0)
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			peak = max(peak, heap())
			time.Sleep(time.Millisecond)
		}
	})
	f()
	stop()
	wg.Wait()
	return peak - before
}
