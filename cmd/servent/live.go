package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// live is the last lines of the terminal, which are drawn again and again
// while a command runs: bars, or a line that tells how it goes. What is
// printed or logged meanwhile appears above. Without a terminal it does nothing.
type live struct {
	a     *app
	p     *mpb.Progress // nil: no terminal
	texts []*mpb.Bar
}

func (a *app) lines() *live {
	if a.live == nil {
		return &live{}
	}
	l := &live{a: a, p: mpb.New(mpb.WithOutput(a.live))}
	a.err.divert(l.p)
	if a.screen.on {
		a.out.divert(l.p)
	}
	return l
}

// text adds a line that shows what f returns.
func (l *live) text(f func() string) {
	if l.p == nil {
		return
	}
	l.texts = append(l.texts, l.p.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return f() }))))
}

// bar adds a bar of bytes before which stands what f returns.
func (l *live) bar(f func() string) *bar {
	if l.p == nil {
		return &bar{}
	}
	start := time.Now()
	b := l.p.New(0, mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─"), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return f() }, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			return doneText(s.Current, s.Total, time.Since(start))
		}, decor.WCSyncSpace)))
	return &bar{b}
}

// doneText says how much of total is done, and when the rest will be.
func doneText(done, total int64, elapsed time.Duration) string {
	if total <= 0 {
		return ""
	}
	text := byteText(uint64(done)) + " of " + byteText(uint64(total))
	if done <= 0 || elapsed < time.Second {
		return text
	}
	left := time.Duration(float64(elapsed) * float64(total-done) / float64(done))
	if left < time.Minute {
		return fmt.Sprintf("%s, %.0f s left", text, left.Seconds())
	}
	return text + ", " + timeText(left) + " left"
}

// room is how many columns there are for what stands before a bar.
func (l *live) room() int {
	width, _ := screenOf(l.a.live).size()
	return max(width*2/5, 10)
}

// close takes the lines away. Bars have been closed before.
func (l *live) close() {
	if l.p == nil {
		return
	}
	l.a.err.divert(nil)
	l.a.out.divert(nil)
	for _, t := range l.texts {
		t.Abort(true)
	}
	l.p.Wait()
}

// bar is one bar; the zero value shows nothing.
type bar struct{ b *mpb.Bar }

func (b *bar) set(done, total uint64) {
	if b.b == nil || total == 0 {
		return
	}
	b.b.SetTotal(int64(total), false)
	b.b.SetCurrent(int64(min(done, total)))
}

func (b *bar) close() {
	if b.b != nil {
		b.b.Abort(true)
	}
}

// output is stdout or stderr. It remembers the first error, so that a full disk
// does not look like success, and may be used by several goroutines.
type output struct {
	mu      sync.Mutex
	w       io.Writer
	instead io.Writer // what writes above live lines, while there are some
	err     error
}

func (o *output) divert(to io.Writer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.instead = to
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.w
	if o.instead != nil {
		w = o.instead
	}
	n, err := w.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

// failed is the first error.
func (o *output) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
