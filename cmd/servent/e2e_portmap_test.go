//go:build loopback && linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestPortMapping: a servent behind a router that forwards another port than its own is
// found and dialled at that one, and takes the mapping back when it is told to end.
func TestPortMapping(t *testing.T) {
	s := newStreet(t, false, "masquerade", "")
	s.supernodes(t)
	s.forward(t, 7777, 6346)
	router := s.natPMP(t, "203.0.113.1", 7777, 0)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "papaya giraffe.txt"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	public := []string{"--network", "gnutella", "--connect", superOne + "," + superTwo}
	h := newHome(t)
	sharer := h.spawnIn(t, s.home, append([]string{"share", "--json", "--listen", ":6346", dir}, public...)...)
	sharer.line(t, `"ready"`)
	until(t, 30*time.Second, func() error { // the first test is 10 s after the first link
		_, out, _ := h.callIn(t, s.home, "status", "--json")
		st := object[servent.Status](t, out)
		if st.Reachable.TCP != "yes" || st.Address != "203.0.113.1:7777" || st.PortMapping.TCP.State != "mapped" {
			return fmt.Errorf("reached by TCP %s at %s, %+v", st.Reachable.TCP, st.Address, st.PortMapping)
		}
		return nil
	})
	seeker := newHome(t)
	code, out, errOut := seeker.callIn(t, s.world, append([]string{"search", "--json", "--limit", "1", "--timeout", "20s", "--listen", "203.0.113.12:7000", "giraffe papaya"}, public...)...)
	if code != exitDone {
		t.Fatalf("search: exit %d: %s", code, errOut)
	}
	if found := object[servent.Found](t, out); len(found.Sources) != 1 || found.Sources[0].Addr != "203.0.113.1:7777" || found.Sources[0].Push {
		t.Errorf("found at %+v", found.Sources)
	}
	if code, _, errOut := seeker.callIn(t, s.world, append([]string{"get", "1", "--output", t.TempDir(), "--listen", "203.0.113.12:7000"}, public...)...); code != exitDone {
		t.Errorf("get: exit %d: %s", code, errOut)
	}
	if n := router.removed.Load(); n != 0 {
		t.Errorf("%d mappings removed while it runs", n)
	}
	if err := sharer.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-sharer.ended
	if n := router.removed.Load(); n != 2 {
		t.Errorf("%d mappings removed at the end", n)
	}
}

// TestNoPortMappingAsked: on a local network, with --no-port-mapping or --connect-only,
// the router hears nothing; with a peer on the internet it does.
func TestNoPortMappingAsked(t *testing.T) {
	s := newStreet(t, false, "masquerade", "")
	router := s.natPMP(t, "203.0.113.1", 0, 0)
	for flag, asks := range map[string]bool{"--no-port-mapping": false, "--connect-only": false, "--connect=10.9.9.9:6346": false, "--no-browse": true} {
		router.mapped.Store(0)
		args := []string{"share", "--json", flag, t.TempDir()}
		if !strings.HasPrefix(flag, "--connect=") {
			args = append(args, "--connect", superOne)
		}
		p := newHome(t).spawnIn(t, s.home, args...)
		p.line(t, `"ready"`)
		asked := func() error {
			if router.mapped.Load() < 2 {
				return errors.New("the router was not asked")
			}
			return nil
		}
		if asks {
			until(t, patience, asked)
		} else if time.Sleep(time.Second); asked() == nil {
			t.Errorf("%s: the router was asked", flag)
		}
		p.kill()
	}
}
