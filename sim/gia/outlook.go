package gia

import "math"

// outlook ends a run that is certain to fail, but for chance.
type outlook struct {
	from  int64 // when nothing more is counted
	stop  int64
	at    int64 // when it looks next
	last  int64 // when it did, and
	found int64 // what had been found by then; below 0: it did not yet
}

func newOutlook(from, stop int64) outlook {
	return outlook{from: from, stop: stop, at: from + (stop-from)/16, found: -1}
}

// hopeless says whether fewer than need will have been found by the end even if
// as many are found in the same time from now on as since the last look. Fewer will be:
// what is asked later is not counted, and those that take long are left. It looks
// after a sixteenth of the time, an eighth, and so on, since a network that is
// just not overloaded answers the first of the counted late, and then all at an
// even pace.
func (o *outlook) hopeless(now, found int64, need float64) bool {
	if now < o.at {
		return false
	}
	first, fresh, since := o.found < 0, float64(found-o.found), float64(now-o.last)
	o.last, o.found, o.at = now, found, now+(now-o.from)
	return !first && float64(found)+float64((fresh+float64(2*math.Sqrt(fresh+1)))*(float64(o.stop-now)/since)) < need
}
