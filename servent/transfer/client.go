package transfer

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// Dialer opens connections; *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// Source is one servent that can serve a file.
type Source struct {
	Addr    netip.AddrPort   // invalid where it is not known
	Servent protocol.GUID    // zero where it is not known: no push then
	Index   uint32           // of the file at that servent
	Name    string           // what it calls the file; empty: only asked by hash
	Push    bool             // cannot be dialled, as far as is known
	Proxies []netip.AddrPort // pass on to it that it shall dial us
}

// String names the source by its address, or by its GUID where it has none.
func (s Source) String() string {
	if s.Addr.IsValid() {
		return s.Addr.String()
	}
	return s.Servent.String()
}

// ClientConfig configures a Client. A zero or negative duration or number
// means the default.
type ClientConfig struct {
	Dial  Dialer                                    // default: a net.Dialer
	Push  func(ctx context.Context, s Source) error // asks s to connect back; nil: no pushes
	Agent string                                    // User-Agent; default "Servent"
	Rate  *rate.Limiter                             // bytes a second over all downloads; nil: no limit
	Log   logrus.FieldLogger                        // nil discards
	Date  func(from net.Addr, date string)          // is told what sources say that the time is, unchecked; nil: nobody is

	// Mesh knows who has which file; nil: downloads begin with the sources of their jobs.
	Mesh *mesh.Mesh
	// Self is where others can connect to us to whom we connect from local, not valid where
	// they cannot: then we name ourselves to nobody. IsSelf says that an address is our own.
	Self   func(local netip.Addr) netip.AddrPort
	IsSelf func(netip.AddrPort) bool

	// Head asks a servent over UDP whether it has a file, and who else has it, until ctx
	// ends; nil: nobody is asked so.
	Head func(ctx context.Context, addr netip.AddrPort, urn protocol.URN) (protocol.HeadPong, error)

	DialTimeout   time.Duration // to connect; default 10 s
	PushTimeout   time.Duration // from a push to the GIV; default 20 s
	HeaderTimeout time.Duration // to send a request, and to get the whole header of the answer; default 20 s
	IdleTimeout   time.Duration // without a byte of the file; default 30 s
	MinSpeed      uint64        // bytes a second, averaged over SpeedWindow of waiting; default 256
	SpeedWindow   time.Duration // default 30 s
	RetryWait     time.Duration // between requests of all downloads to a busy source, unless it asks for more; default 15 s
	MaxRetryWait  time.Duration // a busy source that asks for more is given up; default 60 s
	MaxQueueWait  time.Duration // in the queue of one source, altogether; default 30 min
	Retries       int           // of one busy source; default 5
	Attempts      int           // of one source that fails with the file begun; default 3
	MaxActive     int           // sources that one download asks at once; default 8
	MaxFileSize   uint64        // default 1 TiB
	// What has come is recorded, so that a download goes on after whatever happens,
	// every CheckpointBytes, and every CheckpointTime; defaults 64 MiB, 5 s.
	CheckpointBytes uint64
	CheckpointTime  time.Duration
}

func (c ClientConfig) withDefaults() ClientConfig {
	if c.Dial == nil {
		c.Dial = &net.Dialer{}
	}
	if c.Agent == "" {
		c.Agent = defaultAgent
	}
	c.Log = orDiscard(c.Log)
	if c.Self == nil {
		c.Self = func(netip.Addr) netip.AddrPort { return netip.AddrPort{} }
	}
	if c.IsSelf == nil {
		c.IsSelf = func(netip.AddrPort) bool { return false }
	}
	c.DialTimeout = orDefault(c.DialTimeout, 10*time.Second)
	c.PushTimeout = orDefault(c.PushTimeout, 20*time.Second)
	c.HeaderTimeout = orDefault(c.HeaderTimeout, 20*time.Second)
	c.IdleTimeout = orDefault(c.IdleTimeout, 30*time.Second)
	c.MinSpeed = orDefault(c.MinSpeed, 256)
	c.SpeedWindow = orDefault(c.SpeedWindow, 30*time.Second)
	c.RetryWait = orDefault(c.RetryWait, 15*time.Second)
	c.MaxRetryWait = orDefault(c.MaxRetryWait, time.Minute)
	c.MaxQueueWait = orDefault(c.MaxQueueWait, 30*time.Minute)
	c.Retries = orDefault(c.Retries, 5)
	c.Attempts = orDefault(c.Attempts, 3)
	c.MaxActive = orDefault(c.MaxActive, 8)
	c.MaxFileSize = orDefault(c.MaxFileSize, 1<<40)
	c.CheckpointBytes = orDefault(c.CheckpointBytes, 64<<20)
	c.CheckpointTime = orDefault(c.CheckpointTime, 5*time.Second)
	return c
}

// ClientStats counts what a client did since it was made.
type ClientStats struct {
	Active int64  // downloads that run
	Done   uint64 // downloads that ended with the file in place
	Failed uint64 // downloads that did not
	Bytes  uint64 // of file content received, wrong content included
	Lies   uint64 // times that content did not match its hash
	// Absent is how often a source did not have what it was said to have: by itself
	// some time ago, or by a supernode that answers for it.
	Absent uint64
	// AlternatesOver counts sources that others named past what one download takes, or past
	// what a client tries within some minutes.
	AlternatesOver uint64
	// AlternatesTried counts sources that others named and that were not tried: other
	// downloads had done so, in vain.
	AlternatesTried uint64
	// AlternatesRefused counts addresses that others named and that are not theirs to name,
	// or that are named as push proxies of too many.
	AlternatesRefused uint64
	// HeadsHeard counts answers to HEAD pings, and HeadsOver sources of whom others told
	// that got none, because a download had asked as many as it may.
	HeadsHeard, HeadsOver uint64
}

// Client downloads files. Its methods may be called from any goroutine.
type Client struct {
	cfg    ClientConfig
	create createFunc // a test makes the disk fail
	space  spaceFunc  // a test has others fill it

	publisher *publisher

	turns turns
	park  park
	known alternates

	hearsay *hearsay

	active             atomic.Int64
	done, failed       atomic.Uint64
	bytesIn, liesFound atomic.Uint64
	absent             atomic.Uint64
	alternatesOver     atomic.Uint64
	alternatesTried    atomic.Uint64
	alternatesRefused  atomic.Uint64
	headsHeard         atomic.Uint64
	headsOver          atomic.Uint64

	mu      sync.Mutex
	waiters []*waiter       // in the order in which they began to wait
	swarms  map[*swarm]bool // downloads on their way
}

// waiter is a download that waits for a GIV of one servent.
type waiter struct {
	servent protocol.GUID
	index   uint32
	conn    chan net.Conn // room for one: delivered when the waiter leaves the list
}

// NewClient returns a client. It starts nothing.
func NewClient(cfg ClientConfig) *Client {
	return &Client{
		cfg: cfg.withDefaults(), create: createPart, space: freeSpace, publisher: newPublisher(), hearsay: newHearsay(),
	}
}

// Close ends the links that are kept for further requests. Downloads that run go on.
func (c *Client) Close() { c.park.close() }

// Stats returns the counters.
func (c *Client) Stats() ClientStats {
	return ClientStats{
		Active: c.active.Load(),
		Done:   c.done.Load(),
		Failed: c.failed.Load(),
		Bytes:  c.bytesIn.Load(),
		Lies:   c.liesFound.Load(),
		Absent: c.absent.Load(),

		AlternatesOver: c.alternatesOver.Load(), AlternatesTried: c.alternatesTried.Load(), AlternatesRefused: c.alternatesRefused.Load(),
		HeadsHeard: c.headsHeard.Load(), HeadsOver: c.headsOver.Load(),
	}
}

// enter notes a download that begins; the function that it returns, that it has ended.
func (c *Client) enter(s *swarm) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.swarms == nil {
		c.swarms = make(map[*swarm]bool)
	}
	c.swarms[s] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.swarms, s)
	}
}

// running are the downloads on their way. Who asks them for anything does so without c.mu: a
// swarm may have to wait for its disk.
func (c *Client) running() []*swarm {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.swarms))
}

// ServedBy reports whether a host sends us something now.
func (c *Client) ServedBy(host netip.Addr) bool {
	return slices.ContainsFunc(c.running(), func(s *swarm) bool { return s.servedBy(host) })
}

func (s *swarm) servedBy(host netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(c *candidate) bool {
		return c.running && c.gained > 0 && !c.Push && c.Addr.Addr().Unmap() == host
	})
}

// Accept hands over a connection that opened with g to the download that
// waits for that servent; among several to the one that wants that index, or
// else the first. False means that nobody waits: conn is still the caller's.
// The GIV line must have been read from conn, and nothing more.
func (c *Client) Accept(conn net.Conn, g GIV) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := -1
	for i, w := range c.waiters {
		if w.servent != g.Servent {
			continue
		}
		if found < 0 || w.index == g.Index {
			found = i
		}
		if w.index == g.Index {
			break
		}
	}
	if found < 0 {
		return false
	}
	c.waiters[found].conn <- conn
	c.forget(found)
	return true
}

// expect begins to wait for a GIV of s.
func (c *Client) expect(s Source) *waiter {
	w := &waiter{servent: s.Servent, index: s.Index, conn: make(chan net.Conn, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiters = append(c.waiters, w)
	return w
}

// leave ends the waiting. A connection that came at the last moment is closed.
func (c *Client) leave(w *waiter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.waiters {
		if c.waiters[i] == w {
			c.forget(i)
			return
		}
	}
	select {
	case conn := <-w.conn:
		_ = conn.Close() // nothing was sent on it
	default:
	}
}

// forget removes waiter i; c.mu is held.
func (c *Client) forget(i int) {
	copy(c.waiters[i:], c.waiters[i+1:])
	c.waiters[len(c.waiters)-1] = nil
	c.waiters = c.waiters[:len(c.waiters)-1]
}
