package main

import (
	"fmt"
	"sync"
	"time"
)

// studyProgress is the line that shows how far a study is. Those who have no
// terminal are told at times.
type studyProgress struct {
	name  string
	lines *live
	begun time.Time
	stop  func() // telling

	mu    sync.Mutex
	done  float64 // of 1
	point string
	speed speed
}

// studyTold is how often those are told who have no terminal.
const studyTold = time.Minute

// progressSteps is what counts as all of a study.
const progressSteps = 1_000_000

func (a *app) studyProgress(name string) *studyProgress {
	p := &studyProgress{name: name, lines: a.lines(), begun: time.Now()}
	p.lines.text(func() string { return p.line(p.lines.width(), time.Now()) })
	p.stop = a.noteEvery(studyTold, studyTold, func() string { return p.text(time.Now()) })
	return p
}

func (p *studyProgress) set(done float64, point string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.point = done, point
	p.speed.add(time.Now(), uint64(done*progressSteps))
}

func (p *studyProgress) close() {
	p.stop()
	p.lines.close()
}

// text is the line without a bar.
func (p *studyProgress) text(now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf("%s: %.0f %% done", p.name, 100*p.done)
	if left := p.left(now); left != "" {
		text += ", " + left
	}
	return text
}

// line is a bar, the time left, and what is being done, in at most width columns.
func (p *studyProgress) line(width int, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf("%s  %3.0f %%", p.name, 100*p.done)
	if n := min(width-columns(text)-60, 30); n >= minBar {
		text = p.name + gap + drawBar(n, uint64(p.done*progressSteps), progressSteps) + gap + fmt.Sprintf("%3.0f %%", 100*p.done)
	}
	return fitStart(text+gap+pad(p.left(now), len("59 min 59 s left"), false)+gap+p.point, width)
}

// left says how long the rest will take: at the speed of late, or, where that has
// stood still, at that of all until now.
func (p *studyProgress) left(now time.Time) string {
	rate := p.speed.rate(now) / progressSteps
	if took := now.Sub(p.begun).Seconds(); rate == 0 && took > 1 {
		rate = p.done / took
	}
	if rate <= 0 || p.done >= 1 {
		return ""
	}
	return leftText(time.Duration((1 - p.done) / rate * float64(time.Second)))
}
