package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// traffic counts what leaves exchange with their supernodes.
type traffic struct {
	parts, bytes, tables, queries int
}

// listWorld is two supernodes that are linked, and leaves with a link to each that
// share as many files each; the last one gives tables only.
func listWorld(t *testing.T, leaves, files int) (*World, *traffic) {
	t.Helper()
	seen := &traffic{}
	w := New(Config{Seed: 1, Watch: func(id NodeID, _ overlay.Event, acts []overlay.Action) {
		for _, a := range acts {
			if a.Op != overlay.OpSend {
				continue
			}
			switch h, _ := protocol.ParseHeader(a.Msg); {
			case h.Kind == protocol.KindQRP && id > 1:
				seen.tables++
			case h.Kind == protocol.KindQuery && id < 2:
				seen.queries++
			case h.Kind == protocol.KindVendor:
				if v, err := protocol.ParseVendor(a.Msg[protocol.HeaderSize:]); err == nil && v.Type() == protocol.VendorListPart {
					seen.parts++
					seen.bytes += len(a.Msg)
				}
			}
		}
	}})
	for v := range 2 + leaves {
		var nc NodeConfig
		nc.Overlay.ConnectOnly, nc.Overlay.Role = true, overlay.RoleSupernode
		if v > 1 {
			nc.Overlay.Role, nc.Overlay.TableOnly = overlay.RoleLeaf, v == 1+leaves
			for i := range files {
				nc.Files = append(nc.Files, fmt.Sprintf("opus%c%c nr %d walzer.flac", 'a'+v/26, 'a'+v%26, i))
			}
		}
		w.Add(nc)
	}
	link := func(a, b int) {
		if err := w.Link(NodeID(a), NodeID(b)); err != nil {
			t.Fatal(err)
		}
	}
	link(0, 1)
	for v := 2; v < 2+leaves; v++ {
		link(v, 0)
		link(v, 1)
	}
	w.Run(time.Minute)
	return w, seen
}

// finds says how many files of node v another finds.
func finds(w *World, from, v NodeID) int {
	f := w.Query(from, wordOf(int(v)), 0)
	w.Run(30 * time.Second)
	w.EndQuery(f)
	names := map[string]bool{}
	for _, h := range f.Hits {
		for _, r := range h.Files {
			if h.Node == v {
				names[r.Name] = true
			}
		}
	}
	return len(names)
}

// TestSupernodesAnswer: leaves that gave their lists send no tables and see no
// queries, but all that they share is found under their names.
func TestSupernodesAnswer(t *testing.T) {
	const leaves, files = 6, 10
	w, seen := listWorld(t, leaves, files)
	if seen.parts != 2*(leaves-1) {
		t.Errorf("%d parts for %d lists", seen.parts, 2*(leaves-1))
	}
	if s := w.Node(1 + leaves).Stats(); s.Of(protocol.KindQRP).Out == 0 {
		t.Error("the leaf that gives no list sends no table")
	}
	for v := NodeID(2); v < 2+leaves; v++ {
		from := 2 + (v-1)%leaves
		if n := finds(w, from, v); n != files {
			t.Errorf("node %d finds %d files of %d, want %d", from, n, v, files)
		}
	}
	for v := NodeID(2); v < 2+leaves; v++ {
		s := w.Node(v).Stats()
		if got := s.Of(protocol.KindQuery).In > 0; got != (v == 1+leaves) {
			t.Errorf("node %d sees queries: %v", v, got)
		}
		if v < 1+leaves && s.Of(protocol.KindQRP).Out > 0 {
			t.Errorf("node %d sends a table", v)
		}
	}
	// The user of a supernode finds what its leaves have, and what those of the other have.
	if n := finds(w, 0, 2); n != files {
		t.Errorf("a supernode finds %d files of its leaf, want %d", n, files)
	}
}

// TestKnownListIsNotSentAgain to a supernode that has it; one that has started anew
// gets it once.
func TestKnownListIsNotSentAgain(t *testing.T) {
	const leaves, files = 6, 600
	w, seen := listWorld(t, leaves, files)
	whole := seen.bytes
	for i, tt := range []struct {
		restart NodeID
		want    int
	}{{2, 0}, {1, whole / 2}} {
		*seen = traffic{}
		w.Crash(tt.restart)
		w.Run(5 * time.Second)
		w.Start(tt.restart)
		for v := NodeID(2); v < 2+leaves; v++ {
			for s := range NodeID(2) {
				if v == tt.restart || s == tt.restart {
					if err := w.Link(v, s); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if tt.restart == 1 {
			if err := w.Link(0, 1); err != nil {
				t.Fatal(err)
			}
		}
		w.Run(time.Minute)
		if seen.bytes < tt.want*99/100 || seen.bytes > tt.want*101/100 {
			t.Errorf("case %d: %d bytes of lists are sent again, want %d", i, seen.bytes, tt.want)
		}
		if n := finds(w, 3, 2); n < 64 {
			t.Errorf("case %d: %d files are found", i, n)
		}
	}
}

// TestGoneLeafIsFoundNoMore: its files are not answered for once its link has ended.
func TestGoneLeafIsFoundNoMore(t *testing.T) {
	w, _ := listWorld(t, 4, 5)
	w.Crash(2)
	w.Run(time.Second)
	if n := finds(w, 3, 2); n > 0 {
		t.Errorf("%d files of a leaf that has gone", n)
	}
}

// TestGivenUpListIsGone: a node holds the list no more of a leaf that sends a table.
func TestGivenUpListIsGone(t *testing.T) {
	w, _ := listWorld(t, 4, 5)
	held := w.nodes[0].held.lists
	before := held.Stats().Leaves
	for _, l := range w.Node(0).Links() {
		if l.List.State == "held" {
			reset := protocol.Reset{Slots: 1 << 14, Infinity: 7}.Append(nil)
			h := protocol.Header{Kind: protocol.KindQRP, TTL: 1, Size: uint32(len(reset))}
			w.Step(0, overlay.Received{Link: l.ID, Msg: append(h.Append(nil), reset...)})
			break
		}
	}
	if n := held.Stats().Leaves; n != before-1 {
		t.Errorf("%d lists are held, %d before", n, before)
	}
}
