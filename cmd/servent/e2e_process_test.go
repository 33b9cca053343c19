//go:build (loopback || natlab) && unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program is the binary under test: built once, run as real processes.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "servent-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		program = filepath.Join(dir, "servent")
		build := exec.Command("go", "build", "-o", program, ".")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build:", err)
			return 1
		}
		return m.Run()
	}())
}

// process is a servent process of home h.
type process struct {
	home  home
	cmd   *exec.Cmd
	err   buffer
	lines chan string   // of stdout
	ended chan struct{} // closed when it has ended and lines are all there
}

// spawn starts a process; it is killed when the test ends.
func (h home) spawn(t *testing.T, args ...string) *process {
	t.Helper()
	return h.spawnCmd(t, exec.Command(program, args...))
}

// spawnCmd is spawn for a command line that starts the program somehow. Where it sends
// stderr elsewhere, p.err stays empty.
func (h home) spawnCmd(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{home: h, cmd: cmd, lines: make(chan string, 10_000), ended: make(chan struct{})}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range h {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.err
	}
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			p.lines <- s.Text()
		}
		_ = p.cmd.Wait() // ProcessState tells
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() && p.err.String() != "" {
			t.Logf("%s\n%s", cmd, p.err.String())
		}
	})
	return p
}

// kill ends it as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// line returns the next line that holds text.
func (p *process) line(t *testing.T, text string) string {
	t.Helper()
	return p.lineWithin(t, patience, text)
}

// lineWithin is line for what takes longer.
func (p *process) lineWithin(t *testing.T, long time.Duration, text string) string {
	t.Helper()
	limit := time.After(long)
	for {
		select {
		case l := <-p.lines:
			if strings.Contains(l, text) {
				return l
			}
			continue
		case <-limit:
			t.Fatalf("no line with %q came\n%s", text, p.err.String())
		case <-p.ended:
		}
		select { // what it wrote at last
		case l := <-p.lines:
			if strings.Contains(l, text) {
				return l
			}
		default:
			t.Fatalf("it ended before a line with %q came\n%s", text, p.err.String())
		}
	}
}

// exit waits for the end and returns the exit code.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(2 * patience):
		t.Fatalf("%s does not end\n%s", p.cmd, p.err.String())
		return -1
	}
}

// call runs a process to its end.
func (h home) call(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	return h.spawn(t, args...).outcome(t)
}

// outcome waits for the end and returns all that p has written.
func (p *process) outcome(t *testing.T) (code int, out, errOut string) {
	t.Helper()
	code = p.exit(t)
	close(p.lines)
	for l := range p.lines {
		out += l + "\n"
	}
	return code, out, p.err.String()
}

// until tries again and again, as long as limit, until try succeeds.
func until(t *testing.T, limit time.Duration, try func() error) {
	t.Helper()
	over := time.NewTimer(limit)
	defer over.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-over.C:
			t.Fatalf("after %v: %v", limit, err)
		}
	}
}
