package servent

import (
	"encoding/json"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// The types of this file are what users and scripts see; their JSON names are
// kept stable.

// Found is one row of a search: a file and who has it.
type Found struct {
	Name    string        `json:"name"`
	Path    string        `json:"path,omitempty"` // the folder below the share, where it is told
	Size    uint64        `json:"size"`
	SHA1    string        `json:"sha1"` // 32 base32 characters, or empty
	Magnet  string        `json:"magnet"`
	Type    string        `json:"type"`
	Sources []FoundSource `json:"sources"`
	Hops    int           `json:"hops"`  // links between here and the nearest source
	MS      int64         `json:"ms"`    // from the start of the search
	Score   float64       `json:"score"` // how well the name fits: see search.Result
}

// FoundSource is one servent that has the file.
type FoundSource struct {
	Addr  string `json:"addr"`
	GUID  string `json:"guid"`
	Agent string `json:"agent"`
	Push  bool   `json:"push"`
	Index uint32 `json:"index"`
	// Proxies pass on to it that it shall connect.
	Proxies []string `json:"proxies,omitempty"`
}

func foundOf(r *search.Result) Found {
	f := Found{
		Name: r.Name, Path: r.Path, Size: r.Size, Type: r.Type.String(),
		Hops: int(r.Hops), MS: r.Elapsed.Milliseconds(), Score: r.Score,
		Magnet: magnetOf(r),
	}
	if r.URN.HasSHA1 {
		f.SHA1 = r.URN.SHA1.String()
	}
	for _, s := range r.Sources {
		f.Sources = append(f.Sources, FoundSource{
			Addr: s.Addr.String(), GUID: s.Servent.String(), Agent: s.Agent, Push: s.Push, Index: s.Index,
			Proxies: proxyTexts(s.Proxies),
		})
	}
	return f
}

// magnetOf names a file by its SHA-1 first, which every servent and script
// knows, and by its tiger root after that.
func magnetOf(r *search.Result) string {
	if r.URN == (protocol.URN{}) {
		return ""
	}
	m := protocol.Magnet{URN: r.URN, Name: r.Name, Size: r.Size}
	if !r.URN.HasSHA1 || !r.URN.HasTiger {
		return m.String()
	}
	m.URN = protocol.URN{SHA1: r.URN.SHA1, HasSHA1: true}
	return m.String() + "&xt.1=" + protocol.URN{Tiger: r.URN.Tiger, HasTiger: true}.String()
}

// PeerInfo is one link.
type PeerInfo struct {
	Addr  string    `json:"addr"`
	Role  string    `json:"role"`
	Agent string    `json:"agent"`
	Since time.Time `json:"since"`
	In    uint64    `json:"in"`             // messages
	Out   uint64    `json:"out"`            // messages
	List  *ListInfo `json:"list,omitempty"` // nil: neither end knows what the other shares
}

// ListInfo says how it is with the file list that a leaf gives its supernode; in the
// state table, as in refused, a table of words stands for it.
type ListInfo struct {
	State  string `json:"state"`            // table; offered, sending, given or refused at the leaf; coming, held or refused at the supernode
	Files  int    `json:"files,omitempty"`  // that are held
	Reason string `json:"reason,omitempty"` // why it was refused
}

// Messages counts the messages of one kind.
type Messages struct {
	In        uint64 `json:"in"`
	Out       uint64 `json:"out"`
	Duplicate uint64 `json:"duplicate"`
	Dropped   uint64 `json:"dropped"`
}

// Status is a servent's state at one moment.
type Status struct {
	GUID        string              `json:"guid"`
	Listen      string              `json:"listen"`
	Address     string              `json:"address"` // where others are told to connect
	Role        string              `json:"role"`
	Network     string              `json:"network"`
	Uptime      int64               `json:"uptime_s"`
	Links       map[string]int      `json:"links"`                 // by role of the peer
	Linked      int64               `json:"linked_s"`              // how long the eldest of them is up
	LinkLost    *int64              `json:"link_lost_s,omitempty"` // how long ago a link has ended, where one has
	Files       int                 `json:"files"`
	Bytes       uint64              `json:"bytes"`
	Seeds       []SeedInfo          `json:"seeds"`        // peers that the user named
	ConnectOnly bool                `json:"connect_only"` // it links to these alone
	Shares      []ShareInfo         `json:"shares"`
	Messages    map[string]Messages `json:"messages"` // by kind; "other" is what we know no kind of
	Drops       map[string]uint64   `json:"drops"`    // messages dropped, by reason
	Closed      map[string]uint64   `json:"closed"`   // links closed by us, by Bye code
	Edge        EdgeInfo            `json:"edge"`
	Index       IndexInfo           `json:"index"`
	Lists       ListsInfo           `json:"lists"`
	Transfer    TransferInfo        `json:"transfers"`
	Hosts       int                 `json:"hosts"` // in the host cache

	Election  ElectionInfo `json:"election"`
	Reachable ReachInfo    `json:"reachable"`
	NAT       NATInfo      `json:"nat"`
	NATofTCP  NATInfo      `json:"nat_tcp"` // filtering and hairpin are not tested

	PortMapping PortMapping `json:"port_mapping"`
	Clock       ClockInfo   `json:"clock"`
	Own         []string    `json:"own_addresses"`        // of this machine, but for loopback
	World       bool        `json:"world"`                // there is a route to the internet
	PortTaken   int         `json:"port_taken,omitempty"` // the port of earlier starts, where another program has it

	Relay     RelayInfo    `json:"relay"`
	Bootstrap []RungInfo   `json:"bootstrap"` // in the order in which they are tried
	Datagrams DatagramInfo `json:"datagrams"`
}

// ElectionInfo says whether the servent could be a supernode, and whether it should.
type ElectionInfo struct {
	Auto    bool         `json:"auto"` // the role follows the network
	Verdict string       `json:"verdict"`
	Score   int          `json:"score"`   // 0 to 100, of what becoming a supernode takes
	Missing []string     `json:"missing"` // what is not enough
	Factors []FactorInfo `json:"factors"`
	Stay    []FactorInfo `json:"stay"` // the same factors against what staying a supernode takes

	InRole     int64   `json:"in_role_s"`
	Changes    uint64  `json:"role_changes"`
	Leaves     int     `json:"leaves"` // on a supernode
	MaxLeaves  int     `json:"max_leaves"`
	Neighbours int     `json:"neighbours"` // supernodes that have told of their leaf places
	Load       float64 `json:"load"`       // part of the leaf places that is taken, here and at these
	Passed     uint64  `json:"checks_passed"`
	Failed     uint64  `json:"checks_failed"`
	Unfit      string  `json:"found_unfit,omitempty"` // by which peer lately, as a supernode, and why
}

// FactorInfo is one part of that.
type FactorInfo struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Wanted string `json:"wanted"`
	OK     bool   `json:"ok"`
	Advice string `json:"advice,omitempty"` // what helps where it is not ok
}

// ReachInfo says whether strangers get through to the servent: yes, no or unknown.
type ReachInfo struct {
	TCP string `json:"tcp"`
	UDP string `json:"udp"`
}

// NATInfo says how the routers between the servent and others treat its UDP socket, or
// its TCP port (RFC 4787, RFC 5780), as far as STUN servers have told.
type NATInfo struct {
	Local     string `json:"local,omitempty"`   // the socket's address on this machine
	Outside   string `json:"outside,omitempty"` // where others see it
	Mapping   string `json:"mapping"`           // unknown, none, endpoint-independent, address-dependent or address-and-port-dependent
	Filtering string `json:"filtering"`         // the same without none
	Blocked   string `json:"blocked"`           // yes: nothing comes back from anybody; no, or unknown
	Preserved string `json:"port_preserved"`    // yes, no or unknown
	Hairpin   string `json:"hairpin"`           // the same: reach two behind one router each other from outside
}

// RelayInfo says what a supernode carries for pairs of servents that nothing else brings
// together.
type RelayInfo struct {
	Rate    int64  `json:"rate"`    // bytes a second at most; 0: it does not
	Active  int    `json:"active"`  // pairs now
	Pairs   uint64 `json:"pairs"`   // since the start
	Bytes   uint64 `json:"bytes"`   // likewise
	Refused uint64 `json:"refused"` // sides that found no room, or no offer
	Lonely  uint64 `json:"lonely"`  // sides whose other one did not come
}

// PortMapping says what routers forward to the servent.
type PortMapping struct {
	Off    string     `json:"off,omitempty"`    // why no router is asked
	Router string     `json:"router,omitempty"` // that is asked
	Inside string     `json:"inside,omitempty"` // the servent's address there
	UDP    Forwarding `json:"udp"`
	TCP    Forwarding `json:"tcp"`
}

// Forwarding says what a router does with what comes for the servent by one transport.
type Forwarding struct {
	// State is asking, mapped, denied (the router says yes, and others do not get
	// through), failed, or empty where none is asked.
	State     string        `json:"state"`
	Protocol  string        `json:"protocol,omitempty"` // UPnP, NAT-PMP or PCP, of what is mapped
	Outside   string        `json:"outside,omitempty"`  // address that the router says it forwards
	DoubleNAT bool          `json:"double_nat"`         // the outside address is not public
	Errors    []RouterError `json:"errors,omitempty"`   // of each protocol that was tried
}

// RouterError is what came of asking a router by one protocol.
type RouterError struct {
	Protocol string `json:"protocol"`
	Error    string `json:"error"`
	Refused  bool   `json:"refused"` // the router has answered, and not done it
}

// ClockInfo says how this machine's clock stands beside those of others.
type ClockInfo struct {
	State     string `json:"state"`     // right, wrong (by more than ClockOff), or unknown
	Off       int64  `json:"off_s"`     // how much it is fast, as the middle one of the witnesses says; negative: slow
	Witnesses int    `json:"witnesses"` // that have told their time
	Agree     int    `json:"agree"`     // of them
}

// RungInfo is one way by which the servent finds others.
type RungInfo struct {
	Rung     string `json:"rung"`  // hosts, refusals, lan, udp caches or web caches
	State    string `json:"state"` // off, idle, asking, ok or failed
	Asked    uint64 `json:"asked"`
	Answered uint64 `json:"answered"`
	Hosts    uint64 `json:"hosts"`           // named in the answers
	Error    string `json:"error,omitempty"` // why the last question had no answer
}

// DatagramInfo counts the Gnutella messages that went over UDP.
type DatagramInfo struct {
	In  uint64 `json:"in"`
	Out uint64 `json:"out"`
}

// SeedInfo is one peer that the user named.
type SeedInfo struct {
	Addr   string `json:"addr"`
	Linked bool   `json:"linked"`
	Error  string `json:"error,omitempty"` // why the last try gave no link
}

// ShareInfo is one shared folder.
type ShareInfo struct {
	Dir     string `json:"dir"`
	Files   int    `json:"files"`
	Bytes   uint64 `json:"bytes"`
	LeftOut int    `json:"left_out"`
	Single  bool   `json:"single_files,omitempty"` // that were downloaded; of the folder nothing else is shared
	// Scan is how far the hashing of new and changed files is, nil where there is none.
	Scan *ScanInfo `json:"scan,omitempty"`
}

// EdgeInfo counts what happened before a link or beside one.
type EdgeInfo struct {
	UnknownSpeech       uint64 `json:"unknown_speech"` // connections that spoke nothing we know
	BadHandshakes       uint64 `json:"bad_handshakes"`
	Refused             uint64 `json:"refused"` // handshakes answered with other than 200
	DialsFailed         uint64 `json:"dials_failed"`
	ConnectBacks        uint64 `json:"connect_backs"`
	ConnectBacksDropped uint64 `json:"connect_backs_dropped"` // that others asked for, too many at once
	UnwantedGIVs        uint64 `json:"unwanted_givs"`
	UnwantedMeets       uint64 `json:"unwanted_meets"`       // answers to meetings that nobody asked for, or that are over
	UnwantedQueueCalls  uint64 `json:"unwanted_queue_calls"` // servers that call for a place that no download of ours has
	Blocked             uint64 `json:"blocked"`              // connections, of either side, that the block list forbids
	PendingFull         uint64 `json:"pending_full"`         // connections closed unheard: too many were unsettled
	PendingPerIP        uint64 `json:"pending_per_ip"`       // the same, too many of one address
	LinksPerIP          uint64 `json:"links_per_ip"`         // links not made: one address had enough
	HTTPPerIP           uint64 `json:"http_per_ip"`          // the same, connections for uploads
	InboxFull           uint64 `json:"inbox_full"`           // connections for uploads that nobody took in time
	DialBacksFailed     uint64 `json:"dial_backs_failed"`    // pushes that could not be obeyed
	SearchesDropped     uint64 `json:"searches_dropped"`     // queries of others, the index being busy
	HitsDropped         uint64 `json:"hits_dropped"`         // the user's search did not take them in time
	UDPForeign          uint64 `json:"udp_foreign"`          // datagrams that were no Gnutella message
	UDPBad              uint64 `json:"udp_bad"`              // too large, or badly deflated
	UDPInDropped        uint64 `json:"udp_in_dropped"`       // more came than could be looked at
	UDPOutDropped       uint64 `json:"udp_out_dropped"`      // more than the system took
	UDPOutFailed        uint64 `json:"udp_out_failed"`       // the system refused them
	StunAnswered        uint64 `json:"stun_answered"`        // binding requests of others
	StunDenied          uint64 `json:"stun_denied"`          // the same, too many or wrong, or this is no supernode
	StunStrangers       uint64 `json:"stun_strangers"`       // answers of servers that were not asked
	MeetChecksStray     uint64 `json:"meet_checks_stray"`    // datagrams of meetings that are not under way, or forged
	MeetLimit           uint64 `json:"meet_limit"`           // meetings, addresses or streams of peers past the limit
	UploadsMissing      uint64 `json:"uploads_missing"`      // requests for files that we do not have
	UploadsBusy         uint64 `json:"uploads_busy"`         // requests that found no free slot
	UploadsRefused      uint64 `json:"uploads_refused"`      // requests without sense, and connections past the limit
	UploadsFailed       uint64 `json:"uploads_failed"`       // uploads broken off
	HTTPEdge
}

// Counts returns all counters by their JSON names.
func (e EdgeInfo) Counts() map[string]uint64 {
	counts := map[string]uint64{}
	text, err := json.Marshal(e)
	if err == nil {
		err = json.Unmarshal(text, &counts)
	}
	if err != nil {
		panic(err) // a counter is a number
	}
	return counts
}

// IndexInfo tells of the search index.
type IndexInfo struct {
	Files    int    `json:"files"`
	Searches uint64 `json:"searches"`
	Bytes    int64  `json:"bytes"` // on disk
	State    string `json:"state"` // ok, full, rebuilding or failed
}

// ListsInfo tells of the file lists that leaves have given this servent.
type ListsInfo struct {
	Leaves   int               `json:"leaves"` // whose lists are held
	Files    int               `json:"files"`
	Memory   int64             `json:"memory"`   // bytes, kept lists of leaves that have gone included
	Disk     int64             `json:"disk"`     // bytes of their index
	State    string            `json:"state"`    // of their index: see IndexInfo
	Offers   uint64            `json:"offers"`   // since the start, as all that follows
	Known    uint64            `json:"known"`    // offers of a list that was held already
	Whole    uint64            `json:"whole"`    // lists that were sent
	Changed  uint64            `json:"changed"`  // lists of which changes were sent
	Received uint64            `json:"received"` // bytes of lists and changes, deflated
	Refused  map[string]uint64 `json:"refused"`  // lists, by reason
	Waiting  int               `json:"waiting"`  // files that the index has yet to be told of
	Overrun  uint64            `json:"overrun"`  // messages that came faster than they were read
}

// TransferInfo counts transfers since the start.
type TransferInfo struct {
	Uploading   int64  `json:"uploading"`
	Uploads     uint64 `json:"uploads"`
	Uploaded    uint64 `json:"uploaded_bytes"`
	Downloading int64  `json:"downloading"`
	Downloads   uint64 `json:"downloads"`
	Failed      uint64 `json:"failed"`
	Downloaded  uint64 `json:"downloaded_bytes"`
	Lies        uint64 `json:"not_verified"` // times that content did not match its hash
	Absent      uint64 `json:"not_there"`    // times that a source did not have what it was said to have
	// AlternatesOver counts sources that others named past what one download takes, or past
	// what all together try within some minutes.
	AlternatesOver uint64 `json:"alternates_over"`
	// AlternatesTried counts sources that others named and that were not tried: other
	// downloads had done so, in vain.
	AlternatesTried uint64 `json:"alternates_tried"`
	// AlternatesRefused counts addresses that sources named and that were not theirs to name,
	// or that were named as push proxies of too many.
	AlternatesRefused uint64    `json:"alternates_refused"`
	Heads             HeadsInfo `json:"head_pings"`
	Mesh              MeshInfo  `json:"mesh"`
	Served
}

// HeadsInfo counts HEAD pings, which ask over UDP whether a file is there.
type HeadsInfo struct {
	In     uint64 `json:"in"`
	Out    uint64 `json:"out"`
	Heard  uint64 `json:"heard"`  // answers to ours
	Over   uint64 `json:"over"`   // sources that were not asked so: one download had asked enough
	Denied uint64 `json:"denied"` // the same: they may not be, or too many were
}

// MeshInfo tells what is known of who has which file.
type MeshInfo struct {
	Sources int    `json:"sources"`
	Lost    uint64 `json:"lost"`     // that turned out not to have it, or to send something else
	PerHost uint64 `json:"per_host"` // not taken: one host had named enough
	Full    uint64 `json:"full"`     // not taken, or gave way: one file, or all, had enough
}

// Event is something that a script may wait for. Only the fields that belong
// to the event are set.
type Event struct {
	Event  string // ready, scan, shared, unshared, peer_up, peer_down, upload, promotion, step_down
	Ready  *Ready
	Scan   *ScanInfo
	Share  *ShareInfo // of unshared, only Dir
	Peer   *PeerInfo
	Upload *UploadInfo
	Role   *RoleInfo // that the servent has now
}

// RoleInfo says which role the servent has taken, and why.
type RoleInfo struct {
	Role string `json:"role"`
	Why  string `json:"why"`
}

// Ready says that the servent listens and has scanned what it shares.
type Ready struct {
	Listen string `json:"listen"`
	GUID   string `json:"guid"`
	Role   string `json:"role"`
	Files  int    `json:"files"`
	Bytes  uint64 `json:"bytes"`
}

// ScanInfo says how far the scan of a folder is. The totals are of what has to
// be hashed.
type ScanInfo struct {
	Dir        string `json:"dir"`
	Found      int    `json:"found"` // files by now, hashed before or not; all of them once there is a total
	Files      int    `json:"files"`
	TotalFiles int    `json:"total_files"`
	Bytes      uint64 `json:"bytes"`
	TotalBytes uint64 `json:"total_bytes"`
}

// UploadInfo is one upload that has ended.
type UploadInfo struct {
	Addr  string `json:"addr"`
	Agent string `json:"agent"`
	Name  string `json:"name"`
	SHA1  string `json:"sha1"`
	Bytes uint64 `json:"bytes"` // that went out, in however many parts
	Size  uint64 `json:"size"`  // of the file
	MS    int64  `json:"ms"`
	Whole bool   `json:"whole"` // false: it was broken off
}

// MarshalJSON writes the event's fields beside its name.
func (e Event) MarshalJSON() ([]byte, error) {
	type name struct {
		Event string `json:"event"`
	}
	switch {
	case e.Ready != nil:
		return json.Marshal(struct {
			name
			*Ready
		}{name{e.Event}, e.Ready})
	case e.Scan != nil:
		return json.Marshal(struct {
			name
			*ScanInfo
		}{name{e.Event}, e.Scan})
	case e.Share != nil:
		return json.Marshal(struct {
			name
			*ShareInfo
		}{name{e.Event}, e.Share})
	case e.Upload != nil:
		return json.Marshal(struct {
			name
			*UploadInfo
		}{name{e.Event}, e.Upload})
	case e.Role != nil:
		return json.Marshal(struct {
			name
			*RoleInfo
		}{name{e.Event}, e.Role})
	case e.Peer != nil:
		return json.Marshal(struct {
			name
			Addr  string `json:"addr"`
			Role  string `json:"role"`
			Agent string `json:"agent"`
		}{name{e.Event}, e.Peer.Addr, e.Peer.Role, e.Peer.Agent})
	}
	return json.Marshal(name{e.Event})
}

func peerOf(p overlay.Peer) *PeerInfo {
	return &PeerInfo{Addr: p.Addr.String(), Role: roleOf(p), Agent: p.Agent}
}

// roleOf names a peer's role; one that knows no roles relays like a flat node.
func roleOf(p overlay.Peer) string {
	if p.Role == RoleAuto {
		return RoleFlat.String()
	}
	return p.Role.String()
}
