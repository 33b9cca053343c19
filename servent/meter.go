package servent

import "time"

// rateWindow is over which time the rate of a download is measured.
const rateWindow = 5 * time.Second

// meter measures how fast something grows. The zero value knows nothing.
type meter struct{ samples []mark }

// mark is how much there was at a time.
type mark struct {
	at   time.Time
	done uint64
}

// add notes how much there is. Less than before is a new start.
func (m *meter) add(now time.Time, done uint64) {
	n := len(m.samples)
	switch {
	case n > 0 && done < m.samples[n-1].done:
		m.samples = m.samples[:0]
	case n > 1 && now.Sub(m.samples[n-2].at) < rateWindow/50:
		m.samples[n-1] = mark{now, done}
		return
	}
	m.samples = append(m.samples, mark{now, done})
}

// rate is in bytes a second; 0: not known yet, or nothing comes.
func (m *meter) rate(now time.Time) uint64 {
	for len(m.samples) > 2 && now.Sub(m.samples[1].at) >= rateWindow {
		m.samples = m.samples[1:]
	}
	if len(m.samples) < 2 {
		return 0
	}
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	took := now.Sub(first.at)
	if took < time.Second || now.Sub(last.at) >= rateWindow {
		return 0
	}
	return uint64(float64(last.done-first.done) / took.Seconds())
}
