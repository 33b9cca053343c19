package servent

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// The rungs of the ladder by which a servent finds others, in the order in which
// they are tried (docs/decisions/0010-bootstrap-ladder.md).
const (
	rungHosts    = iota // the host cache on disk
	rungRefusals        // hosts that others name as they refuse a link
	rungLAN             // neighbours on the local network
	rungUDP             // UDP host caches
	rungWeb             // web caches
	rungs
)

var rungNames = [rungs]string{"hosts", "refusals", "lan", "udp caches", "web caches"}

// States of a rung.
const (
	rungOff    = "off"    // not for this network, or there is nobody to ask
	rungIdle   = "idle"   // not asked yet
	rungAsking = "asking" // an answer may still come
	rungOK     = "ok"     // the last answer was one
	rungFailed = "failed" // the last question had none
)

// Paces of the ladder. The public rungs are climbed only while links are few.
const (
	fewLinks      = 2                // below so many links they are few
	udpAfter      = 10 * time.Second // of few links; at once where no host is known
	webAfter      = 45 * time.Second
	udpCacheEvery = 3 * time.Minute // between two questions to one cache
	webCacheEvery = time.Hour
	udpCacheWait  = 20 * time.Second // for an answer
	udpAtOnce     = 3
	tellAfter     = time.Hour // of life before web caches are told of us
)

// bootstrap holds what the ladder knows. It belongs to the loop.
type bootstrap struct {
	rungs    [rungs]rung
	few      time.Time // since when there have been few links; zero: there are enough
	told     time.Time // when a web cache was last told of this servent
	udp, web cacheBook
	awaited  []awaited
	met      []netip.AddrPort // neighbours
}

// rung is what one rung did.
type rung struct {
	state           string
	asked, answered uint64
	hosts           uint64
	err             string
}

// awaited is a UDP host cache that has been asked.
type awaited struct {
	name  string
	addr  netip.AddrPort
	until time.Time
}

func newBootstrap(cfg *Config) bootstrap {
	var b bootstrap
	for i := range b.rungs {
		b.rungs[i].state = rungOff
	}
	if cfg.ConnectOnly {
		return b
	}
	b.rungs[rungHosts].state, b.rungs[rungRefusals].state = rungIdle, rungIdle
	if cfg.Network != Gnutella {
		b.rungs[rungLAN].state = rungIdle
		return b
	}
	b.udp, b.web = newCacheBook(cfg.UDPCaches, udpCacheEvery), newCacheBook(cfg.WebCaches, webCacheEvery)
	if cfg.DataDir != "" {
		loadCaches(cfg.DataDir, &b.udp, &b.web)
	}
	b.rungs[rungUDP].state, b.rungs[rungWeb].state = rungIdle, rungIdle
	if len(b.web.list) == 0 {
		b.rungs[rungWeb].state = rungOff // until a web cache is heard of
	}
	return b
}

// climb is what the ladder wants asked now.
type climb struct {
	udp []string
	web []string // one at most
}

// next says what to ask, of a servent with so many links that knows so many
// hosts. Each rung gets its time before the next one is tried.
func (b *bootstrap) next(now time.Time, links, hosts int) climb {
	b.expire(now)
	if links >= fewLinks {
		b.few = time.Time{}
		return climb{}
	}
	if b.few.IsZero() {
		b.few = now
	}
	var c climb
	since := now.Sub(b.few)
	if (since >= udpAfter || hosts == 0) && len(b.awaited) == 0 {
		c.udp = b.udp.due(now, udpAtOnce)
	}
	if since >= webAfter {
		c.web = b.web.due(now, 1)
	}
	return c
}

var errSilent = errors.New("no answer within " + udpCacheWait.String())

// expire gives up on answers that have not come. A name may have had several
// addresses: one answer is enough.
func (b *bootstrap) expire(now time.Time) {
	b.awaited = slices.DeleteFunc(b.awaited, func(a awaited) bool {
		if now.Before(a.until) {
			return false
		}
		b.udp.failed(a.name)
		b.failed(rungUDP, a.name, errSilent)
		return true
	})
}

// asked notes a question on a rung.
func (b *bootstrap) asked(r int) {
	b.rungs[r].asked++
	b.rungs[r].state = rungAsking
}

// failed notes why a question had no answer.
func (b *bootstrap) failed(r int, whom string, err error) {
	b.rungs[r].state, b.rungs[r].err = rungFailed, whom+": "+err.Error()
}

// answered notes an answer with so many hosts.
func (b *bootstrap) answered(r, hosts int) {
	g := &b.rungs[r]
	g.state, g.err = rungOK, ""
	g.answered++
	g.hosts += uint64(hosts)
}

// kept notes what was on disk.
func (b *bootstrap) kept(hosts int) {
	b.asked(rungHosts)
	b.answered(rungHosts, hosts)
}

// refused notes what came with a refusal.
func (b *bootstrap) refused(hosts int) {
	b.asked(rungRefusals)
	b.answered(rungRefusals, hosts)
}

// neighbour notes an answer on the local network; each host counts once.
func (b *bootstrap) neighbour(a netip.AddrPort) {
	if slices.Contains(b.met, a) || len(b.met) == maxCaches {
		b.answered(rungLAN, 0)
		return
	}
	b.met = append(b.met, a)
	b.answered(rungLAN, 1)
}

// await notes that a UDP host cache is being asked.
func (b *bootstrap) await(now time.Time, name string, addr netip.AddrPort) {
	b.asked(rungUDP)
	b.awaited = append(b.awaited, awaited{name, addr, now.Add(udpCacheWait)})
}

// cacheAnswered takes an OpHosts: a cache's hosts, which the node has taken in,
// and the further caches that it names.
func (b *bootstrap) cacheAnswered(a *overlay.Action) {
	i := slices.IndexFunc(b.awaited, func(w awaited) bool { return w.addr == a.Addr })
	if i < 0 {
		return // too late, or a servent whose pong had hosts in it
	}
	name := b.awaited[i].name
	b.awaited = slices.DeleteFunc(b.awaited, func(w awaited) bool { return w.name == name })
	b.answered(rungUDP, a.Limit)
	b.udp.answered(name)
	for line := range strings.Lines(a.Text) {
		if further := strings.TrimSpace(line); isCacheName(further) {
			b.udp.hear(further)
		}
	}
}

// tellDue chooses the web cache that is to be told of this servent, if it is
// time for that.
func (b *bootstrap) tellDue(now time.Time) []string {
	if !b.told.IsZero() && now.Sub(b.told) < webCacheEvery {
		return nil
	}
	names := b.web.due(now, 1)
	if len(names) > 0 {
		b.told = now
	}
	return names
}

// info tells of every rung, in their order.
func (b *bootstrap) info() []RungInfo {
	out := make([]RungInfo, 0, rungs)
	for i, r := range b.rungs {
		out = append(out, RungInfo{rungNames[i], r.state, r.asked, r.answered, r.hosts, r.err})
	}
	return out
}
