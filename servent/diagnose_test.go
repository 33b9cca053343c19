package servent

import (
	"slices"
	"strings"
	"testing"
)

// well is a servent on the public network, behind a router, that lacks nothing.
func well() Facts {
	mapped := Forwarding{State: "mapped", Protocol: "UPnP", Outside: "81.2.69.5:6346"}
	return Facts{Status: Status{
		Listen: "[::]:6346", Address: "81.2.69.5:6346", Network: "gnutella", Uptime: 60, Hosts: 120,
		Links: map[string]int{"supernode": 3}, Own: []string{"192.168.1.5"}, World: true,
		Reachable:   ReachInfo{"yes", "yes"},
		NAT:         NATInfo{Local: "192.168.1.5:6346", Outside: "81.2.69.5:6346", Mapping: "endpoint-independent", Blocked: "no"},
		PortMapping: PortMapping{Router: "192.168.1.1", Inside: "192.168.1.5:6346", TCP: mapped, UDP: mapped},
		Clock:       ClockInfo{"right", 1, 3, 3},
	}}
}

// unmapped says that the router answers so to UPnP, and to nothing else.
func unmapped(st *Status, answer string, refused bool) {
	f := Forwarding{State: "failed", Errors: []RouterError{{"UPnP", answer, refused}, {"PCP", "no router answered", false}}}
	st.PortMapping.TCP, st.PortMapping.UDP = f, f
}

// TestDiagnose: each fault by its name, what it means and what to do; nothing else is
// called one.
func TestDiagnose(t *testing.T) {
	for _, tt := range []struct {
		name   string
		breaks func(f *Facts)
		want   string // faults, in their order
		says   []string
	}{
		{"nothing wrong", func(*Facts) {}, "", []string{"listens on port 6346", "linked with 3 servents; 120 hosts known", "at 81.2.69.5:6346", "forwards 81.2.69.5:6346 to 192.168.1.5:6346 (UPnP)", "right, beside 3 others"}},
		{"no network", func(f *Facts) { f.Status.Own, f.Status.World, f.Status.Links = []string{}, false, nil }, "no_route", []string{"on no network", "by cable or radio", "not checked without a network"}},
		{"no default route", func(f *Facts) { f.Status.World, f.Status.Links = false, nil }, "no_route", []string{"(192.168.1.5) has no route to the internet", "default gateway"}},
		{"no route to the named peers", func(f *Facts) {
			f.Status.World, f.Status.Links, f.Status.Network = false, nil, "lan"
			f.Status.Seeds = []SeedInfo{{Addr: "203.0.113.1:1", Error: "connect: network is unreachable"}}
		}, "no_route", []string{"has no route to the internet", "default gateway"}},
		{"no route to one of the named peers", func(f *Facts) {
			f.Status.World, f.Status.Links, f.Status.Network = false, nil, "lan"
			f.Status.Seeds = []SeedInfo{{Addr: "203.0.113.1:1", Error: "connect: network is unreachable"}, {Addr: "192.168.1.9:1", Error: "refused"}}
		}, "no_bootstrap", nil},
		{"no default route on a LAN", func(f *Facts) { f.Status.World, f.Status.Network = false, "lan" }, "", []string{"with no route to the internet"}},
		{"no default route that is needed", func(f *Facts) { f.Status.World = false }, "", nil},
		{"port taken", func(f *Facts) { f.Taken = ":6346"; f.Status.Listen = "[::]:4711" }, "port_taken", []string{"another program listens on :6346", "found on port 4711", "--listen"}},
		{"port of earlier starts taken", func(f *Facts) { f.Status.PortTaken = 7000 }, "port_taken", []string{"has port 7000", "now it is port 6346", "end that program"}},
		{"nobody on the LAN", func(f *Facts) { f.Status.Links, f.Status.Network = nil, "lan" }, "no_bootstrap", []string{"no other servent answers on this network", "--connect host:port"}},
		{"nobody on the LAN, which leads nowhere else", func(f *Facts) {
			f.Status.Links, f.Status.Network, f.Status.World, f.Status.Uptime = nil, "lan", false, justStarted
		}, "no_bootstrap", nil},
		{"nobody yet", func(f *Facts) { f.Status.Links, f.Status.Uptime = nil, 4 }, "", []string{"none yet"}},
		{"no host known", func(f *Facts) {
			f.Status.Links, f.Status.Hosts = nil, 0
			f.Status.Bootstrap = []RungInfo{{Rung: "hosts"}, {Rung: "udp caches", Error: "cache.example:1: no answer within 20s"}}
		}, "no_bootstrap", []string{"no host is known", "(cache.example:1: no answer within 20s)"}},
		{"no host takes a link", func(f *Facts) { f.Status.Links = nil }, "no_bootstrap", []string{"120 hosts known, and none has taken a link", "firewall of this machine"}},
		{"named peers are gone", func(f *Facts) {
			f.Status.Links, f.Status.Seeds = nil, []SeedInfo{{Addr: "10.0.0.1:1", Error: "refused"}, {}, {}, {}}
		}, "no_bootstrap", []string{"--connect: 10.0.0.1:1 (refused), , , and 1 more"}},
		{"nobody is wanted", func(f *Facts) { f.Status.Links, f.Status.ConnectOnly = nil, true }, "", []string{"none is looked for"}},
		{"on loopback", func(f *Facts) {
			f.Status = Status{Listen: "127.0.0.1:6346", ConnectOnly: true, Network: "lan", Reachable: ReachInfo{"unknown", "unknown"}, PortMapping: PortMapping{Off: "loopback"}}
		}, "", []string{"only programs of this machine reach it", "nobody else can come", "no router is asked: loopback"}},
		{"not tested", func(f *Facts) { f.Status.Reachable = ReachInfo{"unknown", "unknown"} }, "", []string{"no peer has tested them yet"}},
		{"firewall of this machine", func(f *Facts) { f.Status.Reachable = ReachInfo{"no", "no"} }, "tcp_unreachable udp_unreachable", []string{"have the firewall of this machine let TCP port 6346 in", "let UDP port 6346 in"}},
		{"UDP blocked", func(f *Facts) {
			f.Status.NAT = NATInfo{Mapping: "unknown", Blocked: "yes"}
			f.Status.Reachable.UDP = "no"
		}, "udp_blocked", []string{"UDP is blocked", "let UDP port 6346 out and in", "no answer by UDP tells what kind"}},
		{"mapping refused", func(f *Facts) {
			unmapped(&f.Status, "refused: not authorized", true)
			f.Status.Reachable = ReachInfo{"no", "no"}
		}, "tcp_unreachable udp_unreachable mapping_refused", []string{"refused: not authorized (UPnP)", "allow UPnP or NAT-PMP in the settings of the router (http://192.168.1.1/)"}},
		{"mapping refused, others come all the same", func(f *Facts) { unmapped(&f.Status, "refused: not authorized", true) }, "", []string{"need not: others get through"}},
		{"mapping refused, nobody has tested", func(f *Facts) {
			unmapped(&f.Status, "refused: not authorized", true)
			f.Status.Reachable = ReachInfo{"unknown", "unknown"}
		}, "mapping_refused", nil},
		{"one transport refused", func(f *Facts) {
			tcp := f.Status.PortMapping.TCP
			unmapped(&f.Status, "refused: no ports left", true)
			f.Status.PortMapping.TCP, f.Status.Reachable.UDP = tcp, "no"
		}, "udp_unreachable mapping_refused", []string{"no ports left"}},
		{"router silent", func(f *Facts) {
			unmapped(&f.Status, "no router answered", false)
			f.Status.Reachable = ReachInfo{"no", "yes"}
		}, "tcp_unreachable mapping_refused", []string{"does not answer when it is asked", "forward TCP and UDP port 6346 to 192.168.1.5"}},
		{"router silent, brief", func(f *Facts) {
			unmapped(&f.Status, "no router answered", false)
			f.Status.Reachable, f.Brief = ReachInfo{"no", "yes"}, true
		}, "tcp_unreachable mapping_refused", []string{"keep to that port with --listen :6346"}},
		{"router silent, not tested", func(f *Facts) {
			unmapped(&f.Status, "no router answered", false)
			f.Status.Reachable = ReachInfo{"unknown", "unknown"}
		}, "", []string{"no router here answers"}},
		{"no router needed", func(f *Facts) {
			unmapped(&f.Status, "no router answered", false)
			f.Status.NAT.Mapping, f.Status.Reachable = "none", ReachInfo{"no", "yes"}
		}, "tcp_unreachable", []string{"have the firewall of this machine let TCP port 6346 in"}},
		{"no gateway", func(f *Facts) {
			unmapped(&f.Status, "no default gateway", false)
			f.Status.PortMapping.Router = ""
			f.Status.Network = "lan"
		}, "", []string{"no router to ask"}},
		{"router forwards nothing", func(f *Facts) {
			f.Status.PortMapping.TCP.State, f.Status.Reachable.TCP = "denied", "no"
		}, "tcp_unreachable mapping_useless", []string{"says that it forwards 81.2.69.5:6346 (UPnP), but others do not get through"}},
		{"switched off", func(f *Facts) {
			f.Status.PortMapping, f.Status.Reachable = PortMapping{Off: "switched off"}, ReachInfo{"no", "no"}
		}, "tcp_unreachable udp_unreachable", []string{"in the settings of the router, forward TCP and UDP port 6346 to 192.168.1.5", "no router is asked: switched off"}},
		{"symmetric", func(f *Facts) {
			unmapped(&f.Status, "no router answered", false)
			f.Status.NAT.Mapping, f.Status.Reachable = "address-and-port-dependent", ReachInfo{"no", "no"}
		}, "tcp_unreachable udp_unreachable symmetric_nat mapping_refused", []string{"(a symmetric NAT)", "few can meet it"}},
		{"symmetric, and forwarded", func(f *Facts) { f.Status.NAT.Mapping = "address-dependent" }, "", []string{"no harm, since others get through"}},
		{"double NAT by a private address", func(f *Facts) {
			f.Status.PortMapping.TCP.Outside, f.Status.PortMapping.UDP.Outside = "10.0.0.7:6346", "10.0.0.7:6346"
			f.Status.Reachable = ReachInfo{"no", "no"}
		}, "tcp_unreachable udp_unreachable double_nat", []string{"has the address 10.0.0.7, which is no public one", "bridge mode"}},
		{"double NAT by another public address", func(f *Facts) {
			f.Status.PortMapping.TCP.Outside, f.Status.Reachable.TCP = "81.2.69.6:6346", "no"
			f.Status.PortMapping.UDP.Outside = "81.2.69.6:6346"
		}, "tcp_unreachable double_nat", []string{"says that it is at 81.2.69.6, but others see this servent at 81.2.69.5"}},
		{"carrier's NAT", func(f *Facts) {
			f.Status.PortMapping.TCP.Outside, f.Status.PortMapping.UDP.Outside = "100.64.1.7:6346", "100.64.1.7:6346"
			f.Status.Reachable = ReachInfo{"no", "no"}
		}, "tcp_unreachable udp_unreachable double_nat", []string{"carrier-grade NAT", "ask the provider for a public address"}},
		{"carrier's NAT, with no router between", func(f *Facts) {
			f.Status.Own, f.Status.Reachable, f.Status.PortMapping = []string{"100.64.1.7"}, ReachInfo{"no", "no"}, PortMapping{Off: "switched off"}
		}, "tcp_unreachable udp_unreachable double_nat", []string{"carrier-grade NAT"}},
		{"another router, but others come", func(f *Facts) {
			f.Status.PortMapping.TCP.Outside, f.Status.PortMapping.UDP.Outside = "10.0.0.7:6346", "10.0.0.7:6346"
		}, "", nil},
		{"a LAN behind a LAN", func(f *Facts) {
			f.Status.Network, f.Status.Address, f.Status.NAT = "lan", "192.168.1.5:6346", NATInfo{Mapping: "unknown", Blocked: "unknown"}
			f.Status.PortMapping.TCP.Outside, f.Status.PortMapping.UDP.Outside = "10.0.0.7:6346", "10.0.0.7:6346"
			f.Status.Reachable.UDP = "unknown"
		}, "", nil},
		{"clock off", func(f *Facts) { f.Status.Clock = ClockInfo{"wrong", 3780, 4, 3} }, "clock_off", []string{"63 minutes fast, as 3 of 4 others say", "timedatectl"}},
		{"clock slow by days", func(f *Facts) { f.Status.Clock = ClockInfo{"wrong", -200_000, 2, 2} }, "clock_off", []string{"2 days slow"}},
		{"clock of one other", func(f *Facts) { f.Status.Clock = ClockInfo{"unknown", -7200, 1, 1} }, "", []string{"2 hours slow beside the only other"}},
		{"clocks that differ", func(f *Facts) { f.Status.Clock = ClockInfo{"unknown", 100, 2, 1} }, "", []string{"2 others say the time, and do not agree"}},
		{"no other clock", func(f *Facts) { f.Status.Clock = ClockInfo{State: "unknown"} }, "", []string{"nobody has told the time yet"}},
	} {
		f := well()
		tt.breaks(&f)
		findings := Diagnose(f)
		var faults []string
		var text strings.Builder
		for _, one := range findings {
			text.WriteString(one.Text + "\n" + one.Means + "\n" + one.Do + "\n")
			if one.Verdict == VerdictFault {
				faults = append(faults, one.Fault)
			}
			if complete := one.Fault != "" && one.Means != "" && one.Do != ""; complete != (one.Verdict == VerdictFault) || one.Text == "" {
				t.Errorf("%s: %+v", tt.name, one)
			}
		}
		if got := strings.Join(faults, " "); got != tt.want {
			t.Errorf("%s: faults %q, want %q\n%s", tt.name, got, tt.want, &text)
		}
		for _, want := range tt.says {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s: %q is missing:\n%s", tt.name, want, &text)
			}
		}
	}
}

// TestDiagnoseChecksAll: the checks are the same ones in the same order, whatever is wrong.
func TestDiagnoseChecksAll(t *testing.T) {
	lost := well()
	lost.Status.Own, lost.Status.Links = []string{}, nil
	for _, f := range []Facts{well(), lost, {}} {
		var checks []string
		for _, one := range Diagnose(f) {
			checks = append(checks, one.Check)
		}
		if want := []string{"network", "port", "peers", "connections", "datagrams", "router", "forwarding", "clock"}; !slices.Equal(checks, want) {
			t.Errorf("%v, want %v", checks, want)
		}
	}
}
