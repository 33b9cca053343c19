package sim

import (
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

// TestFiles: what is found, by words and by URN, and that an answer has no more
// than MaxHits files.
func TestFiles(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
	a := w.Add(NodeConfig{})
	files := []string{"Blue Danube.ogg", "blue sky.txt", "Café.flac", "s1.x", "s2.x", "s3.x"}
	b := w.Add(NodeConfig{Files: files, Overlay: overlay.Config{MaxHits: 2}})
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
		{overlay.UserQuery{Text: "x"}, []string{"s1.x", "s2.x"}},
		{overlay.UserQuery{Text: "\\", URNs: []protocol.URN{urn}}, []string{"blue sky.txt"}},
	} {
		if got := find(tt.q); !slices.Equal(got, tt.want) {
			t.Errorf("%+v finds %q, want %q", tt.q, got, tt.want)
		}
	}
}

// TestFind: files may come from anywhere.
func TestFind(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
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

// TestDialBacks: what Pushes ask for is recorded. They go the way of the hit, and
// ask for a connection to somebody who is linked by then: to nobody else would
// these nodes connect.
func TestDialBacks(t *testing.T) {
	w := build(t, Config{}, graph.Line(3), songs)
	w.Query(0, "song 2", 0)
	w.RunUntilIdle()
	if err := w.Link(0, 2); err != nil {
		t.Fatal(err)
	}
	w.RunUntilIdle()
	w.Step(0, overlay.UserPush{Servent: w.GUID(2), Index: 1})
	w.RunUntilIdle()
	got := w.DialBacks()
	// The two greetings took one step each; query, hit and push took two each.
	if want := (DialBack{At: 8 * lag, Node: 2, Addr: w.Addr(0), Index: 1}); len(got) != 1 || got[0] != want {
		t.Fatalf("connections %+v, want %+v", got, want)
	}
}
