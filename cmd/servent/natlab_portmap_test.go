//go:build natlab && linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNATLabPortmap: a router that speaks one of the protocols forwards the port to the
// servent behind it, as long as that runs, and no longer.
func TestNATLabPortmap(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("miniupnpd"); err != nil {
		t.Fatal("miniupnpd is not installed (Debian: apt-get install miniupnpd miniupnpd-nftables)")
	}
	// NAT-PMP and PCP share a port, and the first byte of a request is their version.
	const without = "insert rule inet miniupnpd in_ udp dport 5351 @th,64,8 %d drop"
	for _, tt := range []struct{ protocol, conf, rule string }{
		{"UPnP", "enable_upnp=yes\nenable_natpmp=no\n", ""},
		{"NAT-PMP", "enable_upnp=no\nenable_natpmp=yes\n", fmt.Sprintf(without, 2)},
		{"PCP", "enable_upnp=no\nenable_natpmp=yes\n", fmt.Sprintf(without, 0)},
	} {
		t.Run(tt.protocol, func(t *testing.T) {
			t.Parallel() // each has a lab of its own
			testPortmap(t, tt.protocol, tt.conf, tt.rule)
		})
	}
}

func testPortmap(t *testing.T, protocol, conf, rule string) {
	l := newLab(t, "up1")
	l.supernodes(t)
	d := l.upnpd(t, conf, rule)
	s := l.share(t, "up1-h1", t.TempDir())
	l.awaitMappings(t, 10*time.Second, 2)
	until(t, time.Minute, func() error {
		st := s.status(t)
		for _, m := range []string{st.PortMapping.UDP.Protocol, st.PortMapping.TCP.Protocol} {
			if m != protocol {
				return fmt.Errorf("mapped by %q", m)
			}
		}
		if st.Reachable.TCP != "yes" || st.Address != "25.0.0.116:"+labPort {
			return fmt.Errorf("%s, reachable %+v", st.Address, st.Reachable)
		}
		return nil
	})

	if protocol != "UPnP" { // whose lease is an hour, whatever the router's configuration says
		idle(t, 150*time.Second) // leases are for 120 s
		l.awaitMappings(t, time.Second, 2)
	}

	d.kill()
	l.upnpd(t, conf, rule)
	l.awaitMappings(t, 0, 0)
	restarted := time.Now()
	l.awaitMappings(t, 3*time.Minute, 2)
	t.Logf("%s: mapped again %v after the router's restart", protocol, time.Since(restarted).Round(time.Second))

	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := s.exit(t); code != 0 {
		t.Errorf("after Ctrl-C: exit %d", code)
	}
	l.awaitMappings(t, 0, 0)

	s = l.share(t, "up1-h1", t.TempDir())
	l.awaitMappings(t, 10*time.Second, 2)
	if code, _, errOut := s.call(t, "stop"); code != 0 {
		t.Errorf("stop: exit %d: %s", code, errOut)
	}
	s.exit(t)
	l.awaitMappings(t, 0, 0)
}

// upnpd starts miniupnpd, which remembers nothing.
func (l *natLab) upnpd(t *testing.T, conf, rule string) *process {
	t.Helper()
	l.do(t, "upnpd")
	if rule != "" {
		l.do(t, append([]string{"x", "up1-r", "nft"}, strings.Fields(rule)...)...)
	}
	text, err := os.ReadFile(labDir + "/miniupnpd.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "conf")
	writeFile(t, file, string(text)+conf)
	return newHome(t).spawnCmd(t, l.at("up1-r", "miniupnpd", "-d", "-f", file, "-P", filepath.Join(dir, "pid")))
}

// awaitMappings waits until the router forwards the servent's port in so many ways.
func (l *natLab) awaitMappings(t *testing.T, limit time.Duration, n int) {
	t.Helper()
	until(t, limit, func() error {
		out := l.do(t, "x", "up1-r", "nft", "list", "chain", "inet", "miniupnpd", "prerouting")
		if got := strings.Count(out, "10.16.0.11:"+labPort); got != n {
			return fmt.Errorf("the router forwards the port %d times, want %d:\n%s", got, n, out)
		}
		return nil
	})
}
