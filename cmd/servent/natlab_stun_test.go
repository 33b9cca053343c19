//go:build natlab && linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// coturn is where the lab has one. Its other address is .25.
const coturn = "203.0.113.15:3478"

// labSite is a line of sites.txt.
type labSite struct{ host, mapping, filtering, hairpin, preserved string }

func readSites(t *testing.T) (sites []labSite) {
	t.Helper()
	text, err := os.ReadFile(labDir + "/sites.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); f[0] != "#" && len(f) == 5 {
			sites = append(sites, labSite{f[0], f[1], f[2], f[3], f[4]})
		}
	}
	if len(sites) < 10 {
		t.Fatalf("sites.txt: %d sites", len(sites))
	}
	return sites
}

// TestNATLabSTUN: what a servent finds out of its routers by asking coturn is what was
// measured, and what coturn's own client says; our supernodes answer that client.
func TestNATLabSTUN(t *testing.T) {
	for _, tool := range []string{"turnserver", "turnutils_stunclient", "turnutils_natdiscovery"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not installed (Debian: apt-get install coturn)", tool)
		}
	}
	sites := readSites(t)
	var cells []*cell
	for _, s := range sites {
		cells = append(cells, &cell{hosts: [2]string{s.host, s.host}})
	}
	l := newLab(t, sitesOf(cells)...)
	l.supernodes(t)
	newHome(t).spawnCmd(t, l.at("p5", "turnserver", "-n", "-S", "--listening-ip", "203.0.113.15", "--listening-ip", "203.0.113.25",
		"--no-tls", "--no-dtls", "--no-cli", "--log-file", "stdout", "--simple-log", "--pidfile", t.TempDir()+"/pid"))
	for _, site := range sites {
		t.Run(site.host, func(t *testing.T) {
			t.Parallel()
			s := l.share(t, site.host, t.TempDir(), "--stun-server", coturn)
			until(t, time.Minute, func() error { return site.compare(t, s) })
			if slices.Contains([]string{"p3", "fc1-h1", "ar1-h1", "pr1-h1", "sy1-h1"}, site.host) {
				l.discover(t, site)
			}
		})
	}
	t.Run("our server", func(t *testing.T) {
		out, err := l.at("p3", "timeout", "10", "turnutils_stunclient", "-p", "6346", "203.0.113.11").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "UDP reflexive addr: 203.0.113.13:") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// compare says what a servent has not found out as it was measured.
func (w labSite) compare(t *testing.T, s *labServent) error {
	t.Helper()
	st := s.status(t)
	got := labSite{w.host, st.NAT.Mapping, st.NAT.Filtering, st.NAT.Hairpin, st.NAT.Preserved}
	if w.hairpin == "-" {
		got.hairpin = "-"
	}
	if w.preserved == "-" {
		got.preserved = "-"
	}
	if got != w {
		return fmt.Errorf("it says %+v, want %+v", got, w)
	}
	return nil
}

// discover has coturn's client say the same.
func (l *natLab) discover(t *testing.T, w labSite) {
	t.Helper()
	mapping := w.mapping
	if mapping == "none" {
		mapping = "endpoint-independent" // it does not tell them apart
	}
	out, err := l.at(w.host, "timeout", "30", "turnutils_natdiscovery", "-m", "-f", "203.0.113.15").CombinedOutput()
	text := strings.ReplaceAll(strings.ToLower(string(out)), " ", "-")
	for _, want := range []string{"nat-with-" + mapping + "-mapping!", "nat-with-" + w.filtering + "-filtering!"} {
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("coturn does not say %q: %v: %s", want, err, out)
		}
	}
}
