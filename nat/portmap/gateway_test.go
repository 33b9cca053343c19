package portmap

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

const routeHead = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

func TestParseRoutes(t *testing.T) {
	route := func(destination, gateway, flags, metric, mask string) string {
		return strings.Join([]string{"eth0", destination, gateway, flags, "0", "0", metric, mask, "0", "0", "0"}, "\t") + "\n"
	}
	lan := route("0000A8C0", "00000000", "0001", "0", "00FFFFFF")
	for name, c := range map[string]struct{ table, want string }{
		"one":            {lan + route("00000000", "0101A8C0", "0003", "100", "00000000"), "192.168.1.1"},
		"lowest metric":  {route("00000000", "0101A8C0", "0003", "600", "00000000") + route("00000000", "0102A8C0", "0003", "100", "00000000"), "192.168.2.1"},
		"first of equal": {route("00000000", "0101A8C0", "0003", "1", "00000000") + route("00000000", "0102A8C0", "0003", "1", "00000000"), "192.168.1.1"},
		"none":           {lan, ""},
		"empty":          {"", ""},
		"down":           {route("00000000", "0101A8C0", "0002", "0", "00000000"), ""},
		"without router": {route("00000000", "00000000", "0001", "0", "00000000"), ""},
		"half the world": {route("00000000", "0101A8C0", "0003", "0", "00000080"), ""},
		"no number":      {route("00000000", "0101A8Cx", "0003", "0", "00000000"), ""},
		"no metric":      {route("00000000", "0101A8C0", "0003", "-1", "00000000"), ""},
		"cut off":        {"eth0\t00000000\t0101A8C0\t0003", ""},
	} {
		got, err := parseRoutes(strings.NewReader(routeHead + c.table))
		if c.want == "" && errors.Is(err, errNoRouter) {
			continue
		}
		if err != nil || got.String() != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestNeighbour(t *testing.T) {
	if got, err := neighbour(netip.MustParseAddr("192.168.7.33")); err != nil || got.String() != "192.168.7.1" {
		t.Error(got, err)
	}
	for _, own := range []netip.Addr{{}, home, netip.MustParseAddr("2001:db8::1")} {
		if _, err := neighbour(own); !errors.Is(err, errNoRouter) {
			t.Error(own, err)
		}
	}
}

func TestTowards(t *testing.T) {
	if got := towards(home); got != home {
		t.Error(got)
	}
	if got := towards(netip.Addr{}); got.IsValid() && !got.IsLoopback() {
		t.Error(got)
	}
}

func TestRouteLimit(t *testing.T) {
	const last = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000"
	lines := strings.Repeat(strings.Repeat("x", 1023)+"\n", maxRoutes>>10)
	if _, err := parseRoutes(strings.NewReader(lines[len(last):] + last)); err != nil {
		t.Error("at the limit:", err)
	}
	if _, err := parseRoutes(strings.NewReader(lines[len(last)-1:] + last)); !errors.Is(err, errNoRouter) {
		t.Error("past the limit:", err)
	}
}
