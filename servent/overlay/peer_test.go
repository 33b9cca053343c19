package overlay

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

func headers(lines ...string) (h protocol.Headers) {
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

func TestParsePeer(t *testing.T) {
	addr := netip.MustParseAddrPort
	tests := []struct {
		name  string
		lines []string
		want  Peer
	}{
		{"nothing", nil, Peer{}},
		{
			"a foreign ultrapeer", // with the headers that gtk-gnutella and LimeWire send
			[]string{
				"Node: 203.0.113.5:6346", "Remote-IP: 198.51.100.7", "User-Agent: gtk-gnutella/1.2", "X-Ultrapeer: True", "X-Query-Routing: 0.2",
				"X-Ultrapeer-Query-Routing: 0.1", "X-Max-TTL: 4", "GGEP: 0.5", "Vendor-Message: 0.2", "Bye-Packet: 0.1", "GUID: 000102030405060708090a0b0c0d0e0f",
			},
			Peer{
				Listen: addr("203.0.113.5:6346"), Sees: netip.MustParseAddr("198.51.100.7"), Role: RoleSupernode, Agent: "gtk-gnutella/1.2",
				GUID: protocol.GUID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, MaxTTL: 4, GGEP: true, Vendor: true, Bye: true, LastHop: true, LeafTable: true,
			},
		},
		{"a leaf", []string{"X-ULTRAPEER: FALSE"}, Peer{Role: RoleLeaf}},
		{"a role that is neither", []string{"X-Ultrapeer: perhaps"}, Peer{}},
		{"our flat kind", []string{"X-Ultrapeer: True", "X-Servent: 0.1; role=flat"}, Peer{Role: RoleFlat, Servent: true}},
		{"our supernode", []string{"X-Ultrapeer: true", "X-Servent: 0.1; role=supernode"}, Peer{Role: RoleSupernode, Servent: true}},
		{"our leaf", []string{"X-Ultrapeer: False", "X-Servent: 0.1; role=leaf"}, Peer{Role: RoleLeaf, Servent: true}},
		{"flat is never a leaf", []string{"X-Ultrapeer: False", "X-Servent: 0.1; role=flat"}, Peer{Role: RoleLeaf, Servent: true}},
		{"Listen-IP before Node", []string{"Node: 1.2.3.4:5", "Listen-IP:  9.8.7.6:54 "}, Peer{Listen: addr("9.8.7.6:54")}},
		{"Node where Listen-IP is broken", []string{"Listen-IP: here", "Node: 1.2.3.4:5"}, Peer{Listen: addr("1.2.3.4:5")}},
		{"X-My-Address", []string{"X-My-Address: 1.2.3.4:5"}, Peer{Listen: addr("1.2.3.4:5")}},
		{"port 0", []string{"Listen-IP: 1.2.3.4:0"}, Peer{}},
		{"mapped address", []string{"Listen-IP: [::ffff:1.2.3.4]:5"}, Peer{Listen: addr("1.2.3.4:5")}},
		{"max TTL too high", []string{"X-Max-TTL: 200"}, Peer{MaxTTL: HardTTL}},
		{"max TTL broken", []string{"X-Max-TTL: -3", "GUID: xyz", "Remote-IP: me"}, Peer{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParsePeer(headers(tt.lines...)); got != tt.want {
				t.Errorf("peer %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestHelloIsUnderstood: what a node says of itself is what its peer reads.
func TestHelloIsUnderstood(t *testing.T) {
	remote := netip.MustParseAddrPort("10.0.0.9:1234")
	for _, role := range []Role{RoleFlat, RoleLeaf, RoleSupernode} {
		b := newBench(t, func(c *Config) { c.Role = role; c.Agent = "Servent/9.9"; c.ForeignTTL = 3 })
		h := b.n.Hello(netip.Addr{}, remote)
		want := Peer{
			Listen: netip.MustParseAddrPort("10.0.0.1:6346"), Sees: remote.Addr(), Role: role, Servent: true, Agent: "Servent/9.9",
			GUID: protocol.GUID{0xaa}.Marked(), MaxTTL: 3, Degree: 32, GGEP: true, Vendor: true, Bye: true, LastHop: true, LeafTable: true, Again: role != RoleLeaf,
		}
		if got := ParsePeer(h); got != want {
			t.Errorf("%s: peer %+v\nwant %+v", role, got, want)
		}
		for _, name := range []string{"X-Dynamic-Querying", "X-Degree", "Pong-Caching", "X-Requeries"} { // docs/protocol.md 2
			if !h.Has(name) {
				t.Errorf("%s: no %s", role, name)
			}
		}
	}
}

// TestHelloAddress: what a node says of where it listens.
func TestHelloAddress(t *testing.T) {
	remote := netip.MustParseAddrPort("10.0.0.9:1234")
	local := netip.MustParseAddr("10.0.0.5")
	unsure := netip.MustParseAddrPort("0.0.0.0:700")
	tests := []struct {
		name   string
		listen netip.AddrPort
		local  netip.Addr
		sees   string // what a first peer sees; empty: there is none
		want   string
	}{
		{"known", netip.MustParseAddrPort("10.0.0.1:6346"), local, "", "10.0.0.1:6346"},
		{"firewalled", netip.AddrPort{}, local, "", ""},
		{"unsure, own end known", unsure, local, "", "10.0.0.5:700"},
		{"unsure, nothing known", unsure, netip.Addr{}, "", ""},
		{"unsure, a peer sees it", unsure, local, "10.7.7.7", "10.7.7.7:700"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.Listen = tt.listen })
			if tt.sees != "" {
				p := peerOf(1, RoleFlat)
				p.Sees = netip.MustParseAddr(tt.sees)
				b.step(PeerUp{Link: 1, Peer: p})
			}
			if got := b.n.Hello(tt.local, remote).Get("Listen-IP"); got != tt.want {
				t.Errorf("Listen-IP %q, want %q", got, tt.want)
			}
		})
	}
}

// TestLearnAddr: the address that most peers see wins.
func TestLearnAddr(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Listen = netip.MustParseAddrPort("0.0.0.0:700") })
	for i, sees := range []string{"10.7.7.7", "10.8.8.8", "10.8.8.8", "", "2001:db8::1", "2001:db8::1", "2001:db8::1"} {
		p := peerOf(byte(i+1), RoleFlat)
		p.Sees, _ = netip.ParseAddr(sees)
		b.step(PeerUp{Link: LinkID(i + 1), Peer: p})
	}
	if got := b.n.Addr(); got != netip.MustParseAddrPort("10.8.8.8:700") {
		t.Errorf("address %s", got)
	}
}

// TestLearnPublicAddr: on the public network one peer is believed while it is
// the only one; else two of different addresses must agree.
func TestLearnPublicAddr(t *testing.T) {
	const unknown = "0.0.0.0"
	tests := []struct {
		name string
		says []string // each peer's address and where it sees us
		want string
	}{
		{"one", []string{"203.0.113.1", "198.51.100.1"}, "198.51.100.1"},
		{"one, a private address", []string{"203.0.113.1", "192.168.1.1"}, unknown},
		{"one, its own address", []string{"203.0.113.1", "203.0.113.1"}, unknown},
		{"the second disagrees", []string{"203.0.113.1", "198.51.100.1", "203.0.113.2", "198.51.100.2"}, "198.51.100.1"},
		{"two of one machine", []string{"203.0.113.1", "", "203.0.113.2", "198.51.100.2", "203.0.113.2", "198.51.100.2"}, unknown},
		{"two agree", []string{"203.0.113.1", "198.51.100.1", "203.0.113.2", "198.51.100.2", "203.0.113.3", "198.51.100.2"}, "198.51.100.2"},
	}
	for _, tt := range tests {
		b := newBench(t, func(c *Config) { c.Public = true; c.Listen = netip.MustParseAddrPort("0.0.0.0:700") })
		for i := 0; i < len(tt.says); i += 2 {
			p := peerOf(byte(i+1), RoleFlat)
			p.Addr = netip.AddrPortFrom(netip.MustParseAddr(tt.says[i]), 6346)
			p.Sees, _ = netip.ParseAddr(tt.says[i+1])
			b.step(PeerUp{Link: LinkID(i + 1), Peer: p})
		}
		if got := b.n.Addr().Addr().String(); got != tt.want {
			t.Errorf("%s: address %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestTry(t *testing.T) {
	var hosts []netip.AddrPort
	for i := range maxTry {
		hosts = append(hosts, hostAddr(i))
	}
	var h protocol.Headers
	h.Add("X-Try-Ultrapeers", FormatTry(hosts))
	if got := ParseTry(h); !slices.Equal(got, hosts) {
		t.Errorf("%d hosts: %v", maxTry, got)
	}
	h.Add("X-Try", FormatTry([]netip.AddrPort{hostAddr(99)})) // one past the limit
	if got := ParseTry(h); !slices.Equal(got, hosts) {
		t.Errorf("%d hosts: %v", maxTry+1, got)
	}
	broken := headers("X-Try: 1.2.3.4:5, nonsense, 1.2.3.4:0,, 1.2.3.4:99999", "X-Try-Ultrapeers: 5.6.7.8:9")
	want := []netip.AddrPort{netip.MustParseAddrPort("5.6.7.8:9"), netip.MustParseAddrPort("1.2.3.4:5")}
	if got := ParseTry(broken); !slices.Equal(got, want) {
		t.Errorf("hosts %v, want %v", got, want)
	}
	if FormatTry(nil) != "" {
		t.Errorf("no hosts are written %q", FormatTry(nil))
	}
}

func TestAdmit(t *testing.T) {
	inbound := func(id byte, role Role) Peer {
		p := peerOf(id, role)
		p.Outbound = false
		return p
	}
	impostor := inbound(1, RoleFlat)
	impostor.Addr = netip.MustParseAddrPort("10.0.1.99:6346")
	self := inbound(9, RoleFlat)
	self.GUID = testConfig().ID
	tests := []struct {
		name  string
		role  Role
		links byte
		peer  Peer
		code  int
	}{
		{"our kind", RoleFlat, 0, inbound(9, RoleFlat), 200},
		{"a foreign ultrapeer", RoleFlat, 0, inbound(9, RoleSupernode), 200},
		{"a leaf at a flat node", RoleFlat, 0, inbound(9, RoleLeaf), 503},
		{"a leaf at a leaf", RoleLeaf, 0, inbound(9, RoleLeaf), 503},
		{"an ultrapeer at a leaf", RoleLeaf, 0, peerOf(9, RoleSupernode), 200},
		{"no role", RoleFlat, 0, inbound(9, RoleAuto), 403},
		{"itself", RoleFlat, 0, self, 409},
		{"again, the same way", RoleFlat, 1, peerOf(1, RoleFlat), 409},
		{"again, the other way", RoleFlat, 1, inbound(1, RoleFlat), 200},
		{"its GUID from another address", RoleFlat, 1, impostor, 409},
		{"one place left", RoleFlat, 4, inbound(9, RoleFlat), 200},
		{"no place left", RoleFlat, 5, inbound(9, RoleFlat), 503},
		{"no place left, but one of those linked", RoleFlat, 5, inbound(1, RoleFlat), 200},
		{"no place left, dialled", RoleFlat, 5, peerOf(9, RoleFlat), 503},
		{"no place left, named by the user", RoleFlat, 5, peerOf(77, RoleFlat), 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				c.Role = tt.role
				c.MaxLinks = 5
				c.Connect = []netip.AddrPort{peerOf(77, RoleFlat).Addr}
			})
			b.links(tt.links)
			v := b.n.Admit(100, tt.peer)
			if v.Code != tt.code || v.Text == "" {
				t.Errorf("verdict %+v, want %d", v, tt.code)
			}
			if st := b.n.Stats(); (st.Refused == 1) != (tt.code != 200) {
				t.Errorf("%d refused", st.Refused)
			}
		})
	}
}

// TestAdmitHoldsPlaces: a place is held from Admit until the link ends, however
// the handshake ends.
func TestAdmitHoldsPlaces(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MaxLinks = 2 })
	admit := func(id byte) int { return b.n.Admit(LinkID(id), peerOf(id, RoleFlat)).Code }
	if admit(1) != 200 || admit(2) != 200 || admit(3) != 503 {
		t.Fatal("not two places")
	}
	b.step(PeerDown{Link: 1}) // its handshake failed
	if admit(4) != 200 || admit(5) != 503 {
		t.Fatal("a place is not given back, or twice")
	}
	b.link(2, RoleFlat)
	if admit(6) != 503 {
		t.Fatal("a link has no place of its own")
	}
	b.step(PeerDown{Link: 2})
	b.step(PeerDown{Link: 2}) // once more changes nothing
	if admit(7) != 200 || admit(8) != 503 {
		t.Fatal("the place of a link is not given back, or twice")
	}
}

// TestAdmitNamesHosts: who is refused is told others.
func TestAdmitNamesHosts(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MaxLinks = 1; c.ConnectOnly = false })
	b.links(1)
	var all []netip.AddrPort
	for i := range 30 {
		all = append(all, hostAddr(i))
	}
	b.step(Heard{Addrs: all})
	v := b.n.Admit(2, peerOf(2, RoleFlat))
	if v.Code != 503 || len(v.Try) != maxTry {
		t.Fatalf("verdict %+v", v)
	}
	for _, a := range v.Try {
		if !slices.Contains(all, a) && a != peerOf(1, RoleFlat).Listen {
			t.Errorf("it names %s", a)
		}
	}
}

// TestTwins: which of two connections to one servent stays.
func TestTwins(t *testing.T) {
	tests := []struct {
		name                      string
		peer                      byte // its GUID begins so; ours begins with 0xaa
		firstOutbound, secondAlso bool // who made the first; the second
		secondStays               bool
	}{
		{"we are higher: ours, then theirs", 1, true, false, true},
		{"we are higher: theirs, then ours", 1, false, true, false},
		{"we are lower: ours, then theirs", 0xbb, true, false, false},
		{"we are lower: theirs, then ours", 0xbb, false, true, true},
		{"theirs twice: it came back", 1, false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			p := peerOf(tt.peer, RoleFlat)
			p.Outbound = tt.firstOutbound
			b.step(PeerUp{Link: 1, Peer: p})
			p.Outbound = tt.secondAlso
			if v := b.n.Admit(2, p); v.Code != 200 {
				t.Fatalf("verdict %+v", v)
			}
			out := b.step(PeerUp{Link: 2, Peer: p})
			want := LinkID(1)
			if tt.secondStays {
				want = 2
			}
			links := b.n.Links()
			closed := ops(out, OpClose)
			if len(links) != 1 || links[0].ID != want || len(closed) != 1 || closed[0].Link != 3-want {
				t.Errorf("links %+v, closed %+v, want %d to stay", links, closed, want)
			}
			b.step(PeerDown{Link: 3 - want})
			if len(b.n.Links()) != 1 {
				t.Error("the end of the one ends the other")
			}
		})
	}
}
