package servent

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Actions of DownloadChange.
const (
	actionPause    = "pause"
	actionResume   = "resume"
	actionCancel   = "cancel"
	actionPriority = "priority"
)

// change is what was done to a download.
type change struct {
	d     *download
	still <-chan struct{} // closed once it is so
	idle  bool            // it was not loading
}

// change does what c says, or nothing where that cannot be done.
func (r *downloads) change(c *DownloadChange) ([]change, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := c.check(); err != nil {
		return nil, err
	}
	list, err := r.named(c)
	if err != nil {
		return nil, err
	}
	var out []change
	for _, d := range list {
		out = append(out, change{d, d.still, d.phase != PhaseLoading || slices.Contains(r.due, d)})
		r.apply(d, c)
		r.changed(d)
	}
	r.schedule(time.Now(), r.all)
	r.wakeUp()
	return out, nil
}

func (c *DownloadChange) check() error {
	actions := []string{actionPause, actionResume, actionCancel, actionPriority}
	priorities := []string{PriorityHigh, PriorityNormal, PriorityLow}
	switch {
	case !slices.Contains(actions, c.Action):
		return fmt.Errorf("action %q: use one of %s", c.Action, strings.Join(actions, ", "))
	case c.Action == actionPriority && !slices.Contains(priorities, c.Priority):
		return fmt.Errorf("priority %q: use high, normal or low", c.Priority)
	}
	return nil
}

// named finds the downloads that c is about, each once. r.mu is held.
func (r *downloads) named(c *DownloadChange) ([]*download, error) {
	var list []*download
	for _, id := range c.IDs {
		if strings.EqualFold(id, "all") {
			return slices.DeleteFunc(slices.Clone(r.all), func(d *download) bool { return d.refuses(c.Action) != "" }), nil
		}
		d := r.byID[strings.ToUpper(id)]
		if d == nil {
			return nil, fmt.Errorf("there is no download %q: `servent transfers` lists them", id)
		}
		if why := d.refuses(c.Action); why != "" {
			return nil, fmt.Errorf("%s %s: %s", c.Action, d.id, why)
		}
		if !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list, nil
}

// refuses says why an action makes no sense now; "": it does. downloads.mu is held.
func (d *download) refuses(action string) string {
	over := d.phase == PhaseDone || d.phase == PhaseFailed
	switch {
	case action == actionResume && d.phase == PhaseDone, action != actionCancel && action != actionResume && over:
		return "it is " + d.phase + " already"
	case d.keep:
		return "it is being cancelled"
	}
	return ""
}

// apply does what c says to d. r.mu is held.
func (r *downloads) apply(d *download, c *DownloadChange) {
	switch c.Action {
	case actionPriority:
		d.priority = c.Priority
	case actionPause:
		d.pausing = true
		if d.phase == PhaseWaiting {
			d.phase = PhasePaused
		}
		r.interrupt(d, errPaused)
	case actionResume:
		d.pausing, d.after = false, time.Time{}
		if d.phase == PhasePaused || d.phase == PhaseFailed {
			d.phase, d.tries = PhaseWaiting, 0
		}
	case actionCancel:
		d.keep = c.Keep
		r.remove(d)
		if d.phase != PhaseDone {
			d.phase = PhaseCancelled
		}
		r.interrupt(d, ErrCancelled)
	}
}

// interrupt ends the loading of d, where it loads. r.mu is held.
func (r *downloads) interrupt(d *download, why error) {
	if d.end != nil {
		d.end(why)
	}
}
