package supernode

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestHorizon(t *testing.T) {
	for _, tt := range []struct {
		degree int
		ttl    uint8
		want   int
	}{{32, 0, 0}, {32, 1, 1}, {32, 2, 32}, {32, 3, 993}, {32, 4, 30784}, {32, 5, maxHorizon}, {1, 4, 4}, {0, 3, 3}, {6, 3, 31}} {
		if got := Horizon(tt.degree, tt.ttl); got != tt.want {
			t.Errorf("degree %d, TTL %d: %d, want %d", tt.degree, tt.ttl, got, tt.want)
		}
	}
}

func neighbours(n int, change func(i int, n *Neighbour)) []Neighbour {
	out := make([]Neighbour, n)
	for i := range out {
		out[i] = Neighbour{ID: uint32(i + 1), Degree: 32}
		if change != nil {
			change(i, &out[i])
		}
	}
	return out
}

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// TestHoldersFirst: those whose tables have the words are asked at once, and only
// for themselves and their leaves.
func TestHoldersFirst(t *testing.T) {
	q, rnd := NewQuerying(LeafTarget, false), random()
	all := neighbours(20, func(i int, n *Neighbour) { n.Holds = i%3 == 0 }) // seven
	ask, again := q.Next(0, rnd, all)
	if len(ask) != 7 || again != hopWait {
		t.Errorf("asks %v, again at %v", ask, again)
	}
	for _, a := range ask {
		if a.TTL != 1 || !all[a.ID-1].Holds {
			t.Errorf("asks %+v of %+v", a, all[a.ID-1])
		}
	}
	if ask, _ := NewQuerying(1, false).Next(0, rnd, neighbours(20, func(_ int, n *Neighbour) { n.Holds = true })); len(ask) != maxHolders {
		t.Errorf("%d are asked at once", len(ask))
	}
	ask, again = NewQuerying(1, false).Next(0, rnd, neighbours(20, func(i int, n *Neighbour) { n.Holds = i == 4 }))
	if len(ask) != probes || ask[0] != (Ask{5, 1}) || ask[1].TTL != probeTTL || again != probeTTL*hopWait {
		t.Errorf("asks %v, again at %v", ask, again)
	}
}

// TestStops: at the target, when nobody is left, and at the horizon.
func TestStops(t *testing.T) {
	for name, tt := range map[string]struct {
		neighbours  []Neighbour
		found       int // each time somebody is asked
		most, least int
	}{
		"frequent":     {neighbours(30, nil), LeafTarget, 1, 1},
		"nobody":       {nil, 0, 0, 0},
		"one":          {neighbours(1, nil), 0, 1, 1},
		"rare, few":    {neighbours(5, func(_ int, n *Neighbour) { n.Degree = 3 }), 0, 3, 3},
		"the horizon":  {neighbours(30, nil), 0, 12, 4},
		"huge degrees": {neighbours(30, func(_ int, n *Neighbour) { n.Degree = 1 << 30 }), 0, 6, 2},
	} {
		t.Run(name, func(t *testing.T) {
			q, rnd, now, times := NewQuerying(LeafTarget, false), random(), time.Duration(0), 0
			seen := map[uint32]bool{}
			for {
				ask, again := q.Next(now, rnd, tt.neighbours)
				if len(ask) > 0 {
					times++
				}
				for _, a := range ask {
					if seen[a.ID] || a.TTL == 0 || a.TTL > maxTTL {
						t.Fatalf("asks %+v", a)
					}
					seen[a.ID] = true
				}
				q.Found(tt.found)
				if again == 0 {
					break
				}
				if early, at := q.Next(again-1, rnd, tt.neighbours); len(early) > 0 || at != again && at != 0 {
					t.Fatalf("asks %v before its time", early)
				}
				now = again
			}
			if times > tt.most || times < tt.least {
				t.Errorf("asks %d times, want %d to %d", times, tt.least, tt.most)
			}
		})
	}
}

// TestAsksAgain: those that were asked for themselves alone are asked again and
// further, once, when nobody else is left.
func TestAsksAgain(t *testing.T) {
	q, rnd := NewQuerying(LeafTarget, false), random()
	all := neighbours(6, func(i int, n *Neighbour) {
		n.Holds, n.Again = i < 5, i != 1
		if i == 2 {
			n.MaxTTL = 1
		}
	})
	var ttls [7][]uint8
	for now := time.Duration(0); ; {
		ask, again := q.Next(now, rnd, all)
		for _, a := range ask {
			if len(ttls[a.ID]) > 0 && len(ttls[6]) == 0 {
				t.Errorf("asks %d again before all were asked", a.ID)
			}
			ttls[a.ID] = append(ttls[a.ID], a.TTL)
		}
		if q.Found(3); again == 0 {
			break
		}
		now = again
	}
	for id, got := range ttls[1:] {
		want := []int{2, 1, 1, 2, 2, 1}[id]
		if len(got) != want || want == 2 && (got[0] != 1 || got[1] < 2) {
			t.Errorf("neighbour %d is asked with TTLs %v, want %d of them", id+1, got, want)
		}
	}
}

// TestGoesNoFurtherThanItMust: the more hits a host has, the smaller the TTL.
func TestGoesNoFurtherThanItMust(t *testing.T) {
	last := uint8(maxTTL + 1)
	for _, hits := range []int{0, 5, 30, 49} {
		q, rnd := NewQuerying(LeafTarget, false), random()
		all := neighbours(20, nil)
		_, again := q.Next(0, rnd, all)
		q.Found(hits)
		ask, _ := q.Next(again, rnd, all)
		if len(ask) != 1 || ask[0].TTL > last {
			t.Fatalf("%d hits: asks %v, with fewer hits TTL %d", hits, ask, last)
		}
		last = ask[0].TTL
	}
	if last != 1 {
		t.Errorf("one hit is missing, and TTL is %d", last)
	}
}

// TestLimitsOfNeighbours: no TTL over what a neighbour takes.
func TestLimitsOfNeighbours(t *testing.T) {
	q, rnd, now := NewQuerying(LeafTarget, false), random(), time.Duration(0)
	all := neighbours(10, func(_ int, n *Neighbour) { n.MaxTTL = 1 })
	for {
		ask, again := q.Next(now, rnd, all)
		for _, a := range ask {
			if a.TTL != 1 {
				t.Errorf("asks %+v", a)
			}
		}
		if now = again; again == 0 {
			return
		}
	}
}

func TestByHash(t *testing.T) {
	q := NewQuerying(LeafTarget, true)
	q.Found(LeafTarget / hashShare)
	if ask, again := q.Next(0, random(), neighbours(3, nil)); len(ask) > 0 || again != 0 {
		t.Errorf("asks %v", ask)
	}
	if NewQuerying(1, true).target != 1 {
		t.Error("no hit is wanted")
	}
}

// TestWithin: who leads nowhere new is asked only where its table has the words.
func TestWithin(t *testing.T) {
	q, rnd := NewQuerying(LeafTarget, false), random()
	all := neighbours(6, func(i int, n *Neighbour) { n.Within, n.Holds = i < 5, i == 2 })
	ask, again := q.Next(0, rnd, all)
	if len(ask) != 2 || ask[0] != (Ask{3, 1}) || ask[1] != (Ask{6, probeTTL}) {
		t.Errorf("asks %v", ask)
	}
	if ask, again = q.Next(again, rnd, all); len(ask) > 0 || again != 0 {
		t.Errorf("asks %v after that", ask)
	}
}
