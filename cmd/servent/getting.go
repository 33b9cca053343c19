package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

const (
	getsAtOnce = 4
	// progressEvery is how often a JSON line tells how a download goes.
	progressEvery = 500 * time.Millisecond
	// repeatEvery is how often one comes at least.
	repeatEvery = time.Second
)

// getAll downloads files, several at once, and returns the gravest error.
func (a *app) getAll(ctx context.Context, n node, files []wanted) error {
	lines := a.lines()
	free := make(chan struct{}, getsAtOnce)
	errs := make([]error, len(files))
	var wg sync.WaitGroup
	for i, f := range files {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			d := download{a: a, file: f, lines: lines}
			errs[i] = d.run(ctx, n)
		})
	}
	wg.Wait()
	lines.close()
	if ctx.Err() != nil {
		return errInterrupted
	}
	return gravest(errs)
}

// gravest is the error whose exit code tells most: wrong content before other
// failures, these before what nobody has. The user has been told of each.
func gravest(errs []error) error {
	var worst error
	for _, code := range []int{exitNotVerified, exitFailed, exitNothing} {
		for _, err := range errs {
			if worst == nil && err != nil && exitCode(err) == code {
				worst = told(err)
			}
		}
	}
	return worst
}

// download is one of the files, on its way.
type download struct {
	a     *app
	file  wanted
	lines *live
	bar   *bar

	mu    sync.Mutex
	state servent.GetProgress
	last  time.Time // of a JSON line
}

func (d *download) run(ctx context.Context, n node) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.bar = d.lines.bar(d.text)
	defer d.bar.close()
	stop := d.repeat()
	got, err := n.Get(ctx, d.file.req, d.progress)
	stop()
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		d.tellError(err)
		return err
	}
	d.tellDone(&got)
	return nil
}

func (d *download) progress(p servent.GetProgress) {
	d.bar.set(p.Done, p.Total)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state = p
	if d.a.json && time.Since(d.last) >= progressEvery {
		d.printProgress()
	}
}

// repeat tells a script again how it goes, while there is no news; the function
// that it returns ends that.
func (d *download) repeat() (stop func()) {
	if !d.a.json {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(repeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				d.again()
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

func (d *download) again() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.last.IsZero() && time.Since(d.last) > progressEvery {
		d.printProgress()
	}
}

// printProgress is for scripts; d.mu is held.
func (d *download) printProgress() {
	d.last = time.Now()
	p := &d.state
	d.a.printJSON(struct {
		Event   string `json:"event"`
		SHA1    string `json:"sha1"`
		Name    string `json:"name"`
		Done    uint64 `json:"done"`
		Total   uint64 `json:"total"`
		Sources int    `json:"sources"`
		State   string `json:"state"`
	}{"progress", d.sha1(), p.Name, p.Done, p.Total, p.Sources, p.State})
}

// text stands beside the bar.
func (d *download) text() barText {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := barText{name: search.Clean(d.state.Name)}
	if text.name == "" {
		text.name = search.Clean(d.file.label)
	}
	if d.state.State != servent.StateLoading {
		text.state = search.Clean(d.state.State)
	}
	return text
}

// sha1 is the wanted content.
func (d *download) sha1() string {
	m, err := protocol.ParseMagnet(d.file.req.Magnet)
	if err != nil {
		m.URN, _ = protocol.ParseURN(d.file.req.Magnet) // checked before
	}
	return m.URN.SHA1.String()
}

// doneEvent says that a file is there.
type doneEvent struct {
	Event string `json:"event"`
	*servent.Got
}

func (d *download) tellDone(got *servent.Got) {
	switch {
	case d.a.json:
		d.a.printJSON(doneEvent{"done", got})
	case got.Existing:
		d.a.printf("%s%s is there already, %s, verified\n", d.row(), got.Path, byteText(got.Bytes))
	default:
		d.a.printf("%s%s  %s in %s, verified\n", d.row(), got.Path, byteText(got.Bytes), timeText(time.Duration(got.MS)*time.Millisecond))
	}
}

// row says which row of the search a file is, where there are several: they
// may have one name.
func (d *download) row() string {
	if d.file.row == 0 {
		return ""
	}
	return fmt.Sprintf("row %d → ", d.file.row)
}

func (d *download) tellError(err error) {
	if d.a.json {
		d.a.printJSON(map[string]string{"event": "error", "error": err.Error(), "sha1": d.sha1()})
		return
	}
	fmt.Fprintf(d.a.err, "servent: get %s: %v\n", search.Clean(d.file.label), err)
}
