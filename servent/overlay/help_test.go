package overlay

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// bench is a node with whatever a test needs to ask it.
type bench struct {
	t   testing.TB
	n   *Node
	now time.Time
	ids int // message ids made up
}

var startTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func testConfig() Config {
	return Config{
		ID:          protocol.GUID{0xaa}.Marked(),
		Role:        RoleFlat,
		Rand:        rand.New(rand.NewPCG(1, 2)),
		Listen:      netip.MustParseAddrPort("10.0.0.1:6346"),
		ConnectOnly: true,
	}
}

func newBench(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	cfg := testConfig()
	if change != nil {
		change(&cfg)
	}
	n, err := New(startTime, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, n: n, now: startTime}
}

// step lets an event happen and returns what the node does.
func (b *bench) step(ev Event) []Action { return b.n.Step(b.now, ev, nil) }

// pass lets d pass, with all that the node does in between.
func (b *bench) pass(d time.Duration) (out []Action) {
	end := b.now.Add(d)
	for {
		at, ok := b.n.Deadline()
		if !ok || at.After(end) {
			break
		}
		if at.After(b.now) {
			b.now = at
		}
		out = b.n.Expire(b.now, out)
	}
	b.now = end
	return out
}

// peerOf is what the servent number id says; it lives at 10.0.1.id.
func peerOf(id byte, role Role) Peer {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, id}), 6346)
	return Peer{
		Addr: addr, Listen: addr, Outbound: true, Role: role, Servent: role == RoleFlat, GUID: protocol.GUID{id}.Marked(),
		GGEP: true, Bye: true, LastHop: true, LeafTable: true, // not Vendor: one message less
	}
}

// link brings up link id to a peer of that role.
func (b *bench) link(id byte, role Role) []Action {
	return b.step(PeerUp{Link: LinkID(id), Peer: peerOf(id, role)})
}

// links brings up flat links 1 to n.
func (b *bench) links(n byte) {
	for id := byte(1); id <= n; id++ {
		b.link(id, RoleFlat)
	}
}

func (b *bench) newID() protocol.GUID {
	b.ids++
	return protocol.GUID{0xee, byte(b.ids >> 8), byte(b.ids)}
}

// message makes a message; a zero id becomes one of its own.
func (b *bench) message(h protocol.Header, p protocol.Payload) []byte {
	if h.ID == (protocol.GUID{}) {
		h.ID = b.newID()
	}
	return protocol.AppendMessage(nil, h, p)
}

// receive lets a message come from a link.
func (b *bench) receive(link LinkID, h protocol.Header, p protocol.Payload) []Action {
	return b.step(Received{Link: link, Msg: b.message(h, p)})
}

func query(text string) protocol.Query {
	return protocol.Query{Flags: protocol.FlagMarker, Text: []byte(text)}
}

func hitOf(servent protocol.GUID) protocol.QueryHit {
	r := protocol.FileRecord{Index: 1, Size: 5, Name: "blue.ogg"}.Record()
	return protocol.QueryHit{Count: 1, Records: r.Append(nil), Servent: servent}
}

// header returns the header that an OpSend puts on its link.
func header(a Action) protocol.Header {
	h, err := protocol.ParseHeader(a.Msg)
	if err != nil {
		panic(err)
	}
	h.TTL, h.Hops = a.TTL, a.Hops
	return h
}

// sends returns the OpSends of one kind.
func sends(acts []Action, kind protocol.Kind) (found []Action) {
	for _, a := range acts {
		if a.Op == OpSend && header(a).Kind == kind {
			found = append(found, a)
		}
	}
	return found
}

func ops(acts []Action, op Op) (found []Action) {
	for _, a := range acts {
		if a.Op == op {
			found = append(found, a)
		}
	}
	return found
}

// byes returns the codes of the Byes.
func byes(acts []Action) (codes []int) {
	for _, a := range sends(acts, protocol.KindBye) {
		b, err := protocol.ParseBye(a.Msg[protocol.HeaderSize:])
		if err != nil {
			panic(err)
		}
		codes = append(codes, int(b.Code))
	}
	return codes
}

// table is a route table of these words.
func table(words ...string) *protocol.RouteTable {
	t := protocol.NewRouteTable(protocol.MinTableBits)
	for _, w := range words {
		t.Add(w)
	}
	return t
}
