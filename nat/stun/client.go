package stun

import (
	"net/netip"
	"slices"
	"time"

	pion "github.com/pion/stun/v2"

	"github.com/seed282dab8e/servent/nat"
)

// Timing of a Client. RFC 8489 begins with 500 ms; those who wait here are people.
const (
	firstWait = 300 * time.Millisecond // doubled with each try
	maxTries  = 3
	pace      = 10 * time.Millisecond // between two messages
)

// MaxServers is how many servers one Client asks.
const MaxServers = 8

// Client finds out once how routers treat one UDP socket: it asks several servers,
// tests the filter with one that has two addresses (RFC 5780, 4), sends to its own
// outside address, and tells a Classifier what it learns. It is for one goroutine.
type Client struct {
	local   netip.AddrPort
	newID   func() ID
	learned *nat.Classifier
	asks    []ask
	paced   time.Time
	stage   stage
	both    netip.AddrPort // server that answers from elsewhere too
	other   netip.AddrPort // from there
	servers []netip.AddrPort

	// Strangers counts answers that were not asked for: forged, or far too late.
	Strangers uint64
}

// stage is how far a Client is.
type stage int

const (
	asking    stage = iota // several servers for our address
	filtering              // one of them to answer from elsewhere; nothing has been sent there
	comparing              // its other address and ports for our address, and ourselves
	done
)

// purpose is what an answer tells.
type purpose int

const (
	forMapping purpose = iota
	forOtherPort
	forOtherAddress
	forHairpin
)

// ask is one transaction.
type ask struct {
	id      ID
	to      netip.AddrPort
	from    netip.AddrPort // where the answer must come from
	purpose purpose
	tries   int
	next    time.Time
	over    bool
}

// NewClient asks some servers about the socket with that local address. newID draws
// random transaction ids.
func NewClient(local netip.AddrPort, servers []netip.AddrPort, newID func() ID, learned *nat.Classifier) *Client {
	c := &Client{local: local, newID: newID, learned: learned}
	for _, s := range servers {
		if len(c.servers) < MaxServers && s.IsValid() && !slices.Contains(c.servers, s) {
			c.servers = append(c.servers, s)
			c.add(forMapping, s, s)
		}
	}
	if len(c.asks) == 0 {
		c.stage = done
	}
	return c
}

// NewReminder asks one server once more where it sees the socket, and nothing else.
func NewReminder(local, server netip.AddrPort, newID func() ID, learned *nat.Classifier) *Client {
	c := NewClient(local, []netip.AddrPort{server}, newID, learned)
	if c.stage != done {
		c.stage = comparing // the last
	}
	return c
}

func (c *Client) add(p purpose, to, from netip.AddrPort) {
	c.asks = append(c.asks, ask{id: c.newID(), to: to, from: from, purpose: p})
}

// Done says whether all is found out that can be.
func (c *Client) Done() bool { return c.stage == done }

// Next returns a datagram to send now; false when there is none yet, or none more.
func (c *Client) Next(now time.Time) (to netip.AddrPort, msg []byte, ok bool) {
	c.expire(now)
	if now.Before(c.paced) {
		return netip.AddrPort{}, nil, false
	}
	for i := range c.asks {
		a := &c.asks[i]
		if a.over || now.Before(a.next) {
			continue
		}
		a.next = now.Add(firstWait << a.tries)
		a.tries++
		c.paced = now.Add(pace)
		return a.to, NewRequest(a.id, a.purpose.change()), true
	}
	return netip.AddrPort{}, nil, false
}

func (p purpose) change() Change {
	switch p {
	case forOtherPort:
		return ChangePort
	case forOtherAddress:
		return ChangePort | ChangeAddress
	}
	return 0
}

// Deadline returns when Next must be asked again; false when it need not.
func (c *Client) Deadline() (time.Time, bool) {
	if c.stage == done {
		return time.Time{}, false
	}
	first := c.paced.Add(time.Hour)
	for i := range c.asks {
		if a := &c.asks[i]; !a.over && a.next.Before(first) {
			first = a.next
		}
	}
	if first.Before(c.paced) {
		first = c.paced
	}
	return first, true
}

// expire ends what nobody has answered, and goes on to the next stage.
func (c *Client) expire(now time.Time) {
	for i := range c.asks {
		a := &c.asks[i]
		if !a.over && a.tries == maxTries && !now.Before(a.next) {
			a.over = true
			c.unanswered(now, a)
		}
	}
	c.advance(now)
}

func (c *Client) unanswered(now time.Time, a *ask) {
	switch a.purpose {
	case forMapping:
		c.learned.Silent(now, c.local, a.to)
	case forHairpin:
		c.learned.Hairpinned(now, false)
	default:
		for range a.tries {
			c.learned.Tested(now, a.purpose.origin(), false)
		}
	}
}

func (p purpose) origin() nat.Origin {
	if p == forOtherPort {
		return nat.SameAddressOtherPort
	}
	return nat.OtherAddress
}

// advance begins the next stage once all of this one is over.
func (c *Client) advance(now time.Time) {
	for c.stage != done && !slices.ContainsFunc(c.asks, func(a ask) bool { return !a.over }) {
		c.asks = c.asks[:0]
		c.stage++
		switch c.stage {
		case filtering:
			c.testFilter()
		case comparing:
			c.compare(now)
		}
	}
}

// testFilter has a server answer from where nothing was sent to: another port, and another
// address where it has one. Where that is the address of another server, which has been
// asked, it would tell nothing.
func (c *Client) testFilter() {
	if !c.other.IsValid() {
		return
	}
	asked := func(s netip.AddrPort) bool { return s.Addr() == c.other.Addr() }
	if c.other.Addr() != c.both.Addr() && !slices.ContainsFunc(c.servers, asked) {
		c.add(forOtherAddress, c.both, c.other)
	}
	if near := netip.AddrPortFrom(c.both.Addr(), c.other.Port()); !slices.Contains(c.servers, near) {
		c.add(forOtherPort, c.both, near)
	}
}

// noteOther keeps from where a server can answer too. One with another address tells more
// than one with another port only. No server far away has us send to our own network.
func (c *Client) noteOther(s, other netip.AddrPort) {
	if c.stage != asking || !other.IsValid() || other.Port() == s.Port() || nat.ScopeOf(other.Addr()) < nat.ScopeOf(s.Addr()) {
		return
	}
	if !c.other.IsValid() || c.other.Addr() == c.both.Addr() && other.Addr() != s.Addr() {
		c.both, c.other = s, other
	}
}

// compare asks all sides of that server, and sends to ourselves.
func (c *Client) compare(now time.Time) {
	if c.other.IsValid() {
		others := []netip.AddrPort{c.other, netip.AddrPortFrom(c.both.Addr(), c.other.Port())}
		for _, s := range slices.Compact(others) {
			if !slices.Contains(c.servers, s) {
				c.add(forMapping, s, s)
			}
		}
	}
	if b := c.learned.Behaviour(now); b.Outside.IsValid() && b.Outside != c.local {
		c.add(forHairpin, b.Outside, b.Outside)
	}
}

// Receive takes a STUN message that came to the socket, and says whether it was for
// the client. What is not may be a request for the Server of the same socket.
func (c *Client) Receive(now time.Time, from netip.AddrPort, b []byte) bool {
	if c.returned(now, b) {
		return true
	}
	r, err := ParseResponse(b)
	if err != nil {
		return false
	}
	i := slices.IndexFunc(c.asks, func(a ask) bool { return a.id == r.ID && !a.over })
	if i < 0 || c.asks[i].from != from {
		c.Strangers++
		return true
	}
	a := &c.asks[i]
	a.over = true
	switch a.purpose {
	case forMapping:
		c.learned.Seen(now, c.local, a.to, r.Outside)
		c.noteOther(a.to, r.Other)
	case forOtherPort, forOtherAddress:
		c.learned.Tested(now, a.purpose.origin(), true)
	}
	c.expire(now)
	return true
}

// returned says whether it is what was sent to our own outside address.
func (c *Client) returned(now time.Time, b []byte) bool {
	m, err := parse(b)
	if err != nil || m.Type != pion.BindingRequest {
		return false
	}
	i := slices.IndexFunc(c.asks, func(a ask) bool { return a.purpose == forHairpin && a.id == m.TransactionID })
	if i < 0 {
		return false
	}
	c.asks[i].over = true
	c.learned.Hairpinned(now, true)
	c.expire(now)
	return true
}
