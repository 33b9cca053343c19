package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

var (
	stranger = netip.MustParseAddrPort("10.7.0.1:6346")
	another  = netip.MustParseAddrPort("10.7.0.2:6346")
)

// newUDPBench makes a node with a socket for UDP.
func newUDPBench(t testing.TB, change func(*Config)) *bench {
	return newBench(t, func(c *Config) {
		c.UDP, c.ConnectOnly = true, false
		if change != nil {
			change(c)
		}
	})
}

// datagram lets a message come over UDP.
func (b *bench) datagram(from netip.AddrPort, h protocol.Header, p protocol.Payload) []Action {
	return b.step(Datagram{From: from, Msg: b.message(h, p)})
}

// ping lets a Ping come that is so many bytes long.
func (b *bench) ping(from netip.AddrPort, size int, items ...protocol.GGEP) []Action {
	ext := protocol.AppendGGEP(nil, items...)
	if left := size - protocol.HeaderSize - len(ext); left > 0 {
		ext = append(ext, make([]byte, left)...)
	}
	return b.datagram(from, head(protocol.KindPing, none, 1, 0), protocol.Ping{Ext: ext})
}

// prove answers the Ping among acts.
func (b *bench) prove(acts []Action) []Action {
	b.t.Helper()
	for _, a := range ops(acts, OpDatagram) {
		if h := header(a); h.Kind == protocol.KindPing {
			return b.datagram(a.Addr, head(protocol.KindPong, h.ID, 1, 0), protocol.Pong{Addr: a.Addr})
		}
	}
	b.t.Fatalf("no Ping among %v", acts)
	return nil
}

// kindsTo lists what is sent to an address.
func kindsTo(acts []Action, to netip.AddrPort) (kinds []protocol.Kind, bytes int) {
	for _, a := range ops(acts, OpDatagram) {
		if a.Addr == to {
			kinds = append(kinds, header(a).Kind)
			bytes += len(a.Msg)
		}
	}
	return kinds, bytes
}

func (b *bench) wantDrops(why Drop, n uint64) {
	b.t.Helper()
	if got := b.n.Stats().Drops[why]; got != n {
		b.t.Errorf("%d dropped for %s, want %d", got, why, n)
	}
}

// TestProofOfAddress: who is not proven gets no more bytes than it sent; what is
// longer waits for the Pong to a Ping of ours, and for no other.
func TestProofOfAddress(t *testing.T) {
	scp := protocol.NewGGEP(protocol.GGEPWish, []byte{1})
	for size := protocol.HeaderSize; size < 120; size++ {
		b := newUDPBench(t, nil)
		b.links(9)
		sent := b.ping(stranger, size, scp)
		kinds, bytes := kindsTo(sent, stranger)
		if got := max(size, protocol.HeaderSize+8); bytes > got || len(kinds) != 1 {
			t.Fatalf("a ping of %d bytes is answered with %v of %d", got, kinds, bytes)
		}
		if kinds[0] == protocol.KindPong { // it had room
			continue
		}
		if more := b.datagram(another, head(protocol.KindPong, header(sent[0]).ID, 1, 0), protocol.Pong{Addr: another}); len(more) > 0 {
			t.Fatalf("a Pong from elsewhere: %v", more)
		}
		if more := b.datagram(stranger, head(protocol.KindPong, none, 1, 0), protocol.Pong{Addr: stranger}); len(more) > 0 {
			t.Fatalf("a Pong with another id: %v", more)
		}
		b.wantDrops(DropUDPUnasked, 2)
		out := ops(b.prove(sent), OpDatagram)
		if len(out) != 1 || header(out[0]).Kind != protocol.KindPong {
			t.Fatalf("proven: %v", out)
		}
		p, _ := protocol.ParsePong(out[0].Msg[protocol.HeaderSize:])
		if hosts := protocol.Hosts(p.Ext, protocol.GGEPHosts); len(hosts) != 9 {
			t.Fatalf("hosts %v", hosts)
		}
		// For ten minutes it need not prove itself again.
		b.pass(9 * time.Minute)
		if kinds, _ := kindsTo(b.ping(stranger, 30, scp), stranger); len(kinds) != 1 || kinds[0] != protocol.KindPong {
			t.Fatalf("known: %v", kinds)
		}
		b.pass(2 * time.Minute)
		if b.step(Heard{}); b.n.proven(stranger) {
			t.Fatal("proven for ever")
		}
	}
}

// TestTooLateProof: an answer waits twenty seconds.
func TestTooLateProof(t *testing.T) {
	b := newUDPBench(t, nil)
	sent := b.ping(stranger, 30)
	b.pass(replyTimeout)
	if out := b.prove(sent); len(ops(out, OpDatagram)) > 0 {
		t.Errorf("after %s: %v", replyTimeout, out)
	}
}

// TestHeldAnswers: only so many answers wait, and one for each address.
func TestHeldAnswers(t *testing.T) {
	b := newUDPBench(t, nil)
	for i := range maxHeld {
		b.ping(hostAddr(i), 24)
	}
	b.wantDrops(DropUDPHeld, 0)
	b.ping(hostAddr(0), 24) // in place of the first
	b.wantDrops(DropUDPHeld, 0)
	if out := b.ping(hostAddr(maxHeld), 24); len(out) > 0 {
		t.Errorf("past the limit: %v", out)
	}
	b.wantDrops(DropUDPHeld, 1)
	b.pass(replyTimeout)
	if out := b.ping(hostAddr(maxHeld+1), 24); len(out) != 1 {
		t.Errorf("once they are old: %v", out)
	}
	if u := b.n.dgrams; len(u.held) != 1 || u.heldBytes != len(u.held[0].msg) {
		t.Errorf("%d held, %d bytes", len(u.held), u.heldBytes)
	}
	big := make([]byte, maxHeldBytes-b.n.dgrams.heldBytes)
	if !b.n.hold(another, big) || b.n.hold(stranger, big[:1]) {
		t.Error("the limit of bytes is not kept")
	}
}

// TestUDPRates: what one address may ask, and all together.
func TestUDPRates(t *testing.T) {
	b := newUDPBench(t, nil)
	for range int(ratePings.Burst) {
		b.ping(stranger, 60)
	}
	b.wantDrops(DropUDPRate, 0)
	if out := b.ping(stranger, 60); len(out) > 0 {
		t.Errorf("one more: %v", out)
	}
	b.wantDrops(DropUDPRate, 1)
	b.pass(30 * time.Second)
	if out := b.ping(stranger, 60); len(out) != 1 {
		t.Errorf("later: %v", out)
	}
	b.n.dgrams.in = bucket{}
	for range int(rateIn.Burst) {
		b.datagram(another, head(protocol.KindPong, none, 1, 0), protocol.Pong{Addr: another})
	}
	before := b.n.Stats().Drops[DropUDPUnasked]
	b.datagram(stranger, head(protocol.KindPong, none, 1, 0), protocol.Pong{Addr: another})
	if got := b.n.Stats().Drops[DropUDPUnasked]; got != before {
		t.Error("one more datagram than all may send is looked at")
	}
	b.n.dgrams.out = bucket{}
	msg := b.message(head(protocol.KindPing, none, 1, 0), nil)
	for range int(rateOut.Burst) {
		if len(b.n.emit(stranger, msg, nil)) != 1 {
			t.Fatal("a datagram within the limit is not sent")
		}
	}
	if len(b.n.emit(stranger, msg, nil)) != 0 {
		t.Error("one more than may be sent is")
	}
}

// TestContactsAreBounded: two generations, in which who is met again stays.
func TestContactsAreBounded(t *testing.T) {
	var c contacts
	first := c.at(epoch, hostAddr(0))
	first.proven = time.Hour
	for i := range maxContacts - 1 {
		c.at(epoch, hostAddr(i+1))
	}
	if len(c.young) != maxContacts || c.old != nil {
		t.Fatalf("%d young, %d old", len(c.young), len(c.old))
	}
	c.at(epoch, hostAddr(maxContacts))
	if len(c.young) != 1 || len(c.old) != maxContacts || c.at(epoch, hostAddr(0)) != first {
		t.Fatalf("%d young, %d old", len(c.young), len(c.old))
	}
	c.at(epoch+contactLife, hostAddr(1))
	c.at(epoch+2*contactLife, hostAddr(2))
	if c.find(hostAddr(0)) != nil || len(c.young)+len(c.old) != 2 {
		t.Errorf("the old are kept: %d young, %d old", len(c.young), len(c.old))
	}
}

// TestQuestionsAreBounded: the eldest makes room.
func TestQuestionsAreBounded(t *testing.T) {
	var q questions
	for i := range maxQuestions + 1 {
		q.add(0, question{id: numbered(i), to: stranger, why: forProof, until: time.Second})
	}
	if _, ok := q.take(0, numbered(0), stranger); ok || len(q) != maxQuestions {
		t.Errorf("%d questions", len(q))
	}
	if _, ok := q.take(0, numbered(1), stranger); !ok {
		t.Error("one of the last is forgotten")
	}
	if _, ok := q.take(time.Second, numbered(2), stranger); ok {
		t.Error("one too old is taken")
	}
}

// TestWhoIsHeard: nothing of blocked addresses, of other networks, or with
// connect-only of strangers; nothing at all without a socket.
func TestWhoIsHeard(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		from   string
		why    Drop
		kept   string
	}{
		{"blocked", func(c *Config) { c.Blocked = func(a netip.Addr) bool { return a == stranger.Addr() } }, "10.7.0.1:1", DropBlocked, "10.7.0.2:1"},
		{"public address on the private network", nil, "5.9.0.1:1", DropUDPStranger, "10.7.0.2:1"},
		{"private address on the public network", func(c *Config) { c.Public = true }, "10.7.0.2:1", DropUDPStranger, "5.9.0.1:1"},
		{"connect-only", func(c *Config) { c.ConnectOnly = true; c.Connect = []netip.AddrPort{another} }, "10.7.0.1:6346", DropUDPStranger, "10.7.0.2:6346"},
		{"port 0", nil, "10.7.0.2:0", DropUDPStranger, "10.7.0.2:1"},
		{"itself", nil, "10.0.0.1:6346", DropUDPStranger, "10.7.0.2:1"},
		{"multicast", nil, "224.0.0.1:1", DropUDPStranger, "10.7.0.2:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newUDPBench(t, tt.change)
			if out := b.ping(netip.MustParseAddrPort(tt.kept), 60); len(out) != 1 {
				t.Errorf("one that may: %v", out)
			}
			if out := b.ping(netip.MustParseAddrPort(tt.from), 60); len(out) != 0 {
				t.Errorf("answered with %v", out)
			}
			b.wantDrops(tt.why, 1)
		})
	}
	b := newUDPBench(t, func(c *Config) { c.UDP = false })
	if out := b.ping(stranger, 60); len(out) > 0 {
		t.Errorf("without a socket: %v", out)
	}
}

// TestBadDatagrams: what cannot be read is counted, and answered with nothing.
func TestBadDatagrams(t *testing.T) {
	b := newUDPBench(t, nil)
	ping := b.message(head(protocol.KindPing, none, 1, 0), nil)
	for _, msg := range [][]byte{nil, ping[:22], append(ping[:23:23], 0)} {
		if out := b.step(Datagram{From: stranger, Msg: msg}); len(out) > 0 {
			t.Errorf("%x is answered", msg)
		}
	}
	for _, kind := range []protocol.Kind{protocol.KindPong, protocol.KindPush, protocol.KindQueryHit, protocol.KindVendor} {
		b.datagram(stranger, head(kind, none, 1, 0), raw{1})
	}
	b.wantDrops(DropMalformed, 7)
	for _, kind := range []protocol.Kind{protocol.KindQuery, protocol.KindBye, protocol.KindQRP, protocol.KindDHT} {
		b.datagram(stranger, head(kind, none, 1, 0), query("blue"))
	}
	b.datagram(stranger, head(protocol.KindVendor, none, 1, 0), protocol.NewHopsFlow(0))
	b.wantDrops(DropUnknown, 5)
}

// TestAskCaches: a host cache is asked once in three minutes, its answer heard
// and told, and nobody else's.
func TestAskCaches(t *testing.T) {
	b := newUDPBench(t, nil)
	sent := ops(b.step(AskCaches{Addrs: []netip.AddrPort{stranger, netip.MustParseAddrPort("5.9.0.1:1")}}), OpDatagram)
	if len(sent) != 1 || sent[0].Addr != stranger || len(sent[0].Msg) != proofPing {
		t.Fatalf("sent %v", sent)
	}
	if _, ok := protocol.FindGGEP(sent[0].Msg[protocol.HeaderSize:], protocol.GGEPWish); !ok {
		t.Error("no wish for hosts")
	}
	ext := protocol.AppendGGEP(nil, append(protocol.HostItems(protocol.GGEPHosts, []netip.AddrPort{hostAddr(1), hostAddr(2)}),
		protocol.NewGGEP(protocol.GGEPCaches, []byte("cache.example:6346\nother.example:1")), protocol.NewEcho(netip.MustParseAddrPort("10.0.0.1:7777")))...)
	pong := protocol.Pong{Addr: stranger, Ext: ext}
	if out := b.datagram(another, head(protocol.KindPong, header(sent[0]).ID, 1, 0), pong); len(out) > 0 {
		t.Errorf("from elsewhere: %v", out)
	}
	out := b.datagram(stranger, head(protocol.KindPong, header(sent[0]).ID, 1, 0), pong)
	told := ops(out, OpHosts)
	if len(told) != 1 || told[0].Addr != stranger || told[0].Limit != 2 || told[0].Text != "cache.example:6346\nother.example:1" {
		t.Fatalf("told %v", told)
	}
	if e := ops(out, OpEcho); len(e) != 1 || e[0].Addr != stranger || e[0].Text != "10.0.0.1:7777" {
		t.Errorf("seen: %v", e)
	}
	if len(ops(out, OpDial)) != 2 || b.n.Outside().Port() != 7777 {
		t.Errorf("%v, seen at %v", out, b.n.Outside())
	}
	b.pass(askCacheRest*askAgain - time.Second)
	if out := b.step(AskCaches{Addrs: []netip.AddrPort{stranger}}); len(ops(out, OpDatagram)) > 0 {
		t.Error("asked again too soon")
	}
	b.pass(time.Second)
	if out := b.step(AskCaches{Addrs: []netip.AddrPort{stranger}}); len(ops(out, OpDatagram)) != 1 {
		t.Error("not asked again")
	}
}
