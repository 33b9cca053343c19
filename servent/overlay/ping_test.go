package overlay

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// pongs returns the pongs among the actions.
func pongs(t *testing.T, acts []Action) (found []protocol.Pong, heads []protocol.Header) {
	t.Helper()
	for _, a := range sends(acts, protocol.KindPong) {
		p, err := protocol.ParsePong(a.Msg[protocol.HeaderSize:])
		if err != nil {
			t.Fatal(err)
		}
		found, heads = append(found, p), append(heads, header(a))
	}
	return found, heads
}

// roaming is a node with n flat links that looks for hosts.
func roaming(t *testing.T, n byte) *bench {
	b := newBench(t, func(c *Config) { c.ConnectOnly = false; c.Links = 4 })
	b.links(n)
	return b
}

// hearPongs has link answer a ping of the node's with pongs of hosts first to
// first+n-1, hops away.
func (b *bench) hearPongs(link LinkID, first, n int, hops uint8) {
	ping := protocol.GUID{0xdd, byte(first), byte(link)}
	b.n.pings.put(b.n.now, route{id: ping, link: self})
	for i := range n {
		b.receive(link, protocol.Header{ID: ping, Kind: protocol.KindPong, TTL: 1, Hops: hops}, protocol.Pong{Addr: hostAddr(first + i), KBytes: 8})
	}
}

func TestPongCacheIsARing(t *testing.T) {
	b := roaming(t, 1)
	b.hearPongs(1, 0, maxPongs, 1)
	if n := len(b.n.pongs.ring); n != maxPongs {
		t.Fatalf("%d pongs in the cache", n)
	}
	b.hearPongs(1, 1000, 2, 1) // past the limit: the two eldest go
	have := map[netip.AddrPort]bool{}
	for _, e := range b.n.pongs.ring {
		have[e.addr] = true
	}
	if len(have) != maxPongs || have[hostAddr(0)] || have[hostAddr(1)] || !have[hostAddr(2)] || !have[hostAddr(1001)] {
		t.Errorf("%d pongs, the eldest: %t %t %t, the newest: %t", len(have), have[hostAddr(0)], have[hostAddr(1)], have[hostAddr(2)], have[hostAddr(1001)])
	}
}

// TestLeavesAreNoHosts: a leaf takes no links, so its pong names nobody to dial, nor
// to tell others of.
func TestLeavesAreNoHosts(t *testing.T) {
	b := roaming(t, 1)
	before := len(b.n.hosts.list)
	for kb, want := range map[uint32]int{0: 0, 7: 0, 9: 0, 8: 1} {
		out := b.n.sendPing(b.n.byID[1], 7, nil)
		b.receive(1, protocol.Header{ID: header(out[0]).ID, Kind: protocol.KindPong, TTL: 1}, protocol.Pong{Addr: hostAddr(int(kb) + 1), KBytes: kb})
		if got := len(b.n.hosts.list) - before; got != want || len(b.n.pongs.ring) != want {
			t.Errorf("%d KiB: %d hosts learnt, %d in the cache of pongs; want %d", kb, got, len(b.n.pongs.ring), want)
		}
		before = len(b.n.hosts.list)
		b.n.pongs.ring = nil
	}
}

// TestHostsLearnt: what one link can put into the host cache, asked and unasked.
func TestHostsLearnt(t *testing.T) {
	b := roaming(t, 1)
	b.n.byID[1].asked = 0 // its greeting has been answered
	before := len(b.n.hosts.list)
	next := 0
	storm := func(id protocol.GUID, want int) {
		t.Helper()
		for range 1000 {
			next++
			b.receive(1, protocol.Header{ID: id, Kind: protocol.KindPong, TTL: 1}, protocol.Pong{Addr: hostAddr(next), KBytes: 8})
		}
		if got := len(b.n.hosts.list) - before; got != want {
			t.Errorf("%d hosts learnt of a thousand, want %d", got, want)
		}
		before = len(b.n.hosts.list)
		b.pass(time.Minute / unaskedPongs) // for the rate of the link; one more unasked
	}
	storm(protocol.GUID{}, unaskedPongs)
	out := b.n.sendPing(b.n.byID[1], 7, nil)
	storm(header(out[0]).ID, 1+pongsPerPing+1)
	out = b.n.sendPing(b.n.byID[1], 1, nil) // is it alive?
	storm(header(out[0]).ID, 1)
}

// TestPongCacheKeepsTheNearest: of two pongs of one host the nearer counts, while
// it is fresh.
func TestPongCacheKeepsTheNearest(t *testing.T) {
	b := roaming(t, 2)
	b.hearPongs(1, 7, 1, 3)
	b.hearPongs(2, 7, 1, 1)
	b.hearPongs(1, 7, 1, 5)
	if e := b.n.pongs.ring[0]; len(b.n.pongs.ring) != 1 || e.hops != 1 || e.from != 2 {
		t.Fatalf("pongs %+v", b.n.pongs.ring)
	}
	b.pass(pongLife + 1)
	b.hearPongs(1, 7, 1, 5)
	if e := b.n.pongs.ring[0]; e.hops != 5 || e.from != 1 {
		t.Errorf("an old near pong keeps a fresh one out: %+v", e)
	}
}

// TestPingIsAnswered: from the cache, at once, with at most ten pongs besides
// its own, never with what came from who asks, nor with himself, nor with old
// ones; the pongs reach back exactly as far as the ping came.
func TestPingIsAnswered(t *testing.T) {
	b := roaming(t, 3)
	b.hearPongs(1, 0, 20, 0)
	b.hearPongs(2, 100, 20, 1)
	out := b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 3, Hops: 2}, nil)
	got, heads := pongs(t, out)
	if len(got) != 1+pongsPerPing {
		t.Fatalf("%d pongs, want %d", len(got), 1+pongsPerPing)
	}
	if got[0].Addr != b.n.Addr() || heads[0].Hops != 0 || !got[0].Ultrapeer() {
		t.Errorf("its own pong %+v with hops %d", got[0], heads[0].Hops)
	}
	for i, h := range heads {
		if h.TTL != 3 || i > 0 && h.Hops != 2 {
			t.Errorf("pong %d has TTL %d and hops %d", i, h.TTL, h.Hops)
		}
	}
	for _, p := range got[1:] {
		if a := p.Addr.Addr().As4(); a[3] < 100 {
			t.Errorf("pong of %s goes back to where it came from", p.Addr)
		}
	}
	if n := len(sends(out, protocol.KindPing)); n != 0 {
		t.Errorf("the ping is passed on %d times though it could be answered", n)
	}
	b.pass(pongLife + 1)
	if got, _ := pongs(t, b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 3}, nil)); len(got) != 1 {
		t.Errorf("%d pongs from an old cache, want its own only", len(got))
	}
}

// TestPongsAreSpread: near and far hosts alike.
func TestPongsAreSpread(t *testing.T) {
	b := roaming(t, 2)
	for hops := range uint8(5) {
		b.hearPongs(1, int(hops)*10, 5, hops)
	}
	_, heads := pongs(t, b.receive(2, protocol.Header{Kind: protocol.KindPing, TTL: 3}, nil))
	perHop := map[uint8]int{}
	for _, h := range heads[1:] {
		perHop[h.Hops]++
	}
	for hops := uint8(1); hops <= 5; hops++ {
		if perHop[hops] != pongsPerHop {
			t.Errorf("pongs by hops %v, want %d each of 1 to 5", perHop, pongsPerHop)
		}
	}
}

// TestPongStaysInTheLimit: a pong that has come far and must go far.
func TestPongStaysInTheLimit(t *testing.T) {
	b := roaming(t, 2)
	b.hearPongs(1, 0, 3, 14)
	_, heads := pongs(t, b.receive(2, protocol.Header{Kind: protocol.KindPing, TTL: 2, Hops: 13}, nil))
	for _, h := range heads {
		if int(h.TTL)+int(h.Hops) > HardTTL || h.TTL != 14 {
			t.Errorf("pong with TTL %d and hops %d", h.TTL, h.Hops)
		}
	}
	if len(heads) != 4 {
		t.Errorf("%d pongs", len(heads))
	}
}

// TestPingsAreThrottled: one a second and link, but for those that only ask
// whether the node is alive.
func TestPingsAreThrottled(t *testing.T) {
	b := roaming(t, 2)
	ping := protocol.Header{Kind: protocol.KindPing, TTL: 3}
	answered := func(link LinkID, h protocol.Header) bool {
		got, _ := pongs(t, b.receive(link, h, nil))
		return len(got) > 0
	}
	if !answered(1, ping) || answered(1, ping) || !answered(2, ping) {
		t.Error("the first on each link is to be answered, the second is not")
	}
	b.pass(pingInterval - 1)
	if answered(1, ping) {
		t.Error("answered within a second")
	}
	b.pass(1)
	if !answered(1, ping) {
		t.Error("not answered after a second")
	}
	alive := protocol.Header{Kind: protocol.KindPing, TTL: 1}
	for range 2 {
		if !answered(1, alive) {
			t.Error("a keep-alive ping is not answered")
		}
	}
	if st := b.n.Stats(); st.Drops[DropRate] != 2 {
		t.Errorf("%d dropped, want 2", st.Drops[DropRate])
	}
}

// TestPingIsRelayed: a node that knows few pongs passes a ping on, once in three
// seconds, and the pongs find back.
func TestPingIsRelayed(t *testing.T) {
	b := roaming(t, 3)
	b.link(4, RoleSupernode)
	ping := protocol.Header{ID: protocol.GUID{9}, Kind: protocol.KindPing, TTL: 7, Hops: 1}
	out := sends(b.receive(1, ping, nil), protocol.KindPing)
	if len(out) != 3 {
		t.Fatalf("%d copies, want 3", len(out))
	}
	for _, a := range out {
		want := map[LinkID]uint8{2: 6, 3: 6, 4: 4}[a.Link] // 4 is what others relay
		if a.TTL != want || a.Hops != 2 {
			t.Errorf("link %d gets TTL %d and hops %d, want %d and 2", a.Link, a.TTL, a.Hops, want)
		}
	}
	back := sends(b.receive(3, protocol.Header{ID: protocol.GUID{9}, Kind: protocol.KindPong, TTL: 3}, protocol.Pong{Addr: hostAddr(1)}), protocol.KindPong)
	if len(back) != 1 || back[0].Link != 1 || back[0].TTL != 2 || back[0].Hops != 1 {
		t.Errorf("the pong goes %+v", back)
	}
	if out := b.receive(2, ping, nil); len(out) != 0 {
		t.Errorf("a copy by another way gives %v", out)
	}
	if st := b.n.Stats(); st.Of(protocol.KindPing).Duplicate != 1 {
		t.Errorf("%d duplicates", st.Of(protocol.KindPing).Duplicate)
	}
	later := protocol.Header{Kind: protocol.KindPing, TTL: 7}
	b.pass(relayInterval - 1)
	if out := sends(b.receive(2, later, nil), protocol.KindPing); len(out) != 0 {
		t.Errorf("%d copies within three seconds", len(out))
	}
	b.pass(pingInterval + 1)
	if out := sends(b.receive(2, later, nil), protocol.KindPing); len(out) != 3 {
		t.Errorf("%d copies after three seconds", len(out))
	}
	b.pass(time.Minute)
	if out := sends(b.receive(2, protocol.Header{Kind: protocol.KindPing, TTL: 1, Hops: 3}, nil), protocol.KindPing); len(out) != 0 {
		t.Error("a ping is passed on with TTL 0")
	}
}

// TestCrawlerPing: TTL 2 asks for the neighbours, and is not passed on.
func TestCrawlerPing(t *testing.T) {
	b := roaming(t, 3)
	b.link(4, RoleSupernode)
	b.link(5, RoleLeaf)
	silent, public := peerOf(6, RoleFlat), peerOf(7, RoleFlat)
	silent.Listen, silent.Outbound = netip.AddrPort{}, false
	public.Listen = netip.MustParseAddrPort("203.0.113.9:6346") // no address of this network
	b.step(PeerUp{Link: 6, Peer: silent})
	b.step(PeerUp{Link: 7, Peer: public})
	b.hearPongs(2, 0, 5, 1) // what others know is not asked for
	out := b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 2}, nil)
	got, heads := pongs(t, out)
	var addrs []netip.AddrPort
	for i, p := range got {
		addrs = append(addrs, p.Addr)
		if heads[i].TTL != 1 || int(heads[i].Hops) != min(i, 1) || len(p.Ext) > 0 || !p.Ultrapeer() {
			t.Errorf("pong %+v with %+v", p, heads[i])
		}
	}
	want := []netip.AddrPort{b.n.Addr(), peerOf(2, RoleFlat).Listen, peerOf(3, RoleFlat).Listen, peerOf(4, RoleFlat).Listen}
	if !slices.Equal(addrs, want) || len(sends(out, protocol.KindPing)) > 0 {
		t.Errorf("pongs of %v, want %v", addrs, want)
	}
}

// TestFirewalledIsSilent: who cannot be connected to sends no pong of its own.
func TestFirewalledIsSilent(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Listen = netip.AddrPort{} })
	b.links(1)
	if got, _ := pongs(t, b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 1}, nil)); len(got) != 0 {
		t.Errorf("pongs %v", got)
	}
}

// TestOwnPongIsNotCached: it comes back in a circle.
func TestOwnPongIsNotCached(t *testing.T) {
	b := roaming(t, 1)
	b.n.pings.put(b.n.now, route{id: protocol.GUID{8}, link: self})
	b.receive(1, protocol.Header{ID: protocol.GUID{8}, Kind: protocol.KindPong, TTL: 1, Hops: 2}, protocol.Pong{Addr: b.n.Addr()})
	if len(b.n.pongs.ring) != 0 {
		t.Errorf("cache %+v", b.n.pongs.ring)
	}
}

// TestPongTellsWhatIsShared: files and size, with the mark of the role.
func TestPongTellsWhatIsShared(t *testing.T) {
	for role, want := range map[Role]uint32{RoleFlat: 1 << 20, RoleLeaf: 1<<20 + 1} {
		b := newBench(t, func(c *Config) { c.Role = role })
		b.link(1, RoleSupernode)
		b.step(Shared{Table: table("x"), Files: 12, Bytes: 1 << 30})
		got, _ := pongs(t, b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 1}, nil))
		if len(got) != 1 || got[0].Files != 12 || got[0].KBytes != want {
			t.Errorf("%s: pong %+v, want %d KiB", role, got, want)
		}
	}
}

// TestRefresh: a few links are asked for pongs when the first comes up, and every
// minute.
func TestRefresh(t *testing.T) {
	b := roaming(t, 1)
	for id := byte(2); id <= 6; id++ {
		if got := sends(b.link(id, RoleFlat), protocol.KindPing); len(got) != 1 || got[0].TTL != 7 {
			t.Errorf("a new link is pinged %d times", len(got))
		}
	}
	if got := sends(b.pass(59*time.Second), protocol.KindPing); len(got) != 0 {
		t.Errorf("%d pings within a minute", len(got))
	}
	asked := map[LinkID]bool{}
	for _, a := range sends(b.pass(time.Second), protocol.KindPing) {
		if a.TTL > 1 {
			asked[a.Link] = true
		}
	}
	if len(asked) != refreshLinks {
		t.Errorf("after a minute %d links are asked, want %d", len(asked), refreshLinks)
	}
}
