package nat

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Behaviour is what is known of the routers between one socket and the world.
type Behaviour struct {
	Mapping   Mapping
	Filtering Filtering
	Blocked   Answer // whether nothing at all comes back
	Preserved Answer // whether the outside port is the inside one
	Hairpin   Answer // whether two behind the same router reach each other by outside addresses
	Reached   Answer // whether one who was never sent to has reached the socket
	// Local is the socket's address, and Outside what the last server saw of it; not
	// valid before one was heard.
	Local, Outside netip.AddrPort
}

// Limits of a Classifier.
const (
	// MaxServers is how many servers are remembered, the latest ones.
	MaxServers = 32
	// Fresh is how long an observation counts: translators forget mappings, and
	// laptops change networks.
	Fresh = 10 * time.Minute
	// SilentServers must have been asked, and none heard, before a socket counts as
	// blocked: one server may be down.
	SilentServers = 2
	// together is within how much time of each other servers must have seen the socket,
	// for what they saw to tell the mapping. Translators forget a mapping that is not
	// used, some after half a minute: who asks later is shown another one.
	together = 15 * time.Second
)

// Classifier finds out the behaviour of the routers before one socket from what is
// observed of it. The zero value has observed nothing. It is for one goroutine.
type Classifier struct {
	local   netip.AddrPort
	servers []sighting
	mapping verdict
	asked   [3]asked // of other addresses and ports, by Origin
	hairpin mark
	reached mark
	// Ignored counts sightings that cannot be true.
	Ignored uint64
}

// sighting is how one server sees the socket.
type sighting struct {
	server  netip.AddrPort
	outside netip.AddrPort // not valid: it is silent
	at      time.Time
}

// mark is a yes or no with its time.
type mark struct {
	answer Answer
	at     time.Time
}

// verdict is what servers that were heard together have told, with its time.
type verdict struct {
	Mapping
	at time.Time
}

// asked is what came of one kind of filtering test.
type asked struct {
	tries int
	mark
}

// Origin says from where a server was asked to answer.
type Origin int

// The origins of a filtering test (RFC 5780, 4.4).
const (
	SameAddressOtherPort Origin = iota
	OtherAddress                // and another port
	OtherAddressSamePort
)

// filterTries is how often a test must go unanswered before that means a filter:
// datagrams get lost.
const filterTries = 3

// Seen tells that a server has seen the socket at an address. What was seen of
// another local address does not count any more: the machine is elsewhere now.
func (c *Classifier) Seen(now time.Time, local, server, outside netip.AddrPort) {
	outside = netip.AddrPortFrom(outside.Addr().Unmap(), outside.Port())
	if !plausible(server.Addr(), outside) {
		c.Ignored++
		return
	}
	c.move(local)
	if last, ok := c.last(server); ok && last.outside.Addr() != outside.Addr() && now.Sub(last.at) > time.Second {
		c.Forget() // the address of the whole site has changed; of two who differ one may lie
	}
	c.note(sighting{server, outside, now})
	if m := mapping(c.local, c.heard(now, together)); m != MappingUnknown {
		c.mapping = verdict{m, now}
	}
}

// plausible says whether a server can have seen that. One far away sees no private
// address; a lie would have us tell everybody a wrong address.
func plausible(server netip.Addr, outside netip.AddrPort) bool {
	return outside.Port() != 0 && ScopeOf(outside.Addr()) != Nowhere && ScopeOf(outside.Addr()) >= ScopeOf(server)
}

// Silent tells that a server was asked as often as one should, and nothing came back.
func (c *Classifier) Silent(now time.Time, local, server netip.AddrPort) {
	c.move(local)
	c.note(sighting{server: server, at: now})
}

// Tested tells what came of a filtering test: whether the answer that a server was
// asked to send from elsewhere has arrived.
func (c *Classifier) Tested(now time.Time, from Origin, arrived bool) {
	a := &c.asked[from]
	if arrived {
		a.mark = mark{Yes, now}
		return
	}
	if a.tries++; a.tries >= filterTries && (a.answer != Yes || now.Sub(a.at) > Fresh) {
		a.mark = mark{No, now}
	}
}

// Hairpinned tells whether what the socket sent to its own outside address came back.
func (c *Classifier) Hairpinned(now time.Time, back bool) { c.hairpin = mark{answer(back), now} }

// Reached tells whether one whom the socket never sent anything has reached it.
func (c *Classifier) Reached(now time.Time, yes bool) { c.reached = mark{answer(yes), now} }

// move forgets all when the socket has another local address.
func (c *Classifier) move(local netip.AddrPort) {
	if local != c.local {
		c.Forget()
		c.local = local
	}
}

// Forget forgets all that was observed, but not what was ignored.
func (c *Classifier) Forget() {
	*c = Classifier{local: c.local, Ignored: c.Ignored}
}

// note keeps one sighting a server, the latest servers last.
func (c *Classifier) note(s sighting) {
	c.servers = slices.DeleteFunc(c.servers, func(o sighting) bool { return o.server == s.server })
	if len(c.servers) == MaxServers {
		c.servers = slices.Delete(c.servers, 0, 1)
	}
	c.servers = append(c.servers, s)
}

// Latest returns the server that was heard last, and when; not valid before one was.
func (c *Classifier) Latest() (server netip.AddrPort, at time.Time) {
	s, _ := c.latest()
	return s.server, s.at
}

// last returns what a server has seen before.
func (c *Classifier) last(server netip.AddrPort) (sighting, bool) {
	i := slices.IndexFunc(c.servers, func(s sighting) bool { return s.server == server && s.outside.IsValid() })
	if i < 0 {
		return sighting{}, false
	}
	return c.servers[i], true
}

// latest returns the last sighting by a server that was heard.
func (c *Classifier) latest() (sighting, bool) {
	for _, s := range slices.Backward(c.servers) {
		if s.outside.IsValid() {
			return s, true
		}
	}
	return sighting{}, false
}

// Behaviour returns what is known at a time.
func (c *Classifier) Behaviour(now time.Time) Behaviour {
	b := Behaviour{Local: c.local, Hairpin: c.hairpin.fresh(now), Reached: c.reached.fresh(now)}
	heard := c.heard(now, Fresh)
	if len(heard) == 0 {
		if c.silent(now) >= SilentServers {
			b.Blocked = Yes
		}
		return b
	}
	b.Blocked = No
	b.Outside = slices.MaxFunc(heard, func(x, y sighting) int { return x.at.Compare(y.at) }).outside
	if now.Sub(c.mapping.at) <= Fresh {
		b.Mapping = c.mapping.Mapping
	}
	b.Preserved = answer(b.Outside.Port() == c.local.Port())
	b.Filtering = c.filtering(now)
	return b
}

// heard are the sightings by servers that have answered, none older than age.
func (c *Classifier) heard(now time.Time, age time.Duration) (heard []sighting) {
	for _, s := range c.servers {
		if s.outside.IsValid() && now.Sub(s.at) <= age {
			heard = append(heard, s)
		}
	}
	return heard
}

// silent counts the servers that have not answered lately.
func (c *Classifier) silent(now time.Time) (n int) {
	for _, s := range c.servers {
		if !s.outside.IsValid() && now.Sub(s.at) <= Fresh {
			n++
		}
	}
	return n
}

// mapping compares what several servers saw.
func mapping(local netip.AddrPort, heard []sighting) Mapping {
	if slices.ContainsFunc(heard, func(s sighting) bool { return s.outside == local }) && same(heard) {
		return MappingNone
	}
	hosts, ports := false, false // are there servers on two hosts, on two ports of one?
	kind := MappingEndpoint
	for i, x := range heard {
		for _, y := range heard[:i] {
			sameHost := x.server.Addr() == y.server.Addr()
			hosts, ports = hosts || !sameHost, ports || sameHost
			switch {
			case x.outside == y.outside:
			case sameHost:
				kind = MappingPort
			default:
				kind = max(kind, MappingAddress)
			}
		}
	}
	switch {
	case !hosts && kind == MappingEndpoint:
		return MappingUnknown // one host only: it may yet look different to others
	case kind == MappingAddress && !ports:
		return MappingPort // nobody could tell: the worse is by far the more common
	}
	return kind
}

// same says whether all saw the same.
func same(heard []sighting) bool {
	return !slices.ContainsFunc(heard, func(s sighting) bool { return s.outside != heard[0].outside })
}

func (c *Classifier) filtering(now time.Time) Filtering {
	port, far := c.asked[SameAddressOtherPort].fresh(now), cmp.Or(
		c.asked[OtherAddress].fresh(now), c.asked[OtherAddressSamePort].fresh(now))
	switch {
	case far == Yes || c.reached.fresh(now) == Yes:
		return FilteringEndpoint
	case port == Yes && far == No:
		return FilteringAddress
	case port == No: // nobody else is let in, then
		return FilteringPort
	}
	return FilteringUnknown
}

func (m mark) fresh(now time.Time) Answer {
	if now.Sub(m.at) > Fresh {
		return Unknown
	}
	return m.answer
}
