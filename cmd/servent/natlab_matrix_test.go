//go:build natlab && linux

package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// firstSoon is the median within which the first byte has come, where no relay is needed.
	firstSoon = 1500 * time.Millisecond
	// tooLate is when a download that cannot be must have said so.
	tooLate = 10 * time.Second
	// medianRuns of a cell have a median that tells something.
	medianRuns = 5
	// labFile is the size of each file.
	labFile = 256 << 10
	// atOnceInLab is how many downloads run at a time, each between two other hosts.
	atOnceInLab = 3
)

// trial is one download between the hosts of a cell.
type trial struct {
	cell     *cell
	from, to string
	words    string // the name of a file of its own
	path     string
	outcome
}

// outcome is what came of a trial.
type outcome struct {
	first, whole time.Duration // since the user's command; first is 0 where nothing has come
	err          string        // what it said; empty: the file is there
	wrong        string        // what should not have happened
}

// TestNATLab: between hosts behind NATs of each kind, what is found can be loaded,
// wherever the routers make it possible; where they do not, the user is told soon.
//
// No way is kept from one run to the next: before each the connections of the two end,
// the routers of both forget the other host, and must know nothing of it a moment later.
// Files are fetched once only.
// All cells have had their turn before one comes again.
func TestNATLab(t *testing.T) {
	t.Parallel() // each test has a lab of its own, and they wait most of the time
	m := newMatrix(t, false, func(*cell) bool { return true })
	m.play(t, m.runs)
	m.judge(t)
	m.tell(t, "")
}

// TestNATLabRelay: where nothing else brings two together, a supernode that offers it
// carries what they send. Where something else does, no byte goes that way.
func TestNATLabRelay(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, true, func(*cell) bool { return true })
	needless := func(r *trial) bool { return r.cell.works() }
	relayed := slices.DeleteFunc(slices.Clone(m.runs), needless)
	m.runs = slices.Concat(slices.DeleteFunc(m.runs[:len(m.cells)], func(r *trial) bool { return !needless(r) }), relayed)
	m.play(t, m.runs[:len(m.runs)-len(relayed)])
	if pairs, n := m.carried(t); n > 0 {
		t.Errorf("supernodes carried %d bytes for %d pairs that need no relay", n, pairs)
		m.tellMeetings(t)
	}
	m.play(t, relayed)
	if _, n := m.carried(t); n < uint64(len(relayed)*labFile) {
		t.Errorf("supernodes carried %d bytes, want %d files of %d bytes", n, len(relayed), labFile)
	}
	m.judge(t)
	m.tell(t, ".relay")
}

// TestNATLabIdle: routers have forgotten every datagram and connection of servents that
// did nothing for a while, and give them other ports then; downloads begin as before.
func TestNATLabIdle(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, false, func(c *cell) bool { return c.works() && c.col != "" && c.row != "open" })
	idle(t, 150*time.Second) // Linux keeps connections that have ended for 120 s
	m.play(t, m.runs[:len(m.cells)])
	m.runs = m.runs[:len(m.cells)]
	m.judge(t)
	m.tell(t, ".idle")
}

// newMatrix is a lab with servents at the hosts of some cells of those that NATLAB_CELLS
// names, NATLAB_REPEAT runs of each to come.
func newMatrix(t *testing.T, relay bool, some func(*cell) bool) *matrix {
	t.Helper()
	m := &matrix{relay: relay}
	m.kinds, m.cells = readMatrix(t)
	m.cells = slices.DeleteFunc(chosen(t, m.cells, os.Getenv("NATLAB_CELLS")), func(c *cell) bool { return !some(c) })
	repeat, err := strconv.Atoi(cmp.Or(os.Getenv("NATLAB_REPEAT"), "1"))
	if err != nil || repeat < 1 {
		t.Fatalf("NATLAB_REPEAT is %d: %v", repeat, err)
	}
	m.lab = newLab(t, sitesOf(m.cells)...)
	m.plan(t, repeat)
	m.start(t)
	return m
}

// matrix is the runs of a test.
type matrix struct {
	kinds    []string
	cells    []*cell
	lab      *natLab
	relay    bool // the supernodes relay
	runs     []*trial
	shares   map[string]string // the folder of each host
	servents map[string]*labServent
	supers   []*labServent
}

// plan makes the files. Every other run of a cell goes the other way.
func (m *matrix) plan(t *testing.T, repeat int) {
	t.Helper()
	m.shares = map[string]string{}
	for n := range repeat {
		for i, c := range m.cells {
			r := &trial{cell: c, from: c.hosts[n%2], to: c.hosts[1-n%2], words: fmt.Sprintf("papaya%dx%d", i, n)}
			for _, host := range c.hosts {
				if m.shares[host] == "" {
					m.shares[host] = t.TempDir()
				}
			}
			r.path = filepath.Join(m.shares[r.from], r.words+".bin")
			content := make([]byte, labFile)
			_, _ = rand.Read(content) // never fails
			writeFile(t, r.path, string(content))
			m.runs = append(m.runs, r)
		}
	}
}

func (m *matrix) start(t *testing.T) {
	t.Helper()
	var offer []string
	if m.relay {
		offer = []string{"--relay", "2MB"}
	}
	m.supers = m.lab.supernodes(t, offer...)
	m.servents = map[string]*labServent{}
	var all []*labServent
	for host, dir := range m.shares {
		s := m.lab.share(t, host, dir)
		m.servents[host] = s
		all = append(all, s)
	}
	settle(t, all)
}

// play does runs, those of disjoint hosts beside each other.
func (m *matrix) play(t *testing.T, runs []*trial) {
	var mu sync.Mutex
	busy := map[string]bool{}
	freed := sync.NewCond(&mu)
	waiting := slices.Clone(runs)
	// next takes the first run whose hosts are free; nil: there is none left.
	next := func() *trial {
		mu.Lock()
		defer mu.Unlock()
		for len(waiting) > 0 {
			if i := slices.IndexFunc(waiting, func(r *trial) bool { return !busy[r.from] && !busy[r.to] }); i >= 0 {
				r := waiting[i]
				waiting = slices.Delete(waiting, i, i+1)
				busy[r.from], busy[r.to] = true, true
				return r
			}
			freed.Wait()
		}
		return nil
	}
	var wg sync.WaitGroup
	for range atOnceInLab {
		wg.Go(func() {
			for r := next(); r != nil; r = next() {
				r.outcome = m.download(t, r)
				mu.Lock()
				busy[r.from], busy[r.to] = false, false
				freed.Broadcast()
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// download searches for a file and gets it, as a user does.
func (m *matrix) download(t *testing.T, r *trial) (o outcome) {
	to := m.servents[r.to]
	logs := [2]int{len(m.servents[r.from].log.String()), len(to.log.String())}
	defer func() {
		if o.err != "" && (r.cell.works() || m.relay) {
			t.Logf("%s, from %s to %s: %s\n%s: %s\n%s: %s", r.cell.name, r.from, r.to, o.err,
				r.from, m.servents[r.from].log.String()[logs[0]:], r.to, to.log.String()[logs[1]:])
		}
	}()
	if code, out, errOut := to.call(t, "search", "--json", "--limit", "1", "--timeout", "10s", r.words); code != 0 || !strings.Contains(out, r.words) {
		return outcome{err: "search", wrong: fmt.Sprintf("search: exit %d: %s%s", code, out, errOut)}
	}
	if _, err := m.lab.try("forget", r.from, r.to); err != nil {
		return outcome{err: "forget", wrong: err.Error()}
	}
	dir, err := os.MkdirTemp("", "get")
	if err != nil {
		return outcome{err: "mkdir", wrong: err.Error()}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o = watchGet(to.home.spawnCmd(t, to.command("get", "--json", "--output", dir, "1")))
	if o.err != "" {
		return o
	}
	got, err := os.ReadFile(filepath.Join(dir, filepath.Base(r.path)))
	want, err2 := os.ReadFile(r.path)
	if err != nil || err2 != nil || !bytes.Equal(got, want) {
		o.wrong = fmt.Sprintf("%d bytes came, of %d: %v %v", len(got), len(want), err, err2)
	}
	return o
}

// watchGet follows `get --json` to its end. One that takes far too long is killed.
func watchGet(p *process) (o outcome) {
	type event struct {
		Event, Error string
		Done         uint64
	}
	begun := time.Now()
	over := time.AfterFunc(2*tooLate, p.kill)
	defer over.Stop()
	o.err = "it has been killed, since it did not end"
	for line := range p.rest() {
		var e event
		switch err := json.Unmarshal([]byte(line), &e); {
		case err != nil:
			o.wrong = fmt.Sprintf("%v: %s", err, line)
		case e.Event == "progress" && e.Done > 0 && o.first == 0:
			o.first = time.Since(begun)
		case e.Event == "done":
			o.err = ""
		case e.Event == "error":
			o.err = e.Error
		}
	}
	o.whole = time.Since(begun)
	return o
}

// judge says what is not as promised.
func (m *matrix) judge(t *testing.T) {
	t.Helper()
	for _, r := range m.runs {
		switch {
		case r.wrong != "":
			t.Errorf("%s: %s", r.cell.name, r.wrong)
		case r.err == "" && (r.cell.works() || m.relay):
		case r.err == "" && r.cell.name == "rej-sym": // TCP can find the port by luck: each reset has the symmetric router choose another
		case r.err == "":
			t.Errorf("%s: it succeeds, though nothing can bring the two together", r.cell.name)
		case r.cell.works() || m.relay:
			t.Errorf("%s: %s, after %v", r.cell.name, r.err, r.whole.Round(time.Millisecond))
		case r.whole > tooLate:
			t.Errorf("%s: told after %v that it cannot be: %s", r.cell.name, r.whole.Round(time.Millisecond), r.err)
		}
	}
	if all := m.firsts((*cell).works); len(all) > 0 && median(all) > firstSoon {
		t.Errorf("the first byte comes after %v, in the median", median(all))
	}
	for _, c := range m.cells {
		if f := m.firsts(func(of *cell) bool { return of == c }); c.works() && len(f) >= medianRuns && median(f) > firstSoon {
			t.Errorf("%s: the first byte comes after %v, in the median", c.name, median(f))
		}
	}
}

// carried is what the supernodes have relayed.
func (m *matrix) carried(t *testing.T) (pairs, bytes uint64) {
	t.Helper()
	for _, s := range m.supers {
		r := s.status(t).Relay
		pairs, bytes = pairs+r.Pairs, bytes+r.Bytes
	}
	return pairs, bytes
}

// tellMeetings logs what the servents have said of meetings and of their routers.
func (m *matrix) tellMeetings(t *testing.T) {
	t.Helper()
	for host, s := range m.servents {
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(line, "component=meet") || strings.Contains(line, "component=stun") {
				t.Logf("%s: %s", host, line)
			}
		}
	}
}

// firsts are the times to the first byte of the runs that had one.
func (m *matrix) firsts(of func(*cell) bool) (times []time.Duration) {
	for _, r := range m.runs {
		if r.first > 0 && of(r.cell) {
			times = append(times, r.first)
		}
	}
	return times
}

func median(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}

// tell writes the tables: how many runs had the file, and the medians; into a file, too,
// where NATLAB_OUT names one.
func (m *matrix) tell(t *testing.T, suffix string) {
	t.Helper()
	had := grid(m.kinds, m.cells, func(c *cell) string {
		yes, all := 0, 0
		for _, r := range m.runs {
			if r.cell == c {
				all++
				if r.err == "" && r.wrong == "" {
					yes++
				}
			}
		}
		return fmt.Sprintf("%d/%d", yes, all)
	})
	times := grid(m.kinds, m.cells, func(c *cell) string {
		f := m.firsts(func(of *cell) bool { return of == c })
		if len(f) == 0 {
			return "-"
		}
		return strconv.FormatInt(median(f).Milliseconds(), 10)
	})
	text := "downloads that succeeded\n" + had + "\nms from `get` to the first byte, median\n" + times
	t.Log("\n" + text)
	if name := os.Getenv("NATLAB_OUT"); name != "" {
		writeFile(t, name+suffix, text)
	}
}
