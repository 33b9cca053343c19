package main

import (
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

// maxWidth is wider than any line: these fit the screen before they are drawn.
const maxWidth = 4096

func (a *app) lines() *live {
	if a.live == nil {
		return &live{}
	}
	l := &live{a: a, p: mpb.New(mpb.WithOutput(frames{a.live}), mpb.WithAutoRefresh(), mpb.WithWidth(maxWidth))}
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
	l.texts = append(l.texts, l.add(func() string { return fitStart(f(), l.width()) }))
}

// bar adds a bar of bytes beside which stands what f returns.
func (l *live) bar(f func() barText) *bar {
	b := &bar{text: f}
	if l.p != nil {
		b.b = l.add(func() string { return b.line(l.width(), time.Now()) })
	}
	return b
}

// add adds a line that shows what f returns, which is no wider than width.
func (l *live) add(f func() string) *mpb.Bar {
	return l.p.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.BarFillerTrim(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return f() })))
}

// width is how many columns a line may have: one less than the terminal, some
// of which begin a new line after the last.
func (l *live) width() int {
	width, _ := screenOf(l.a.live).size()
	return max(width-1, 1)
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

// frames draws on a terminal from the first column on. The cursor may be
// elsewhere: a terminal writes ^C when that key is pressed.
type frames struct{ w io.Writer }

func (f frames) Write(p []byte) (int, error) {
	n, err := f.w.Write(append([]byte{'\r'}, p...))
	return max(n-1, 0), err
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
