//go:build loopback && linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// diagnosed is what doctor prints with --json.
type diagnosed struct {
	Well     bool
	Findings []servent.Finding
	Status   servent.Status
}

// faults are the names of those that doctor names, run in a namespace; the rest is what
// it prints.
func doctorIn(t *testing.T, h home, ns string, args ...string) (faults []string, out string) {
	t.Helper()
	code, out, errOut := h.callIn(t, ns, append([]string{"doctor", "--json"}, args...)...)
	if code != exitDone && code != exitFaults {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	d := object[diagnosed](t, out)
	for _, f := range d.Findings {
		if f.Verdict == servent.VerdictFault {
			faults = append(faults, f.Fault)
		}
	}
	if d.Well != (code == exitDone) || d.Well != (len(faults) == 0) {
		t.Errorf("exit %d, well %v: %s", code, d.Well, out)
	}
	return faults, out
}

// TestDoctor: of each broken set-up doctor names the fault, and of a sound one none. It
// starts a servent of its own, and leaves nothing behind.
func TestDoctor(t *testing.T) {
	public := []string{"--network", "gnutella", "--connect", superOne + "," + superTwo}
	for _, tt := range []struct {
		name   string
		street func(t *testing.T) (ns string)
		args   []string
		want   string
	}{
		{"all is well", func(t *testing.T) string {
			s := newStreet(t, false, "masquerade", "")
			s.supernodes(t)
			return s.world
		}, append(public, "--listen", "203.0.113.11:7000"), ""},
		{"no route", func(t *testing.T) string { one, _ := lan(t); return one }, public, "no_route"},
		{"no network", func(t *testing.T) string {
			one, other := lan(t)
			ip(t, "-n "+other+" link set "+other+" down") // the cable is pulled
			return one
		}, nil, "no_route"},
		{"UDP blocked", func(t *testing.T) string {
			s := newStreet(t, false, "masquerade", "meta l4proto udp drop;")
			s.supernodes(t)
			return s.home
		}, public, "tcp_unreachable udp_blocked mapping_refused"},
		{"double NAT", func(t *testing.T) string {
			s := newStreet(t, true, "masquerade", "")
			s.supernodes(t)
			s.natPMP(t, "10.0.0.2", 0, 0)
			return s.home
		}, public, "tcp_unreachable udp_unreachable double_nat"},
		{"symmetric", func(t *testing.T) string {
			s := newStreet(t, false, "masquerade fully-random", "")
			s.supernodes(t)
			return s.home
		}, public, "tcp_unreachable udp_unreachable symmetric_nat mapping_refused"},
		{"mapping refused", func(t *testing.T) string {
			s := newStreet(t, false, "masquerade", "")
			s.supernodes(t)
			s.natPMP(t, "203.0.113.1", 0, 2)
			return s.home
		}, public, "tcp_unreachable udp_unreachable mapping_refused"},
		{"mapping that forwards nothing", func(t *testing.T) string {
			s := newStreet(t, false, "masquerade", "")
			s.supernodes(t)
			s.natPMP(t, "203.0.113.1", 0, 0)
			return s.home
		}, public, "tcp_unreachable udp_unreachable mapping_useless"},
		{"clock off", func(t *testing.T) string {
			s := newStreet(t, false, "masquerade", "")
			s.timekeepers(t, -time.Hour, superOne, superTwo)
			return s.home
		}, append(public, "--within", "6s"), "no_bootstrap clock_off"},
		{"no bootstrap", func(t *testing.T) string { one, _ := lan(t); return one }, []string{"--within", "7s"}, "no_bootstrap"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, ns := newHome(t), tt.street(t)
			began := time.Now()
			faults, out := doctorIn(t, h, ns, tt.args...)
			t.Logf("%.0f s", time.Since(began).Seconds())
			if got := strings.Join(faults, " "); got != tt.want {
				t.Errorf("faults %q, want %q:\n%s", got, tt.want, out)
			}
			if left, err := filepath.Glob(filepath.Join(h["HOME"], "*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestDoctorPortTaken: the port that the user wants, or that the servent has had so far,
// is another program's.
func TestDoctorPortTaken(t *testing.T) {
	one, _ := lan(t)
	newHome(t).spawnIn(t, one, "share", "--json", "--connect-only", "--listen", ":7001", t.TempDir()).line(t, `"ready"`)
	faults, out := doctorIn(t, newHome(t), one, "--listen", ":7001", "--connect-only", "--within", "1s")
	if !slices.Equal(faults, []string{servent.FaultPortTaken}) {
		t.Errorf("%v:\n%s", faults, out)
	}
	h := newHome(t)
	running := h.spawnIn(t, one, "share", "--json", "--connect-only", "--data-dir", filepath.Join(h["HOME"], "data"), t.TempDir())
	running.line(t, `"ready"`)
	if faults, out = doctorIn(t, h, one, "--data-dir", filepath.Join(h["HOME"], "data")); len(faults) > 0 {
		t.Errorf("%v:\n%s", faults, out)
	}
	running.kill()
	if err := os.WriteFile(filepath.Join(h["HOME"], "data", "port"), []byte("7001\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	running = h.spawnIn(t, one, "share", "--json", "--connect-only", "--data-dir", filepath.Join(h["HOME"], "data"), t.TempDir())
	running.line(t, `"ready"`)
	faults, out = doctorIn(t, h, one, "--data-dir", filepath.Join(h["HOME"], "data"))
	if !slices.Equal(faults, []string{servent.FaultPortTaken}) {
		t.Errorf("of one that runs: %v:\n%s", faults, out)
	}
}

// TestDoctorInterrupted: Ctrl-C ends it soon, and nothing is left behind, neither files
// nor what the router forwards.
func TestDoctorInterrupted(t *testing.T) {
	s := newStreet(t, false, "masquerade", "")
	router := s.natPMP(t, "203.0.113.1", 0, 0)
	h := newHome(t)
	h["TMPDIR"] = t.TempDir()
	if err := os.MkdirAll(filepath.Join(h["XDG_DATA_HOME"], "servent"), 0o700); err != nil { // it is there, but no servent has run
		t.Fatal(err)
	}
	p := h.spawnIn(t, s.home, "doctor", "--json", "--network", "gnutella", "--connect", superOne)
	until(t, patience, func() error {
		if router.mapped.Load() < 2 {
			return os.ErrNotExist
		}
		return nil
	})
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit %d", code)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it ends after %v", took)
	}
	if n := router.removed.Load(); n != 2 {
		t.Errorf("%d mappings removed", n)
	}
	for _, dir := range []string{filepath.Join(h["XDG_DATA_HOME"], "servent"), h["TMPDIR"]} {
		if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}
