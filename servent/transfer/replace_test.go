package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// loader is what a source of a made-up swarm does.
type loader struct {
	rate   float64
	begun  time.Duration // ago
	silent time.Duration // has sent nothing for so long
	idle   bool          // waits for something to ask for
}

// TestReplaceSlow: who gives way to a source that waits, and at which limits.
func TestReplaceSlow(t *testing.T) {
	const long, just = time.Hour, replaceAfter
	quicker, slow := loader{rate: 5001, begun: long}, loader{rate: 1000, begun: long}
	for _, tt := range []struct {
		name    string
		loaders []loader
		spare   time.Duration // until the one that waits may be asked
		last    time.Duration // since one gave way
		wants   int           // who gives way; -1: nobody
	}{
		{"the slowest, with all slots taken", []loader{quicker, slow, quicker}, 0, long, 1},
		{"the slowest of two slow ones", []loader{quicker, slow, quicker, {rate: 900, begun: long}, quicker}, 0, long, 3},
		{"not with a slot left", []loader{quicker, slow}, 0, long, -1},
		{"not who is a fifth as fast", []loader{{rate: 5000, begun: long}, slow, {rate: 5000, begun: long}}, 0, long, -1},
		{"not where most are as slow", []loader{quicker, slow, slow}, 0, long, -1},
		{"not the only one that counts", []loader{{rate: 5001, idle: true, begun: long}, slow, {begun: long}}, 0, long, -1},
		{"not who has nothing to do", []loader{quicker, {rate: 1000, begun: long, idle: true}, quicker}, 0, long, -1},
		{"who has had its time, to the moment", []loader{quicker, {rate: 1000, begun: just}, quicker}, 0, long, 1},
		{"not who began later", []loader{quicker, {rate: 1000, begun: just - 1}, quicker}, 0, long, -1},
		{"a time after the last", []loader{quicker, slow, quicker}, 0, just, 1},
		{"not soon after the last", []loader{quicker, slow, quicker}, 0, just - 1, -1},
		{"not for one that may not be asked yet", []loader{quicker, slow, quicker}, 1, long, -1},
		{"who is silent, at once, with slots left", []loader{{begun: long, silent: just + 1}, quicker}, 0, long, 0},
		{"not who sent something since", []loader{{begun: long, silent: just}, quicker}, 0, long, -1},
		{"not who was asked just now, and is silent", []loader{{begun: just, silent: long}, quicker}, 0, long, -1},
		{"not who is silent, for it is asked nothing", []loader{{begun: long, silent: long, idle: true}, quicker}, 0, long, -1},
	} {
		now := time.Unix(1_700_000_000, 0)
		s, ended := loadersSwarm(now, max(3, len(tt.loaders)), tt.loaders)
		spare := s.all[len(s.all)-1]
		spare.notBefore, s.replaced = now.Add(tt.spare), now.Add(-tt.last)
		s.replaceSlow(now)
		wantEnded(t, tt.name, ended, tt.wants)
		if tt.wants >= 0 && !s.replaced.Equal(now) {
			t.Errorf("%s: it gave way at %v", tt.name, s.replaced)
		}
		s, ended = loadersSwarm(now, len(tt.loaders), tt.loaders)
		s.all = s.all[:len(tt.loaders)]
		s.replaceSlow(now)
		wantEnded(t, tt.name+", with nobody who waits", ended, -1)
	}
}

// loadersSwarm is a swarm with sources that are asked and, as the last, one that is not.
// ended gets who gives way.
func loadersSwarm(now time.Time, most int, loaders []loader) (s *swarm, ended *[]int) {
	cfg := quick()
	cfg.MaxActive = most
	sources := make([]Source, len(loaders)+1)
	for i := range sources {
		sources[i] = sourceAt(i)
	}
	s = newSwarm(NewClient(cfg), Job{URN: urnOf(nil), Sources: sources}, &output{file: new(memFile)}, nil)
	s.active, ended = len(loaders), new([]int)
	for i, l := range loaders {
		c := s.all[i]
		c.running, c.linked, c.busy, c.rate = true, true, !l.idle, l.rate
		c.begun, c.moved = now.Add(-l.begun), now.Add(-l.silent)
		c.cancel = func(why error) {
			if errors.Is(why, errReplaced) {
				*ended = append(*ended, i)
			}
		}
	}
	return s, ended
}

func wantEnded(t *testing.T, name string, ended *[]int, want int) {
	t.Helper()
	if n := len(*ended); n > 1 || n == 0 != (want < 0) || n == 1 && (*ended)[0] != want {
		t.Errorf("%s: gave way %v, want %d", name, *ended, want)
	}
}

// TestWhoGaveWay: who has given way has done nothing wrong, and is asked again after a
// while.
func TestWhoGaveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bareSwarm(Job{URN: urnOf(nil)}, sourceAt(1), sourceAt(2))
		slow, spare := s.all[0], s.all[1]
		ctx, cancel := context.WithCancelCause(t.Context())
		slow.running, slow.cancel, s.active = true, cancel, 1
		s.replace(slow, time.Now())
		s.stopped(ctx, slow, &sourceError{kind: failNetwork, err: ctx.Err()})
		if c, wait := s.next(time.Now()); c != spare || wait > 0 || s.active != 0 {
			t.Errorf("then asked: %v in %v, beside %d", c, wait, s.active)
		}
		spare.out = true
		if c, wait := s.next(time.Now()); c != slow || wait != s.client.cfg.MaxRetryWait || slow.tries > 0 || slow.err != nil {
			t.Errorf("asked again: %v in %v, after %d failures: %v", c, wait, slow.tries, slow.err)
		}
	})
}

// TestSlowGivesWay: a download that may ask two sources, of whom one is much slower than
// the other or sends nothing any more, gets the third one to deliver, long before the end.
func TestSlowGivesWay(t *testing.T) {
	content := noise(8 << 20)
	for name, bad := range map[string]script{
		"slow": paced(content, time.Second),
		"stalled": func(conn net.Conn, r *http.Request) bool {
			at, end := rangeOf(r, len(content))
			return hangs(partHead(at, end, len(content)), string(content[at:at+1000]))(conn, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var spared atomic.Int64
				spare := paced(content, 0)
				cfg := ClientConfig{MaxActive: 2}
				var sources sync.WaitGroup
				defer sources.Wait()
				cfg.Dial = piped(&sources, bad, paced(content, 100*time.Millisecond), func(conn net.Conn, r *http.Request) bool {
					spared.Add(1)
					return spare(conn, r)
				})
				c := NewClient(cfg)
				defer c.Close()
				j := Job{URN: urnOf(content), Name: "a", Size: uint64(len(content)), Dir: dir, Sources: []Source{sourceAt(0), sourceAt(1), sourceAt(2)}}
				r := mustGet(t, c, j, content)
				if spared.Load() == 0 || r.Elapsed > 25*time.Second {
					t.Errorf("took %v; the one that waited was asked %d times", r.Elapsed, spared.Load())
				}
			})
		})
	}
}

// piped is a dialer to sources in this process, which run notes: what answers as the n-th
// is at sourceAt(n).
func piped(run *sync.WaitGroup, sources ...script) Dialer {
	return dialFunc(func(_ context.Context, _, addr string) (net.Conn, error) {
		for i, do := range sources {
			if sourceAt(i).Addr.String() != addr {
				continue
			}
			conn, ours := net.Pipe()
			run.Go(func() {
				defer conn.Close()
				converse(conn, do)
			})
			return ours, nil
		}
		return nil, fmt.Errorf("nobody is at %s", addr)
	})
}

// paced is a source that takes its time for each 16 KiB.
func paced(content []byte, each time.Duration) script {
	return func(conn net.Conn, r *http.Request) bool {
		at, end := rangeOf(r, len(content))
		if !keepsAlive(partHead(at, end, len(content)), "")(conn, r) {
			return false
		}
		for at < end {
			time.Sleep(each)
			n := min(16<<10, end-at)
			if _, err := conn.Write(content[at : at+n]); err != nil {
				return false
			}
			at += n
		}
		return true
	}
}
