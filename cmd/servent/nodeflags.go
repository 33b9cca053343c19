package main

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
)

// nodeFlags say how a servent that a command starts runs.
type nodeFlags struct {
	listen       string
	connect      []string
	connectOnly  bool
	network      string
	role         string
	udpCaches    []string
	webCaches    []string
	stunServers  []string
	noMapping    bool
	blockList    string
	uploadRate   byteRate
	downloadRate byteRate
	uploads      uploadLimits
	indexMax     byteSize
	index        string
	noBrowse     bool
	maxLeaves    count // 0: as many as a supernode takes as a rule
	maxLeafFiles count // likewise
	leafIndexMax byteSize
	relayRate    byteRate
}

func (n *nodeFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&n.listen, "listen", "", "`host:port` to listen on (default all addresses, on a port chosen at the first start and kept; :0 picks a free one)")
	f.StringSliceVar(&n.connect, "connect", nil, "`host:port`[,…] of servents to link to")
	f.BoolVar(&n.connectOnly, "connect-only", false, "make only the links of --connect: no LAN discovery, no host cache")
	f.StringVar(&n.network, "network", "lan", "lan (this local network) or gnutella (the public network)")
	f.StringVar(&n.role, "role", "auto", "auto, flat, leaf or supernode")
	f.StringVar(&n.blockList, "block-list", "", "`file` of addresses to have nothing to do with: one a line, or a network (10.0.0.0/8), or a range (a-b)")
	f.Var(&n.uploadRate, "upload-rate", "most `bytes` a second to send, as 10MB (default no limit)")
	f.Var(&n.downloadRate, "download-rate", "most `bytes` a second to take, as 10MB (default no limit)")
	n.uploads.add(f)
	f.Var(&n.indexMax, "index-max-bytes", "most `bytes` that the index of shared files may take, on disk or where that fails in memory, as 10GB; files past that are not shared (default 2 GiB)")
	f.StringVar(&n.index, "index", "list", "what a leaf tells its supernodes of its files: list (names and hashes, so that they answer searches for it) or qrp (a table of words)")
	f.BoolVar(&n.noBrowse, "no-browse", false, "let others find and fetch files, but not list what is shared")
	f.StringSliceVar(&n.udpCaches, "udp-cache", nil, "`host:port`[,…] of UDP host caches to ask with --network gnutella (default those that are built in)")
	f.StringSliceVar(&n.webCaches, "web-cache", nil, "`URL`[,…] of web caches to ask with --network gnutella (default none)")
	f.StringSliceVar(&n.stunServers, "stun-server", nil, "`host:port`[,…] of STUN servers to ask how routers treat the UDP port (default supernodes that it has links with)")
	f.BoolVar(&n.noMapping, "no-port-mapping", false, "do not ask the router to forward the servent's port (by UPnP, NAT-PMP or PCP)")
	complete(cmd, "network", "lan", "gnutella")
	complete(cmd, "index", "list", "qrp")
	complete(cmd, "role", "auto", "flat", "leaf", "supernode")
}

// addLeaves adds what bounds leaves, where the servent is a supernode, or becomes one.
func (n *nodeFlags) addLeaves(cmd *cobra.Command) {
	n.maxLeaves, n.maxLeafFiles = servent.DefaultMaxLeaves, servent.DefaultMaxLeafFiles
	f := cmd.Flags()
	f.Var(&n.maxLeaves, "max-leaves", "most leaves to take as a supernode")
	f.Var(&n.maxLeafFiles, "max-leaf-files", "most files in the list of one leaf; one with more gives a table of words")
	f.Var(&n.relayRate, "relay", "as a supernode, most `bytes` a second to carry for pairs of firewalled servents that nothing else brings together, as 500kB (default none)")
	f.Var(&n.leafIndexMax, "leaf-index-max-bytes", "most `bytes` that the index of leaves' files may take, on disk or where that fails in memory, as 10GB; lists past that are refused (default 2 GiB)")
}

// names are the flags' names.
func (n *nodeFlags) names() []string {
	return append((&uploadLimits{}).names(),
		"listen", "connect", "connect-only", "network", "role", "block-list", "upload-rate", "download-rate", "udp-cache", "web-cache", "stun-server", "no-port-mapping", "index-max-bytes", "index", "no-browse", "max-leaves", "max-leaf-files", "leaf-index-max-bytes", "relay")
}

// config checks the flags.
func (n *nodeFlags) config() (servent.Config, error) {
	role, err := servent.ParseRole(n.role)
	if err != nil {
		return servent.Config{}, usagef("--role %s: use auto, flat, leaf or supernode", n.role)
	}
	network := servent.Network(n.network)
	if network != servent.LAN && network != servent.Gnutella {
		return servent.Config{}, usagef("--network %s: use lan or gnutella", n.network)
	}
	for _, c := range n.connect {
		if err := checkHostPort("--connect", c); err != nil {
			return servent.Config{}, err
		}
	}
	if n.listen != "" {
		_, port, err := net.SplitHostPort(n.listen)
		if err == nil {
			_, err = net.LookupPort("tcp", port)
		}
		if err != nil {
			return servent.Config{}, usagef("--listen %s: write host:port, as in :6346 or 127.0.0.1:0", n.listen)
		}
	}
	if n.index != "list" && n.index != "qrp" {
		return servent.Config{}, usagef("--index %s: use list or qrp", n.index)
	}
	if n.indexMax != 0 && n.indexMax < servent.MinIndexMaxBytes {
		return servent.Config{}, usagef("--index-max-bytes %s: use %s or more", &n.indexMax, byteText(servent.MinIndexMaxBytes))
	}
	if n.leafIndexMax != 0 && n.leafIndexMax < servent.MinIndexMaxBytes {
		return servent.Config{}, usagef("--leaf-index-max-bytes %s: use %s or more", &n.leafIndexMax, byteText(servent.MinIndexMaxBytes))
	}
	for flag, names := range map[string][]string{"--udp-cache": n.udpCaches, "--stun-server": n.stunServers} {
		for _, name := range names {
			if err := checkHostPort(flag, name); err != nil {
				return servent.Config{}, err
			}
		}
	}
	return servent.Config{
		NoPortMapping: n.noMapping, UDPCaches: n.udpCaches, WebCaches: n.webCaches, StunServers: n.stunServers,
		Listen: n.listen, Connect: n.connect, ConnectOnly: n.connectOnly, Network: network, Role: role,
		UploadRate: int64(n.uploadRate), DownloadRate: int64(n.downloadRate), NoBrowse: n.noBrowse,
		MaxUploads: int(n.uploads.all), MaxUploadsPerAddr: int(n.uploads.perAddr), MaxUploadQueue: int(n.uploads.queue),
		IndexMaxBytes: int64(n.indexMax), BlockList: n.blockList, MaxLeaves: int(n.maxLeaves),
		MaxLeafFiles: int(n.maxLeafFiles), LeafIndexMaxBytes: int64(n.leafIndexMax), TableOnly: n.index == "qrp", RelayRate: int64(n.relayRate),
	}, nil
}

// givenOf lists those of the named flags that the command line sets.
func (a *app) givenOf(names []string) string {
	return strings.Join(slices.Collect(func(yield func(string) bool) {
		for _, n := range names {
			if a.given[n] && !yield("--"+n) {
				return
			}
		}
	}), ", ")
}

// byteRate is a flag: bytes a second, as 10MB or 10MB/s; 0 is no limit.
type byteRate int64

func (r *byteRate) String() string {
	if *r == 0 {
		return ""
	}
	return byteText(uint64(*r)) + "/s"
}

func (r *byteRate) Type() string { return "bytes" }

func (r *byteRate) Set(text string) error {
	n, err := parseBytes(strings.TrimSuffix(text, "/s"))
	*r = byteRate(n)
	return err
}

// byteSize is a flag: bytes, as 10GB; 0 is the default.
type byteSize int64

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return byteText(uint64(*b))
}

func (b *byteSize) Type() string { return "bytes" }

func (b *byteSize) Set(text string) error {
	n, err := parseBytes(text)
	*b = byteSize(n)
	return err
}

func parseBytes(text string) (int64, error) {
	n, err := search.ParseSize(text)
	if err == nil && n > math.MaxInt64 {
		err = fmt.Errorf("%s is more than can be counted", text)
	}
	return int64(n), err
}
