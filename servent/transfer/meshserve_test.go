package transfer

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// TestMayTell: near addresses only from, and to, who is as near.
func TestMayTell(t *testing.T) {
	far := []string{"127.0.0.1", "169.254.1.1", "192.168.1.1", "100.64.0.1", "5.6.7.8"} // each further than that before
	for i, host := range far {
		for j, a := range far {
			if got, want := mayTell(netip.MustParseAddr(host), netip.MustParseAddr(a)), j >= i; got != want {
				t.Errorf("%s tells of %s: %v, want %v", host, a, got, want)
			}
		}
		for _, a := range []string{"0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "ff02::1"} {
			if mayTell(netip.MustParseAddr(host), netip.MustParseAddr(a)) || mayTell(netip.MustParseAddr(a), netip.MustParseAddr("5.6.7.8")) {
				t.Errorf("%s and %s", host, a)
			}
		}
	}
	if mayTell(netip.Addr{}, netip.MustParseAddr("5.6.7.8")) {
		t.Error("nobody tells of something")
	}
}

// inMesh is inHall with a mesh, from the view of its first file.
func inMesh(t *testing.T, test func(h *hall, m *mesh.Mesh, of func() string)) {
	m := new(mesh.Mesh)
	inHall(t, ServerConfig{MaxPerAddr: 9, Mesh: m}, func(h *hall) {
		h.server.queue.slots = 99
		f := h.server.cfg.Files.(*folder).files[0].URN.SHA1
		test(h, m, func() string { return protocol.Alternates(m.Of(time.Now(), f, 100, nil)) })
	})
}

// alts returns the X-Alt that somebody is told, in order.
func (h *hall) alts(from string, lines ...string) string {
	h.t.Helper()
	g := h.guest(from)
	resp := g.want(206, h.paths[0], append(lines, "Range: bytes=0-0")...)
	_, _ = resp.Body.Read(make([]byte, 1))
	g.leave()
	list := strings.Split(resp.Header.Get("X-Alt"), ",")
	slices.Sort(list)
	return strings.Join(list, ",")
}

// TestMesh: who has the file is learned from those who ask for it, and told to others.
func TestMesh(t *testing.T) {
	inMesh(t, func(h *hall, m *mesh.Mesh, of func() string) {
		if got := h.alts("5.0.0.1", "X-Alt: 5.0.0.1:1,5.0.0.2,10.0.0.1:5,127.0.0.1:5,0.0.0.0:5,5.0.0.9:0,224.0.0.1:5"); got != "5.0.0.2:6346" {
			t.Errorf("told to who says it: %q", got)
		}
		if got := of(); got != "5.0.0.1:1,5.0.0.2:6346" {
			t.Errorf("learned: %q", got)
		}
		if st := h.server.Stats(); st.AltsHeard != 2 || st.AltsRefused != 3 {
			t.Errorf("%+v", st)
		}
		if got := h.alts("5.0.0.3"); got != "5.0.0.1:1,5.0.0.2:6346" {
			t.Errorf("told to another: %q", got)
		}
		// LimeWire's, and the older header, one line after the other.
		h.alts("5.0.0.4", "X-Alt: tls=C,5.0.0.5:5",
			"X-Gnutella-Alternate-Location: http://5.0.0.6:6/uri-res/N2R?urn:sha1:3NYGYKMRV6ZNDXK6KFUOKCGDFEFAFGG5 2002-04-09T22:15:00Z",
			"X-Gnutella-Alternate-Location: http://5.0.0.7:7/uri-res/N2R?urn:sha1:3NYGYKMRV6ZNDXK6KFUOKCGDFEFAFGG5")
		if got := h.alts("5.0.0.2"); got != "5.0.0.1:1,5.0.0.5:5,5.0.0.6:6,5.0.0.7:7" {
			t.Errorf("told to one of them: %q", got)
		}
		for i := range mesh.BadReports {
			h.alts(fmt.Sprintf("5.0.1.%d", i), "X-NAlt: 5.0.0.5:5, 5.0.0.6:6", "X-Nalt: 5.0.0.99:9,127.0.0.1:1")
		}
		if got := h.alts("5.0.0.3"); got != "5.0.0.1:1,5.0.0.2:6346,5.0.0.7:7" {
			t.Errorf("told of who is lost: %q", got)
		}
		h.server.cfg.IsSelf = func(a netip.AddrPort) bool { return a.Port() == 7 }
		if got := h.alts("5.0.0.3"); got != "5.0.0.1:1,5.0.0.2:6346" {
			t.Errorf("told of ourselves: %q", got)
		}
	})
}

// TestMeshNearAndFar: who is further away is not told of near addresses.
func TestMeshNearAndFar(t *testing.T) {
	inMesh(t, func(h *hall, _ *mesh.Mesh, of func() string) {
		h.alts("127.0.0.1", "X-Alt: 127.0.0.1:1,127.0.0.1:2,192.168.0.1:3,5.0.0.1:4")
		for from, want := range map[string]string{
			"127.0.0.1":   "127.0.0.1:1,127.0.0.1:2,192.168.0.1:3,5.0.0.1:4",
			"192.168.0.7": "192.168.0.1:3,5.0.0.1:4",
			"5.0.0.7":     "5.0.0.1:4",
		} {
			if got := h.alts(from); got != want {
				t.Errorf("%s is told of %q, want %q", from, got, want)
			}
		}
		if got := h.alts("127.0.0.1", "X-Alt: 127.0.0.1:1", "X-Node: 127.0.0.1:2"); got != "192.168.0.1:3,5.0.0.1:4" {
			t.Errorf("who says what it is itself is told of %q", got)
		}
	})
}

// TestMeshOnlyOfWhatWeHave: requests by index, and for what is not here, tell nothing.
func TestMeshOnlyOfWhatWeHave(t *testing.T) {
	inMesh(t, func(h *hall, m *mesh.Mesh, of func() string) {
		h.guest("5.0.0.1").want(404, "/uri-res/N2R?urn:sha1:3NYGYKMRV6ZNDXK6KFUOKCGDFEFAFGG5", "X-Alt: 5.0.0.1:1")
		resp := h.guest("5.0.0.1").want(206, "/get/1/0", "X-Alt: 5.0.0.1:1", "Range: bytes=0-0")
		if st := m.Stats(); st.Sources != 0 || resp.Header.Get("X-Alt") != "" {
			t.Errorf("%+v, %v", st, resp.Header)
		}
	})
}

// TestMeshAtTheLimit: at most so many are told of, and all in turn; and who finds no slot, too.
func TestMeshAtTheLimit(t *testing.T) {
	inMesh(t, func(h *hall, _ *mesh.Mesh, of func() string) {
		var all []string
		for i := range maxAlt + 1 {
			all = append(all, fmt.Sprintf("5.0.0.%d:1", 10+i))
		}
		h.alts("5.0.0.1", "X-Alt: "+strings.Join(all[:maxAlt], ","))
		if n := strings.Count(h.alts("5.0.0.2"), ":"); n != maxAlt {
			t.Errorf("at the limit: %d", n)
		}
		h.alts("5.0.0.1", "X-Alt: "+all[maxAlt])
		h.server.queue.slots = 0
		told := map[string]bool{}
		for range 2 {
			list := strings.Split(h.guest("5.0.0.3").want(503, h.paths[0]).Header.Get("X-Alt"), ",")
			if len(list) != maxAlt {
				t.Errorf("one past it: %q", list)
			}
			for _, a := range list {
				told[a] = true
			}
		}
		if len(told) != maxAlt+1 {
			t.Errorf("told of %d of %d", len(told), maxAlt+1)
		}
	})
}

// TestWhoShares: each way to prove it puts a client before one who came first.
func TestWhoShares(t *testing.T) {
	const sharer = "5.0.0.3"
	tests := map[string]struct {
		line  string
		setup func(h *hall, m *mesh.Mesh, file protocol.SHA1)
	}{
		"says where it can be asked": {line: "X-Alt: 5.0.0.3:99"},
		"gave us some of it": {setup: func(_ *hall, m *mesh.Mesh, file protocol.SHA1) {
			m.Good(time.Now(), file, netip.MustParseAddrPort("5.0.0.3:7"))
		}},
		"serves us now": {setup: func(h *hall, _ *mesh.Mesh, _ protocol.SHA1) {
			h.server.cfg.Shares = func(host netip.Addr) bool { return host == netip.MustParseAddr(sharer) }
		}},
		"not at all": {line: "X-Alt: 5.0.0.4:99"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inMesh(t, func(h *hall, m *mesh.Mesh, _ func() string) {
				h.server.queue.slots = 1
				if tt.setup != nil {
					tt.setup(h, m, h.server.cfg.Files.(*folder).files[0].URN.SHA1)
				}
				first := h.guest("5.0.0.1")
				first.want(200, h.paths[0])
				h.guest("5.0.0.2").want(503, h.paths[0])
				lines := []string{"X-Queue: 0.1"}
				if tt.line != "" {
					lines = append(lines, tt.line)
				}
				want := "position=1,length=2"
				if name == "not at all" {
					want = "position=2,length=2"
				}
				g := h.guest(sharer)
				if got := g.want(503, h.paths[0], lines...).Header.Get("X-Queue"); !strings.HasPrefix(got, want) {
					t.Errorf("%q, want %s", got, want)
				}
				first.leave()
				time.Sleep(50 * time.Second)
				if name == "not at all" {
					g.want(503, h.paths[0], lines...)
				} else if g.want(200, h.paths[0], lines...); h.server.Stats().Sharers != 1 {
					t.Errorf("%+v", h.server.Stats())
				}
			})
		})
	}
}

// TestHead: a HEAD ping is told what an answer over HTTP would be, as far as it asks.
func TestHead(t *testing.T) {
	inMesh(t, func(h *hall, m *mesh.Mesh, _ func() string) {
		whole, part := h.server.cfg.Files.(*folder).files[0].URN.SHA1, protocol.SHA1{7}
		have := []protocol.Range{{First: 0, End: 1024}}
		h.server.cfg.Partial = func(f protocol.SHA1) (Partial, bool) { return Partial{Have: have}, f == part }
		h.server.cfg.Alternates = func(protocol.SHA1) []protocol.FWNodeInfo { return []protocol.FWNodeInfo{{Servent: protocol.GUID{1}}} }
		for _, a := range []string{"5.0.0.1:1", "5.0.0.2:2", "192.168.0.1:3"} {
			for _, f := range []protocol.SHA1{whole, part} {
				m.Heard(time.Now(), f, netip.MustParseAddr("192.168.0.9"), netip.MustParseAddrPort(a))
			}
		}
		from := netip.MustParseAddrPort("5.0.0.1:1")
		if p := h.server.Head(from, protocol.SHA1{8}, 7); !reflect.DeepEqual(p, protocol.HeadPong{}) {
			t.Errorf("not here: %+v", p)
		}
		if p := h.server.Head(from, whole, 0); !reflect.DeepEqual(p, protocol.HeadPong{Complete: true, Queue: p.Queue}) || p.Queue >= 0 {
			t.Errorf("whole: %+v", p)
		}
		p := h.server.Head(from, part, protocol.HeadRanges|protocol.HeadAlternates|protocol.HeadPushes)
		want := protocol.HeadPong{
			Partial: true, Downloading: true, Queue: p.Queue, Ranges: have,
			Pushes: []protocol.FWNodeInfo{{Servent: protocol.GUID{1}}}, Alternates: []netip.AddrPort{netip.MustParseAddrPort("5.0.0.2:2")},
		}
		if !reflect.DeepEqual(p, want) {
			t.Errorf("part: %+v", p)
		}
	})
}

// TestOutlook: how it stands with slots, at each limit.
func TestOutlook(t *testing.T) {
	now, n := time.Now(), 0
	q := uploadQueue{slots: 2, perHost: 9, perSlot: 1, max: 2, pace: time.Minute, newID: func() string { return "x" }}
	for i, want := range []int8{-2, -1, 0, 1, protocol.QueueBusy, protocol.QueueBusy} {
		if got := q.outlook(now); got != want {
			t.Errorf("after %d: %d, want %d", i, got, want)
		}
		n++
		q.ask(now, upload{host: netip.MustParseAddr("5.0.0.1"), file: protocol.SHA1{byte(n)}}, "")
	}
	if got := (&uploadQueue{slots: 1000}).outlook(now); got != -protocol.QueueBusy {
		t.Errorf("%d of 1000 slots free", got)
	}
}

// TestMeshForgets: whom a download does not get through to is named no more, and who does not
// have the file is named as bad.
func TestMeshForgets(t *testing.T) {
	content := noise(5000)
	_, good := honest(t, content)
	l := listen(t)
	closed := addrOfConn(l.Addr())
	l.Close()
	without := rogue(t, keepsAlive("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", ""))
	m, now := new(mesh.Mesh), time.Now()
	j := jobFor(t, content, closed, without)
	for _, a := range []netip.AddrPort{closed, without, good} {
		m.Heard(now, j.URN.SHA1, netip.MustParseAddr("127.0.0.9"), a)
	}
	cfg := quick()
	cfg.Mesh = m
	mustGet(t, NewClient(cfg), j, content)
	if told, bad := m.Of(now, j.URN.SHA1, 9, nil), m.Lost(now, j.URN.SHA1, 9); !slices.Equal(told, []netip.AddrPort{good}) || !slices.Equal(bad, []netip.AddrPort{without}) {
		t.Errorf("told of: %v, and as bad: %v", told, bad)
	}
}
