package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestShowFindings: good news is one line; a fault tells what it means and what to do,
// once where two have the same remedy.
func TestShowFindings(t *testing.T) {
	const remedy = "have the router forward its port, which is something that takes a line and more to tell in full"
	fault := servent.Finding{Check: "connections", Verdict: "fault", Fault: "tcp_unreachable", Text: "nobody \x1bcomes", Means: "it is alone", Do: remedy}
	again, too := fault, fault
	again.Check, again.Text = "forwarding", "no"
	too.Check = "datagrams"
	open := servent.Finding{Check: "clock", Verdict: "unknown", Text: "nobody has told"}
	good := servent.Finding{Check: "network", Verdict: "ok", Text: "there is one"}
	show := func(all ...servent.Finding) string {
		var out buffer
		newApp(&out, &buffer{}, home{}.lookEnv).showFindings(all, &servent.Status{})
		return out.String()
	}
	want := `ok       network        there is one
FAULT    connections    nobody comes
                        Means: it is alone.
                        Do: what stands at "forwarding" below.
FAULT    datagrams      nobody comes
                        Means: it is alone.
                        Do: what stands at "forwarding" below.
FAULT    forwarding     no
                        Means: it is alone.
                        Do: have the router forward its port, which is something that takes a line
                        and more to tell in full.
unknown  clock          nobody has told

3 faults: connections, datagrams, forwarding
`
	if got := show(good, fault, too, again, open); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	if got := show(good, open); !strings.HasSuffix(got, "\nno fault found; not known: clock\n") {
		t.Error(got)
	}
	if got := show(good); !strings.HasSuffix(got, "\nall is well\n") {
		t.Error(got)
	}
}

// TestFaultTexts: in status faults with one remedy make one line, and that there are no
// links is told elsewhere.
func TestFaultTexts(t *testing.T) {
	got := faultTexts([]servent.Finding{
		{Verdict: "fault", Text: "one", Do: "help"},
		{Verdict: "ok", Text: "well"},
		{Verdict: "fault", Text: "two", Do: "other help"},
		{Verdict: "fault", Text: "three", Do: "help"},
		{Verdict: "fault", Fault: servent.FaultNoPeers, Text: "four", Do: "more help"},
	})
	if want := []string{"three; one: help", "two: other help"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "one": "one", "one two three": "one two|three", "one twoo": "one|twoo", "longerthanall x": "longerthanall|x", " a  b ": "a b",
	} {
		if got := strings.Join(wrap(text, 7), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestDoctorWaits: doctor waits for what may still be told, and no longer.
func TestDoctorWaits(t *testing.T) {
	linked := servent.Status{
		Listen: "[::]:1", Network: "gnutella", Links: map[string]int{"leaf": 1}, Own: []string{"192.168.1.5"}, World: true, Uptime: 60,
		Reachable: servent.ReachInfo{TCP: "yes", UDP: "yes"}, NAT: servent.NATInfo{Outside: "81.2.69.5:1", Mapping: "none"},
		Clock: servent.ClockInfo{State: "right", Witnesses: 1},
	}
	for _, tt := range []struct {
		name string
		with func(st *servent.Status)
		past time.Duration // when it is enough; 0: not within an hour
	}{
		{"all is known", func(*servent.Status) {}, time.Millisecond},
		{"TCP is not", func(st *servent.Status) { st.Reachable.TCP = "unknown" }, 0},
		{"UDP is not", func(st *servent.Status) { st.Reachable.UDP = "unknown" }, 0},
		{"forwarding is not", func(st *servent.Status) { st.PortMapping.TCP.State = "asking" }, 0},
		{"the router is not", func(st *servent.Status) { st.NAT = servent.NATInfo{} }, extrasAfter},
		{"nor can it be", func(st *servent.Status) { st.NAT = servent.NATInfo{Blocked: "yes"} }, time.Millisecond},
		{"the clock is not", func(st *servent.Status) { st.Clock = servent.ClockInfo{} }, extrasAfter},
		{"no network", func(st *servent.Status) { st.Links, st.Own = nil, []string{} }, noRouteAfter},
		{"nobody on a LAN", func(st *servent.Status) { st.Links, st.Network = nil, "lan" }, aloneAfter},
		{"nobody on a LAN, and the router is slow", func(st *servent.Status) {
			st.Links, st.Network, st.PortMapping.TCP.State = nil, "lan", "asking"
		}, 0},
		{"nobody in public", func(st *servent.Status) { st.Links = nil }, 0},
		{"nobody yet", func(st *servent.Status) { st.Links, st.Network, st.Uptime = nil, "lan", 0 }, 0},
	} {
		st := linked
		tt.with(&st)
		f := servent.Facts{Status: st}
		if tt.past == 0 {
			if enough(f, time.Hour) {
				t.Errorf("%s: it is taken for enough", tt.name)
			}
			continue
		}
		if enough(f, tt.past-time.Millisecond) && tt.past > time.Millisecond || !enough(f, tt.past) {
			t.Errorf("%s: not enough after %v, or before", tt.name, tt.past)
		}
	}
}

func TestAnyPort(t *testing.T) {
	for listen, want := range map[string]string{":7001": ":0", "127.0.0.1:7001": "127.0.0.1:0", "[::1]:7001": "[::1]:0"} {
		if got := anyPort(listen); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
}

// TestDoctorOfRunning: one that runs is asked, flags have no effect on it, and its state
// stays.
func TestDoctorOfRunning(t *testing.T) {
	h := newHome(t)
	_, ready := h.sharing(t, tree(t))
	code, out, errOut := h.run(t, "doctor", "--role", "leaf")
	if code != exitDone || !strings.Contains(out, "nobody else can come to 127.0.0.1") || !strings.Contains(errOut, "note: --role without effect") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	if code, out, _ = h.run(t, "doctor", "--json"); code != exitDone || !strings.Contains(out, ready.GUID) || !strings.HasPrefix(out, `{"well":true,"findings":[{"check":"network","verdict":"off","text":`) {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, _, errOut = h.run(t, "doctor", "--within", "0s"); code != exitUsage {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
