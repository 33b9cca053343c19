package servent

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/search/bleveindex"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/reach"
	"github.com/seed282dab8e/servent/servent/transfer"
	"github.com/seed282dab8e/servent/supernode"
	"github.com/sirupsen/logrus"
)

// Network says whom a servent may meet.
type Network string

const (
	LAN      Network = "lan"      // peers named by the user, the host cache, neighbours on the local network
	Gnutella Network = "gnutella" // the public network
)

// Role is the part that a servent plays in the overlay.
type Role = overlay.Role

const (
	RoleAuto      = overlay.RoleAuto
	RoleFlat      = overlay.RoleFlat
	RoleLeaf      = overlay.RoleLeaf
	RoleSupernode = overlay.RoleSupernode
)

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) { return overlay.ParseRole(s) }

// Config says how a servent runs. The zero value is a servent on the local
// network that keeps nothing on disk.
type Config struct {
	// DataDir holds identity, port and host cache, and is locked while the
	// servent lives. Empty: nothing is kept, and the identity is new.
	DataDir string
	// Listen is host:port. Empty: all addresses, on a port that is chosen at
	// the first start and kept in DataDir. Port 0: any free one.
	Listen      string
	Connect     []string // host:port of links that are always kept
	ConnectOnly bool     // make no other links, and look for no one
	Network     Network  // LAN
	Role        Role

	// UDPCaches (host:port) and WebCaches (URLs) are asked for hosts of the public
	// network when links are few; on others they are not. No UDPCaches: those that
	// are built in.
	UDPCaches, WebCaches []string

	// RelayRate is how many bytes a second a supernode carries for pairs of servents
	// that nothing else brings together; 0: it does not.
	RelayRate int64

	// StunServers (host:port) are asked how routers treat the UDP port, beside the
	// supernodes that the servent has links with.
	StunServers []string

	UploadRate, DownloadRate int64 // bytes a second; 0 is unlimited
	MaxUploads               int   // at once; DefaultMaxUploads
	MaxUploadsPerAddr        int   // of them to one address, and as many places in the queue; DefaultMaxUploadsPerAddr
	MaxLeaves                int   // that a supernode takes; DefaultMaxLeaves
	MaxLeafFiles             int   // in the list of one leaf; supernode.DefaultListFiles
	LeafIndexMaxBytes        int64 // like IndexMaxBytes, for the files of leaves
	MaxUploadQueue           int   // requests that wait for their turn; DefaultMaxUploadQueue
	NoBrowse                 bool  // files are found and fetched, but what is shared is not listed

	// IndexMaxBytes bounds the index of shared files, on disk or in memory; files past
	// it are not shared. 0 is the default of package bleveindex, 2 GiB.
	IndexMaxBytes int64

	// TableOnly: supernodes get a route table, which tells them what words there
	// are, and not the list of what is shared.
	TableOnly bool

	// BlockList is a file of addresses to have nothing to do with. It is read
	// again when it changes. Empty: none.
	BlockList string

	Version string // in the User-Agent: Servent/<Version>
	Log     logrus.FieldLogger

	// Overlay tunes the core: its zero fields take their defaults, and what
	// the fields above say is filled in.
	Overlay overlay.Config
	// NoDeflate keeps links uncompressed.
	NoDeflate bool

	// NoPortMapping: routers are not asked to forward the port. With ConnectOnly, on
	// loopback, and on LAN without a public address in Connect, they are not anyway.
	NoPortMapping bool

	// KeepDownloads: detached downloads are taken, kept in DataDir, and those that an
	// earlier run has left there are taken up again.
	KeepDownloads bool

	// Seams for tests.
	mapper   portMapper
	listener net.Listener
	packets  reach.Conn // nil where listener is set: no UDP
	dial     func(ctx context.Context, a netip.AddrPort) (net.Conn, error)
	resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
	sealed   [2]bool // by nat.Transport: no meeting half way
}

// Defaults of Config.
const (
	DefaultMaxUploads        = transfer.DefaultMaxUploads
	DefaultMaxUploadsPerAddr = 4
	DefaultMaxUploadQueue    = 128
	DefaultMaxLeaves         = 300
	DefaultMaxLeafFiles      = supernode.DefaultListFiles
)

// MinIndexMaxBytes is the least that Config.IndexMaxBytes may be.
const MinIndexMaxBytes = bleveindex.MinMaxBytes

// Limits of a node's edge.
const (
	// handshakeTimeout bounds a whole handshake, and how long a new
	// connection may keep silent.
	handshakeTimeout = 15 * time.Second
	dialTimeout      = 5 * time.Second
	// maxPending is how many accepted connections may be unsettled at once.
	maxPending = 256
	// What one address may have open; this machine and the peers that the user
	// named may have more (see perIP).
	maxPendingPerIP = 16 // of maxPending
	maxLinksPerIP   = 2  // overlay links, made by either side
	maxHTTPPerIP    = 16 // connections at the upload server
	// acceptRest is how long the listener rests after an error.
	acceptRest = 100 * time.Millisecond
	// closeLinger is how long a closed link has to take what is queued.
	closeLinger = time.Second
	// searchQueue is how many queries of others may wait for the index.
	searchQueue   = 1024
	searchWorkers = 2
	// hitQueue is how many hits may wait for the user's search to take them.
	hitQueue = 1024
	// hostsEvery is how often the host cache is written to disk, where it has
	// changed. It is written after the first link too, and hostsSoon after that, when
	// others have been named; from there on twice as late each time.
	hostsEvery = time.Minute
	hostsSoon  = 3 * time.Second
)

func (c *Config) setDefaults() {
	if c.Network == "" {
		c.Network = LAN
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Log == nil {
		c.Log = discard()
	}
	if len(c.UDPCaches) == 0 {
		c.UDPCaches = defaultUDPCaches[:]
	}
	if c.resolve == nil {
		c.resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	c.MaxUploads = cmp.Or(c.MaxUploads, DefaultMaxUploads)
	c.MaxUploadsPerAddr = cmp.Or(c.MaxUploadsPerAddr, DefaultMaxUploadsPerAddr)
	c.MaxLeaves = cmp.Or(c.MaxLeaves, DefaultMaxLeaves)
	c.MaxUploadQueue = cmp.Or(c.MaxUploadQueue, DefaultMaxUploadQueue)
}

func (c *Config) validate() error {
	switch {
	case c.Network != LAN && c.Network != Gnutella:
		return fmt.Errorf("network %q: use lan or gnutella", c.Network)
	case min(c.MaxLeaves, c.MaxLeafFiles) < 0:
		return fmt.Errorf("leaves %d, with %d files: use 0 or more", c.MaxLeaves, c.MaxLeafFiles)
	case c.LeafIndexMaxBytes != 0 && c.LeafIndexMaxBytes < MinIndexMaxBytes:
		return fmt.Errorf("leaf index max bytes %d: use %d or more", c.LeafIndexMaxBytes, MinIndexMaxBytes)
	case slices.ContainsFunc(c.UDPCaches, func(n string) bool { return !isCacheName(n) }):
		return fmt.Errorf("udp caches %q: write each as host:port", c.UDPCaches)
	case slices.ContainsFunc(c.StunServers, func(n string) bool { return !isCacheName(n) }):
		return fmt.Errorf("stun servers %q: write each as host:port", c.StunServers)
	case slices.ContainsFunc(c.WebCaches, func(u string) bool { return !isURL(u) }):
		return fmt.Errorf("web caches %q: write each as http://host/path, in lower case up to the path", c.WebCaches)
	case c.UploadRate < 0 || c.DownloadRate < 0:
		return fmt.Errorf("upload and download rates must not be negative")
	case min(c.MaxUploads, c.MaxUploadsPerAddr, c.MaxUploadQueue) < 0:
		return fmt.Errorf("the limits of uploads must not be negative")
	case c.IndexMaxBytes != 0 && c.IndexMaxBytes < MinIndexMaxBytes:
		return fmt.Errorf("index max bytes %d: use %d or more", c.IndexMaxBytes, MinIndexMaxBytes)
	}
	return nil
}

func (c *Config) agent() string { return "Servent/" + c.Version }

func discard() logrus.FieldLogger {
	l := logrus.New()
	l.SetOutput(nowhere{})
	l.SetLevel(logrus.PanicLevel)
	return l
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
