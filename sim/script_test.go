package sim

import (
	"crypto/sha1"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// script plays the commands of a scenario. Names are single words. First come
// those that say what there is:
//
//	nodes 3 leaf=(c)              nodes a, b and c, of which c is a leaf; more as for node
//	node d connect=(a) maxlinks=2 one node; see nodeOption
//	stranger u ultrapeer          a peer that is no Node; leaf; name="value": headers that it has
//	share c "blue danube.ogg" ... c shares these files
//	wire bandwidth=100            links that are made later: bytes a second
//	link a-b b-c                  joins them; not in the trace
//	hide VENDOR PING              kinds that are not in the trace; nothing: all are
//
// and then those whose trace is shown, each until nothing is under way, or only
// begun when " &" follows:
//
//	query c "blue danube" ttl=2 as=q  c searches; later commands know the id as q
//	end q                         the user ends that search
//	push c->a file=1              c's user wants a Push to a
//	send u->a QUERY ttl=3 ... x10 a stranger sends a message, ten times; see message_test.go
//	push c->a by=b                ... over UDP by a's push proxy b besides
//	udp u->a PING as=b            u sends a datagram, from the address of b
//	caches a b                    a asks the host cache b
//	dial u->a                     a stranger dials; so does `greet a-b` for link, shown
//	crash a, vanish a, leave a, start a
//	run 60s                       lets time pass
//	stats a, links a, reach a     asks a node
type script struct {
	w      *World
	decl   []string // commands that say what there is, until the first other one
	byName map[string]NodeID
	others map[string]*stranger
	floods map[string]*Flood
	ids    map[string]protocol.GUID
	hidden []string
	wire   Wire
	fresh  int // ids made up
	shown  int // lines of the trace that were taken
	lines  []string
}

func newScript() *script {
	return &script{
		w:      New(Config{Role: overlay.RoleFlat, Seed: 1, Lines: true}),
		byName: map[string]NodeID{},
		others: map[string]*stranger{},
		floods: map[string]*Flood{},
		ids:    map[string]protocol.GUID{},
		hidden: []string{"VENDOR", "CONNECTBACK"},
	}
}

// run plays one line.
func (s *script) run(line string) error {
	if strings.HasPrefix(line, "#") {
		return nil
	}
	words, err := splitWords(line)
	if err != nil {
		return err
	}
	c := command{words[0], words[1:]}
	switch c.name {
	case "nodes", "node", "stranger", "share":
		return s.declare(c)
	}
	if err := s.build(); err != nil {
		return err
	}
	return s.play(c)
}

func (s *script) play(c command) error {
	switch c.name {
	case "hide":
		s.hidden = c.args
		return nil
	case "wire":
		return s.setWire(c)
	case "link":
		err := s.link(c)
		s.w.RunUntilIdle()
		s.shown = len(s.w.Trace().Lines)
		return err
	case "stats", "links", "reach":
		return s.ask(c)
	case "run":
		return s.pass(c)
	}
	last := len(c.args) - 1
	begin := last >= 0 && c.args[last] == "&"
	if begin {
		c.args = c.args[:last]
	}
	if err := s.act(c); err != nil {
		return err
	}
	if !begin {
		s.w.RunUntilIdle()
	}
	s.take()
	return nil
}

func (s *script) act(c command) error {
	switch c.name {
	case "greet":
		return s.link(c)
	case "query":
		return s.query(c)
	case "end":
		return s.end(c)
	case "push":
		return s.push(c)
	case "send":
		return s.send(c)
	case "udp":
		return s.udp(c)
	case "caches":
		return s.caches(c)
	case "heard":
		id, err := s.node(c.arg(0))
		s.w.Step(id, overlay.Heard{Addrs: []netip.AddrPort{s.addr(c.arg(1))}})
		return err
	case "dial":
		return s.dial(c)
	case "crash", "vanish", "leave", "start":
		return s.change(c)
	}
	return fmt.Errorf("no such command")
}

func (s *script) setWire(c command) error {
	n, err := strconv.Atoi(c.get("bandwidth"))
	s.wire.Bandwidth = n
	return err
}

func (s *script) link(c command) error {
	for _, arg := range c.args {
		a, b, err := s.pair(arg, "-")
		if err != nil {
			return err
		}
		if err := s.w.LinkBy(a, b, s.wire); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) pass(c command) error {
	d, err := time.ParseDuration(c.arg(0))
	if err != nil {
		return err
	}
	s.w.Run(d)
	s.take()
	return nil
}

func (s *script) query(c command) error {
	id, err := s.node(c.arg(0))
	if err != nil {
		return err
	}
	ttl, err := strconv.ParseUint("0"+c.get("ttl"), 10, 8)
	if err != nil {
		return err
	}
	f := s.w.Query(id, c.arg(1), uint8(ttl))
	s.floods[c.get("as")], s.ids[c.get("as")] = f, f.ID
	return nil
}

func (s *script) end(c command) error {
	f := s.floods[c.arg(0)]
	if f == nil {
		return fmt.Errorf("no such search")
	}
	s.w.EndQuery(f)
	return nil
}

func (s *script) push(c command) error {
	from, to, err := s.pair(c.arg(0), "->")
	if err != nil {
		return err
	}
	file, err := strconv.ParseUint("0"+c.get("file"), 10, 32)
	ev := overlay.UserPush{Servent: s.w.GUID(to), Index: uint32(file)}
	if by := c.get("by"); by != "" {
		ev.Proxies = append(ev.Proxies, s.addr(by))
	}
	s.w.Step(from, ev)
	return err
}

func (s *script) send(c command) error {
	from, to, err := s.pair(c.arg(0), "->")
	if err != nil {
		return err
	}
	u := s.others[s.w.Name(from)]
	if u == nil {
		return fmt.Errorf("%s is no stranger", s.w.Name(from))
	}
	link, ok := u.linkTo(s.w, to)
	if !ok {
		return fmt.Errorf("no link")
	}
	for range c.times() {
		msg, err := s.message(c)
		if err != nil {
			return err
		}
		u.send(link, msg)
	}
	s.w.Step(from, overlay.Heard{})
	return nil
}

func (s *script) dial(c command) error {
	from, to, err := s.pair(c.arg(0), "->")
	if err != nil {
		return err
	}
	u := s.others[s.w.Name(from)]
	if u == nil {
		return fmt.Errorf("%s is no stranger", s.w.Name(from))
	}
	u.queue = append(u.queue, overlay.Action{Op: overlay.OpDial, Addr: s.w.Addr(to)})
	s.w.Step(from, overlay.Heard{})
	return nil
}

func (s *script) change(c command) error {
	id, err := s.node(c.arg(0))
	if err != nil {
		return err
	}
	switch c.name {
	case "crash":
		s.w.Crash(id)
	case "vanish":
		s.w.Vanish(id)
	case "leave":
		s.w.Leave(id)
	case "start":
		s.w.Start(id)
	}
	return nil
}

func (s *script) node(name string) (NodeID, error) {
	id, ok := s.byName[name]
	if !ok {
		return 0, fmt.Errorf("no node %q", name)
	}
	return id, nil
}

func (s *script) pair(arg, sep string) (NodeID, NodeID, error) {
	a, b, _ := strings.Cut(arg, sep)
	from, err := s.node(a)
	if err != nil {
		return 0, 0, err
	}
	to, err := s.node(b)
	return from, to, err
}

// id returns the message id that a script calls name; one of its own for "".
func (s *script) id(name string) protocol.GUID {
	if id, ok := s.ids[name]; ok && name != "" {
		return id
	}
	if name == "" {
		s.fresh++
		name = fmt.Sprint("fresh ", s.fresh)
	}
	sum := sha1.Sum([]byte(name))
	id := protocol.GUID(sum[:16])
	s.ids[name] = id
	return id
}

// take moves what is new in the World's trace to the script's.
func (s *script) take() {
	lines := s.w.Trace().Lines
	for _, line := range lines[s.shown:] {
		if !s.hides(line) {
			s.lines = append(s.lines, line)
		}
	}
	s.shown = len(lines)
}

func (s *script) hides(line string) bool {
	_, after, ok := strings.Cut(line, "->")
	if !ok {
		return false
	}
	for _, kind := range s.hidden {
		if strings.Contains(after, " "+kind+" ") {
			return true
		}
	}
	return false
}

// takeTrace returns the lines since the last call. A line that comes several
// times in a row is told once.
func (s *script) takeTrace() string {
	var out strings.Builder
	for i := 0; i < len(s.lines); {
		n := 1
		for i+n < len(s.lines) && s.lines[i+n] == s.lines[i] {
			n++
		}
		out.WriteString(s.lines[i])
		if n > 1 {
			fmt.Fprintf(&out, " x%d", n)
		}
		out.WriteByte('\n')
		i += n
	}
	s.lines = nil
	return out.String()
}

func addrOf(index int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(index + 1)}), 6346)
}
