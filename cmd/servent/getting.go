package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

const (
	getsAtOnce = 4
	// progressEvery is how often a JSON line tells how a download goes; the first bytes
	// are told of at once.
	progressEvery = 500 * time.Millisecond
	// repeatEvery is how often one comes at least.
	repeatEvery = time.Second
)

// getAll downloads files, several at once, runs the hook for each that is done, and
// returns the gravest error.
func (a *app) getAll(ctx context.Context, n node, files []wanted, hook *hook) error {
	lines := a.lines()
	all := newTotal(files)
	if len(files) > 1 {
		all.bar = lines.bar(all.barText)
	}
	if len(files) > getsAtOnce {
		defer a.noteSlow(all.text)()
	}
	errs := make([]error, len(files))
	kept := make([]string, len(files))
	var next atomic.Int64
	var wg sync.WaitGroup
	large, workers := atOnce(files)
	turns := make(chan struct{}, large)
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				d := download{a: a, file: files[i], lines: lines, hook: hook, all: all, at: i, turns: turns}
				d.minor = len(files) > getsAtOnce && files[i].small()
				errs[i] = d.run(ctx, n)
				kept[i] = d.kept(errs[i])
			}
		})
	}
	wg.Wait()
	all.close()
	lines.close()
	all.tellMinor(a)
	if ctx.Err() != nil {
		a.noteKept(kept)
		return errInterrupted
	}
	return gravest(errs)
}

// noteKept tells what downloads that were interrupted have left, and how to go on.
// A text is empty where nothing is left.
func (a *app) noteKept(kept []string) {
	kept = slices.DeleteFunc(kept, func(text string) bool { return text == "" })
	switch len(kept) {
	case 0:
	case 1:
		a.note("%s: the same command goes on from there", kept[0])
	default:
		a.note("what has come of %s is kept as NAME.part: the same command goes on from there", countText(len(kept), "file"))
	}
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
	hook  *hook // nil: none
	all   *total
	at    int           // of the files
	turns chan struct{} // has room for those that load at once, small ones apart
	minor bool          // one of many small ones: told of together with the others

	mu    sync.Mutex
	state servent.GetProgress
	last  time.Time // of a JSON line
}

func (d *download) run(ctx context.Context, n node) error {
	if !d.file.small() {
		select {
		case d.turns <- struct{}{}:
			defer func() { <-d.turns }()
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.bar = new(bar)
	if d.minor {
		d.last = time.Now() // as a rule there is nothing to tell before the end
	} else {
		d.bar = d.lines.bar(d.text)
	}
	defer d.bar.close()
	stop := d.repeat()
	got, err := n.Get(ctx, d.file.req, d.progress)
	stop()
	d.all.ended(d.at, err)
	switch {
	case err == nil:
		d.all.set(d.at, servent.GetProgress{Done: got.Bytes, Total: got.Bytes})
		d.tellDone(&got)
		err = d.hook.run(ctx, d.a, &got)
	case ctx.Err() == nil:
		d.tellError(err)
	}
	return err
}

// keptFrom is the size from which on a part of a file is kept for later.
const keptFrom = 1 << 20

// kept tells what a download that was broken off with err has left to go on from,
// if anything. The servent of another process does not say: there the last progress
// tells.
func (d *download) kept(err error) string {
	if err == nil {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	path, bytes := search.Clean(d.state.Name)+".part", d.state.Done
	var kept *servent.KeptError
	switch {
	case errors.As(err, &kept):
		path, bytes = kept.Path, kept.Bytes
	case bytes == 0 || d.state.Total <= keptFrom:
		return ""
	}
	of := ""
	if d.state.Total > 0 {
		of = " of " + byteText(d.state.Total)
	}
	return fmt.Sprintf("%s%s are kept in %s", byteText(bytes), of, path)
}

func (d *download) progress(p servent.GetProgress) {
	d.bar.set(p.Done, p.Total)
	sum := p
	if d.minor {
		sum.Sources, sum.Active = 0, 0 // the same one for all
	}
	d.all.set(d.at, sum)
	d.mu.Lock()
	defer d.mu.Unlock()
	begun := !d.minor && d.state.Done == 0 && p.Done > 0
	d.state = p
	if d.a.json && (begun || time.Since(d.last) >= progressEvery) {
		d.printProgress()
	}
}

// repeat tells a script again how it goes, while there is no news, and people without
// a terminal now and then; the function that it returns ends that.
func (d *download) repeat() (stop func()) {
	switch {
	case d.a.json:
		return repeatedly(repeatEvery, d.again)
	case d.minor:
		return func() {}
	}
	return d.a.noteSlow(d.note)
}

// note is for those who see no bar.
func (d *download) note() string {
	text := d.text()
	d.mu.Lock()
	defer d.mu.Unlock()
	state := text.state
	if state == "" {
		state = servent.StateLoading
	}
	if d.state.Total > 0 {
		return fmt.Sprintf("%s: %s, %s of %s", text.name, state, byteText(d.state.Done), byteText(d.state.Total))
	}
	return text.name + ": " + state
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

		Active int     `json:"active"`
		Copies float64 `json:"copies"`
		Rate   uint64  `json:"rate"`
		LeftMS int64   `json:"left_ms"`
	}{"progress", d.sha1(), p.Name, p.Done, p.Total, p.Sources, p.State, p.Active, p.Copies, p.Rate, p.LeftMS})
}

// text stands beside the bar.
func (d *download) text() barText {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := &d.state
	text := barText{name: search.Clean(p.Name), flow: &flow{p.Rate, p.LeftMS, p.Active, p.Sources, p.Copies}}
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
