package portmap

import "time"

// epoch follows the clock that a router starts when its table of mappings is empty,
// and so notices that it was emptied. The zero value has heard nothing yet.
type epoch struct {
	seconds uint32
	at      time.Time
	// lost counts how often the table was emptied.
	lost int
}

// slack is how much the clocks may differ by rounding and delay.
const slack = 2

// hear takes the router's clock from an answer. Both clocks may be wrong by a
// sixteenth (RFC 6887, 8.5); RFC 6886, 3.6 allows an eighth, and one direction only.
// What neither allows is taken for a restart: asking again for what is there does no
// harm.
func (e *epoch) hear(now time.Time, seconds uint32) {
	if !e.at.IsZero() {
		ours, theirs := int64(now.Sub(e.at)/time.Second), int64(seconds)-int64(e.seconds)
		if theirs < -1 || ours+slack < theirs-theirs/16 || theirs+slack < ours-ours/8 {
			e.lost++
		}
	}
	e.seconds, e.at = seconds, now
}
