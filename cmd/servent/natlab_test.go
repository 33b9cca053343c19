//go:build natlab && linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// The lab of nat/testdata/lab, and servents in it: docs/natlab.md.

const (
	labDir    = "../../nat/testdata/lab"
	labPort   = "7001" // of servents
	labSupers = "203.0.113.11:6346,203.0.113.12:6346"
)

// natLab is a network in namespaces of its own, gone when the test ends.
type natLab struct {
	prefix string
	env    []string
}

// newLab brings up some sites, all where none is named. A round trip over its internet
// takes 40 ms, and 4 ms more at most.
func newLab(t *testing.T, sites ...string) *natLab {
	t.Helper()
	prefix := fmt.Sprintf("%s%x", cmp.Or(os.Getenv("NATLAB_PREFIX"), "sv"), time.Now().UnixNano()&0xffffff)
	l := &natLab{prefix: prefix, env: append(os.Environ(), "NATLAB_PREFIX="+prefix)}
	l.guard(t)
	l.do(t, append([]string{"up"}, sites...)...)
	l.do(t, "queue")
	impair := filepath.Join(t.TempDir(), "impair")
	if out, err := exec.Command("go", "build", "-o", impair, labDir+"/impair").CombinedOutput(); err != nil {
		t.Fatalf("build impair: %v: %s", err, out)
	}
	newHome(t).spawnCmd(t, l.at("inet", impair, "-delay", "10ms", "-jitter", cmp.Or(os.Getenv("NATLAB_JITTER"), "2ms"))).line(t, "ready")
	return l
}

// guard removes the lab when the test ends, however it ends.
func (l *natLab) guard(t *testing.T) {
	t.Helper()
	cmd := exec.Command(labDir+"/natlab.sh", "guard")
	cmd.Env = l.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is not for it
	life, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(life.Close(), cmd.Wait()); err != nil {
			t.Error("the lab is not removed:", err)
		}
	})
}

// do runs natlab.sh and returns what it says.
func (l *natLab) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := l.try(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (l *natLab) try(args ...string) (string, error) {
	cmd := exec.Command(labDir+"/natlab.sh", args...)
	cmd.Env = l.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("natlab.sh %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// at is a command line that runs something at a host or router.
func (l *natLab) at(host string, argv ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", l.prefix + "-" + host}, argv...)...)
}

// labServent is a servent at a host.
type labServent struct {
	*process
	lab  *natLab
	host string
	log  *buffer
}

// serve starts a servent at a host with that command line.
func (l *natLab) serve(t *testing.T, host string, args ...string) *labServent {
	t.Helper()
	s := &labServent{lab: l, host: host, log: &buffer{}}
	cmd := l.at(host, slices.Concat([]string{program}, args, []string{"--json", "--log-level", "debug"})...)
	cmd.Stderr = s.log
	s.process = newHome(t).spawnCmd(t, cmd)
	return s
}

// supernodes starts two that are linked with each other.
func (l *natLab) supernodes(t *testing.T, args ...string) []*labServent {
	t.Helper()
	one := l.serve(t, "p1", append([]string{"supernode", "--listen", "203.0.113.11:6346"}, args...)...)
	one.line(t, `"ready"`)
	two := l.serve(t, "p2", append([]string{"supernode", "--listen", "203.0.113.12:6346", "--connect", "203.0.113.11:6346"}, args...)...)
	two.line(t, `"ready"`)
	return []*labServent{one, two}
}

// share starts a servent that shares a folder, a leaf of both supernodes.
func (l *natLab) share(t *testing.T, host, dir string, args ...string) *labServent {
	t.Helper()
	s := l.serve(t, host, slices.Concat([]string{"share", "--listen", ":" + labPort, "--connect", labSupers}, args, []string{dir})...)
	s.line(t, `"ready"`)
	return s
}

// command is a command of the user of s, at the same host.
func (s *labServent) command(args ...string) *exec.Cmd {
	return s.lab.at(s.host, append([]string{program}, args...)...)
}

func (s *labServent) call(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	return s.home.spawnCmd(t, s.command(args...)).outcome(t)
}

func (s *labServent) status(t *testing.T) servent.Status {
	t.Helper()
	code, out, errOut := s.call(t, "status", "--json")
	if code != 0 {
		t.Fatalf("%s: status: exit %d: %s\n%s", s.host, code, errOut, s.log)
	}
	return object[servent.Status](t, out)
}

// settle waits until each servent is linked with both supernodes and knows whether
// others can connect to it, and how routers treat its datagrams.
func settle(t *testing.T, all []*labServent) {
	t.Helper()
	begun := time.Now()
	for _, s := range all {
		until(t, 200*time.Second, func() error {
			st := s.status(t)
			switch {
			case st.Links["supernode"] < 2:
				return fmt.Errorf("%s: links: %v", s.host, st.Links)
			case st.Reachable.TCP == "unknown":
				return fmt.Errorf("%s: reachable: %+v", s.host, st.Reachable)
			case st.NAT.Mapping == "unknown" && st.NAT.Blocked != "yes":
				return fmt.Errorf("%s: nat: %+v", s.host, st.NAT)
			}
			return nil
		})
	}
	t.Logf("%d servents know how they can be reached after %v", len(all), time.Since(begun).Round(time.Second))
}

// rest are the lines that p still writes, until it ends.
func (p *process) rest() iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			select {
			case l := <-p.lines:
				if !yield(l) {
					return
				}
				continue
			case <-p.ended:
			}
			select { // what it wrote at last
			case l := <-p.lines:
				if !yield(l) {
					return
				}
			default:
				return
			}
		}
	}
}

// idle waits.
func idle(t *testing.T, long time.Duration) {
	t.Helper()
	select {
	case <-time.After(long):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}
