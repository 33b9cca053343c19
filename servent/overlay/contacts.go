package overlay

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// contact is what the node keeps of an address that it exchanges datagrams with.
type contact struct {
	got, answered int           // bytes, while the address is not proven
	proven        time.Duration // until when
	asked         time.Duration // when it was last sent a Ping; 0 for never
	sent          time.Duration // when it was last sent anything; 0 for never
	unheard       uint8         // Pings since it last answered one
	pings, rest   bucket        // what it may send: pings, and everything else
}

// contacts remembers addresses. Like routes it has two generations: when the
// younger is full or old it becomes the elder, and the elder is forgotten. Who is
// forgotten must prove its address again, so a flood of invented addresses costs
// others a Ping and gains nothing.
type contacts struct {
	born       time.Duration
	young, old map[netip.AddrPort]*contact
}

const (
	maxContacts  = 1024             // a generation
	contactLife  = 10 * time.Minute // of a generation
	provenFor    = 10 * time.Minute
	maxUnheard   = 3           // an address that answers no more Pings than that gets no more
	askAgain     = time.Minute // between two Pings to one address
	replyTimeout = 20 * time.Second
)

// find returns the contact of a; nil when there is none.
func (c *contacts) find(a netip.AddrPort) *contact {
	if have := c.young[a]; have != nil {
		return have
	}
	return c.old[a]
}

// at returns the contact of a, a new one where there is none.
func (c *contacts) at(now time.Duration, a netip.AddrPort) *contact {
	if have := c.young[a]; have != nil {
		return have
	}
	if c.young == nil || len(c.young) >= maxContacts || now-c.born >= contactLife {
		c.old, c.young, c.born = c.young, map[netip.AddrPort]*contact{}, now
	}
	have := c.old[a]
	if have == nil {
		have = &contact{}
	}
	c.young[a] = have
	return have
}

// question is a Ping, a request for one, or a HEAD ping that this node has sent.
type question struct {
	id    protocol.GUID
	to    netip.AddrPort // zero: whoever the link sends
	why   purpose
	until time.Duration
}

// purpose says what for a question was asked.
type purpose uint8

const (
	forProof  purpose = iota + 1 // of an address
	forHosts                     // of a host cache
	forReach                     // GTKG/7: the Ping that comes has this id
	forOthers                    // the Ping that somebody's GTKG/7 asked for
	forHead                      // a HEAD ping: proves nothing
)

// maxQuestions is how many questions are remembered; the eldest make room.
const maxQuestions = 256

// questions are in the order in which they were asked.
type questions []question

func (q *questions) add(now time.Duration, new question) {
	for len(*q) > 0 && ((*q)[0].until <= now || len(*q) >= maxQuestions) {
		*q = (*q)[1:]
	}
	*q = append(*q, new)
}

// take returns the question that from answers, and forgets it.
func (q *questions) take(now time.Duration, id protocol.GUID, from netip.AddrPort) (question, bool) {
	for i, have := range *q {
		if have.id == id && have.until > now && (have.to == from || have.why == forReach) {
			*q = append((*q)[:i], (*q)[i+1:]...)
			return have, true
		}
	}
	return question{}, false
}
