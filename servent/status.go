package servent

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/transfer"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// Peers lists the links that are up.
func (s *Servent) Peers() []PeerInfo {
	var out []PeerInfo
	s.call(func(l *loop) {
		for _, link := range l.node.Links() {
			p := peerOf(link.Peer)
			p.Since, p.In, p.Out = link.Since, link.In, link.Out
			p.List = listInfo(l.node.Role(), &link)
			out = append(out, *p)
		}
	})
	return out
}

// listInfo tells how one end of a link knows what the other shares, to a servent of
// that role.
func listInfo(role Role, link *overlay.Link) *ListInfo {
	peer := link.Peer.Role
	came := role == RoleSupernode && (peer == RoleSupernode || peer == RoleLeaf) && link.TableIn
	went := role == RoleLeaf && peer == RoleSupernode && link.TableTo
	switch info := ListInfo(link.List); {
	case info != (ListInfo{}):
		return &info
	case came || went:
		return &ListInfo{State: "table"}
	}
	return nil
}

// Status tells how the servent is.
func (s *Servent) Status() Status {
	st := Status{
		GUID: s.GUID().String(), Listen: s.addr.String(), Network: string(s.cfg.Network),
		Role: s.Role().String(), Uptime: int64(time.Since(s.started) / time.Second),
		Links:    map[string]int{"flat": 0, "leaf": 0, "supernode": 0},
		Messages: map[string]Messages{}, Drops: map[string]uint64{}, Closed: map[string]uint64{},
		Shares: s.Shares(), ConnectOnly: s.cfg.ConnectOnly,
	}
	st.Files, st.Bytes = s.lib.Totals()
	st.Index.Files, st.Index.Bytes, st.Index.State = st.Files, s.index.Bytes(), s.index.State()
	st.Lists = s.listsInfo()
	up := s.uploads.Stats()
	st.Transfer = transferInfo(up, s.loads.Stats(), s.mesh.Stats())
	s.call(func(l *loop) { l.status(&st) })
	e := &st.Edge
	e.PendingPerIP, e.LinksPerIP, e.HTTPPerIP = s.pendingPerIP.refused(), s.linksPerIP.refused(), s.httpPerIP.refused()
	e.Refused += e.LinksPerIP
	udp := s.udp.Stats()
	st.Datagrams = DatagramInfo{udp.In, udp.Out}
	e.UDPForeign, e.UDPBad, e.UDPInDropped = udp.Foreign, udp.Bad, udp.InDropped
	e.UDPOutDropped, e.UDPOutFailed = udp.OutDropped, udp.OutFailed
	e.StunAnswered, e.StunDenied, e.StunStrangers = udp.Answered, udp.Denied, udp.Strangers
	e.MeetChecksStray, e.MeetLimit = udp.StrayChecks, udp.MeetingsRefused+udp.StreamsRefused+udp.NotAdmitted
	st.NAT, st.NATofTCP = natInfo(s.udp.Behaviour()), natInfo(s.port.Behaviour())
	st.PortMapping, st.Clock = s.portMapping(), s.clock.info()
	st.Own, st.World = s.ownAddrs()
	st.PortTaken = s.portTaken
	st.Relay = s.relays.info()
	e.UploadsMissing, e.UploadsBusy, e.UploadsRefused, e.UploadsFailed = up.Missing, up.Busy, up.Refused, up.Failed
	e.HTTPEdge = httpEdge(up)
	e.Blocked = s.blocking.count.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	e.PendingFull = s.pendingFull
	return st
}

func (l *loop) status(st *Status) {
	st.Address = l.node.Addr().String()
	st.Hosts = len(l.node.Hosts())
	tcp, udp := l.node.Reachable()
	st.Election = electionInfo(l.node.Election(time.Now()))
	st.Reachable = ReachInfo{tcp.String(), udp.String()}
	st.Bootstrap = l.boot.info()
	l.linkStatus(st)
	stats := l.node.Stats()
	for _, k := range overlay.CountedKinds() {
		st.Messages[k.String()] = Messages(stats.Of(k))
	}
	st.Messages["other"] = Messages(stats.Kinds[len(stats.Kinds)-1])
	for _, d := range overlay.Drops() {
		st.Drops[d.String()] = stats.Drops[d]
	}
	for code, n := range stats.Closed {
		st.Closed[strconv.Itoa(int(code))] = n
	}
	e := &l.edge
	st.Edge = EdgeInfo{
		UnknownSpeech: e.unknownSpeech, BadHandshakes: e.badHandshakes, Refused: stats.Refused,
		DialsFailed: stats.DialsFailed, ConnectBacks: e.connectBacks, UnwantedGIVs: e.unwantedGIVs,
		SearchesDropped: e.searchesDropped, HitsDropped: e.hitsDropped,
		InboxFull: e.inboxFull, DialBacksFailed: e.dialBacksFailed,
		ConnectBacksDropped: e.connectBacksDropped, UnwantedMeets: e.unwantedMeets,
		UnwantedQueueCalls: e.unwantedQueueCalls,
	}
	st.Index.Searches = stats.Searches
	h := &st.Transfer.Heads
	h.In, h.Out, h.Denied = stats.HeadsIn, stats.HeadsOut, stats.HeadsDenied
}

// linkStatus tells of the links that are up, and of the last that has gone.
func (l *loop) linkStatus(st *Status) {
	links := l.node.Links()
	for _, link := range links {
		st.Links[roleOf(link.Peer)]++
	}
	st.Seeds = l.seeds.info(links)
	if len(links) > 0 { // in the order in which they came
		st.Linked = int64(time.Since(links[0].Since) / time.Second)
	}
	if !l.lost.IsZero() {
		ago := int64(time.Since(l.lost) / time.Second)
		st.LinkLost = &ago
	}
}

func transferInfo(up transfer.ServerStats, down transfer.ClientStats, known mesh.Stats) TransferInfo {
	return TransferInfo{
		Uploading: up.Active, Uploads: up.Done, Uploaded: up.Bytes, Served: served(up),
		Downloading: down.Active, Downloads: down.Done, Failed: down.Failed,
		Downloaded: down.Bytes, Lies: down.Lies, Absent: down.Absent, AlternatesOver: down.AlternatesOver,
		AlternatesTried: down.AlternatesTried, AlternatesRefused: down.AlternatesRefused, Heads: HeadsInfo{Heard: down.HeadsHeard, Over: down.HeadsOver},
		Mesh: MeshInfo{known.Sources, known.Lost, known.PerHost, known.PerFile + known.Full},
	}
}

func uploadOf(u *transfer.Upload) *UploadInfo {
	return &UploadInfo{
		Addr: u.Addr.String(), Agent: u.Agent, Name: u.File.Name(), SHA1: u.File.URN.SHA1.String(),
		Bytes: u.Bytes, Size: u.File.Size, MS: u.Elapsed.Milliseconds(), Whole: u.Whole,
	}
}

// keepHosts writes the host cache to disk after the first link and whenever it
// has changed, so that a servent that is killed knows somebody when it starts again.
func (s *Servent) keepHosts(ctx context.Context) {
	if s.cfg.DataDir == "" || s.cfg.ConnectOnly {
		return
	}
	linked, wait := s.linked, hostsSoon
	tick := time.NewTimer(wait)
	defer tick.Stop()
	for saved := []netip.AddrPort(nil); ; {
		select {
		case <-linked:
			linked, wait = nil, hostsSoon // for the others
			tick.Reset(wait)
		case <-tick.C:
			wait = min(2*wait, hostsEvery)
			tick.Reset(wait)
		case <-ctx.Done():
			return
		}
		var hosts []netip.AddrPort
		s.call(func(l *loop) { hosts = l.node.Hosts() })
		if !slices.Equal(hosts, saved) {
			s.saveHosts(hosts)
			saved = hosts
		}
	}
}

func (s *Servent) saveHosts(hosts []netip.AddrPort) {
	if s.cfg.DataDir == "" || s.cfg.ConnectOnly || len(hosts) == 0 {
		return
	}
	if err := saveHosts(s.cfg.DataDir, hosts); err != nil {
		s.log.WithField("component", "hosts").WithError(err).Warn("keep the host cache")
	}
}
