package overlay

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

var plenty = Resources{Memory: 1 << 30, Disk: 1 << 30, Descriptors: 1000}

// fitLeaf is a leaf that could serve and hangs on supernode 1, which it has checked.
func fitLeaf(t *testing.T) *bench {
	b := newAuto(t, nil)
	b.step(plenty)
	b.meet(1, RoleSupernode, true)
	b.n.byID[1].strange, b.n.byID[1].check = false, nil
	b.step(ConnectedBack{From: hostAddr(9)})
	return b
}

// alive lets time pass in which the peers of these links are heard.
func (b *bench) alive(d time.Duration, links ...LinkID) (out []Action) {
	for ; d > 0; d -= time.Minute {
		for _, l := range links {
			out = append(out, b.receive(l, protocol.Header{Kind: protocol.KindPing, TTL: 1}, nil)...)
		}
		out = append(out, b.pass(min(d, time.Minute))...)
	}
	return out
}

// TestLeafOffersItself when its capacity is enough, and is promoted by whom it has checked.
func TestLeafOffersItself(t *testing.T) {
	b := fitLeaf(t)
	b.alive(supernode.Become.Uptime-time.Minute, 1)
	found, _ := vendors(t, b.alive(3*time.Minute, 1), 1, protocol.VendorCandidate)
	if len(found) != 1 {
		t.Fatalf("%d offers", len(found))
	}
	if fit, up, err := found[0].Candidate(); !fit || up < supernode.Become.Uptime || err != nil {
		t.Errorf("offers %t, %v, %v", fit, up, err)
	}
	for name, change := range map[string]func(b *bench, rate *uint32){
		"fit":        func(*bench, *uint32) {},
		"too slow":   func(_ *bench, rate *uint32) { *rate = uint32(supernode.Become.Upload - 1) },
		"on battery": func(b *bench, _ *uint32) { b.step(Resources{1 << 30, 1 << 30, 1000, true}) },
		"a stranger": func(b *bench, _ *uint32) { b.n.byID[1].strange = true },
		"unknown":    func(b *bench, _ *uint32) { b.n.machine = Resources{} },
	} {
		b := fitLeaf(t)
		b.alive(supernode.Become.Uptime+time.Minute, 1)
		rate := uint32(supernode.Become.Upload)
		change(b, &rate)
		out := b.election(1, protocol.GUID{}, protocol.NewPromote(rate))
		if becomes := b.n.Role() == RoleSupernode; becomes != (name == "fit") || becomes != (len(ops(out, OpRole)) == 1) || becomes == (b.n.Stats().Drops[DropRole] == 1) {
			t.Errorf("%s: a %s", name, b.n.Role())
		}
	}
}

// crowded is a supernode whose places are nearly all taken, by leaves that offer
// themselves and have been here long enough.
func crowded(t *testing.T) *bench {
	b := newSupernode(t, func(c *Config) { c.MaxLeaves = 4 })
	links := []LinkID{1, 2, 3, 4}
	for _, id := range links {
		b.meet(byte(id), RoleLeaf, false)
		b.election(byte(id), protocol.GUID{}, protocol.NewCandidate(true, time.Hour))
	}
	b.alive(candidateFor, links...)
	return b
}

// TestRecruit: the leaf that was here first is checked and asked; one that fails is
// passed over, whatever it claims.
func TestRecruit(t *testing.T) {
	b := crowded(t)
	var out []Action
	for range 200 {
		if out = append(out, b.alive(time.Minute, 1, 2, 3, 4)...); len(ops(out, OpCall)) > 0 {
			break
		}
	}
	if b.n.stats.ChecksFailed == 0 { // it has not answered
		b.alive(time.Minute, 1, 2, 3, 4)
	}
	asked := ops(out, OpCall)
	if len(asked) == 0 || asked[0].Addr != peerOf(1, RoleLeaf).Addr || !b.n.byID[1].passedOver {
		t.Fatalf("called %v", asked)
	}
	b = crowded(t)
	out = b.n.recruit(nil)
	if len(b.n.recruit(nil)) > 0 {
		t.Error("two are checked at once")
	}
	size, id := probed(t, out)
	b.election(1, protocol.GUID{}, protocol.NewCalled(ops(out, OpCall)[0].ID))
	found, _ := vendors(t, b.proveRate(id, size, time.Second), 1, protocol.VendorPromote)
	if len(found) != 1 {
		t.Fatalf("%d are asked", len(found))
	}
	if rate, err := found[0].Promote(); err != nil || rate != protocol.MaxProbe {
		t.Errorf("rate %d, %v", rate, err)
	}
	out = b.n.recruit(nil)
	if calls := ops(out, OpCall); len(calls) != 1 || calls[0].Addr != peerOf(2, RoleLeaf).Addr {
		t.Errorf("the next one is %v", calls)
	}
}

// TestStepDown names who has room, then becomes a leaf; those that have failed a
// check, or have no room, are not named.
func TestStepDown(t *testing.T) {
	b := newAuto(t, nil)
	b.pass(time.Second)
	b.meet(1, RoleLeaf, false)
	for id, room := range map[byte]bool{2: true, 3: false, 4: true} {
		b.meet(id, RoleSupernode, true)
		b.n.byID[LinkID(id)].strange = id == 4
		taken := 300
		if room {
			taken = 10
		}
		b.election(id, protocol.GUID{}, protocol.NewPlaces(taken, 300))
	}
	found, _ := vendors(t, b.n.stepDown(nil), 1, protocol.VendorHandOver)
	if len(found) != 1 {
		t.Fatalf("%d hand-overs", len(found))
	}
	if to, err := found[0].HandOver(); err != nil || len(to) != 1 || to[0] != peerOf(2, RoleLeaf).Listen {
		t.Errorf("successors %v, %v", to, err)
	}
	if v := b.n.Admit(9, ownPeer(9, RoleLeaf, false)); v.Code != 503 {
		t.Errorf("takes a leaf yet: %+v", v)
	}
	if b.pass(handOverTime - time.Second); b.n.Role() != RoleSupernode {
		t.Error("the leaves have no time")
	}
	if b.pass(2 * time.Second); b.n.Role() != RoleLeaf || len(b.n.links) != 0 || b.n.rested() {
		t.Errorf("a %s with %d links", b.n.Role(), len(b.n.links))
	}
}

// TestHandOver: a leaf goes to the successors before its supernode has gone, but to
// none that it may not dial.
func TestHandOver(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Role, c.ConnectOnly = RoleLeaf, false })
	for id := byte(1); id <= 3; id++ {
		b.meet(id, RoleSupernode, true)
	}
	own := b.n.Addr()
	to := []netip.AddrPort{
		hostAddr(77), netip.MustParseAddrPort("127.0.0.1:80"), netip.MustParseAddrPort("8.8.8.8:53"), netip.MustParseAddrPort("10.0.7.7:0"), own,
	}
	dials := ops(b.election(1, protocol.GUID{}, protocol.NewHandOver(to)), OpDial)
	if len(dials) != 1 || dials[0].Addr != hostAddr(77) {
		t.Errorf("dials %v", dials)
	}
	if got := b.n.Stats().Drops[DropHandOver]; got != 4 {
		t.Errorf("%d dropped, want 4", got)
	}
	if again := b.election(1, protocol.GUID{}, protocol.NewHandOver(to)); len(again) > 0 || b.n.Stats().Drops[DropRole] != 1 {
		t.Errorf("a second one: %v", again)
	}
	p := ownPeer(77, RoleSupernode, true)
	if v := b.n.Admit(9, p); v.Code != 200 {
		t.Errorf("the successor is not taken: %+v", v)
	}
}

// TestElectionMessagesOfOthers: who has not the role for one is not heard.
func TestElectionMessagesOfOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		role, peer Role
		v          protocol.Vendor
	}{
		"places of a leaf":               {RoleSupernode, RoleLeaf, protocol.NewPlaces(1, 2)},
		"a supernode offers itself":      {RoleSupernode, RoleSupernode, protocol.NewCandidate(true, 0)},
		"a leaf promotes":                {RoleSupernode, RoleLeaf, protocol.NewPromote(1 << 20)},
		"a leaf by its user's wish":      {RoleLeaf, RoleSupernode, protocol.NewPromote(1 << 20)},
		"a supernode is handed over":     {RoleSupernode, RoleSupernode, protocol.NewHandOver(nil)},
		"a leaf hands over what is none": {RoleSupernode, RoleLeaf, protocol.NewHandOver(nil)},
	} {
		b := newBench(t, func(c *Config) { c.Role = tt.role })
		b.meet(1, tt.peer, true)
		if b.election(1, protocol.GUID{}, tt.v); b.n.Stats().Drops[DropRole] != 1 || b.n.Role() != tt.role {
			t.Errorf("%s: %v", name, b.n.Stats().Drops)
		}
	}
}

// TestElectionTellsOfNow: how long a node has been up is told as it is, not as it was
// when something happened last.
func TestElectionTellsOfNow(t *testing.T) {
	b := newAuto(t, nil)
	e := b.n.Election(b.now.Add(2 * time.Hour))
	if up := e.Become.Factors[0]; up.Name != "uptime" || up.Value != "2 h" || !up.OK || e.InRole < 2*time.Hour {
		t.Errorf("%+v, in its role for %v", up, e.InRole)
	}
}

// TestFoundUnfit: a supernode remembers for a while who has ended a link because its
// check failed, and why; a leaf, and one that has changed its role, do not care.
func TestFoundUnfit(t *testing.T) {
	bye := func(b *bench, code uint16) string {
		b.meet(1, RoleSupernode, false)
		b.n.byID[1].strange = false // it has been checked
		return b.endedBy(1, code, "Check failed: "+strings.Repeat("x", 200))
	}
	b := newSupernode(t, nil)
	if got := bye(b, protocol.ByeProtocol); got != "" {
		t.Errorf("another Bye: %q", got)
	}
	got := bye(b, protocol.ByeSecurity)
	if !strings.HasPrefix(got, ownPeer(1, RoleSupernode, false).Addr.String()) || !strings.Contains(got, ": bye: Check failed: xx") || len(got) > maxUnfit+30 {
		t.Errorf("got %q", got)
	}
	if got := b.n.Election(b.now.Add(failedFor)).Unfit; got != "" {
		t.Errorf("after a while: %q", got)
	}
	if got := bye(newAuto(t, nil), protocol.ByeSecurity); got != "" {
		t.Errorf("a leaf: %q", got)
	}
}

// endedBy has the peer of a link end it with a Bye, and returns who is known to have
// found this node unfit then.
func (b *bench) endedBy(id LinkID, code uint16, text string) string {
	b.receive(id, protocol.Header{Kind: protocol.KindBye, TTL: 1}, protocol.Bye{Code: code, Text: []byte(text)})
	return b.n.Election(b.now).Unfit
}

// TestFoundUnfitByWhom: only a supernode of our kind is believed, once it has been
// checked.
func TestFoundUnfitByWhom(t *testing.T) {
	for name, tt := range map[string]struct {
		peer    Peer
		strange bool
		ok      bool
	}{
		"a checked supernode":         {ownPeer(1, RoleSupernode, false), false, true},
		"one that was dialled":        {ownPeer(1, RoleSupernode, true), false, true},
		"a stranger":                  {ownPeer(1, RoleSupernode, false), true, false},
		"a stranger that was dialled": {ownPeer(1, RoleSupernode, true), true, true},
		"a leaf":                      {ownPeer(1, RoleLeaf, false), false, false},
		"a flat servent":              {ownPeer(1, RoleFlat, true), false, false},
		"a supernode of others":       {peerOf(1, RoleSupernode), false, false},
	} {
		b := newSupernode(t, nil)
		b.step(PeerUp{Link: 1, Peer: tt.peer})
		b.n.byID[1].strange = tt.strange
		if got := b.endedBy(1, protocol.ByeSecurity, "Check failed: slow"); (got != "") != tt.ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestFoundUnfitText: what is kept is short, printable, and has whole runes only.
func TestFoundUnfitText(t *testing.T) {
	for _, pad := range []string{"", "x"} {
		b := newSupernode(t, nil)
		b.meet(1, RoleSupernode, false)
		b.n.byID[1].strange = false
		got := b.endedBy(1, protocol.ByeSecurity, "\x1b[2J"+pad+strings.Repeat("\u00e9", 100))
		_, why, _ := strings.Cut(got, ": ")
		want := "bye: ?[2J" + pad
		want += strings.Repeat("\u00e9", (maxUnfit-len(want))/len("\u00e9"))
		if why != want {
			t.Errorf("%q, want %q", why, want)
		}
	}
}
