package servent

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// TestHTTPAfter: who knows that no datagram comes through does not wait for one.
func TestHTTPAfter(t *testing.T) {
	for blocked, want := range map[nat.Answer]time.Duration{nat.Yes: 0, nat.No: pushHTTPAfter, nat.Unknown: pushHTTPAfter} {
		if got := httpAfter(nat.Behaviour{Blocked: blocked}); got != want {
			t.Errorf("blocked %s: %v", blocked, got)
		}
	}
}

// TestProxyRefusals: for as long as noted and no longer, for that servent at that proxy, and no
// more than there is room for.
func TestProxyRefusals(t *testing.T) {
	var r refusals
	start, gone := time.Unix(1_700_000_000, 0), errors.New("gone")
	at := netip.MustParseAddrPort("5.9.0.1:6346")
	k := refusal{protocol.GUID{1}, at, true}
	r.note(start, k, gone, time.Minute)
	if err := r.of(start.Add(time.Minute-1), k); !errors.Is(err, gone) {
		t.Errorf("within a minute: %v", err)
	}
	if err := r.of(start.Add(time.Minute), k); err != nil {
		t.Errorf("after it: %v", err)
	}
	for _, o := range []refusal{{protocol.GUID{2}, at, true}, {protocol.GUID{1}, netip.AddrPortFrom(at.Addr(), 1), true}, {protocol.GUID{1}, at, false}} {
		if err := r.of(start, o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for i := range maxRefusals {
		r.note(start, refusal{protocol.GUID{byte(i), byte(i >> 8), 7}, at, true}, gone, time.Hour)
	}
	last := refusal{protocol.GUID{9, 9}, at, true}
	if len(r.by) != maxRefusals || r.of(start, refusal{protocol.GUID{byte((maxRefusals - 1) & 255), byte((maxRefusals - 1) >> 8), 7}, at, true}) != nil {
		t.Errorf("%d are remembered", len(r.by))
	}
	if r.note(start, last, gone, time.Hour); r.of(start, last) != nil {
		t.Error("one past the limit is remembered")
	}
	if r.note(start.Add(time.Minute), last, gone, time.Hour); r.of(start.Add(time.Minute), last) == nil {
		t.Error("once one is over there is room again")
	}
}
