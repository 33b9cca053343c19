package churn

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// Every is how often one leaf comes and one goes.
	Every = 360 * time.Millisecond
	// Limit is how many files a search wants.
	Limit = 50
	// searchers search at once, each as fast as it is answered.
	searchers = 2
)

// Engine is an index of leaves' files.
type Engine interface {
	Add(leaf int) error
	Remove(leaf int) error
	// Passed says that Every has passed.
	Passed() error
	// Settle returns when all that came is found, and nothing that went.
	Settle() error
	Find(words []string) (hits int, err error)
}

// Command is what a process is told to do.
type Command struct {
	Do      string // "load", "search" or "churn"
	Leaves  int    // to load
	Steps   int    // to churn, as fast as they go
	Seconds int    // to search
	Profile string // file
}

// Result is what it tells then.
type Result struct {
	Seconds  float64
	CPU      float64 // seconds of processor time, of all that the process does
	Searches int
	Hits     int
	Empty    int     // searches that found nothing
	P50, P99 float64 // ms
	Max      float64
	// BusyP99 is of the processor time of a search: what others on the machine do is
	// not in it.
	BusyP99 float64
	Error   string
}

// run is an engine with the leaves that are there.
type run struct {
	Engine
	rnd  *rand.Rand
	live []int
	next int
}

func newRun(e Engine) *run { return &run{Engine: e, rnd: rand.New(rand.NewPCG(1, 1))} }

// Serve carries out commands, a line of JSON each, until there are none.
func Serve(e Engine, in io.Reader, out io.Writer) error {
	r := newRun(e)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var c Command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		start, before := time.Now(), cpuTime()
		res, err := r.do(c)
		if res.CPU == 0 {
			res.CPU = cpuTime() - before
		}
		if err != nil {
			res.Error = err.Error()
		}
		if res.Seconds == 0 {
			res.Seconds = time.Since(start).Seconds()
		}
		if err := json.NewEncoder(out).Encode(res); err != nil {
			return err
		}
	}
	return lines.Err()
}

// cpuTime is what the process has used, in seconds.
func cpuTime() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// threadTime is what the thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

func (r *run) do(c Command) (res Result, err error) {
	if c.Profile != "" {
		f, err := os.Create(c.Profile)
		if err != nil {
			return res, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return res, err
		}
		defer pprof.StopCPUProfile()
	}
	switch c.Do {
	case "load":
		for range c.Leaves {
			if err := r.come(); err != nil {
				return res, err
			}
		}
		return res, r.Settle()
	case "churn":
		for range c.Steps {
			if err := r.step(); err != nil {
				return res, err
			}
		}
		return res, r.Settle()
	case "search":
		return r.search(time.Duration(c.Seconds) * time.Second)
	}
	return res, fmt.Errorf("no such command: %q", c.Do)
}

func (r *run) come() error {
	r.next++
	r.live = append(r.live, r.next)
	return r.Add(r.next)
}

// step has one leaf come and another one go.
func (r *run) step() error {
	if err := r.come(); err != nil {
		return err
	}
	i := r.rnd.IntN(len(r.live) - 1)
	leaf := r.live[i]
	r.live = slices.Delete(r.live, i, i+1)
	if err := r.Remove(leaf); err != nil {
		return err
	}
	return r.Passed()
}

// queries makes up searches of one to three words of a file that is there.
func (r *run) queries(n int) [][]string {
	out := make([][]string, 0, n)
	for len(out) < n {
		files := Files(r.live[r.rnd.IntN(len(r.live))])
		for range 10 {
			words := files[r.rnd.IntN(len(files))].Words
			q := make([]string, 0, 3)
			for want := 1 + len(out)%3; want > 0; want-- {
				if w := words[r.rnd.IntN(len(words))]; !slices.Contains(q, w) {
					q = append(q, strings.Clone(w))
				}
			}
			out = append(out, q)
		}
	}
	r.rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// searcher is one that searches, with what it has seen.
type searcher struct {
	times, busy []time.Duration
	hits, empty int
	err         error
}

func (s *searcher) run(e Engine, queries [][]string, end time.Time) {
	runtime.LockOSThread() // whose processor time is looked at
	defer runtime.UnlockOSThread()
	for i := 0; ; i++ {
		start, busy := time.Now(), threadTime()
		if start.After(end) {
			return
		}
		n, err := e.Find(queries[i%len(queries)])
		s.times = append(s.times, time.Since(start))
		s.busy = append(s.busy, threadTime()-busy)
		if err != nil {
			s.err = err
			return
		}
		if s.hits += n; n == 0 {
			s.empty++
		}
	}
}

// search searches while leaves come and go.
func (r *run) search(d time.Duration) (res Result, err error) {
	queries := r.queries(20_000)
	all := make([]searcher, searchers)
	var searching sync.WaitGroup
	start, before := time.Now(), cpuTime()
	end := start.Add(d)
	for i := range all {
		all[i].times = make([]time.Duration, 0, 20_000*int(d/time.Second))
		mine := queries[i*len(queries)/searchers:][:len(queries)/searchers]
		searching.Go(func() { all[i].run(r.Engine, mine, end) })
	}
	for next := start.Add(Every); next.Before(end) && err == nil; next = next.Add(Every) {
		time.Sleep(time.Until(next))
		err = r.step()
	}
	searching.Wait()
	res.Seconds, res.CPU = time.Since(start).Seconds(), cpuTime()-before
	var times, busy []time.Duration
	for _, s := range all {
		times = append(times, s.times...)
		busy = append(busy, s.busy...)
		res.Hits += s.hits
		res.Empty += s.empty
		if err == nil {
			err = s.err
		}
	}
	slices.Sort(times)
	slices.Sort(busy)
	res.BusyP99 = busy[len(busy)*99/100].Seconds() * 1e3
	ms := func(i int) float64 { return times[i].Seconds() * 1e3 }
	res.Searches = len(times)
	res.P50, res.P99, res.Max = ms(len(times)/2), ms(len(times)*99/100), ms(len(times)-1)
	return res, err
}
