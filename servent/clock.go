package servent

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Bounds of what is made of other clocks.
const (
	// maxWitnesses is how many are kept, one of each address; the eldest makes room.
	maxWitnesses = 16
	// minWitnesses must agree before this machine's clock can be found wrong: of two
	// that differ either may be.
	minWitnesses = 2
	// clockAgrees is how far apart readings of right clocks may be: a date has whole
	// seconds, and may be a handshake old.
	clockAgrees = 2 * (handshakeTimeout + time.Second)
	// ClockOff is how wrong a clock may be. It is what those allow who depend on clocks
	// (Kerberos, RFC 4120, 8.2), and ten times what reading one costs.
	ClockOff = 5 * time.Minute
	maxDate  = 64 // bytes of a date
)

// clock compares the machine's clock with the dates that others say: servents of our
// kind in handshakes, web caches and sources of downloads in HTTP. The zero value has
// heard nobody.
type clock struct {
	mu    sync.Mutex
	heard []witness
}

type witness struct {
	by  string
	off time.Duration // this machine's clock less theirs
}

// hear notes a date (RFC 9110, 5.6.7) that somebody said a moment ago. What is none is
// passed over.
func (c *clock) hear(now time.Time, by, date string) {
	if len(date) > maxDate {
		return
	}
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = slices.DeleteFunc(c.heard, func(w witness) bool { return w.by == by })
	if len(c.heard) >= maxWitnesses {
		c.heard = c.heard[1:]
	}
	c.heard = append(c.heard, witness{by, now.Round(0).Sub(at)})
}

// info tells how wrong the clock is: as the middle one of the witnesses says, and how
// many of them agree with it.
func (c *clock) info() ClockInfo {
	c.mu.Lock()
	offs := make([]time.Duration, 0, len(c.heard))
	for _, w := range c.heard {
		offs = append(offs, w.off)
	}
	c.mu.Unlock()
	if len(offs) == 0 {
		return ClockInfo{State: "unknown"}
	}
	slices.Sort(offs)
	middle := offs[(len(offs)-1)/2]
	agree := 0
	for _, off := range offs {
		if (off - middle).Abs() <= clockAgrees {
			agree++
		}
	}
	info := ClockInfo{State: "unknown", Off: int64(middle / time.Second), Witnesses: len(offs), Agree: agree}
	switch {
	case middle.Abs() <= ClockOff && 2*agree > len(offs):
		info.State = "right"
	case agree >= minWitnesses && 2*agree > len(offs):
		info.State = "wrong"
	}
	return info
}

// dateHeader is how servents of our kind tell each other the time.
const dateHeader = "Date"

// dateNow is the time as it stands in headers.
func dateNow() string { return time.Now().UTC().Format(http.TimeFormat) }
