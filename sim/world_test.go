package sim

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

const lag = 20 * time.Millisecond // the default latency

// logger notes when which event came to which node.
type logger struct {
	w   *World
	got []seen
}

type seen struct {
	at   time.Duration
	node NodeID
	ev   overlay.Event
}

func newLogger(cfg Config) *logger {
	l := &logger{}
	cfg.Watch = func(id NodeID, ev overlay.Event, _ []overlay.Action) {
		if ev != nil {
			l.got = append(l.got, seen{l.w.Now(), id, ev})
		}
	}
	l.w = New(cfg)
	return l
}

// of returns the events of one type at a node.
func of[E overlay.Event](l *logger, id NodeID) (all []E, at []time.Duration) {
	for _, s := range l.got {
		if ev, ok := s.ev.(E); ok && s.node == id {
			all = append(all, ev)
			at = append(at, s.at)
		}
	}
	return all, at
}

// pairOfStrangers makes two strangers with one link.
func pairOfStrangers(t *testing.T, w *World, wire Wire) (a, b *stranger) {
	t.Helper()
	var s [2]*stranger
	for i := range s {
		id := protocol.GUID{byte(i + 1)}
		s[i] = newStranger(id, true)
		cfg := NodeConfig{}
		cfg.Overlay.ID = id
		w.AddActor(cfg, s[i])
	}
	if err := w.LinkBy(0, 1, wire); err != nil {
		t.Fatal(err)
	}
	return s[0], s[1]
}

func numbered(n, size int) []byte {
	h := protocol.Header{ID: protocol.GUID{byte(n >> 8), byte(n)}, Kind: protocol.KindPing, TTL: 1}
	return protocol.AppendMessage(nil, h, rawPayload(make([]byte, size)))
}

func number(msg []byte) int { return int(msg[0])<<8 | int(msg[1]) }

func TestMessagesKeepTheirOrder(t *testing.T) {
	for seed := range uint64(20) {
		l := newLogger(Config{Seed: seed, Latency: Uniform(time.Millisecond, time.Second)})
		a, _ := pairOfStrangers(t, l.w, Wire{})
		for n := range 50 {
			a.send(a.links[0], numbered(n, 0))
			l.w.Step(0, overlay.Heard{})
			l.w.Run(10 * time.Millisecond)
		}
		l.w.RunUntilIdle()
		got, at := of[overlay.Received](l, 1)
		if len(got) != 50 || !slices.IsSorted(at) {
			t.Fatalf("seed %d: %d messages at %v", seed, len(got), at)
		}
		for n, m := range got {
			if number(m.Msg) != n {
				t.Fatalf("seed %d: message %d came as number %d", seed, number(m.Msg), n)
			}
		}
		if at[0] < time.Millisecond || slices.Max(at) > 1500*time.Millisecond {
			t.Errorf("seed %d: messages came from %s to %s", seed, at[0], slices.Max(at))
		}
	}
}

// TestBandwidth: of three messages of 100 bytes at 1000 bytes a second one
// leaves every 100 ms, and is reported then.
func TestBandwidth(t *testing.T) {
	l := newLogger(Config{})
	a, _ := pairOfStrangers(t, l.w, Wire{Latency: Constant(7 * time.Millisecond), Bandwidth: 1000})
	for n := range 3 {
		a.send(a.links[0], numbered(n, 100-protocol.HeaderSize))
	}
	l.w.Step(0, overlay.Heard{})
	l.w.RunUntilIdle()
	sent, left := of[overlay.Sent](l, 0)
	_, came := of[overlay.Received](l, 1)
	ms := time.Millisecond
	if !slices.Equal(left, []time.Duration{100 * ms, 200 * ms, 300 * ms}) || sent[0].Bytes != 100 {
		t.Errorf("sent %v at %v", sent, left)
	}
	if !slices.Equal(came, []time.Duration{107 * ms, 207 * ms, 307 * ms}) {
		t.Errorf("came at %v", came)
	}
}

func TestWithoutBandwidthSentAtOnce(t *testing.T) {
	l := newLogger(Config{})
	a, _ := pairOfStrangers(t, l.w, Wire{})
	for n := range 3 {
		a.send(a.links[0], numbered(n, 77))
	}
	l.w.Step(0, overlay.Heard{})
	sent, at := of[overlay.Sent](l, 0)
	if len(sent) != 1 || sent[0].Bytes != 300 || at[0] != 0 {
		t.Errorf("sent %v at %v, want 300 bytes at once", sent, at)
	}
}

// TestCopiesDiffer: a received message is as it was sent, though the sender's
// TTL differs between links.
func TestCopiesDiffer(t *testing.T) {
	l := newLogger(Config{})
	a, _ := pairOfStrangers(t, l.w, Wire{})
	msg := numbered(1, 5)
	for ttl := range uint8(3) {
		a.queue = append(a.queue, overlay.Action{Op: overlay.OpSend, Link: a.links[0], Msg: msg, TTL: ttl + 1, Hops: 2 * ttl})
	}
	l.w.Step(0, overlay.Heard{})
	l.w.RunUntilIdle()
	got, _ := of[overlay.Received](l, 1)
	for i, m := range got {
		if h, _ := protocol.ParseHeader(m.Msg); int(h.TTL) != i+1 || int(h.Hops) != 2*i {
			t.Errorf("copy %d has TTL %d and hops %d", i, h.TTL, h.Hops)
		}
	}
	if len(got) != 3 || msg[17] != 1 {
		t.Errorf("%d copies; the original now has TTL %d", len(got), msg[17])
	}
}

// TestDialTakesItsTime: two messages for the connection, three for the handshake.
func TestDialTakesItsTime(t *testing.T) {
	l := newLogger(Config{})
	b := l.w.Add(NodeConfig{})
	a := l.w.Add(NodeConfig{Overlay: overlay.Config{Connect: addrsOf(l.w, b), Links: 1}})
	l.w.Run(time.Second)
	ups, at := of[overlay.PeerUp](l, a)
	if len(at) != 1 || at[0].Round(time.Millisecond) != 4*lag || !ups[0].Peer.Outbound || ups[0].Peer.Addr != l.w.Addr(b) {
		t.Errorf("who dials is linked at %v: %+v", at, ups)
	}
	ups, at = of[overlay.PeerUp](l, b)
	if len(at) != 1 || at[0].Round(time.Millisecond) != 5*lag || ups[0].Peer.Outbound {
		t.Fatalf("who was dialled is linked at %v: %+v", at, ups)
	}
	p := ups[0].Peer
	if p.Addr.Addr() != l.w.Addr(a).Addr() || p.Addr.Port() == 6346 || p.Listen != l.w.Addr(a) || p.GUID != l.w.GUID(a) || p.Role != overlay.RoleFlat {
		t.Errorf("peer %+v", p)
	}
	if peer, ok := l.w.Peer(l.w.Node(a).Links()[0].ID); !ok || peer != b {
		t.Errorf("peer of the link is %d, %t", peer, ok)
	}
}

func TestDialsFail(t *testing.T) {
	nobody := netip.MustParseAddrPort("10.9.9.9:6346")
	tests := []struct {
		name string
		make func(w *World) netip.AddrPort
		at   time.Duration
		code int
	}{
		{"nobody there", func(*World) netip.AddrPort { return nobody }, 10 * time.Second, 0},
		{"firewalled", func(w *World) netip.AddrPort { return w.Addr(w.Add(NodeConfig{Firewalled: true})) }, 10 * time.Second, 0},
		{"vanished", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.Vanish(id)
			return w.Addr(id)
		}, 10 * time.Second, 0},
		{"crashed", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.Crash(id)
			return w.Addr(id)
		}, 2 * lag, 0},
		{"crashes while it is dialled", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.After(lag, func() { w.Crash(id) })
			return w.Addr(id)
		}, 4 * lag, 0},
		{"vanishes while it is dialled", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.After(lag, func() { w.Vanish(id) })
			return w.Addr(id)
		}, 10*time.Second + 3*lag, 0},
		{"crashes within the handshake", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.After(3*lag+lag/2, func() { w.Crash(id) })
			return w.Addr(id)
		}, 4 * lag, 0},
		{"refuses", func(w *World) netip.AddrPort { // no leaves
			return w.Addr(w.Add(NodeConfig{}))
		}, 4 * lag, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogger(Config{})
			addr := tt.make(l.w)
			cfg := NodeConfig{Overlay: overlay.Config{Connect: []netip.AddrPort{addr}, ConnectOnly: true}}
			if tt.code != 0 {
				cfg.Overlay.Role = overlay.RoleLeaf
			}
			id := l.w.Add(cfg)
			l.w.Run(tt.at + lag)
			got, at := of[overlay.DialFailed](l, id)
			if len(got) < 1 || got[0].Addr != addr || got[0].Code != tt.code || at[0].Round(time.Millisecond) != tt.at {
				t.Errorf("failed %+v at %v, want at %s with code %d", got, at, tt.at, tt.code)
			}
		})
	}
}

// TestPlacesAreGivenBack: whatever becomes of a handshake, the node that was
// dialled does not hold a place for it for ever.
func TestPlacesAreGivenBack(t *testing.T) {
	for name, end := range map[string]func(*World, NodeID){
		"crash": (*World).Crash, "vanish": (*World).Vanish, "leave": (*World).Leave,
	} {
		t.Run(name, func(t *testing.T) {
			w := New(Config{})
			b := w.Add(NodeConfig{Overlay: overlay.Config{MaxLinks: 1}})
			a := w.Add(NodeConfig{Overlay: overlay.Config{Connect: addrsOf(w, b), ConnectOnly: true}})
			w.After(3*lag+lag/2, func() { end(w, a) }) // b has admitted it
			w.Run(15 * time.Second)
			c := w.Add(NodeConfig{})
			if err := w.Link(c, b); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEndings(t *testing.T) {
	tests := []struct {
		name string
		end  func(*World, NodeID)
		lost bool // the other end is told within a second
	}{
		{"crash", (*World).Crash, true},
		{"leave", (*World).Leave, true},
		{"vanish", (*World).Vanish, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogger(Config{})
			a, b := l.w.Add(NodeConfig{}), l.w.Add(NodeConfig{})
			if err := l.w.Link(a, b); err != nil {
				t.Fatal(err)
			}
			l.w.RunUntilIdle()
			tt.end(l.w, b)
			l.w.Run(time.Second)
			links, edges := len(l.w.Node(a).Links()), l.w.Graph().Size()
			if want := map[bool]int{true: 0, false: 1}[tt.lost]; links != want || edges != 0 {
				t.Errorf("%d links at the other end, %d edges, want %d and 0", links, edges, want)
			}
			if l.w.Node(b) != nil {
				t.Error("it still runs")
			}
			l.w.Run(time.Hour) // by now keep-alive has found out
			if n := len(l.w.Node(a).Links()); n != 0 {
				t.Errorf("%d links after an hour", n)
			}
			for id, e := range l.w.ends {
				if e != nil {
					t.Errorf("end %d is still there: %+v", id, e)
				}
			}
			if tt.end(l.w, b); l.w.Node(a) == nil { // a second time changes nothing
				t.Error("the other one has ended")
			}
		})
	}
}

// TestLeaveSaysGoodbye: the Bye comes before the end of the link, if there is
// time for what waits before it.
func TestLeaveSaysGoodbye(t *testing.T) {
	for _, tt := range []struct {
		bandwidth int
		bye       bool
	}{{0, true}, {1000, true}, {30, false}} { // bytes a second; the Bye has 39
		l := newLogger(Config{})
		a, b := l.w.Add(NodeConfig{}), l.w.Add(NodeConfig{})
		if err := l.w.LinkBy(a, b, Wire{Bandwidth: tt.bandwidth}); err != nil {
			t.Fatal(err)
		}
		l.w.RunUntilIdle()
		l.w.Leave(a)
		l.w.Run(2 * time.Second)
		bye := false
		got, _ := of[overlay.Received](l, b)
		for _, m := range got {
			bye = bye || m.Msg[16] == byte(protocol.KindBye)
		}
		if _, downs := of[overlay.PeerDown](l, b); bye != tt.bye || len(downs) != 1 {
			t.Errorf("at %d bytes a second: Bye heard %t, want %t; link ended at %v", tt.bandwidth, bye, tt.bye, downs)
		}
	}
}

// TestStartForgets: a node that starts again has its GUID, address and files,
// and nothing else.
func TestStartForgets(t *testing.T) {
	w := New(Config{Seed: 5})
	a := w.Add(NodeConfig{})
	b := w.Add(NodeConfig{Files: []string{"blue danube.ogg"}})
	if err := w.Link(a, b); err != nil {
		t.Fatal(err)
	}
	guid := w.GUID(b)
	old := w.Node(b)
	w.Crash(b)
	w.RunUntilIdle()
	w.Start(b)
	if w.Node(b) == nil || w.Node(b) == old || w.GUID(b) != guid || len(w.Node(b).Links()) != 0 {
		t.Fatal("not a new node of the old name")
	}
	if err := w.Link(a, b); err != nil {
		t.Fatal(err)
	}
	f := w.Query(a, "danube", 0)
	w.RunUntilIdle()
	if len(f.Hits) != 1 || f.Hits[0].Node != b {
		t.Errorf("hits %+v", f.Hits)
	}
}

func TestLinkSaysWhyNot(t *testing.T) {
	w := New(Config{})
	a := w.Add(NodeConfig{Name: "a", Overlay: overlay.Config{MaxLinks: 1}})
	b, c := w.Add(NodeConfig{Name: "b"}), w.Add(NodeConfig{Name: "c"})
	if err := w.Link(b, a); err != nil {
		t.Fatal(err)
	}
	w.Crash(c)
	for _, tt := range []struct {
		a, b NodeID
		want string
	}{
		{a, a, "link a to a: 409 Connected to myself"},
		{b, a, "link b to a: not taken: Already connected"},
		{a, c, "link a to c: one of them does not run"},
	} {
		if err := w.Link(tt.a, tt.b); err == nil || err.Error() != tt.want {
			t.Errorf("link %d to %d: %v, want %s", tt.a, tt.b, err, tt.want)
		}
	}
	w.Start(c)
	if err := w.Link(c, a); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("link to a full node: %v", err)
	}
	if err := w.Link(a, c); err == nil || !strings.Contains(err.Error(), "not taken") {
		t.Errorf("link from a full node: %v", err)
	}
	if g := w.Graph(); g.Size() != 1 {
		t.Errorf("%d links after refusals, want 1", g.Size())
	}
}

// TestFiles: what is found, by words and by URN, and that the answer is capped.
func TestFiles(t *testing.T) {
	w := New(Config{})
	a := w.Add(NodeConfig{})
	b := w.Add(NodeConfig{Files: []string{"Blue Danube.ogg", "blue sky.txt", "Café.flac"}})
	if err := w.Link(a, b); err != nil {
		t.Fatal(err)
	}
	find := func(q overlay.UserQuery) (names []string) {
		f := w.Search(a, q)
		w.RunUntilIdle()
		for _, h := range f.Hits {
			for _, r := range h.Files {
				names = append(names, r.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	urn := FileNamed("blue sky.txt").URN
	for _, tt := range []struct {
		q    overlay.UserQuery
		want []string
	}{
		{overlay.UserQuery{Text: "blue"}, []string{"Blue Danube.ogg", "blue sky.txt"}},
		{overlay.UserQuery{Text: "SKY blue"}, []string{"blue sky.txt"}},
		{overlay.UserQuery{Text: "cafe"}, []string{"Café.flac"}},
		{overlay.UserQuery{Text: "red"}, nil},
		{overlay.UserQuery{Text: "\\", URNs: []protocol.URN{urn}}, []string{"blue sky.txt"}},
	} {
		if got := find(tt.q); !slices.Equal(got, tt.want) {
			t.Errorf("%+v finds %q, want %q", tt.q, got, tt.want)
		}
	}
}

// TestFind: files may come from anywhere.
func TestFind(t *testing.T) {
	w := New(Config{})
	table := protocol.NewRouteTable(protocol.MinTableBits)
	table.Add("anything")
	asked := ""
	a := w.Add(NodeConfig{})
	b := w.Add(NodeConfig{
		Shared: overlay.Shared{Table: table, Files: 1},
		Find: func(q protocol.Query, limit int) []protocol.FileRecord {
			asked = string(q.Text)
			return []protocol.FileRecord{FileNamed("made up.txt")}
		},
	})
	if err := w.Link(a, b); err != nil {
		t.Fatal(err)
	}
	f := w.Query(a, "anything", 1)
	w.RunUntilIdle()
	if asked != "anything" || len(f.Hits) != 1 || f.Hits[0].Files[0].URN != FileNamed("made up.txt").URN {
		t.Errorf("asked for %q, hits %+v", asked, f.Hits)
	}
	if hit := f.Hits[0]; hit.At != f.Started+2*lag || hit.Hops != 0 {
		t.Errorf("hit came at %s with hops %d", hit.At-f.Started, hit.Hops)
	}
}

func TestEndedQueryCountsNoMore(t *testing.T) {
	w := build(t, Config{}, graph.Line(3), songs)
	f := w.Query(0, "song", 0)
	w.Run(lag / 2)
	w.EndQuery(f)
	w.RunUntilIdle()
	if f.Messages != 1 || f.Reached != 0 || len(f.Hits) != 0 {
		t.Errorf("flood %+v after its end", f)
	}
}

// TestAfterAndIdle: calls come in their order and keep the World from idling;
// deadlines of nodes do not.
func TestAfterAndIdle(t *testing.T) {
	w := New(Config{})
	w.Add(NodeConfig{})
	var got []int
	w.After(time.Second, func() { got = append(got, 2) })
	w.After(time.Second, func() { got = append(got, 3); w.After(0, func() { got = append(got, 4) }) })
	w.After(time.Millisecond, func() { got = append(got, 1) })
	w.Run(500 * time.Millisecond)
	if !slices.Equal(got, []int{1}) || w.Now() != 500*time.Millisecond {
		t.Errorf("after half a second: calls %v, now %s", got, w.Now())
	}
	w.RunUntilIdle()
	if !slices.Equal(got, []int{1, 2, 3, 4}) || w.Now() != time.Second {
		t.Errorf("when idle: calls %v, now %s", got, w.Now())
	}
}

// restless asks to be run again at once, for ever.
type restless struct{ stranger }

func (r *restless) Deadline() (time.Time, bool) { return epoch, true }

func TestRestlessNodePanics(t *testing.T) {
	defer func() {
		if e, _ := recover().(string); !strings.Contains(e, "seed 7: loop does not come to rest") {
			t.Errorf("panic %q", e)
		}
	}()
	w := New(Config{Seed: 7})
	w.AddActor(NodeConfig{Name: "loop"}, &restless{})
	w.Run(time.Second)
}

func TestTakenAddressPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two nodes have one address")
		}
	}()
	w := New(Config{})
	w.Add(NodeConfig{Addr: netip.MustParseAddrPort("192.0.2.1:80")})
	w.Add(NodeConfig{Addr: netip.MustParseAddrPort("192.0.2.1:80")})
}

// BenchmarkFlood floods 1,000 nodes of degree 8.
func BenchmarkFlood(b *testing.B) {
	w := build(b, Config{}, graph.Regular(random(1, 1), 1000, 8), plain)
	messages := 0
	for b.Loop() {
		f := w.Query(0, "blue danube", 7)
		w.RunUntilIdle()
		messages += f.Messages
		w.EndQuery(f)
	}
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
}
