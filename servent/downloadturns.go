package servent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/servent/transfer"
)

const (
	// downloadsAtOnce is how many downloads load at once, and smallAtOnce how many
	// of files up to smallFile beside these. One that gets nothing for stalledAfter
	// gives its place to another, and goes on all the same.
	downloadsAtOnce = 8
	smallAtOnce     = 32
	smallFile       = 1 << 20
	stalledAfter    = 30 * time.Second
	// maxLoading is how many have begun and not ended at most.
	maxLoading = 128
	// retryFirst is after what time a detached download that nobody had looks for
	// sources again; then after twice as long each time, up to retryMost.
	retryFirst = 10 * time.Minute
	retryMost  = 2 * time.Hour
)

// small says whether the file is known to be small.
func (d *download) small() bool {
	return d.progress.Total > 0 && d.progress.Total <= smallFile
}

// schedule lets those of list begin whose turn it is: those of high priority first,
// then those that have waited longest. r.mu is held.
func (r *downloads) schedule(now time.Time, list []*download) {
	large, small := downloadsAtOnce, smallAtOnce
	for _, d := range r.loading {
		if now.Sub(d.moved) < stalledAfter {
			*d.places(&large, &small)--
		}
	}
	for _, priority := range []string{PriorityHigh, PriorityNormal, PriorityLow} {
		for _, d := range list {
			if max(large, small) <= 0 || len(r.loading) >= maxLoading {
				return
			}
			if d.phase != PhaseWaiting || d.priority != priority || now.Before(d.after) {
				continue
			}
			if places := d.places(&large, &small); *places > 0 {
				*places--
				r.start(d, now)
			}
		}
	}
}

// places is that of two numbers which d counts for.
func (d *download) places(large, small *int) *int {
	if d.small() {
		return small
	}
	return large
}

// start has d loaded: by the goroutine that waits for it, or by one to be started.
// r.mu is held.
func (r *downloads) start(d *download, now time.Time) {
	d.phase, d.moved, d.progress.State = PhaseLoading, now, ""
	d.still = make(chan struct{})
	r.loading = append(r.loading, d)
	r.changed(d)
	if d.detached {
		r.due = append(r.due, d)
		r.wakeUp()
	}
}

// await returns once it is the turn of d to load.
func (r *downloads) await(ctx context.Context, d *download, progress func(GetProgress)) error {
	for told := ""; ; {
		r.mu.Lock()
		p, phase, left, keep, here := d.progress, d.phase, d.left, d.keep, r.byID[d.id] == d
		p.State, p.Rate, p.Active, p.LeftMS = d.state(), 0, 0, 0
		r.mu.Unlock()
		switch {
		case !here:
			return cancelled(left, keep)
		case phase == PhaseLoading:
			return nil
		case told != p.State:
			told = p.State
			progress(p)
		}
		select {
		case <-d.news:
		case <-ctx.Done():
			return keptWith(ctx.Err(), left)
		}
	}
}

// ended notes how the loading of d has ended, and returns what whoever waits for it
// hears. cause is why, where it was ended; stopped: nobody wants it any more.
func (r *downloads) ended(d *download, got Got, err, cause error, stopped bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	d.end, d.left, d.meter = nil, err, meter{}
	d.progress.Active, d.progress.Rate, d.progress.LeftMS = 0, 0, 0
	r.settle(d)
	switch {
	case err == nil:
		d.phase, d.path, d.progress.Done, d.progress.Total = PhaseDone, got.Path, got.Bytes, got.Bytes
		r.forgetDone()
	case errors.Is(cause, ErrCancelled):
		d.phase, err = PhaseCancelled, cancelled(err, d.keep)
	case errors.Is(cause, errPaused):
		d.phase, err = PhaseWaiting, errPaused
		if d.pausing {
			d.phase = PhasePaused
		}
	case stopped:
		d.phase = PhaseWaiting
	case d.detached && (errors.Is(err, ErrNoSource) || errors.Is(err, transfer.ErrUnavailable)):
		d.phase, d.after = PhaseWaiting, now.Add(min(retryFirst<<min(d.tries, 8), retryMost))
		d.tries++
	default:
		d.phase = PhaseFailed
	}
	r.changed(d)
	if !stopped {
		r.schedule(now, r.all)
	}
	return err
}

// cancelled is the error of a download that was cancelled, and ended with err.
func cancelled(err error, keep bool) error {
	if keep {
		return keptWith(ErrCancelled, err)
	}
	return ErrCancelled
}

// look lets those begin whose turn it is, and returns the detached ones of them.
// busy: some wait.
func (r *downloads) look(now time.Time) (busy bool, due []*download) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.schedule(now, r.all)
	due, r.due = r.due, nil
	return slices.ContainsFunc(r.all, func(d *download) bool { return d.phase == PhaseWaiting }), due
}
