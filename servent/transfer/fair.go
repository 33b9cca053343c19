package transfer

import (
	"slices"
	"time"
)

// sharersFirst is how many who share go before one who does not, where both wait.
const sharersFirst = 3

// arrange puts the places in order: those who share before those who do not, but no more than
// sharersFirst of them at a time, and in each group as they came. It returns where place at is
// then.
func (q *uploadQueue) arrange(at int) int {
	if len(q.places) == 0 {
		return 0
	}
	moved := q.places[at].upload
	var groups [2][]place // who shares, who does not
	for _, p := range q.places {
		g := 1
		if p.shares {
			g = 0
		}
		groups[g] = append(groups[g], p)
	}
	ahead := q.ahead
	for i := range q.places {
		g := 0
		if len(groups[0]) == 0 || len(groups[1]) > 0 && ahead >= sharersFirst {
			g = 1
		}
		if ahead++; g == 1 {
			ahead = 0
		}
		q.places[i] = groups[g][0]
		groups[g] = groups[g][1:]
	}
	return slices.IndexFunc(q.places, func(p place) bool { return p.of(moved) })
}

// leave takes place at away, which has had its turn.
func (q *uploadQueue) leave(at int) {
	shares := q.places[at].shares
	q.places = slices.Delete(q.places, at, at+1)
	switch {
	case !shares:
		q.ahead = 0
	case slices.ContainsFunc(q.places, func(p place) bool { return !p.shares }):
		q.ahead = min(q.ahead+1, sharersFirst)
	}
}

// maxETA is the longest that anybody is told to have to wait, and measured how long an upload must
// have run for its speed to be one.
const (
	maxETA   = 24 * time.Hour
	measured = time.Second
)

// eta guesses when there is a slot for place at: when as many uploads have ended as are before
// it, if all that run and wait fetch their whole files, as fast as those that run do now.
func (q *uploadQueue) eta(now time.Time, at int) time.Duration {
	var sent, seconds float64
	for _, s := range q.taken {
		if ran := now.Sub(s.begun); ran >= measured {
			sent += float64(s.lane.sent.Load())
			seconds += ran.Seconds()
		}
	}
	if sent == 0 {
		return q.wait(at + 1) // nothing is known
	}
	speed := sent / seconds // of one slot
	free := make([]float64, max(q.slots, len(q.taken)))
	for i, s := range q.taken {
		free[i] = max(0, float64(s.size)-float64(s.lane.sent.Load())) / speed
	}
	for _, p := range q.places[:at] {
		i := slices.Index(free, slices.Min(free))
		free[i] += float64(p.size) / speed
	}
	wait := time.Duration(min(slices.Min(free), maxETA.Seconds()) * float64(time.Second))
	return max(wait, 0).Truncate(time.Second) + time.Second
}
