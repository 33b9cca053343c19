package model

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

// tally is what all searchers count with.
type tally struct {
	w       *load.Workload
	targets load.Targets // of the search that runs
	load    []uint32
	hits    []arrival
	out     Outcome
	nobody  int64 // messages that were sent to who is no peer any more
}

// arrival is when files were heard of.
type arrival struct {
	at    time.Duration
	files int
}

func newTally(w *load.Workload) tally {
	return tally{w: w, load: make([]uint32, w.Peers())}
}

// Load returns how many messages each peer has sent and received.
func (t *tally) Load() []uint32 { return t.load }

// begin starts a search.
func (t *tally) begin(q *load.Query) {
	t.w.Find(q, &t.targets)
	t.hits = t.hits[:0]
	t.out = Outcome{First: -1, Tenth: -1, Hops: -1}
}

// query counts copies of the query.
func (t *tally) query(n int64) {
	t.out.Messages += n
	t.out.Bytes += n * queryBytes
}

// send counts one message between two peers, at both.
func (t *tally) send(from, to int32) {
	t.load[from]++
	t.load[to]++
}

// waste counts one message to who is no peer any more, at who sends it.
func (t *tally) waste(from int32) {
	t.load[from]++
	t.nobody++
	t.out.Lost++
}

// hit notes that the asker hears of files that a peer has, if it is there.
func (t *tally) hit(peer int32, files int, at time.Duration) {
	if t.w.Left(peer) {
		t.out.Stale += files
		return
	}
	t.out.Found += files
	t.hits = append(t.hits, arrival{at, files})
}

// tenth is how many hits a user wants to choose from.
const tenth = 10

// end finishes the search.
func (t *tally) end() Outcome {
	slices.SortFunc(t.hits, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	sum := 0
	for _, h := range t.hits {
		if sum == 0 {
			t.out.First = h.at
		}
		if sum += h.files; sum >= tenth {
			t.out.Tenth = h.at
			break
		}
	}
	return t.out
}
