package transfer

import (
	"context"
	"iter"
	"net/netip"
	"os"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// Files is what a server needs of the library.
type Files interface {
	ByIndex(i uint32) (library.File, bool)
	BySHA1(h protocol.SHA1) (library.File, bool)
	// Open refuses a file that changed since it was hashed.
	Open(f library.File) (*os.File, error)
	// Tree returns the upper levels of a file's tiger tree, the root's first. It
	// may read the whole file for it.
	Tree(ctx context.Context, f library.File) (tiger.Nodes, error)
}

// Catalog is what a server needs of the library to show what is in it.
type Catalog interface {
	Totals() (files int, bytes uint64)
	Roots() []library.Root
	// From yields the files of a shared folder in the order of the bytes of Rel,
	// from the first that does not come before rel.
	From(root, rel string) iter.Seq[library.File]
	Find(ctx context.Context, q search.Query, urns []protocol.URN, limit int) ([]library.File, error)
}

// DefaultMaxUploads is how many files a server sends at once where its
// configuration does not say.
const DefaultMaxUploads = 16

// ServerConfig configures a Server. A zero or negative duration or number means
// the default. Functions may be nil.
type ServerConfig struct {
	Files      Files // required
	Agent      string
	GUID       protocol.GUID      // our own, for GIV
	MaxUploads int                // slots, each for one host and file, one past it gets 503; default DefaultMaxUploads
	MaxPerAddr int                // of them to one address, and as many places in the queue; default 4
	MaxBodies  int                // sent at once in one slot, one past it gets 503, but on loopback; default 8
	MaxQueue   int                // places in the queue, one past it gets 503 without one; default 128
	MaxConns   int                // open connections, one past it is closed; default 256
	Rate       *rate.Limiter      // bytes a second over all uploads; nil: no limit
	Log        logrus.FieldLogger // nil discards
	OnUpload   func(Upload)       // called after each body, from the goroutine that sent it

	Catalog Catalog // nil: nobody may browse
	// Hits makes one whole QueryHit message of the first of files, and tells of how many.
	Hits func(files []library.File) (msg []byte, used int)
	// PushProxy has a servent that is linked with us connect to a stranger, or meet it;
	// false: it is not linked.
	PushProxy func(ctx context.Context, p ProxiedPush) bool
	// Firewalled reports whether others cannot connect to us. Then Proxies are
	// those who pass pushes on to us.
	Firewalled func() bool
	Proxies    func() []netip.AddrPort

	// Partial finds a file that is not in Files and of which there are parts.
	Partial func(protocol.SHA1) (Partial, bool)
	// Mesh knows who else has which file: requests tell it, answers tell of it (nil: neither).
	Mesh *mesh.Mesh
	// IsSelf says that an address is our own, of which others need not be told.
	IsSelf func(netip.AddrPort) bool
	// Shares says that a host serves us now: then it comes before those who share nothing.
	Shares func(host netip.Addr) bool

	// OnTurn is called when the turn of somebody has come who waits in the queue, and can be
	// told by CallBack (nil: nobody is).
	OnTurn func(QueueCall)

	// Alternates are others who have a file and cannot be connected to.
	Alternates func(file protocol.SHA1) []protocol.FWNodeInfo

	HeaderTimeout  time.Duration // to get the header of a request, or to connect and send a GIV; default 15 s
	IdleTimeout    time.Duration // between two requests on one connection; default 2 min
	WriteTimeout   time.Duration // for each 128 KiB that are sent; default 60 s
	RetryAfter     time.Duration // told to whom is first in the queue; default 30 s
	MaxHeaderBytes int           // of one request, some more are let pass; default 16 KiB
}

func (c ServerConfig) withDefaults() ServerConfig {
	if c.Agent == "" {
		c.Agent = defaultAgent
	}
	c.Log = orDiscard(c.Log).WithField("component", "upload")
	c.MaxUploads = orDefault(c.MaxUploads, DefaultMaxUploads)
	c.MaxPerAddr = orDefault(c.MaxPerAddr, 4)
	c.MaxBodies = orDefault(c.MaxBodies, 8)
	c.MaxQueue = orDefault(c.MaxQueue, 128)
	c.MaxConns = orDefault(c.MaxConns, 256)
	c.HeaderTimeout = orDefault(c.HeaderTimeout, 15*time.Second)
	c.IdleTimeout = orDefault(c.IdleTimeout, 2*time.Minute)
	c.WriteTimeout = orDefault(c.WriteTimeout, time.Minute)
	c.RetryAfter = orDefault(c.RetryAfter, 30*time.Second)
	c.MaxHeaderBytes = orDefault(c.MaxHeaderBytes, 16<<10)
	if c.Firewalled == nil {
		c.Firewalled = func() bool { return false }
	}
	if c.Partial == nil {
		c.Partial = func(protocol.SHA1) (Partial, bool) { return Partial{}, false }
	}
	if c.IsSelf == nil {
		c.IsSelf = func(netip.AddrPort) bool { return false }
	}
	if c.Shares == nil {
		c.Shares = func(netip.Addr) bool { return false }
	}
	if c.Alternates == nil {
		c.Alternates = func(protocol.SHA1) []protocol.FWNodeInfo { return nil }
	}
	if c.Proxies == nil {
		c.Proxies = func() []netip.AddrPort { return nil }
	}
	return c
}

// Limits of the small things that need no slot.
const (
	// maxLists is how many lists of all that is shared are sent at once, maxPages
	// how many pages are made, maxTrees how many trees are sent or waited for.
	maxLists = 2
	maxPages = 4
	maxTrees = 16
	// One address may browse smallRate times a second, smallBurst at first; a
	// list of everything counts for listCost pages.
	smallRate, smallBurst = 2, 40
	listCost              = 10
	// One address may have a push passed on pushRate times a second.
	pushRate, pushBurst = 0.5, 5
	// holdSlot is how long a slot is kept for who fetches a file in parts.
	holdSlot = 10 * time.Second
	// maxRanges is how many ranges of a file one request may ask for.
	maxRanges = 16
)

// featuresOf is what X-Features says: that this end is one of ours, and what
// of the text of others it does.
func featuresOf(cfg ServerConfig) string {
	s := features + ", queue/1.0"
	if cfg.Catalog != nil {
		s += ", browse/1.0"
	}
	return s
}
