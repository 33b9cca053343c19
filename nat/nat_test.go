package nat

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestScopeOf(t *testing.T) {
	for s, want := range map[string]Scope{
		"127.0.0.1": Host, "::1": Host, "::ffff:127.0.0.1": Host, "169.254.1.1": Link, "fe80::1": Link,
		"10.0.0.1": Private, "192.168.1.1": Private, "172.16.0.1": Private, "172.32.0.1": Global, "fd00::1": Private,
		"100.64.0.1": Carrier, "100.128.0.1": Global, "100.63.255.255": Global,
		"0.0.0.0": Nowhere, "0.1.2.3": Nowhere, "224.0.0.1": Nowhere, "240.0.0.1": Nowhere, "255.255.255.255": Nowhere,
		"8.8.8.8": Global, "203.0.113.5": Global, "2001:db8::1": Global,
	} {
		if got := ScopeOf(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s: %v, want %v", s, got, want)
		}
	}
	if ScopeOf(netip.Addr{}) != Nowhere {
		t.Error("no address is somewhere")
	}
}

// servers are those of RFC 5780: two addresses, two ports.
var servers = []netip.AddrPort{ap("203.0.113.11:3478"), ap("203.0.113.21:3478"), ap("203.0.113.11:3479"), ap("203.0.113.21:3479")}

func TestMapping(t *testing.T) {
	local := ap("192.168.1.2:6346")
	out := func(ports ...uint16) (seen []netip.AddrPort) {
		for _, p := range ports {
			seen = append(seen, netip.AddrPortFrom(netip.MustParseAddr("203.0.113.105"), p))
		}
		return seen
	}
	for _, tt := range []struct {
		name      string
		local     netip.AddrPort
		seen      []netip.AddrPort
		want      Mapping
		preserved Answer
	}{
		{"nothing is heard", local, nil, MappingUnknown, Unknown},
		{"one server", local, out(20000), MappingUnknown, No},
		{"two hosts see the same", local, out(20000, 20000), MappingEndpoint, No},
		{"the port is kept", local, out(6346, 6346), MappingEndpoint, Yes},
		{"two hosts see another", local, out(20000, 20001), MappingPort, No},
		{"two hosts see another, two ports of one the same", local, out(20000, 20001, 20000), MappingAddress, No},
		{"two ports of one host see another", local, out(20000, 20001, 20002), MappingPort, No},
		{"no translation", ap("198.51.100.106:6346"), []netip.AddrPort{ap("198.51.100.106:6346"), ap("198.51.100.106:6346")}, MappingNone, Yes},
	} {
		var c Classifier
		for i, s := range tt.seen {
			c.Seen(begin, tt.local, servers[i], s)
		}
		if b := c.Behaviour(begin); b.Mapping != tt.want || b.Preserved != tt.preserved {
			t.Errorf("%s: %v, port kept: %v", tt.name, b.Mapping, b.Preserved)
		}
		if b := c.Behaviour(begin.Add(Fresh + 1)); b.Mapping != MappingUnknown || b.Outside.IsValid() {
			t.Errorf("%s: still %v when that is old", tt.name, b.Mapping)
		}
	}
}

func TestFiltering(t *testing.T) {
	for _, tt := range []struct {
		name      string
		port, far int // answers that arrive in so many tests; the others do not
		tests     int
		want      Filtering
	}{
		{"not tested", 0, 0, 0, FilteringUnknown},
		{"one loss is no filter", 0, 0, filterTries - 1, FilteringUnknown},
		{"all are lost", 0, 0, filterTries, FilteringPort},
		{"only from the same host", 1, 0, filterTries, FilteringAddress},
		{"from anywhere, the last ones lost", 1, 1, filterTries + 2, FilteringEndpoint},
	} {
		var c Classifier
		c.Seen(begin, ap("192.168.1.2:1"), servers[0], ap("203.0.113.105:9"))
		for i := range tt.tests {
			c.Tested(begin, SameAddressOtherPort, i < tt.port)
			c.Tested(begin, OtherAddress, i < tt.far)
		}
		if got := c.Behaviour(begin).Filtering; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	for arrived, want := range map[bool]Filtering{true: FilteringUnknown, false: FilteringPort} {
		var c Classifier
		c.Seen(begin, ap("192.168.1.2:1"), servers[0], ap("203.0.113.105:9"))
		for range filterTries {
			c.Tested(begin, SameAddressOtherPort, arrived)
		}
		if got := c.Behaviour(begin).Filtering; got != want {
			t.Errorf("tested by a server with one address only, which got through: %v: %v, want %v", arrived, got, want)
		}
	}
	var c Classifier
	c.Seen(begin, ap("192.168.1.2:1"), servers[0], ap("203.0.113.105:9"))
	c.Reached(begin, true)
	if got := c.Behaviour(begin).Filtering; got != FilteringEndpoint {
		t.Errorf("a stranger came in: %v", got)
	}
}

func TestBlocked(t *testing.T) {
	local := ap("192.168.1.2:6346")
	var c Classifier
	c.Silent(begin, local, servers[0])
	if got := c.Behaviour(begin).Blocked; got != Unknown {
		t.Errorf("one silent server: blocked %v", got)
	}
	c.Silent(begin, local, servers[0])
	if got := c.Behaviour(begin).Blocked; got != Unknown {
		t.Errorf("the same server, twice: blocked %v", got)
	}
	c.Silent(begin, local, servers[1])
	if got := c.Behaviour(begin).Blocked; got != Yes {
		t.Errorf("two silent servers: blocked %v", got)
	}
	c.Seen(begin, local, servers[2], ap("203.0.113.105:9"))
	if got := c.Behaviour(begin).Blocked; got != No {
		t.Errorf("one of three answers: blocked %v", got)
	}
}

// TestMoves: what was seen of another network does not count.
func TestMoves(t *testing.T) {
	var c Classifier
	c.Seen(begin, ap("192.168.1.2:6346"), servers[0], ap("203.0.113.105:20000"))
	c.Seen(begin, ap("192.168.1.2:6346"), servers[1], ap("203.0.113.105:20001"))
	c.Hairpinned(begin, true)
	c.Seen(begin, ap("10.0.0.7:6346"), servers[0], ap("198.51.100.1:777"))
	if b := c.Behaviour(begin); b.Mapping != MappingUnknown || b.Outside != ap("198.51.100.1:777") || b.Hairpin != Unknown {
		t.Errorf("another local address: %+v", b)
	}
	later := begin.Add(time.Minute)
	c.Seen(later, ap("10.0.0.7:6346"), servers[0], ap("198.51.100.9:777"))
	c.Seen(later, ap("10.0.0.7:6346"), servers[1], ap("198.51.100.9:777"))
	if b := c.Behaviour(later); b.Mapping != MappingEndpoint {
		t.Errorf("the site has another address: %+v", b)
	}
}

// TestMappingsThatAreForgotten: who asks one server again, later, and is seen elsewhere
// has another mapping, not a translator that tells servers apart.
func TestMappingsThatAreForgotten(t *testing.T) {
	local := ap("192.168.1.2:6346")
	for _, second := range []struct {
		seen string
		want Mapping
	}{{"203.0.113.105:20000", MappingEndpoint}, {"203.0.113.105:20001", MappingPort}} {
		var c Classifier
		c.Seen(begin, local, servers[0], ap("203.0.113.105:20000"))
		c.Seen(begin, local, servers[1], ap(second.seen))
		later := begin.Add(time.Minute)
		c.Seen(later, local, servers[0], ap("203.0.113.105:20777"))
		if b := c.Behaviour(later); b.Mapping != second.want || b.Outside != ap("203.0.113.105:20777") {
			t.Errorf("after a minute: %v at %v, want %v", b.Mapping, b.Outside, second.want)
		}
		if b := c.Behaviour(begin.Add(Fresh + 1)); b.Mapping != MappingUnknown {
			t.Errorf("still %v when the comparison is old", b.Mapping)
		}
	}
	for wait, want := range map[time.Duration]Mapping{together: MappingPort, together + 1: MappingUnknown} {
		var c Classifier
		c.Seen(begin, local, servers[0], ap("203.0.113.105:20000"))
		c.Seen(begin.Add(wait), local, servers[1], ap("203.0.113.105:20001"))
		if got := c.Behaviour(begin.Add(wait)).Mapping; got != want {
			t.Errorf("two servers %v apart: %v, want %v", wait, got, want)
		}
	}
}

func TestLies(t *testing.T) {
	var c Classifier
	local := ap("192.168.1.2:6346")
	lies := []string{"192.168.1.2:6346", "127.0.0.1:6346", "0.0.0.0:1", "224.0.0.1:1", "203.0.113.105:0", "100.64.0.1:9"}
	for _, s := range lies {
		c.Seen(begin, local, servers[0], ap(s))
	}
	if b := c.Behaviour(begin); b.Outside.IsValid() || c.Ignored != uint64(len(lies)) {
		t.Errorf("%+v, %d ignored of %d", b, c.Ignored, len(lies))
	}
	c.Seen(begin, local, ap("192.168.1.9:6346"), local)
	if b := c.Behaviour(begin); b.Outside != local {
		t.Errorf("a neighbour may see that: %+v", b)
	}
}

// TestLiar: one that was not asked before and says another address than all others has
// nothing forgotten that they have told.
func TestLiar(t *testing.T) {
	var c Classifier
	local := ap("192.168.1.2:6346")
	for _, s := range servers[:2] {
		c.Seen(begin, local, s, ap("203.0.113.105:20000"))
	}
	c.Hairpinned(begin, true)
	c.Seen(begin.Add(time.Minute), local, ap("198.51.100.77:6346"), ap("198.51.100.200:1"))
	if b := c.Behaviour(begin.Add(time.Minute)); b.Mapping != MappingEndpoint || b.Hairpin != Yes {
		t.Errorf("forgotten: %+v", b)
	}
}

// TestServersAreBounded: the latest count, and one server has one place.
func TestServersAreBounded(t *testing.T) {
	var c Classifier
	for i := range 3 * MaxServers {
		server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i), 1}), 1)
		c.Seen(begin, ap("192.168.1.2:6346"), server, ap("203.0.113.105:20000"))
		c.Seen(begin, ap("192.168.1.2:6346"), server, ap("203.0.113.105:20000"))
		if want := min(i+1, MaxServers); len(c.servers) != want {
			t.Fatalf("%d servers after %d", len(c.servers), i+1)
		}
	}
}

// TestPossible is the table of two routers, as measured in network namespaces (and
// as in Ford, Srisuresh, Kegel): only one that looks different to everybody, with
// one that lets in only whom it has sent to, cannot.
func TestPossible(t *testing.T) {
	sites := map[string]Behaviour{
		"open": {Mapping: MappingNone, Filtering: FilteringEndpoint}, "full": {Mapping: MappingEndpoint, Filtering: FilteringEndpoint},
		"addr": {Mapping: MappingEndpoint, Filtering: FilteringAddress}, "port": {Mapping: MappingEndpoint, Filtering: FilteringPort},
		"sym": {Mapping: MappingPort, Filtering: FilteringPort}, "fw": {Mapping: MappingNone, Filtering: FilteringPort},
		"blocked": {Blocked: Yes},
	}
	cannot := [][2]string{{"sym", "port"}, {"sym", "fw"}, {"sym", "sym"}}
	for a, x := range sites {
		for b, y := range sites {
			want := a != "blocked" && b != "blocked" && !slices.Contains(cannot, [2]string{a, b}) && !slices.Contains(cannot, [2]string{b, a})
			if got := Possible(x, y); got != want {
				t.Errorf("%s with %s: %v", a, b, got)
			}
		}
	}
}

func TestGather(t *testing.T) {
	f := Facts{
		Local:  []netip.AddrPort{ap("127.0.0.1:6346"), ap("192.168.1.2:6346"), ap("169.254.1.1:6346")},
		Mapped: [transports][]netip.AddrPort{TCP: {ap("203.0.113.105:6346")}},
	}
	f.Behaviour[UDP].Outside, f.Behaviour[TCP].Outside = ap("203.0.113.105:20000"), ap("203.0.113.105:6346")
	want := []Candidate{
		{TCP, KindMapped, ap("203.0.113.105:6346")},
		{UDP, KindReflexive, ap("203.0.113.105:20000")},
		{UDP, KindLocal, ap("192.168.1.2:6346")},
		{TCP, KindLocal, ap("192.168.1.2:6346")},
	}
	if got := Gather(f); !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	f.Behaviour[UDP].Blocked = Yes
	if got := Gather(f); slices.Contains(got, want[1]) {
		t.Error("what is blocked is told")
	}
	if got := Gather(Facts{Local: []netip.AddrPort{ap("127.0.0.1:6346")}}); len(got) != 2 {
		t.Errorf("on a machine with loopback alone: %v", got)
	}
	for i := range 40 {
		f.Local = append(f.Local, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1))
	}
	if got := Gather(f); len(got) != MaxCandidates {
		t.Errorf("%d candidates", len(got))
	}
}

// TestRankOneHost: few ports of one host are tried, so that nobody has us look through
// those of a stranger; other hosts have theirs.
func TestRankOneHost(t *testing.T) {
	for _, n := range []uint16{MaxPorts, MaxPorts + 1, MaxCandidates - 1} {
		other := ap("203.0.113.10:9")
		far := []Candidate{{TCP, KindLocal, other}}
		for i := range n {
			far = append(far, Candidate{TCP, KindMapped, netip.AddrPortFrom(netip.MustParseAddr("203.0.113.9"), 1+i)})
		}
		if got := Rank(TCP, nil, far); len(got) != MaxPorts+1 || got[MaxPorts] != other {
			t.Errorf("of %d ports of one host, and another host: %v", n, got)
		}
	}
}

func TestRank(t *testing.T) {
	own := []Candidate{{UDP, KindReflexive, ap("203.0.113.105:20000")}, {UDP, KindLocal, ap("192.168.1.2:6346")}}
	far := []Candidate{
		{UDP, KindLocal, ap("192.168.1.3:6346")},
		{UDP, KindReflexive, ap("203.0.113.109:21000")},
		{TCP, KindReflexive, ap("203.0.113.109:21000")},
		{UDP, KindMapped, ap("203.0.113.109:6346")},
		{UDP, KindLocal, ap("127.0.0.1:6346")},
		{UDP, KindLocal, ap("100.64.0.2:6346")},
		{UDP, KindLocal, ap("192.168.1.2:6346")},
		{UDP, KindReflexive, ap("203.0.113.109:0")},
		{UDP, KindReflexive, ap("224.0.0.1:9")},
		{UDP, KindReflexive, ap("203.0.113.109:21000")},
	}
	if got, want := Rank(UDP, own, far), []netip.AddrPort{ap("203.0.113.109:6346"), ap("203.0.113.109:21000"), ap("192.168.1.3:6346")}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	near := []Candidate{{UDP, KindReflexive, ap("203.0.113.105:20001")}, {UDP, KindLocal, ap("192.168.1.3:6346")}}
	if got, want := Rank(UDP, own, near), []netip.AddrPort{ap("192.168.1.3:6346"), ap("203.0.113.105:20001")}; !slices.Equal(got, want) {
		t.Errorf("behind one router: %v, want %v", got, want)
	}
}

// TestRankHosts: of so many hosts as one may name, so many are tried, and no more.
func TestRankHosts(t *testing.T) {
	for n := 1; n <= MaxHosts+1; n++ {
		var peer []Candidate
		for i := range n {
			peer = append(peer, Candidate{UDP, KindReflexive, netip.AddrPortFrom(netip.AddrFrom4([4]byte{5, 9, 0, byte(1 + i)}), 7000)})
		}
		if got := Rank(UDP, nil, peer); len(got) != min(n, MaxHosts) {
			t.Errorf("%d of %d hosts", len(got), n)
		}
	}
}
