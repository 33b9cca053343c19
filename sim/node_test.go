package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

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
	w := New(Config{Role: overlay.RoleFlat, Seed: 5})
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

func TestTakenAddressPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two nodes have one address")
		}
	}()
	w := New(Config{Role: overlay.RoleFlat})
	w.Add(NodeConfig{Addr: netip.MustParseAddrPort("192.0.2.1:80")})
	w.Add(NodeConfig{Addr: netip.MustParseAddrPort("192.0.2.1:80")})
}
