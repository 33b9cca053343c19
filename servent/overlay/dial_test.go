package overlay

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// dials returns where the actions dial to.
func dials(acts []Action) (to []netip.AddrPort) {
	for _, a := range ops(acts, OpDial) {
		to = append(to, a.Addr)
	}
	return to
}

// TestSeedBackoff: a named peer is dialled after 0.5 s, 1 s, 2 s, 4 s, then
// every 5 s.
func TestSeedBackoff(t *testing.T) {
	seed := hostAddr(1)
	b := newBench(t, func(c *Config) { c.Connect = []netip.AddrPort{seed} })
	if got := dials(b.pass(0)); len(got) != 1 || got[0] != seed {
		t.Fatalf("at the start it dials %v", got)
	}
	if got := dials(b.pass(time.Minute)); len(got) != 0 {
		t.Fatalf("while a dial runs it dials %v", got)
	}
	ms := time.Millisecond
	for _, wait := range []time.Duration{500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 5000 * ms, 5000 * ms} {
		b.step(DialFailed{Addr: seed})
		if got := dials(b.pass(wait - 1)); len(got) != 0 {
			t.Errorf("it dials before %s", wait)
		}
		if got := dials(b.pass(1)); len(got) != 1 {
			t.Errorf("after %s it dials %v", wait, got)
		}
	}
	if st := b.n.Stats(); st.DialsFailed != 6 {
		t.Errorf("%d dials failed", st.DialsFailed)
	}
}

// TestRefusedSeed: on the public network a named peer that refuses is not asked
// more than twice a minute.
func TestRefusedSeed(t *testing.T) {
	seed := netip.MustParseAddrPort("203.0.113.1:6346")
	b := newBench(t, func(c *Config) { c.Connect, c.Public = []netip.AddrPort{seed}, true })
	for i := range 3 {
		if got := dials(b.pass(0)); len(got) != 1 {
			t.Fatalf("time %d: it dials %v", i, got)
		}
		b.step(DialFailed{Addr: seed, Code: 503})
		if got := dials(b.pass(refusedRetry - 1)); len(got) != 0 {
			t.Errorf("time %d: it dials %v too early", i, got)
		}
		b.now = b.now.Add(1)
	}
}

// TestSeedComesBack: a link to a named peer that ends is made again, with a
// short wait; one that the peer has made counts too.
func TestSeedComesBack(t *testing.T) {
	seed := peerOf(1, RoleFlat).Addr
	b := newBench(t, func(c *Config) { c.Connect = []netip.AddrPort{seed} })
	b.pass(0)
	b.link(1, RoleFlat)
	if got := dials(b.pass(30 * time.Second)); len(got) != 0 {
		t.Fatalf("while it is linked it dials %v", got)
	}
	b.step(PeerDown{Link: 1})
	if got := dials(b.pass(time.Second)); len(got) != 1 || got[0] != seed {
		t.Fatalf("after the link has ended it dials %v", got)
	}
	b.step(DialFailed{Addr: seed})
	p := peerOf(1, RoleFlat)
	p.Outbound = false
	p.Addr = netip.MustParseAddrPort("10.0.1.1:40000")
	b.step(PeerUp{Link: 2, Peer: p})
	if got := dials(b.pass(30 * time.Second)); len(got) != 0 {
		t.Errorf("though the peer has connected it dials %v", got)
	}
	b.step(PeerDown{Link: 2})
	if got := dials(b.pass(10 * time.Second)); len(got) != 1 {
		t.Errorf("after that link has ended it dials %v", got)
	}
}

// TestSeedsAreAlwaysKept: however many links there are.
func TestSeedsAreAlwaysKept(t *testing.T) {
	seeds := []netip.AddrPort{hostAddr(1), hostAddr(2), hostAddr(3)}
	b := newBench(t, func(c *Config) { c.Connect = seeds; c.Links, c.MaxLinks = 1, 1 })
	if got := dials(b.pass(0)); len(got) != 3 {
		t.Errorf("it dials %v", got)
	}
}

// roamer is a node that wants links and has heard of hosts.
func roamer(t *testing.T, links, hosts int) *bench {
	b := newBench(t, func(c *Config) { c.ConnectOnly = false; c.Links = links })
	b.pass(0)
	var heard []netip.AddrPort
	for i := range hosts {
		heard = append(heard, peerOf(byte(i+1), RoleFlat).Addr)
	}
	b.step(Heard{Addrs: heard})
	return b
}

func TestDialsUntilLinked(t *testing.T) {
	b := roamer(t, 4, 20)
	first := dials(b.pass(0))
	if len(first) != maxTries {
		t.Fatalf("%d dials at once, want %d", len(first), maxTries)
	}
	b.step(DialFailed{Addr: first[0]})
	again := dials(b.pass(0))
	if len(again) != 1 || again[0] == first[0] {
		t.Fatalf("after one has failed it dials %v", again)
	}
	up := func(a netip.AddrPort) []Action {
		id := a.Addr().As4()[3]
		return b.link(id, RoleFlat)
	}
	var out []Action
	for _, a := range []netip.AddrPort{first[1], first[2], again[0]} {
		out = append(out, up(a)...)
	}
	if got := dials(out); len(got) != 1 {
		t.Fatalf("with three links of four it dials %v", got)
	}
	up(dials(out)[0])
	if got := dials(b.pass(59 * time.Second)); len(got) != 0 || len(b.n.Links()) != 4 {
		t.Errorf("with %d links it dials %v", len(b.n.Links()), got)
	}
	b.step(PeerDown{Link: b.n.Links()[0].ID})
	if got := dials(b.pass(0)); len(got) != 1 {
		t.Errorf("when a link has ended it dials %v at once", got)
	}
}

// TestRefusalRests: who is refused waits a second before it asks elsewhere, and
// takes the hosts that were named.
func TestRefusalRests(t *testing.T) {
	b := roamer(t, 1, 1)
	full := dials(b.pass(0))[0]
	b.step(DialFailed{Addr: full, Code: 503, Try: []netip.AddrPort{hostAddr(9), netip.MustParseAddrPort("203.0.113.1:1")}})
	if got := dials(b.pass(refusedRest - 1)); len(got) != 0 {
		t.Errorf("within a second it dials %v", got)
	}
	if got := dials(b.pass(1)); len(got) != 1 || got[0] != hostAddr(9) {
		t.Errorf("after a second it dials %v", got)
	}
}

// TestHostIsTriedAgain: even the only one that never answers.
func TestHostIsTriedAgain(t *testing.T) {
	b := roamer(t, 1, 1)
	n := 0
	for end := b.now.Add(time.Hour); b.now.Before(end); {
		for _, a := range dials(b.pass(time.Second)) {
			n++
			b.step(DialFailed{Addr: a})
		}
	}
	if n < 30 || n > 60 {
		t.Errorf("dialled %d times in an hour, want about one in 90 s", n)
	}
}

// TestConnectOnly: nobody else is dialled, whatever peers say.
func TestConnectOnly(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	b.step(Heard{Addrs: []netip.AddrPort{hostAddr(1)}})
	b.step(DialFailed{Addr: hostAddr(5), Code: 503, Try: []netip.AddrPort{hostAddr(2)}})
	if got := dials(b.pass(time.Hour)); len(got) != 0 {
		t.Errorf("it dials %v", got)
	}
}

// TestTooManyConnects: a named peer that says so is left alone, and so is one
// that turns out to be linked; one that is full, on a network of one's own, is
// asked again soon.
func TestTooManyConnects(t *testing.T) {
	seed := hostAddr(1)
	for code, wait := range map[int]time.Duration{429: refusedRetry, 409: refusedRetry, 503: seedRetry} {
		b := newBench(t, func(c *Config) { c.Connect = []netip.AddrPort{seed} })
		b.pass(0)
		b.step(DialFailed{Addr: seed, Code: code})
		if got := dials(b.pass(wait - 1)); len(got) != 0 {
			t.Errorf("code %d: it dials before %s", code, wait)
		}
		if got := dials(b.pass(1)); len(got) != 1 {
			t.Errorf("code %d: after %s it dials %v", code, wait, got)
		}
	}
}

// TestRefusingHostIsForgotten: a host that refuses is asked less and less, and
// in the end no more while others are known.
func TestRefusingHostIsForgotten(t *testing.T) {
	b := roamer(t, 1, fewHosts+1)
	times := map[netip.AddrPort]int{}
	for range 600 {
		for _, a := range dials(b.pass(time.Second)) {
			times[a]++
			b.step(DialFailed{Addr: a, Code: 503})
		}
	}
	if got := len(b.n.hosts.list); got != fewHosts {
		t.Errorf("%d hosts are left, want %d", got, fewHosts)
	}
	for a, n := range times {
		if n > 8 { // after 40, 80 and then every 120 s
			t.Errorf("%s is dialled %d times in ten minutes", a, n)
		}
	}
}

// TestOwnAddressIsForgotten: an address at which the node finds itself, or who
// is linked, is not dialled again until a link has ended.
func TestOwnAddressIsForgotten(t *testing.T) {
	b := roamer(t, 2, 0)
	b.link(9, RoleFlat)
	own := hostAddr(7)
	b.step(Heard{Addrs: []netip.AddrPort{own}})
	if got := dials(b.pass(0)); len(got) != 1 || got[0] != own {
		t.Fatalf("it dials %v", got)
	}
	b.step(DialFailed{Addr: own, Code: 409})
	b.step(Heard{Addrs: []netip.AddrPort{own}})
	if got := dials(b.pass(time.Minute)); len(got) != 0 || slices.Contains(b.n.Hosts(), own) {
		t.Fatalf("it dials %v, and knows %v", got, b.n.Hosts())
	}
	b.step(PeerDown{Link: 9})
	b.step(Heard{Addrs: []netip.AddrPort{own}})
	if got := dials(b.pass(0)); !slices.Contains(got, own) {
		t.Errorf("after a link has ended it dials %v", got)
	}
}

// TestDialRate: however many hosts fail at once, strangers are dialled at a rate.
func TestDialRate(t *testing.T) {
	b := roamer(t, 4, 200)
	count := func(d time.Duration) (n int) {
		for end := b.now.Add(d); b.now.Before(end); {
			for _, a := range dials(b.pass(10 * time.Millisecond)) {
				n++
				b.step(DialFailed{Addr: a})
			}
		}
		return n
	}
	if n := count(100 * time.Millisecond); n != 10 {
		t.Errorf("%d dials at once, want 10", n)
	}
	if n := count(10 * time.Second); n < 18 || n > 20 {
		t.Errorf("%d dials in ten seconds, want two a second", n)
	}
}

// TestSurplusIsSpared: a leaf dials several supernodes at once and refuses those
// that it does not need then. When it loses one it dials these at once, and those
// that had no room.
func TestSurplusIsSpared(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ConnectOnly, c.Role, c.Links = false, RoleLeaf, 1 })
	at := func(id byte) netip.AddrPort { return peerOf(id, RoleSupernode).Addr }
	b.step(Heard{Addrs: []netip.AddrPort{at(1), at(2), at(3)}})
	first := dials(b.pass(0))
	if len(first) != maxTries {
		t.Fatalf("%d dials at once, want %d", len(first), maxTries)
	}
	b.step(DialFailed{Addr: at(3), Code: codeFull, Role: RoleSupernode})
	b.link(1, RoleSupernode)
	b.step(DialFailed{Addr: at(2), Code: codeFull, Own: true})
	if got := dials(b.pass(refusedRest)); len(got) != 0 {
		t.Errorf("with all it wants it dials %v", got)
	}
	if failed := b.n.Stats().DialsFailed; failed != 1 {
		t.Errorf("%d dials have failed, want 1", failed)
	}
	b.step(PeerDown{Link: 1})
	if got := dials(b.pass(refusedRest)); !slices.Contains(got, at(2)) || !slices.Contains(got, at(3)) {
		t.Errorf("without a supernode it dials %v", got)
	}
}

// TestWhoFailsRests: the end of a link gives nobody back what it was left alone for,
// but those that had no room.
func TestWhoFailsRests(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ConnectOnly, c.Role, c.Links = false, RoleLeaf, 2 })
	p := peerOf(1, RoleSupernode)
	b.step(Heard{Addrs: []netip.AddrPort{p.Addr, peerOf(2, RoleSupernode).Addr}})
	b.pass(0)
	b.step(DialFailed{Addr: peerOf(2, RoleSupernode).Addr})
	count := 0
	for id := LinkID(1); id < 100; id++ { // it takes each link and ends it
		b.step(PeerUp{Link: id, Peer: p})
		b.step(PeerDown{Link: id})
		for _, a := range dials(b.pass(500 * time.Millisecond)) {
			if a == p.Addr {
				count++
			}
		}
	}
	if count > 3 {
		t.Errorf("dialled %d times in 50 s", count)
	}
	b.step(PeerUp{Link: 100, Peer: p})
	b.step(Malformed{Link: 100})
	if got := dials(b.pass(5 * time.Second)); slices.Contains(got, p.Addr) {
		t.Error("dialled again right after a fault")
	}
}
