package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/seed282dab8e/servent/bench/churn"
)

// What is allowed (issue 4).
const (
	maxLeafP50    = 0.2  // ms
	maxLeafP99    = 1    // ms
	maxLeafMean   = 125  // us between two answers: 8,000 a second
	maxLeafMemory = 1536 // MiB
	maxLeafEmpty  = 10   // percent of searches without a hit
	maxLeafSlower = 1.1  // beside one that has not seen the hour: noise, and no more
)

// searchLeaves searches a million files of leaves that come and go, before an hour
// of it and after, and then beside a servent that has not seen that hour.
func searchLeaves(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("leaves", 5)
	l := leafSearch{progress: progress}
	f.IntVar(&l.leaves, "leaves", 10_000, fmt.Sprintf("leaves of %d files", churn.PerLeaf))
	f.IntVar(&l.seconds, "seconds", 20, "`seconds` of search in a round")
	f.IntVar(&l.steps, "steps", int(time.Hour/churn.Every), "leaves that come, and as many that go, between the two halves")
	f.StringVar(&l.profile, "profile", "", "write a CPU profile of the servent's first round to `file`")
	alone := f.Bool("alone", false, "without SQLite")
	if err := f.parse(args); err != nil {
		return err
	}
	if l.leaves < 2 || l.seconds < 1 {
		return errors.New("leaves must be 2 at least, and seconds 1")
	}
	l.rounds = f.rounds
	if l.tmp, err = os.MkdirTemp(f.dir, "servent-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(l.tmp)) }()
	l.rows = newRows("leaves", fmt.Sprintf("%d files of %d leaves, one comes and one goes every %s; two search at once", l.leaves*churn.PerLeaf, l.leaves, churn.Every))
	defer func() { err = errors.Join(err, l.stop()) }()
	if err := l.start(ctx, *alone); err != nil {
		return err
	}
	if err := l.measure(ctx); err != nil {
		return err
	}
	return l.rows.show(out, f.json)
}

type leafSearch struct {
	leaves, seconds, steps, rounds int
	profile, tmp                   string
	servers                        []*commanded // the servent, then SQLite
	rested                         *commanded   // a servent with the same leaves from the start
	rows                           *rows
	progress                       io.Writer
}

// start starts both, each a process of its own.
func (l *leafSearch) start(ctx context.Context, alone bool) error {
	ours, err := again(ctx, leavesWorker, l.tmp)
	if err == nil {
		err = l.add("servent", ours)
	}
	if err != nil || alone {
		return err
	}
	fmt.Fprintln(l.progress, "build SQLite")
	program := filepath.Join(l.tmp, "fts5")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "sqlite_fts5", "-o", program, "github.com/seed282dab8e/servent/bench/fts5")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build SQLite, which needs a C compiler (or leave it out by -alone): %w\n%s", err, out)
	}
	return l.add("SQLite FTS5", exec.CommandContext(ctx, program, l.tmp))
}

func (l *leafSearch) add(name string, cmd *exec.Cmd) error {
	s, err := command(name, cmd)
	if err == nil {
		l.servers = append(l.servers, s)
	}
	return err
}

// rest starts the servent that has not seen the hour.
func (l *leafSearch) rest(ctx context.Context) error {
	dir := filepath.Join(l.tmp, "rested")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	cmd, err := again(ctx, leavesWorker, dir)
	if err != nil {
		return err
	}
	if l.rested, err = command("rested servent", cmd); err != nil {
		return err
	}
	_, err = l.do(l.rested, "load them", churn.Command{Do: "load", Leaves: l.leaves})
	return err
}

func (l *leafSearch) stop() (err error) {
	for _, s := range l.servers {
		err = errors.Join(err, s.stop())
	}
	if l.rested != nil {
		err = errors.Join(err, l.rested.stop())
	}
	return err
}

func (l *leafSearch) measure(ctx context.Context) error {
	load, err := l.all("load them", churn.Command{Do: "load", Leaves: l.leaves})
	if err != nil {
		return err
	}
	l.note(l.row("until all are found", "s", 0), load, func(r churn.Result) float64 { return r.Seconds })
	l.note(l.row("the same, processor time", "s", 0), load, func(r churn.Result) float64 { return r.CPU })
	if err := l.search("", nil); err != nil {
		return err
	}
	hour, err := l.all(fmt.Sprintf("%d leaves come and go", l.steps), churn.Command{Do: "churn", Steps: l.steps})
	if err != nil {
		return err
	}
	l.note(l.row(fmt.Sprintf("%d leaves come and go", l.steps), "s", 0), hour, func(r churn.Result) float64 { return r.Seconds })
	l.note(l.row("the same churn, processor time", "s", 0), hour, func(r churn.Result) float64 { return r.CPU })
	if err := l.rest(ctx); err != nil {
		return err
	}
	slower := []*row{
		l.rows.add("p50, after that or not", "ms", l.rested.name, maxLeafSlower),
		l.rows.add("p99, after that or not", "ms", l.rested.name, maxLeafSlower),
	}
	if err := l.search(", after that", slower); err != nil {
		return err
	}
	memory := l.row("most memory", "MiB", maxLeafMemory)
	var most []float64
	for _, s := range l.servers {
		most = append(most, mib(memoryOf(s.cmd.Process.Pid)["VmHWM"]))
	}
	memory.note(most[0], most[len(most)-1])
	return nil
}

// search measures rounds of search, by turns. Where slower are rows, of p50 and p99,
// the rested servent has its turns, too.
func (l *leafSearch) search(when string, slower []*row) error {
	type figure struct {
		what, unit string
		most       float64
		of         func(churn.Result) float64
	}
	figures := []figure{
		{"p50", "ms", maxLeafP50, func(r churn.Result) float64 { return r.P50 }},
		{"p99", "ms", maxLeafP99, func(r churn.Result) float64 { return r.P99 }},
		{"p99 of processor time", "ms", 0, func(r churn.Result) float64 { return r.BusyP99 }},
		{"slowest", "ms", 0, func(r churn.Result) float64 { return r.Max }},
		{"between two answers", "us", maxLeafMean, func(r churn.Result) float64 { return r.Seconds * 1e6 / float64(r.Searches) }},
		{"processor time a search", "us", 0, func(r churn.Result) float64 { return r.CPU * 1e6 / float64(r.Searches) }},
		{"without a hit", "%", maxLeafEmpty, func(r churn.Result) float64 { return 100 * float64(r.Empty) / float64(r.Searches) }},
		{"hits a search", "", 0, func(r churn.Result) float64 { return float64(r.Hits) / float64(r.Searches) }},
	}
	rows := make([]*row, len(figures))
	for i, f := range figures {
		rows[i] = l.row(f.what+when, f.unit, f.most)
	}
	for round := range l.rounds {
		c := churn.Command{Do: "search", Seconds: l.seconds}
		if round == 0 && when == "" {
			c.Profile = l.profile
		}
		what := fmt.Sprintf("search, round %d of %d", round+1, l.rounds)
		results, err := l.all(what, c)
		if err != nil {
			return err
		}
		for i, f := range figures {
			l.note(rows[i], results, f.of)
		}
		if len(slower) == 0 {
			continue
		}
		rested, err := l.do(l.rested, what, c)
		if err != nil {
			return err
		}
		for i, r := range slower {
			r.note(figures[i].of(results[0]), figures[i].of(rested))
		}
	}
	return nil
}

// all has each server do what c says, one after the other.
func (l *leafSearch) all(what string, c churn.Command) ([]churn.Result, error) {
	var out []churn.Result
	for _, s := range l.servers {
		r, err := l.do(s, what, c)
		if err != nil {
			return nil, err
		}
		c.Profile = "" // of the first one
		out = append(out, r)
	}
	return out, nil
}

func (l *leafSearch) do(s *commanded, what string, c churn.Command) (churn.Result, error) {
	fmt.Fprintf(l.progress, "%s: %s\n", s.name, what)
	return s.do(c)
}

func (l *leafSearch) peer() string {
	if len(l.servers) < 2 {
		return ""
	}
	return l.servers[1].name
}

// row begins one with what is allowed of the servent's figure; 0: all.
func (l *leafSearch) row(what, unit string, most float64) *row {
	r := l.rows.add(what, unit, l.peer(), most)
	r.OfFigure = true
	return r
}

func (l *leafSearch) note(r *row, results []churn.Result, of func(churn.Result) float64) {
	if len(results) < 2 {
		r.noteOwn(of(results[0]))
		return
	}
	r.note(of(results[0]), of(results[1]))
}

// commanded is a process that churn.Serve runs in.
type commanded struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

func command(name string, cmd *exec.Cmd) (*commanded, error) {
	c := &commanded{name: name, cmd: cmd}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReader(out)
	return c, cmd.Start()
}

func (c *commanded) do(what churn.Command) (churn.Result, error) {
	var r churn.Result
	err := json.NewEncoder(c.in).Encode(what)
	if err == nil {
		var line []byte
		if line, err = c.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &r)
		}
	}
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	if err != nil {
		err = fmt.Errorf("%s: %s: %w", c.name, what.Do, err)
	}
	return r, err
}

func (c *commanded) stop() error { return errors.Join(c.in.Close(), c.cmd.Wait()) }
