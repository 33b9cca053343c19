package servent

import (
	"net/netip"
	"testing"
)

// TestOwnAndSecond: only an address that the machine has is served at, and the second is
// such as who asks the first can reach.
func TestOwnAndSecond(t *testing.T) {
	machine := []netip.Addr{}
	for _, a := range []string{"127.0.0.1", "192.168.1.2", "203.0.113.11", "2001:db8::1", "203.0.113.21"} {
		machine = append(machine, netip.MustParseAddr(a))
	}
	for own, want := range map[string][2]string{
		"203.0.113.11": {"203.0.113.11", "203.0.113.21"},
		"203.0.113.21": {"203.0.113.21", "203.0.113.11"},
		"192.168.1.2":  {"192.168.1.2", ""},
		"2001:db8::1":  {"2001:db8::1", ""},
		"203.0.113.99": {"", ""}, // a router's
		"0.0.0.0":      {"", ""}, // not known yet
	} {
		o, s := ownAndSecond(netip.MustParseAddr(own), machine)
		for i, a := range []netip.Addr{o, s} {
			if a.IsValid() != (want[i] != "") || a.IsValid() && a.String() != want[i] {
				t.Errorf("%s: %v and %v, want %v", own, o, s, want)
			}
		}
	}
	if o, s := ownAndSecond(netip.Addr{}, nil); o.IsValid() || s.IsValid() {
		t.Errorf("%v, %v of nothing", o, s)
	}
}
