package main

import (
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

func statusText(st *servent.Status) string {
	var out buffer
	newApp(&out, &buffer{}, home{}.lookEnv).showStatus(st)
	return out.String()
}

// TestStatusTellsOfProblems: only what the user can do something about is a
// problem; what a network that works does all the time is none.
func TestStatusTellsOfProblems(t *testing.T) {
	normal := servent.Status{Drops: map[string]uint64{"rate": 3, "ttl": 0}, Closed: map[string]uint64{"409": 2}}
	normal.Edge = servent.EdgeInfo{Refused: 9, DialsFailed: 8, UnknownSpeech: 7, BadHandshakes: 6, ConnectBacks: 5, UploadsBusy: 4, LinksPerIP: 3}
	normal.Index.State, normal.Lists.State, normal.Reachable.TCP = "ok", "rebuilding", "unknown"
	text := statusText(&normal)
	if strings.Contains(text, "problems") || strings.Contains(text, "refused") || strings.Contains(text, "409") || !strings.Contains(text, "\ndropped: rate 3\n") {
		t.Errorf("of a healthy servent: %s", text)
	}
	bad := servent.Status{}
	bad.Edge = servent.EdgeInfo{PendingFull: 3, PendingPerIP: 4, SearchesDropped: 1, InboxFull: 2, UDPInDropped: 5, UDPOutDropped: 6, HitsDropped: 7}
	bad.Election.Unfit = "10.0.0.1:1: bye: Check \x1bfailed: nobody"
	bad.Edge.QueueFull, bad.Reachable.TCP, bad.Index.State, bad.Lists.State = 8, "no", "failed", "full"
	text = statusText(&bad)
	for _, want := range []string{
		"\nproblems:\n  others cannot connect to this servent (TCP): have the firewall of this machine let TCP port 0 in",
		"\n  others do not take this servent for a supernode (10.0.0.1:1: bye: Check failed: nobody): let it be reached",
		"\n  1 question of others not looked up: the machine is too busy\n",
		"\n  2 connections for uploads not served", "\n  11 datagrams lost", "\n  7 answers to searches lost",
		"\n  8 requests for files sent away", "\n  7 connections closed unheard",
		"\n  the index of shared files cannot be written", "\n  the index of leaves' files is full, and others do not find the rest: more fit with --leaf-index-max-bytes\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	lonely := servent.Status{ConnectOnly: true, Seeds: []servent.SeedInfo{{Addr: "10.0.0.1:1", Error: "refused"}}}
	if text := statusText(&lonely); !strings.Contains(text, "\nproblems:\n  no links: none with the peers named with --connect (10.0.0.1:1: refused), which it tries on: start a servent there again") {
		t.Errorf("whose only peer is gone: %s", text)
	}
	if text := statusText(&servent.Status{}); strings.Contains(text, "problems") || strings.Contains(text, "dropped:") || strings.Contains(text, "MESSAGE") {
		t.Errorf("without any: %s", text)
	}
}

// TestStatusTellsOfAddress: an address that is not known yet is not told as one.
func TestStatusTellsOfAddress(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:6346":  "listens    port 6346 of all addresses; at which address others find it shows with the first link\n",
		"[::]:6346":     "listens    port 6346 of all addresses; at which address others find it shows with the first link\n",
		"10.0.0.1:6346": "listens    port 6346 of all addresses; others connect to 10.0.0.1:6346\n",
	} {
		if text := statusText(&servent.Status{Listen: "[::]:6346", Address: address}); !strings.Contains(text, want) || strings.Contains(text, "0.0.0.0") {
			t.Errorf("%s:\n%s", address, text)
		}
	}
	firewalled := servent.Status{Listen: "[::]:6346", Address: "10.0.0.1:6346", Reachable: servent.ReachInfo{TCP: "no"}}
	if text := statusText(&firewalled); !strings.Contains(text, "; others cannot connect to 10.0.0.1:6346\n") {
		t.Errorf("to whom nobody can connect:\n%s", text)
	}
}

// TestStatusTellsOfRelay: what was carried is no rate.
func TestStatusTellsOfRelay(t *testing.T) {
	st := servent.Status{Relay: servent.RelayInfo{Rate: 500_000, Active: 1, Pairs: 3, Bytes: 305_000, Refused: 2}}
	if text := statusText(&st); !strings.Contains(text, "\nrelay      1 pair now, 3 since the start, 305 kB carried; at most 500 kB/s; 2 refused\n") {
		t.Error(text)
	}
}

// TestStatusTellsOfStanding: each factor with its figure, what is needed, and what
// helps, where that decides on the role.
func TestStatusTellsOfStanding(t *testing.T) {
	st := servent.Status{Role: "leaf", Election: servent.ElectionInfo{
		Auto: true, Verdict: "a leaf that could not serve yet, for want of: uptime",
		Factors: []servent.FactorInfo{
			{Name: "uptime", Value: "33 s", Wanted: "at least 10 min", Advice: "it grows by itself"},
			{Name: "memory free", Value: "21 GiB", Wanted: "at least 256 MiB", OK: true},
		},
		Stay: []servent.FactorInfo{{Name: "uptime", Value: "33 s", Wanted: "any", OK: true}},
	}}
	want := `election   a leaf that could not serve yet, for want of: uptime
           FACTOR       NOW     NEEDED TO SERVE
           uptime       33 s    at least 10 min   missing
             it grows by itself
           memory free  21 GiB  at least 256 MiB  ok
`
	if text := statusText(&st); !strings.Contains(text, want) {
		t.Errorf("got:\n%swant:\n%s", text, want)
	}
	for auto, needed := range map[bool]string{true: "NEEDED TO GO ON", false: "NEEDED TO SERVE"} {
		st.Role, st.Election.Auto = "supernode", auto
		if text := statusText(&st); strings.Contains(text, "missing") || !strings.Contains(text, needed) {
			t.Errorf("of a supernode:\n%s", text)
		}
	}
	st.Role, st.Election.Auto = "leaf", false
	if text := statusText(&st); strings.Contains(text, "FACTOR") {
		t.Errorf("of one that the user wants as leaf:\n%s", text)
	}
}

// TestStatusTellsOfClock: once others have told the time.
func TestStatusTellsOfClock(t *testing.T) {
	st := servent.Status{Clock: servent.ClockInfo{State: "wrong", Off: 3600, Witnesses: 2, Agree: 2}}
	text := statusText(&st)
	if !strings.Contains(text, "\nclock      this machine's clock is 60 minutes fast") || !strings.Contains(text, "\nproblems:\n  this machine's clock is 60 minutes fast, as 2 of 2 others say: have the system set its clock") {
		t.Error(text)
	}
	if text := statusText(&servent.Status{}); strings.Contains(text, "clock") {
		t.Error(text)
	}
}

func TestLinksText(t *testing.T) {
	for want, links := range map[string]map[string]int{
		"none":                        {"leaf": 0},
		"1 flat, 1 leaf, 1 supernode": {"leaf": 1, "flat": 1, "supernode": 1},
		"2 leaves, 3 supernodes":      {"leaf": 2, "flat": 0, "supernode": 3},
	} {
		if got := linksText(links); got != want {
			t.Errorf("%v: %q, want %q", links, got, want)
		}
	}
}

// TestRouterText: what is said follows what is known.
func TestRouterText(t *testing.T) {
	const at = "192.0.2.1:6346"
	for want, n := range map[string]servent.NATInfo{
		"":                           {Blocked: "unknown", Mapping: "unknown"},
		"no answer comes back":       {Blocked: "yes", Mapping: "unknown"},
		"none changes the address":   {Blocked: "no", Outside: at, Mapping: "none"},
		"all the same":               {Blocked: "no", Outside: at, Mapping: "endpoint-independent"},
		"a symmetric NAT":            {Blocked: "no", Outside: at, Mapping: "address-and-port-dependent"},
		"nobody else has been asked": {Blocked: "no", Outside: at, Mapping: "unknown"},
	} {
		got := routerText(&n)
		if !strings.Contains(got, want) || (got == "") != (want == "") || n.Outside != "" && !strings.Contains(got, at) {
			t.Errorf("%+v: %q, want %q", n, got, want)
		}
	}
}
