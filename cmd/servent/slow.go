package main

import (
	"context"
	"sync"
	"time"
)

const (
	// slowAfter is from when on something is shown that goes on.
	slowAfter = time.Second
	// slowTold is how often those are told who have no terminal.
	slowTold = 10 * time.Second
)

// noteSlow notes what text returns after a second, and every ten, for people who
// have no terminal; the function that it returns ends that.
func (a *app) noteSlow(text func() string) (stop func()) {
	return a.noteEvery(slowAfter, slowTold, text)
}

// noteEvery does so after some time, and then at every period, which is longer.
func (a *app) noteEvery(after, period time.Duration, text func() string) (stop func()) {
	if a.live != nil || a.json {
		return func() {}
	}
	start := time.Now()
	var told time.Time
	return repeatedly(after, func() {
		if now := time.Now(); now.Sub(told) >= period {
			told = now
			a.note("%s, after %s", text(), timeText(now.Sub(start)))
		}
	})
}

// repeatedly calls f at every period until the function that it returns is called,
// which waits for the last call.
func repeatedly(period time.Duration, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				f()
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}
