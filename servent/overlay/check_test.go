package overlay

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// ownPeer is a servent of our kind.
func ownPeer(id byte, role Role, outbound bool) Peer {
	p := peerOf(id, role)
	p.Servent, p.Vendor, p.Outbound = true, true, outbound
	if !outbound {
		p.Addr = netip.AddrPortFrom(p.Addr.Addr(), 40000)
	}
	return p
}

// meet brings up a link to a servent of our kind that knows all our messages.
func (b *bench) meet(id byte, role Role, outbound bool) []Action {
	b.t.Helper()
	out := b.step(PeerUp{Link: LinkID(id), Peer: ownPeer(id, role, outbound)})
	all := []protocol.MessageID{
		protocol.VendorProbe.ID(), protocol.VendorCalled.ID(), protocol.VendorNeighbours.ID(), protocol.VendorPlaces.ID(),
		protocol.VendorCandidate.ID(), protocol.VendorPromote.ID(), protocol.VendorHandOver.ID(),
	}
	return append(out, b.election(id, protocol.GUID{}, protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, all...)})...)
}

// election lets a vendor message come from a link.
func (b *bench) election(id byte, muid protocol.GUID, v protocol.Vendor) []Action {
	return b.receive(LinkID(id), protocol.Header{ID: muid, Kind: protocol.KindVendor, TTL: 1}, v)
}

// probed returns the probe that goes out on link 1.
func probed(t *testing.T, acts []Action) (size int, id protocol.GUID) {
	t.Helper()
	found, ids := vendors(t, acts, 1, protocol.VendorProbe)
	if len(found) != 1 {
		t.Fatalf("%d probes", len(found))
	}
	size, err := found[0].Probe()
	if err != nil {
		t.Fatal(err)
	}
	return size, ids[0]
}

// proveRate answers a probe that came on link 1, after so long.
func (b *bench) proveRate(id protocol.GUID, size int, after time.Duration) (out []Action) {
	s := protocol.NewProbeStream(id)
	b.now = b.now.Add(after)
	for ; size > 0; size -= protocol.ProbeChunk {
		out = append(out, b.election(1, id, protocol.NewProbeData(s.Next(min(size, protocol.ProbeChunk))))...)
	}
	return out
}

// TestStrangerIsChecked: at the rate that is wanted it is relied on, below it goes,
// and who called in must be found where it says that it listens.
func TestStrangerIsChecked(t *testing.T) {
	slow := 2*time.Second + 10*time.Millisecond // for 64 KiB at 32 KiB a second
	for _, tt := range []struct {
		name             string
		outbound, called bool
		took             time.Duration
		ok               bool
	}{
		{"dialled", true, false, 2 * time.Second, true},
		{"dialled, too slow", true, false, slow, false},
		{"called in", false, true, 2 * time.Second, true},
		{"called in, too slow", false, true, slow, false},
		{"called in, not found", false, false, time.Second, false},
	} {
		b := newSupernode(t, nil)
		b.meet(1, RoleSupernode, tt.outbound)
		out := b.pass(checkSpread)
		size, id := probed(t, out)
		calls := ops(out, OpCall)
		if size != protocol.MaxProbe || len(calls) == 1 == tt.outbound {
			t.Fatalf("%s: a probe of %d, %d calls", tt.name, size, len(calls))
		}
		if tt.called {
			if calls[0].Addr != peerOf(1, RoleLeaf).Addr {
				t.Errorf("%s: calls %v", tt.name, calls[0].Addr)
			}
			b.election(1, protocol.GUID{}, protocol.NewCalled(calls[0].ID))
		}
		took := tt.took - b.now.Sub(startTime) + b.n.byID[1].check.asked - epoch
		end := append(b.proveRate(id, size, took), b.pass(checkTime)...)
		l := b.n.byID[1]
		if ok := l != nil && !l.strange; ok != tt.ok {
			t.Errorf("%s: relied on %t, %v", tt.name, ok, ops(end, OpClose))
		}
		if s := b.n.Stats(); s.ChecksPassed == 1 != tt.ok || s.ChecksFailed == 1 == tt.ok || s.Closed[protocol.ByeSecurity] == 1 == tt.ok {
			t.Errorf("%s: passed %d, failed %d, closed %v", tt.name, s.ChecksPassed, s.ChecksFailed, s.Closed)
		}
		again := ownPeer(1, RoleSupernode, false)
		if v := b.n.Admit(9, again); !tt.ok && v.Code != 403 || tt.ok && v.Code == 403 {
			t.Errorf("%s: comes again: %+v", tt.name, v)
		}
	}
}

// TestStrangerIsNotBelieved: what it says of others is not heard, nobody is told of
// it, and it is asked nothing, until it has passed.
func TestStrangerIsNotBelieved(t *testing.T) {
	b := newSupernode(t, func(c *Config) { c.ConnectOnly = false })
	out := b.meet(1, RoleSupernode, false)
	asked := sends(out, protocol.KindPing)
	pong := protocol.Pong{Addr: hostAddr(50), KBytes: 8}
	tell := func() {
		b.receive(1, protocol.Header{ID: header(asked[0]).ID, Kind: protocol.KindPong, TTL: 1}, pong)
	}
	knows := func() bool { return b.n.hosts.find(hostAddr(50)) >= 0 || len(b.n.pongs.ring) > 0 }
	if tell(); knows() {
		t.Error("a stranger is believed")
	}
	b.link(2, RoleLeaf)
	if got := sends(b.receive(2, flood(4, 0), query("blue")), protocol.KindQuery); len(got) > 0 {
		t.Error("a stranger is asked")
	}
	refused := b.n.Admit(7, peerOf(7, RoleAuto))
	if len(refused.Try) > 0 {
		t.Errorf("others are told of %v", refused.Try)
	}
	out = b.pass(checkSpread)
	size, id := probed(t, out)
	b.election(1, protocol.GUID{}, protocol.NewCalled(ops(out, OpCall)[0].ID))
	b.proveRate(id, size, time.Second/10)
	if tell(); !knows() {
		t.Error("who has passed is not believed")
	}
	if refused = b.n.Admit(7, peerOf(7, RoleAuto)); len(refused.Try) == 0 {
		t.Error("nobody is told of who has passed")
	}
}

// TestBadProbeData: what nobody asked for is counted, what is wrong ends the check.
func TestBadProbeData(t *testing.T) {
	good := func(id protocol.GUID) []byte { return protocol.NewProbeStream(id).Next(protocol.ProbeChunk) }
	for name, tt := range map[string]struct {
		id    func(protocol.GUID) protocol.GUID
		data  func(protocol.GUID) []byte
		drops uint64
		fails bool
	}{
		"right":       {nil, good, 0, false},
		"another id":  {func(protocol.GUID) protocol.GUID { return protocol.GUID{1, 2} }, good, 1, false},
		"other bytes": {nil, func(protocol.GUID) []byte { return make([]byte, protocol.ProbeChunk) }, 0, true},
		"too small":   {nil, func(id protocol.GUID) []byte { return good(id)[:protocol.ProbeChunk-1] }, 0, true},
	} {
		b := newSupernode(t, nil)
		b.meet(1, RoleSupernode, true)
		_, id := probed(t, b.pass(checkSpread))
		muid := id
		if tt.id != nil {
			muid = tt.id(id)
		}
		b.election(1, muid, protocol.NewProbeData(tt.data(id)))
		if s := b.n.Stats(); s.Drops[DropProbe] != tt.drops || s.ChecksFailed == 1 != tt.fails {
			t.Errorf("%s: %d dropped, %d failed", name, s.Drops[DropProbe], s.ChecksFailed)
		}
	}
	b := newSupernode(t, nil)
	b.meet(1, RoleSupernode, true)
	b.election(1, protocol.GUID{}, protocol.NewProbeData(make([]byte, 8)))
	b.election(1, protocol.GUID{}, protocol.NewCalled(protocol.GUID{7}))
	b.step(Called{From: hostAddr(3), Servent: protocol.GUID{9}, Nonce: protocol.GUID{7}})
	if got := b.n.Stats().Drops[DropProbe]; got != 3 {
		t.Errorf("%d dropped that nobody asked for, want 3", got)
	}
	_, id := probed(t, b.pass(checkSpread))
	b.proveRate(id, protocol.MaxProbe+protocol.ProbeChunk, time.Second/10) // one too many
	if s := b.n.Stats(); s.Drops[DropProbe] != 4 || s.ChecksPassed != 1 {
		t.Errorf("%d dropped, %d passed", s.Drops[DropProbe], s.ChecksPassed)
	}
}

// TestBusyPeer is asked again, for a while.
func TestBusyPeer(t *testing.T) {
	b := newSupernode(t, nil)
	b.meet(1, RoleSupernode, true)
	asked := 0
	for range 2000 {
		out := b.alive(time.Second, 1)
		if found, ids := vendors(t, out, 1, protocol.VendorProbe); len(found) > 0 {
			asked++
			b.election(1, ids[0], protocol.NewProbeData(nil))
		}
	}
	if asked != maxBusy+1 || len(b.n.links) > 0 {
		t.Errorf("asked %d times, want %d; %d links", asked, maxBusy+1, len(b.n.links))
	}
}

// TestProbeIsAnswered: with as many bytes as asked, one at a time, and each link
// once in minutes.
func TestProbeIsAnswered(t *testing.T) {
	b := newSupernode(t, nil)
	b.meet(1, RoleSupernode, true)
	b.meet(2, RoleLeaf, false)
	answer := func(link byte, size int) (bytes int, messages int) {
		id := b.newID()
		found, ids := vendors(t, b.election(link, id, protocol.NewProbe(size)), LinkID(link), protocol.VendorProbeData)
		s := protocol.NewProbeStream(id)
		for i, v := range found {
			if ids[i] != id || string(v.Data) != string(s.Next(len(v.Data))) {
				t.Errorf("message %d is wrong", i)
			}
			bytes += len(v.Data)
		}
		return bytes, len(found)
	}
	if n, m := answer(1, protocol.MaxProbe); n != protocol.MaxProbe || m != 16 {
		t.Errorf("%d bytes in %d messages", n, m)
	}
	if n, m := answer(2, protocol.MinProbe); n != 0 || m != 1 {
		t.Errorf("while another goes out: %d bytes in %d messages", n, m)
	}
	b.step(Sent{Link: 1, Bytes: 1 << 20})
	if n, _ := answer(2, protocol.MinProbe); n != protocol.MinProbe {
		t.Errorf("after that %d bytes", n)
	}
	b.step(Sent{Link: 2, Bytes: 1 << 20})
	if n, m := answer(1, protocol.MaxProbe); n != 0 || m != 0 || b.n.Stats().Drops[DropRate] != 1 {
		t.Errorf("at once again: %d bytes, %d messages", n, m)
	}
	b.now = b.now.Add(4 * time.Minute)
	if n, _ := answer(1, protocol.MinProbe); n != protocol.MinProbe {
		t.Errorf("four minutes later: %d bytes", n)
	}
	foreign := newSupernode(t, nil)
	foreign.link(1, RoleSupernode)
	if out := foreign.election(1, protocol.GUID{}, protocol.NewProbe(protocol.MinProbe)); len(out) > 0 || foreign.n.Stats().Drops[DropRole] != 1 {
		t.Errorf("a foreign servent gets %v", out)
	}
}

// TestCallText: what ParseCall reads is what CallText writes.
func TestCallText(t *testing.T) {
	self, nonce := protocol.GUID{1}, protocol.GUID{2, 15: 3}
	text := CallText(self, nonce)
	if a, b, ok := ParseCall(text); a != self || b != nonce || !ok || len(text) != MaxCall {
		t.Errorf("%q is read as %v, %v, %t", text, a, b, ok)
	}
	for _, bad := range []string{"", "\n\n", "SRVT CALL \n\n", strings.Replace(text, "CALL", "CULL", 1), text[:40] + "\n\n", strings.Replace(text, " 02", " x2", 1)} {
		if _, _, ok := ParseCall(bad); ok {
			t.Errorf("%q is a call", bad)
		}
	}
}

// TestCallIsTold to who asked, over its link, now and then.
func TestCallIsTold(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Role = RoleLeaf })
	b.meet(1, RoleSupernode, true)
	call := func() int {
		found, _ := vendors(t, b.step(Called{From: hostAddr(1), Servent: peerOf(1, RoleLeaf).GUID, Nonce: protocol.GUID{5}}), 1, protocol.VendorCalled)
		return len(found)
	}
	if call()+call() != 2 || call() != 0 || b.n.Stats().Drops[DropProbe] != 1 {
		t.Errorf("drops %d", b.n.Stats().Drops[DropProbe])
	}
	if tcp, _ := b.n.Reachable(); tcp != ReachYes {
		t.Error("it does not tell that others get through")
	}
}
