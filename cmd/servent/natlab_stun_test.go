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

// siteHosts are those of sites.txt in the lab.
var siteHosts = map[string]string{
	"open": "p3", "full+hairpin": "fc1-h1", "full": "fc2-h1", "addr": "ar1-h1", "port": "pr1-h1", "port+hairpin": "pr2-h1",
	"presv": "pp1-h1", "rej": "rj1-h1", "sym": "sy1-h1", "fw": "fw1-h1", "cgn": "cgna-h1", "udpbl": "ub1-h1",
}

// inWords is what sites.txt shortens.
var inWords = map[string]string{
	"none": "none", "EIM": "endpoint-independent", "APDM": "address-and-port-dependent",
	"EIF": "endpoint-independent", "ADF": "address-dependent", "APDF": "address-and-port-dependent",
}

// labSite is a line of sites.txt.
type labSite struct{ host, mapping, filtering, hairpin, keeps string }

func readSites(t *testing.T) (sites []labSite) {
	t.Helper()
	text, err := os.ReadFile(labDir + "/sites.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := append(strings.Fields(line), "", "", "")
		switch host := siteHosts[f[0]]; {
		case host == "": // a comment
		case f[1] == "blocked":
			sites = append(sites, labSite{host: host, mapping: "blocked"})
		default:
			sites = append(sites, labSite{host, inWords[f[1]], inWords[f[2]], f[3], f[4]})
		}
	}
	if len(sites) != len(siteHosts) {
		t.Fatalf("sites.txt: %d of %d sites", len(sites), len(siteHosts))
	}
	return sites
}

// TestNATLabSTUN: what a servent finds out of its routers by asking coturn is what was
// measured, and what coturn's own client says, of coturn and of our supernodes.
func TestNATLabSTUN(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"turnserver", "turnutils_stunclient", "turnutils_natdiscovery"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not installed (Debian: apt-get install coturn)", tool)
		}
	}
	sites := readSites(t)
	l := newLab(t)
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
				l.askOurs(t, site)
			}
		})
	}
}

// compare says what a servent has not found out as it was measured.
func (w labSite) compare(t *testing.T, s *labServent) error {
	t.Helper()
	n := s.status(t).NAT
	got := labSite{w.host, n.Mapping, n.Filtering, n.Hairpin, n.Preserved}
	switch {
	case n.Blocked == "yes":
		got = labSite{host: w.host, mapping: "blocked"}
	case w.hairpin == "-":
		got.hairpin = "-" // without a router there is nothing to say
	}
	if got != w {
		return fmt.Errorf("it says %+v, want %+v", got, w)
	}
	return nil
}

// discover has coturn's client say the same of coturn's answers.
func (l *natLab) discover(t *testing.T, w labSite) {
	t.Helper()
	mapping := w.mapping
	if mapping == "none" {
		mapping = inWords["EIM"] // it does not tell them apart
	}
	l.says(t, w.host, []string{"turnutils_natdiscovery", "-m", "-f", "203.0.113.15"},
		"nat-with-"+mapping+"-mapping!", "nat-with-"+w.filtering+"-filtering!")
}

// askOurs has coturn's clients ask a supernode. Of the mapping they tell nothing: its
// second address has no port of the first one's number, where they would ask for that.
func (l *natLab) askOurs(t *testing.T, w labSite) {
	t.Helper()
	l.says(t, w.host, []string{"turnutils_natdiscovery", "-f", "-p", "6346", "203.0.113.11"}, "nat-with-"+w.filtering+"-filtering!")
	l.says(t, w.host, []string{"turnutils_stunclient", "-p", "6346", "203.0.113.11"}, "udp-reflexive-addr:-"+l.outside(t, w.host)+":")
}

// outside is the address that others see of a host.
func (l *natLab) outside(t *testing.T, host string) string {
	t.Helper()
	addr, _, _ := strings.Cut(l.do(t, "outside", host), "\n")
	return addr
}

// says runs a client at a host and wants something of what it says, in small letters with
// dashes between words. Coturn's clients may wait for ever after that.
func (l *natLab) says(t *testing.T, host string, argv []string, wants ...string) {
	t.Helper()
	out, err := l.at(host, append([]string{"timeout", "20"}, argv...)...).CombinedOutput()
	text := strings.ReplaceAll(strings.ToLower(string(out)), " ", "-")
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q: %v: %s", strings.Join(argv, " "), want, err, out)
		}
	}
}
