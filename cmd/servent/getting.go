package main

import (
	"context"
	"errors"
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
	last  time.Time // of a JSON line

	mu    sync.Mutex
	state servent.GetProgress
}

func (d *download) run(ctx context.Context, n node) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.bar = d.lines.bar(d.text)
	defer d.bar.close()
	got, err := n.Get(ctx, d.file.req, d.progress)
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
	d.mu.Lock()
	d.state = p
	d.mu.Unlock()
	d.bar.set(p.Done, p.Total)
	if !d.a.json || time.Since(d.last) < progressEvery {
		return
	}
	d.last = time.Now()
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

// text stands before the bar.
func (d *download) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := d.state.Name
	if name == "" {
		name = d.file.label
	}
	state := ""
	if d.state.Done == 0 && d.state.State != "" {
		state = "  " + search.Clean(d.state.State)
	}
	return fitStart(search.Clean(name), d.lines.room()-columns(state)) + state
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
		d.a.printf("%s is there already, %s, verified\n", got.Path, byteText(got.Bytes))
	default:
		d.a.printf("%s  %s in %s, verified\n", got.Path, byteText(got.Bytes), timeText(time.Duration(got.MS)*time.Millisecond))
	}
}

func (d *download) tellError(err error) {
	if d.a.json {
		d.a.printJSON(map[string]string{"event": "error", "error": err.Error(), "sha1": d.sha1()})
		return
	}
	hint := ""
	if errors.Is(err, servent.ErrNoSource) {
		hint = " (`servent search` shows who has what)"
	}
	fmt.Fprintf(d.a.err, "servent: get %s: %v%s\n", search.Clean(d.file.label), err, hint)
}
