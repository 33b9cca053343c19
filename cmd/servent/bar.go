package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
)

// bar shows how many bytes of something are done; the zero value shows nothing.
type bar struct {
	b    *mpb.Bar
	text func() barText

	mu          sync.Mutex
	done, total uint64
	speed       speed
}

// barText is what stands on the line of a bar beside it.
type barText struct {
	name  string
	state string // stands in the place of the bar; empty while it moves
	flow  *flow  // of a download, nil for other things
}

// flow is how a download comes in, as the servent tells.
type flow struct {
	rate            uint64 // bytes a second; 0: not known
	left            int64  // ms; 0: not known
	active, sources int    // those that deliver, of those that are known
	copies          float64
}

const (
	minName = 12 // columns
	minBar  = 8
	maxBar  = 60
)

func (b *bar) set(done, total uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done, b.total = done, total
	b.speed.add(time.Now(), done)
}

func (b *bar) close() {
	if b.b != nil {
		b.b.Abort(true)
	}
}

// line is the bar with its text in at most width columns. Where these are few,
// what tells least goes: the bar, the rate, the time left, the sizes.
func (b *bar) line(width int, now time.Time) string {
	text := b.text()
	b.mu.Lock()
	defer b.mu.Unlock()
	if text.state != "" {
		state := text.state
		if b.done > 0 {
			state += ", " + b.size()
		}
		name := max(minName, min(width-len(gap)-columns(state), columns(text.name)))
		return fitStart(pad(fitMiddle(text.name, name), name, false)+gap+state, width)
	}
	if b.total == 0 {
		return fitMiddle(text.name, width)
	}
	cells := b.cells(now, text.flow)
	for len(cells) > 1 && width-minName-cellsWidth(cells) < roomFor(len(cells)) {
		if last := len(cells) - 1; last == basicCells && columns(cells[last]) > len(fromMost) {
			cells[last] = pad(fromText(text.flow.active), len(fromMost), false)
			continue
		}
		cells = cells[:len(cells)-1]
	}
	name := min(max(width*2/5, minName), max(width-cellsWidth(cells)-len(gap)-minBar, minName))
	room := width - name - cellsWidth(cells)
	if room < 0 { // not even the sizes
		return fitMiddle(text.name, width)
	}
	line := pad(fitMiddle(text.name, name), name, false)
	if n := min(room-len(gap), maxBar); n >= minBar {
		line += gap + drawBar(n, b.done, b.total)
	}
	for _, c := range cells {
		line += gap + c
	}
	return strings.TrimRight(line, " ")
}

// basicCells are those that count more than the bar: size, time left, rate.
const basicCells = 3

// roomFor is what room the bar must have beside so many cells.
func roomFor(cells int) int {
	if cells > basicCells {
		return len(gap) + minBar
	}
	return 0
}

// cells are the columns behind the bar, what tells most first. Their width
// does not depend on how far the bar is.
func (b *bar) cells(now time.Time, f *flow) []string {
	rate := b.speed.rate(now)
	left := time.Duration(0)
	if f != nil {
		rate, left = float64(f.rate), time.Duration(f.left)*time.Millisecond
	} else if rate > 0 {
		left = time.Duration(float64(b.total-min(b.done, b.total)) / rate * float64(time.Second))
	}
	leftCell, rateCell := "", ""
	if rate > 0 {
		rateCell = byteText(uint64(rate)) + "/s"
		if f == nil || f.left > 0 {
			leftCell = leftText(left)
		}
	}
	cells := []string{pad(b.size(), len("999 MB of 999 MB"), false), pad(leftCell, len("59 min 59 s left"), false), pad(rateCell, len("999 MB/s"), false)}
	if f != nil {
		cells = append(cells, pad(sourcesText(f.active, f.sources), len("99 of 99 sources"), false), pad(copiesCell(f.copies), len("99.9 copies"), false))
	}
	return cells
}

// sourcesText tells how many sources deliver.
func sourcesText(active, known int) string {
	if known == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s", active, countText(known, "source"))
}

// fromMost is as long as fromText gets, but for more than 99 sources.
const fromMost = "from 99"

// fromText is sourcesText where there are few columns: how many sources deliver.
func fromText(active int) string {
	if active == 0 {
		return ""
	}
	return fmt.Sprintf("from %d", active)
}

func copiesCell(copies float64) string {
	if copies <= 0 {
		return ""
	}
	return copiesText(copies) + " copies"
}

func (b *bar) size() string {
	if b.total == 0 {
		return byteText(b.done)
	}
	return byteText(b.done) + " of " + byteText(b.total)
}

func cellsWidth(cells []string) int {
	n := 0
	for _, c := range cells {
		n += len(gap) + columns(c)
	}
	return n
}

func drawBar(width int, done, total uint64) string {
	full := int(float64(width) * float64(min(done, total)) / float64(total))
	return strings.Repeat("━", full) + strings.Repeat("─", width-full)
}

// leftText says when the rest will be done.
func leftText(d time.Duration) string {
	if d < time.Second {
		return "under 1 s left"
	}
	if d < time.Minute {
		return fmt.Sprintf("%.0f s left", d.Seconds())
	}
	return timeText(d.Round(time.Second)) + " left"
}

// speedWindow is over which time a speed is averaged.
const speedWindow = 10 * time.Second

// speed is how fast something grew of late. The zero value knows nothing.
type speed struct{ samples []sample }

type sample struct {
	at   time.Time
	done uint64
}

// add notes how much is done. Less than before is a new start.
func (s *speed) add(now time.Time, done uint64) {
	if n := len(s.samples); n > 0 && done < s.samples[n-1].done {
		s.samples = s.samples[:0]
	}
	if n := len(s.samples); n > 1 && now.Sub(s.samples[n-2].at) < speedWindow/50 {
		s.samples[n-1] = sample{now, done}
		return
	}
	s.samples = append(s.samples, sample{now, done})
	for len(s.samples) > 2 && now.Sub(s.samples[1].at) >= speedWindow {
		s.samples = s.samples[1:]
	}
}

// rate is in bytes a second; 0: not known yet, or nothing comes.
func (s *speed) rate(now time.Time) float64 {
	n := len(s.samples)
	if n < 2 {
		return 0
	}
	first := s.samples[0]
	took := now.Sub(first.at)
	if took < time.Second {
		return 0
	}
	return float64(s.samples[n-1].done-first.done) / took.Seconds()
}
