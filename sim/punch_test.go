package sim

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// puncher is a node of a World that punches towards another, as package reach does.
type puncher struct {
	*listener
	w     *World
	id    NodeID
	punch *nat.Punch
	asked map[string]netip.AddrPort // where each of its checks went
	seen  [2]netip.AddrPort         // by a server, by nat.Transport
}

func newPuncher(w *World, cfg NodeConfig) *puncher {
	if cfg.Router.Mapping <= nat.MappingNone { // others see it where it is
		cfg.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(w.Len() + 1)}), 6346)
	}
	p := &puncher{listener: &listener{stranger: *newStranger(protocol.GUID{byte(w.Len() + 1)}, true)}, w: w, asked: map[string]netip.AddrPort{}}
	p.id = w.AddActor(cfg, p.listener)
	return p
}

func (p *puncher) addr() netip.AddrPort { return p.w.Addr(p.id) }

func (p *puncher) now() time.Time { return epoch.Add(p.w.Now()) }

// ask has a server tell where the puncher is seen.
func (p *puncher) ask(server *puncher) {
	p.send(server.addr(), "who am I")
	p.w.Run(time.Second)
	for _, d := range server.heard {
		p.seen[nat.UDP] = d.From
	}
	server.heard = nil
	m := p.w.nodes[p.id]
	if _, from, ok := p.w.nets[nat.TCP].Out(p.w.now, m.behind(nat.TCP), p.addr(), server.addr()); ok {
		p.seen[nat.TCP] = from
	}
}

// candidates are what it tells the other.
func (p *puncher) candidates() []nat.Candidate {
	f := nat.Facts{Local: []netip.AddrPort{p.addr()}}
	for t, seen := range p.seen {
		f.Behaviour[t].Outside = seen
	}
	return nat.Gather(f)
}

func (p *puncher) send(to netip.AddrPort, what string) {
	p.w.SendDatagram(p.id, p.addr(), to, []byte(what))
}

// turn handles what has come, and sends what is due.
func (p *puncher) turn() {
	for _, d := range p.heard {
		id := string(d.Msg[1:])
		switch d.Msg[0] {
		case '?':
			p.send(d.From, "!"+id)
			p.punch.Checked(p.now(), d.From)
		case '!':
			if p.asked[id] == d.From {
				p.punch.Answered(p.now(), d.From)
			}
		}
	}
	p.heard = nil
	for to, ok := p.punch.Next(p.now()); ok; to, ok = p.punch.Next(p.now()) {
		id := p.now().String() + to.String()
		p.asked[id] = to
		p.send(to, "?"+id)
	}
}

func (p *puncher) open() bool {
	_, state := p.punch.Result(p.now())
	return state == nat.PunchOpen
}

// duo is two nodes of a World that were told where they are seen.
type duo struct {
	w    *World
	x, y *puncher
}

// newDuo has 20 ms one way, so the 40 ms of a round trip that the laboratory has.
func newDuo(seed uint64, a, b NodeConfig) *duo {
	w := New(Config{Role: overlay.RoleFlat, Seed: seed, Latency: Constant(20 * time.Millisecond)})
	server := newPuncher(w, NodeConfig{})
	p := &duo{w, newPuncher(w, a), newPuncher(w, b)}
	p.x.ask(server)
	p.y.ask(server)
	return p
}

// punched says whether both get through, and how soon once both try: y begins first,
// since x has asked it to, and x when the answer has come.
func (p *duo) punched(answer time.Duration, tell func(*puncher) []nat.Candidate) (time.Duration, bool) {
	began := p.w.Now()
	p.x.punch = nat.NewPunch(p.x.now(), nil)
	p.y.punch = nat.NewPunch(p.y.now(), nat.Rank(nat.UDP, tell(p.y), tell(p.x)))
	for p.w.Now() < began+answer+nat.PunchLimit {
		if p.w.Now()-began == answer {
			p.x.punch.Begin(p.x.now(), nat.Rank(nat.UDP, tell(p.x), tell(p.y)))
		}
		if p.w.Now()-began >= answer {
			p.x.turn()
		}
		p.y.turn()
		if p.x.open() && p.y.open() {
			return p.w.Now() - began - answer, true
		}
		p.w.Run(10 * time.Millisecond)
	}
	return 0, false
}

// opened says whether a connection comes to stand, likewise: over TCP, both dialling the
// other from the port at which they listen.
func (p *duo) opened(answer time.Duration, tell func(*puncher) []nat.Candidate) (took time.Duration, ok bool) {
	began := p.w.Now()
	dial := func(from, to *puncher) {
		addrs := nat.Rank(nat.TCP, tell(from), tell(to))
		p.w.open(p.w.nodes[from.id], addrs, p.w.rand, func(netip.AddrPort) {
			if !ok {
				took, ok = max(0, p.w.Now()-began-answer), true
			}
		})
	}
	dial(p.y, p.x)
	p.w.Run(answer)
	dial(p.x, p.y)
	p.w.Run(nat.PunchLimit + time.Second)
	return took, ok
}
