package overlay

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// fuzzer drives a node with three links by what a fuzzer chose, and checks each
// answer.
type fuzzer struct {
	*bench
	in   []byte
	up   map[LinkID]bool
	last LinkID
}

// byte takes the next byte of the input; 0 when it has ended.
func (f *fuzzer) byte() byte {
	if len(f.in) == 0 {
		return 0
	}
	c := f.in[0]
	f.in = f.in[1:]
	return c
}

func (f *fuzzer) bytes(n int) []byte {
	n = min(n, len(f.in))
	b := f.in[:n]
	f.in = f.in[n:]
	return b
}

// guid returns one of a few ids, the node's own among them, so that they meet.
func (f *fuzzer) guid() protocol.GUID {
	c := f.byte()
	if c == 0 {
		return testConfig().ID
	}
	return protocol.GUID{c % 8}
}

// roles are those that a fuzzed node and its three peers take.
var roles = [...]Role{RoleFlat, RoleSupernode, RoleLeaf, RoleAuto}

func newFuzzer(t *testing.T, in []byte) *fuzzer {
	f := &fuzzer{in: in, up: map[LinkID]bool{}}
	c := f.byte()
	f.bench = newBench(t, func(cfg *Config) {
		cfg.Role = []Role{RoleFlat, RoleLeaf, RoleSupernode, RoleAuto}[c&1+c>>7<<1]
		cfg.ConnectOnly = c&2 != 0
		cfg.Public = c&4 != 0
		cfg.MaxRoutes, cfg.MaxHosts, cfg.MaxQueue = 8, 4, 128<<10
		if c&8 != 0 {
			cfg.Connect = []netip.AddrPort{hostAddr(1)}
		}
		cfg.UDP, cfg.Firewalled, cfg.HostCache = c&32 != 0, c&64 != 0, c&128 != 0
		if c&16 != 0 {
			cfg.Listen = netip.MustParseAddrPort("0.0.0.0:6346")
		}
	})
	f.check(nil, f.step(Shared{Table: table("blue"), Files: 1}))
	for range 3 {
		f.connect()
	}
	return f
}

func (f *fuzzer) connect() {
	c := f.byte()
	f.last++
	p := peerOf(c>>4, roles[c&3])
	p.Outbound, p.Bye, p.Vendor = c&4 == 0, c&8 == 0, c&8 != 0
	p.MaxTTL = c >> 5
	if f.n.Admit(f.last, p).Code != 200 && c&16 == 0 {
		return // but now and then the owner brings it up all the same
	}
	f.up[f.last] = true
	ev := PeerUp{Link: f.last, Peer: p}
	f.check(ev, f.step(ev))
}

// link returns one of the links that there were.
func (f *fuzzer) link() LinkID { return LinkID(f.byte()) % (f.last + 2) }

// event makes one event out of the input.
func (f *fuzzer) event() Event {
	switch c := f.byte(); c % 16 {
	case 0:
		link := f.link()
		delete(f.up, link)
		return PeerDown{Link: link}
	case 1:
		return Sent{Link: f.link(), Bytes: int(f.byte()) << 10}
	case 2:
		return UserQuery{ID: f.guid(), Text: string(f.bytes(int(f.byte()))), TTL: f.byte()}
	case 3:
		return LocalHits{ID: f.guid(), Files: make([]protocol.FileRecord, f.byte())}
	case 4:
		return UserPush{Servent: f.guid()}
	case 5:
		return UserQueryEnd{ID: f.guid()}
	case 6:
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, f.byte(), 0, f.byte()}), uint16(f.byte()))
		return []Event{Heard{Addrs: []netip.AddrPort{a}}, DialFailed{Addr: a, Code: int(f.byte()), Try: []netip.AddrPort{a}}}[f.byte()&1]
	case 7:
		return Malformed{Link: f.link()}
	case 8:
		return f.aside()
	case 10, 11:
		return Datagram{From: f.addr(), Msg: f.received().Msg}
	}
	return f.received()
}

// addr returns one of a few addresses, a peer's among them.
func (f *fuzzer) addr() netip.AddrPort {
	c := f.byte()
	if c&64 != 0 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfd, 15: c & 3}), uint16(c>>4))
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, c & 15}), uint16(c>>4))
}

// aside makes an event of those that are about UDP and proxies.
func (f *fuzzer) aside() Event {
	switch f.byte() % 9 {
	case 8:
		return UserHead{ID: f.guid(), Addr: f.addr(), URN: protocol.URN{HasSHA1: true}}
	case 6:
		return WantProxies{}
	case 5:
		return Probed{Asked: []netip.AddrPort{f.addr(), f.addr()}, Outside: f.addr(), Filtering: nat.Filtering(f.byte() % 4)}
	case 4:
		return Mapped{UDP: f.addr(), TCP: f.addr()}
	case 0:
		return ConnectedBack{From: f.addr()}
	case 1:
		return AskCaches{Addrs: []netip.AddrPort{f.addr(), f.addr()}}
	case 2:
		return ProxyPush{Servent: f.guid(), Addr: f.addr()}
	case 3:
		return LocalHead{ID: f.guid(), Pong: fullHead(int(f.byte()))}
	}
	return UserPush{Servent: f.guid(), Proxies: []netip.AddrPort{f.addr(), f.addr()}}
}

// answerAll has the asked answer: each Ping that goes out over UDP gets a Pong.
func (f *fuzzer) answerAll(acts []Action) {
	for _, a := range ops(acts, OpDatagram) {
		if h := header(a); h.Kind == protocol.KindPing && f.byte()&1 != 0 {
			ev := Datagram{From: a.Addr, Msg: protocol.AppendMessage(nil, protocol.Header{ID: h.ID, Kind: protocol.KindPong, TTL: 1}, protocol.Pong{Addr: a.Addr})}
			f.check(ev, f.step(ev))
		}
	}
}

// received makes a message: mostly of a known kind, with a payload that mostly
// can be read.
func (f *fuzzer) received() Received {
	link := f.link()
	c := f.byte()
	kind := protocol.Kind(f.byte())
	if int(c)%16 < len(kinds) {
		kind = kinds[int(c)%16]
	}
	h := protocol.Header{ID: f.guid(), Kind: kind, TTL: f.byte(), Hops: f.byte()}
	if c&16 != 0 { // mostly within the limits
		h.TTL, h.Hops = h.TTL%8, h.Hops%8
	}
	msg := protocol.AppendMessage(nil, h, f.payload(kind, c))
	if c&64 != 0 && len(msg) > protocol.HeaderSize {
		binary.LittleEndian.PutUint32(msg[19:], uint32(f.byte())<<(f.byte()%32)) // a size that is not true
	}
	return Received{Link: link, Msg: msg}
}

func (f *fuzzer) payload(kind protocol.Kind, c byte) protocol.Payload {
	rest := f.bytes(int(f.byte()))
	if c&32 != 0 {
		return raw(rest)
	}
	switch kind {
	case protocol.KindQuery:
		return protocol.Query{Flags: protocol.FlagMarker | protocol.QueryFlags(c), Text: []byte("blue"), Ext: rest}
	case protocol.KindQueryHit:
		hit := hitOf(f.guid())
		hit.Trailer = rest
		return hit
	case protocol.KindPong:
		return protocol.Pong{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 3, 0, c}), uint16(f.byte())), Ext: rest}
	case protocol.KindPush:
		return protocol.Push{Servent: f.guid(), Addr: hostAddr(int(c)), Ext: rest}
	case protocol.KindVendor:
		id := protocol.VendorType(c % 20).ID()
		return protocol.Vendor{Code: id.Code, Selector: id.Selector, Version: id.Version, Data: rest}
	case protocol.KindQRP:
		return protocol.Reset{Slots: 1 << (c % 32), Infinity: 7}
	}
	return raw(rest)
}

// maxActions is more than any event may ask for: 64 searches on a new link, or
// as many hits as MaxHits files make.
const maxActions = 100

// check holds what a node does to what must always be so.
func (f *fuzzer) check(ev Event, acts []Action) {
	if len(acts) > maxActions {
		f.t.Fatalf("%T asks for %d actions", ev, len(acts))
	}
	for _, a := range acts {
		switch a.Op {
		case OpSend:
			f.checkSend(ev, a)
		case OpClose:
			if !f.up[a.Link] {
				f.t.Fatalf("%T closes link %d, which is not up", ev, a.Link)
			}
			delete(f.up, a.Link)
		case OpDatagram:
			if h := header(a); !f.n.cfg.UDP || a.TTL == 0 || len(a.Msg) != protocol.HeaderSize+int(h.Size) {
				f.t.Fatalf("%T sends a %s of %d bytes and TTL %d over UDP", ev, h.Kind, len(a.Msg), a.TTL)
			}
			fallthrough
		case OpDial, OpDialBack, OpConnectBack:
			if !a.Addr.IsValid() || a.Addr.Port() == 0 {
				f.t.Fatalf("%T dials %s", ev, a.Addr)
			}
			if f.n.cfg.ConnectOnly && !f.n.toldOf(a.Addr.Addr(), true) {
				f.t.Fatalf("%T sends to %s, which nobody told of", ev, a.Addr)
			}
		}
	}
	if n := len(f.n.links); n != len(f.n.byID) || n != len(f.up) {
		f.t.Fatalf("%T leaves %d links, %d by id; %d are up", ev, n, len(f.n.byID), len(f.up))
	}
	f.checkBounds()
}

func (f *fuzzer) checkSend(ev Event, a Action) {
	h := header(a)
	switch {
	case !f.up[a.Link]:
		f.t.Fatalf("%T sends a %s on link %d, which is not up", ev, h.Kind, a.Link)
	case len(a.Msg) != protocol.HeaderSize+int(h.Size):
		f.t.Fatalf("%T sends a %s of %d bytes that says %d", ev, h.Kind, len(a.Msg), h.Size)
	case a.TTL == 0 || int(a.TTL)+int(a.Hops) > HardTTL:
		f.t.Fatalf("%T sends a %s with TTL %d and hops %d", ev, h.Kind, a.TTL, a.Hops)
	}
	m, ok := ev.(Received)
	if !ok {
		return
	}
	from, err := protocol.ParseHeader(m.Msg)
	if err != nil || from.Kind != h.Kind || from.ID != h.ID || h.Kind == protocol.KindVendor { // whose answers have its id
		return
	}
	if a.Link == m.Link || a.TTL >= from.TTL || a.Hops != from.Hops+1 {
		f.t.Fatalf("a %s from link %d with TTL %d and hops %d goes to %d with %d and %d", h.Kind, m.Link, from.TTL, from.Hops, a.Link, a.TTL, a.Hops)
	}
}

// checkBounds: nothing grows without limit.
func (f *fuzzer) checkBounds() {
	n := f.n
	for _, r := range []*routes{&n.queries, &n.pings, &n.servers} {
		if len(r.young.log) > n.cfg.MaxRoutes || len(r.old.log) > n.cfg.MaxRoutes {
			f.t.Fatalf("%d and %d routes", len(r.young.log), len(r.old.log))
		}
	}
	if len(n.hosts.list) > n.cfg.MaxHosts || len(n.pongs.ring) > maxPongs || len(n.own) > maxUserQueries || len(n.dials.tries) > maxTries {
		f.t.Fatalf("%d hosts, %d pongs, %d searches, %d dials", len(n.hosts.list), len(n.pongs.ring), len(n.own), len(n.dials.tries))
	}
	if u := n.dgrams; u != nil && (len(u.held) > maxHeld || u.heldBytes > maxHeldBytes || len(u.offers) > maxOffers || len(u.wishes) > maxWishes) {
		f.t.Fatalf("%d held of %d bytes, %d offers, %d wishes", len(u.held), u.heldBytes, len(u.offers), len(u.wishes))
	}
	for _, l := range n.links {
		if l.queued < 0 || l.queued > n.cfg.MaxQueue {
			f.t.Fatalf("%d bytes queued on link %d", l.queued, l.id)
		}
	}
}

// pass lets time go by, as bench.pass does, and checks that the node comes to
// rest.
func (f *fuzzer) pass(d time.Duration) {
	end := f.now.Add(d)
	for range 10000 {
		at, ok := f.n.Deadline()
		if !ok || at.After(end) {
			f.now = end
			return
		}
		if at.After(f.now) {
			f.now = at
		}
		f.check(nil, f.n.Expire(f.now, nil))
	}
	f.t.Fatal("the node does not come to rest")
}

// FuzzStep: whatever comes from peers and owner, a node never panics, sends
// nothing back to where it came from, keeps TTL and hops within the limit, uses
// only links that are up, and stays bounded.
func FuzzStep(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x10\x20\x31" + "\x09\x01\x17\x00\x03\x05\x02\x00" + "\x09\x02\x17\x00\x03\x07\x02\x00" + "\x09\x02\x18\x00\x03\x05\x00\x00\x04"))
	f.Add([]byte("\x01\x11\x21\x31" + "\x02\x03\x04blue\x00" + "\x09\x02\x18\x00\x03\x05\x00\x00\x04" + "\x04\x04"))
	f.Add([]byte("\x00\x10\x20\x31" + "\x0a\x01\x13\x00\xff\x01\x00\x00" + "\x0a\x01\x13\x00\xff\x20\x00\x00" + "\x08\xff\xff\x00"))
	f.Add([]byte("\x20\x10\x20\x31" + "\x1a\x14\x00\x10\x00\x03\x01\x00\x10\xc3\x83SCP\x40\x01" + "\x1a\x14\x00\x14\x00\x03\x01\x00\x10\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		z := newFuzzer(t, in)
		for len(z.in) > 0 {
			switch c := z.byte(); {
			case c < 16:
				z.pass(time.Duration(z.byte()) * time.Duration(z.byte()) * 100 * time.Millisecond)
			case c < 24:
				z.connect()
			default:
				ev := z.event()
				acts := z.step(ev)
				z.check(ev, acts)
				z.answerAll(acts)
			}
		}
		z.pass(time.Hour)
	})
}
