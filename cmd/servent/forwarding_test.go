package main

import (
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// TestForwardTexts: what a router does, and why it does not, in one line where both
// transports fare alike.
func TestForwardTexts(t *testing.T) {
	const inside = "192.168.1.5:6346"
	mapped := servent.Forwarding{State: "mapped", Protocol: "UPnP", Outside: "203.0.113.9:6346"}
	double, denied := mapped, mapped
	double.DoubleNAT, denied.State = true, "denied"
	failed := servent.Forwarding{State: "failed", Errors: []servent.RouterError{
		{Protocol: "UPnP", Error: "no router answered"}, {Protocol: "NAT-PMP", Error: "refused: not authorized"}, {Protocol: "PCP", Error: "no router answered"},
	}}
	for _, tt := range []struct {
		p    servent.PortMapping
		want string
	}{
		{servent.PortMapping{}, ""},
		{servent.PortMapping{Off: "switched off"}, "no: switched off"},
		{servent.PortMapping{Inside: inside, TCP: mapped, UDP: mapped}, "TCP and UDP: the router forwards 203.0.113.9:6346 to 192.168.1.5:6346 (UPnP)"},
		{servent.PortMapping{Inside: inside, TCP: double, UDP: double}, "TCP and UDP: the router forwards 203.0.113.9:6346 to 192.168.1.5:6346 (UPnP), but that address is no public one: another router stands before it"},
		{
			servent.PortMapping{Inside: inside, TCP: denied, UDP: servent.Forwarding{State: "asking"}},
			"TCP: the router says that it forwards 203.0.113.9:6346 (UPnP), but others do not get through|UDP: the router is being asked",
		},
		{servent.PortMapping{TCP: failed, UDP: failed}, "TCP and UDP: no: no router answered (UPnP, PCP); refused: not authorized (NAT-PMP)"},
	} {
		if got := strings.Join(forwardTexts(&tt.p), "|"); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	if text := statusText(&servent.Status{PortMapping: servent.PortMapping{TCP: failed, UDP: mapped}}); !strings.Contains(text, "\nforwarded  TCP: no: no router") || !strings.Contains(text, "\n           UDP: the router") {
		t.Error(text)
	}
}

// TestNoPortMapping: routers are asked unless the user says no.
func TestNoPortMapping(t *testing.T) {
	for _, no := range []bool{false, true} {
		n := nodeFlags{network: "lan", role: "auto", index: "list", noMapping: no}
		if cfg, err := n.config(); err != nil || cfg.NoPortMapping != no {
			t.Errorf("%v: %v, %v", no, cfg.NoPortMapping, err)
		}
	}
}
