package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// arrives returns what a leaf is told that connects.
func (b *bench) arrives(link LinkID, guid byte, host string) int {
	b.step(Heard{}) // so that it is now
	p := peerOf(guid, RoleLeaf)
	p.Outbound, p.Addr = false, netip.AddrPortFrom(netip.MustParseAddr(host), 40000)
	v := b.n.Admit(link, p)
	if v.Code == 200 {
		b.step(PeerDown{Link: link})
	}
	return v.Code
}

// TestArrivals: a servent that connects again and again is told so, past the limit,
// and is welcome again later; so are many behind one address.
func TestArrivals(t *testing.T) {
	b := newSupernode(t, nil)
	link := LinkID(0)
	arrives := func(guid byte, host string) int { link++; return b.arrives(link, guid, host) }
	for i := range int(rateServent.Burst) {
		if code := arrives(1, "10.0.1.1"); code != 200 {
			t.Fatalf("link %d: %d", i, code)
		}
	}
	if code := arrives(1, "10.0.1.1"); code != codeTooMany {
		t.Errorf("past the limit: %d", code)
	}
	if code := arrives(2, "10.0.1.1"); code != 200 {
		t.Errorf("another one: %d", code)
	}
	b.now = b.now.Add(5 * time.Second)
	if code := arrives(1, "10.0.1.1"); code != 200 {
		t.Errorf("later: %d", code)
	}
	for i := range int(rateHost.Burst) {
		if code := arrives(byte(10+i), "10.0.1.9"); code != 200 {
			t.Fatalf("link %d of one address: %d", i, code)
		}
	}
	if code := arrives(200, "10.0.1.9"); code != codeTooMany {
		t.Errorf("past the limit of one address: %d", code)
	}
	for i := range 2 * int(rateHost.Burst) {
		if code := arrives(byte(60+i), "127.0.0.1"); code != 200 {
			t.Fatalf("link %d of this machine: %d", i, code)
		}
	}
}

// TestArrivalsAreBounded: those who would be welcome go first.
func TestArrivalsAreBounded(t *testing.T) {
	known := map[protocol.GUID]*bucket{}
	bad := protocol.GUID{0xff}
	for range int(rateServent.Burst) {
		arrive(known, bad, time.Second, rateServent)
	}
	id := func(i int) protocol.GUID { return protocol.GUID{byte(i), byte(i >> 8), 1} }
	for i := range maxArrivals - 1 {
		arrive(known, id(i), time.Second, rateServent)
	}
	if len(known) != maxArrivals {
		t.Fatalf("%d are remembered", len(known))
	}
	later := time.Second + 6*time.Second // of one token
	if arrive(known, id(maxArrivals), later, rateServent); len(known) != 2 {
		t.Errorf("%d are remembered once there are too many", len(known))
	}
	arrive(known, bad, later, rateServent)
	if arrive(known, bad, later, rateServent) {
		t.Error("the one who came too often is forgotten")
	}
	for i := range 2 * maxArrivals {
		if arrive(known, id(i), later, rateServent); len(known) > maxArrivals {
			t.Fatalf("%d are remembered", len(known))
		}
	}
}
