package servent

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// serveUploads sets up what serves files to others.
func (s *Servent) serveUploads() {
	s.sent.tell = func(u *UploadInfo) { s.emit(Event{Event: "upload", Upload: u}) }
	s.inbox = transfer.NewConnListener(s.listener.Addr(), maxPending)
	cfg := transfer.ServerConfig{
		Files: s.lib, Agent: s.cfg.agent(), GUID: s.id.guid(), MaxUploads: s.cfg.MaxUploads,
		MaxPerAddr: s.cfg.MaxUploadsPerAddr, MaxQueue: s.cfg.MaxUploadQueue,
		Rate: limiter(s.cfg.UploadRate), Log: s.log,
		OnUpload:  s.sent.sent,
		PushProxy: s.proxyPush, Firewalled: s.firewalled, Proxies: s.proxies,
		Alternates: func(file protocol.SHA1) []protocol.FWNodeInfo { return s.loads.Alternates(file) },
		Partial:    s.partial,
		Mesh:       &s.mesh, IsSelf: s.isSelf,
		Shares: func(host netip.Addr) bool { return s.loads.ServedBy(host) },
		OnTurn: func(c transfer.QueueCall) {
			s.call(func(l *loop) { l.s.wg.Go(func() { s.callBack(l.ctx, c) }) })
		},
	}
	if !s.cfg.NoBrowse {
		cfg.Catalog, cfg.Hits = s.lib, s.hitFor
	}
	s.uploads = transfer.NewServer(cfg)
}

// hitFor makes a QueryHit of the first of files for who browses, as the node
// would make it for who searches.
func (s *Servent) hitFor(files []library.File) (msg []byte, used int) {
	records := make([]protocol.FileRecord, len(files))
	for i, f := range files {
		records[i] = f.Record()
	}
	if !s.call(func(l *loop) { msg, used = l.node.HitFor(protocol.GUID{}, records) }) {
		return nil, len(files) // the servent stops
	}
	return msg, used
}

// proxyPush has a servent that chose this one as push proxy connect to a
// stranger, or meet it; false: there is no such servent.
func (s *Servent) proxyPush(_ context.Context, p transfer.ProxiedPush) (linked bool) {
	s.call(func(l *loop) {
		ev := overlay.ProxyPush{Servent: p.Servent, Index: p.Index, Addr: p.To, Meet: p.Meet}
		acts := l.node.Step(time.Now(), ev, l.acts[:0])
		// The failure is told to who asked, not to a push of our own.
		linked = !slices.ContainsFunc(acts, func(a overlay.Action) bool { return a.Op == overlay.OpPushFailed })
		if linked {
			l.do(acts)
		}
	})
	return linked
}

// reachedAt is where those can connect to us to whom we connect from local: at the
// address that we listen on, or at that one where we listen on all; not valid where it is
// known that nobody can.
func (s *Servent) reachedAt(local netip.Addr) netip.AddrPort {
	if s.firewalled() {
		return netip.AddrPort{}
	}
	if s.addr.Addr().IsUnspecified() {
		return netip.AddrPortFrom(local, s.addr.Port())
	}
	return s.addr
}

// isSelf reports whether an address is one of ours.
func (s *Servent) isSelf(a netip.AddrPort) bool {
	if a.Port() != s.addr.Port() {
		return false
	}
	return a.Addr() == s.addr.Addr() || s.addr.Addr().IsUnspecified() && (a.Addr().IsLoopback() || slices.Contains(interfaceAddrs(), a.Addr()))
}

// firewalled reports whether it is known that nobody can connect to us.
func (s *Servent) firewalled() (yes bool) {
	s.call(func(l *loop) {
		tcp, _ := l.node.Reachable()
		yes = tcp == overlay.ReachNo
	})
	return yes
}

// proxies lists those who pass pushes on to us.
func (s *Servent) proxies() (addrs []netip.AddrPort) {
	s.call(func(l *loop) { addrs = l.node.Proxies() })
	return addrs
}

// Served is what others were given beside files.
type Served struct {
	Queued  int    `json:"queued"`  // places in the queue for uploads that are taken now
	Called  uint64 `json:"called"`  // who waited in the queue, was connected to and told that the turn had come
	Sharers uint64 `json:"sharers"` // upload slots that went to who shares, too
	Parts   uint64 `json:"parts"`   // pieces of files that were not whole here yet
	Alts    uint64 `json:"alts"`    // other sources that those who asked for files have told of
	Browses uint64 `json:"browses"` // pages and lists of what is shared
	Trees   uint64 `json:"trees"`   // tiger trees
	Pushes  uint64 `json:"pushes"`  // passed on as push proxy, over HTTP
}

// HTTPEdge counts whom the upload server turned away, and why.
type HTTPEdge struct {
	QueueFull   uint64 `json:"uploads_queue_full"` // no place in the queue
	PerAddr     uint64 `json:"uploads_per_ip"`     // one address had its share of slots and places
	PerSlot     uint64 `json:"uploads_per_slot"`   // one host had its share of connections for one file
	NoPart      uint64 `json:"uploads_no_part"`    // asked for parts of a file that are not here yet
	AltsRefused uint64 `json:"alts_refused"`       // told of sources of which they may not tell
	QueueEarly  uint64 `json:"queue_early"`        // asked again before their time
	QueueBack   uint64 `json:"queue_back"`         // sent to the back for that
	QueueLost   uint64 `json:"queue_lost"`         // places of who did not ask again in time
	BrowsesBusy uint64 `json:"browses_busy"`       // others were browsing
	TreesBusy   uint64 `json:"trees_busy"`         // another tree was being made
	PushesVain  uint64 `json:"pushes_vain"`        // for servents that are not linked here
	TooOften    uint64 `json:"http_too_often"`     // one address browsed, or asked for pushes, too much
	CrossOrigin uint64 `json:"http_cross_origin"`  // pages of other sites made the request
}

func served(up transfer.ServerStats) Served {
	return Served{Queued: up.Queued, Called: up.QueueCalls, Sharers: up.Sharers, Parts: up.Parts, Alts: up.AltsHeard, Browses: up.Browses, Trees: up.Trees, Pushes: up.Pushes}
}

func httpEdge(up transfer.ServerStats) HTTPEdge {
	return HTTPEdge{
		QueueFull: up.QueueFull, PerAddr: up.PerAddr, PerSlot: up.PerSlot, NoPart: up.Unavailable, AltsRefused: up.AltsRefused,
		QueueEarly: up.QueueEarly, QueueBack: up.QueueBack, QueueLost: up.QueueLost,
		BrowsesBusy: up.BrowsesBusy, TreesBusy: up.TreesBusy, PushesVain: up.PushesVain,
		TooOften: up.TooOften, CrossOrigin: up.CrossOrigin,
	}
}
