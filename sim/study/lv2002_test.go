package study

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/model"
)

func smallLv(seed int) Study {
	return &lv2002{scale: 0.03, instances: 2, searches: 10, floods: 10, seed: seed}
}

func TestLv2002(t *testing.T) { checkStudy(t, smallLv) }

// TestLvInstances: the graphs of a kind differ, and all of them are in the page.
func TestLvInstances(t *testing.T) {
	s := smallLv(1)
	raw := results(t, s)
	if equalJSON(raw[0], raw[1]) {
		t.Error("both graphs of a kind give the same")
	}
	page, err := s.Report(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Sections[2].Tables[0].Rows {
		if n := row[3].(int); n != 20 && n != 20*lvSurer {
			t.Fatalf("%v: %d searches on two graphs", row[:2], n)
		}
	}
}

// TestLv2002Holds: what the paper says of orders is true of small graphs, too;
// figures are compared at the size of the paper only.
func TestLv2002Holds(t *testing.T) {
	s := &lv2002{scale: 0.1, instances: 1, searches: 50, floods: 20, seed: 1}
	compared := 0
	for _, target := range targets(whole(t, s)) {
		if target.Missing || target.Away {
			continue
		}
		compared++
		if !target.Met() {
			t.Errorf("%s: %g", target.What, target.Ours)
		}
	}
	if compared != 4 {
		t.Errorf("%d targets compared, want 4", compared)
	}
}

// TestLvGraphs: the graphs have as many nodes and links as those of the paper, to
// 2 %, and are connected.
func TestLvGraphs(t *testing.T) {
	for i, kind := range lvKinds() {
		g := kind.make(stream(1, uint64(i)), 1)
		near := func(got, want int) bool { return math.Abs(float64(got)/float64(want)-1) < 0.02 }
		if !near(g.Len(), kind.nodes) || !near(g.Size(), kind.links) || len(g.Components()) != 1 {
			t.Errorf("%s: %d nodes, %d links, in %d parts; want %d and %d", kind.name, g.Len(), g.Size(), len(g.Components()), kind.nodes, kind.links)
		}
		if small := kind.make(stream(1, uint64(i)), 0.1); math.Abs(small.MeanDegree()/g.MeanDegree()-1) > 0.25 {
			t.Errorf("%s: mean degree %.2f, a tenth as large %.2f", kind.name, g.MeanDegree(), small.MeanDegree())
		}
	}
}

// TestLvFindsAll: everything that can be found is found by all but the flood.
func TestLvFindsAll(t *testing.T) {
	l := lvRunOf(lvKinds()[0], smallLv(1).(*lv2002))
	res, err := l.all(t.Context(), func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range res.Cells {
		if c.Part == lvFlooding || c.Name == lvFloodName {
			continue
		}
		if c.Found != c.N || c.Hops.N != c.N {
			t.Errorf("%s %s %g: found %d of %d", c.Part, c.Name, c.X, c.Found, c.N)
		}
	}
}

func TestLvPlace(t *testing.T) {
	l := lvRunOf(lvKinds()[3], &lv2002{scale: 0.02})
	for _, copies := range []int{1, 7, l.g.Len() - 1, l.g.Len() + 5} {
		l.place(3, copies)
		n := 0
		for p, stamp := range l.stamp {
			if stamp == l.now {
				n++
				if p == 3 {
					t.Error("the one that searches has the file")
				}
			}
		}
		if want := min(copies, l.g.Len()-1); n != want {
			t.Errorf("%d peers have the file, want %d", n, want)
		}
	}
}

func TestLvCell(t *testing.T) {
	var a, b lvCell
	a.note(model.Found{Messages: 30, Checks: 10, Reached: 20, Hops: 3}, 10)
	b.note(model.Found{Messages: 10, Reached: 10, Hops: -1}, 10)
	a.join(b)
	if a.N != 2 || a.Found != 1 || a.Hops.mean() != 3 || a.all() != 2.5 || a.duplicates() != 0.25 || a.Visited.mean() != 15 {
		t.Errorf("%+v: %g in all, %g duplicates", a, a.all(), a.duplicates())
	}
	if hopsOf(b) != nil || hopsOf(a) != 3.0 {
		t.Errorf("hops %v and %v", hopsOf(b), hopsOf(a))
	}
}

func TestDraw(t *testing.T) {
	r, got := stream(1), make([]int, 3)
	for range 10_000 {
		got[draw(r, []float64{0.2, 0.5, 0.3})]++
	}
	for i, want := range []int{2000, 5000, 3000} {
		if got[i] < want-200 || got[i] > want+200 {
			t.Errorf("drawn %v", got)
		}
	}
	if draw(r, []float64{0, 0}) != 1 {
		t.Error("what rounding leaves over does not go to the last")
	}
}

// TestLvReadsGraph: with --graphs there is a fifth kind, the largest part of what
// is in the file.
func TestLvReadsGraph(t *testing.T) {
	folder := t.TempDir()
	s := smallLv(1).(*lv2002)
	s.graphs = folder
	if err := s.Check(); err == nil || !strings.HasPrefix(err.Error(), "--graphs "+folder+": missing p2p-Gnutella08.txt (or .txt.gz)") {
		t.Errorf("no file: %v", err)
	}
	s.graphs = filepath.Join(folder, "nowhere")
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "want a folder with p2p-Gnutella08.txt") {
		t.Errorf("no folder: %v", err)
	}
	s.graphs = folder
	file := filepath.Join(folder, "p2p-Gnutella08.txt")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1 2\n2 x\n")
	kinds := s.kinds()
	if _, err := s.graph(kinds[4], nil); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("bad line: %v", err)
	}
	write("1 2\n2 3\n3 1\n8 9\n")
	if g, err := s.graph(kinds[4], nil); err != nil || len(kinds) != 5 || g.Len() != 3 || g.Size() != 3 {
		t.Errorf("%d kinds, the last with %d nodes and %d links: %v", len(kinds), g.Len(), g.Size(), err)
	}
	page := whole(t, s)
	checkShape(t, page)
	if !slices.ContainsFunc(page.Sections[0].Tables[0].Rows, func(row []any) bool { return row[0] == kinds[4].name && row[5] == nil }) {
		t.Errorf("no row for the graph of the file: %v", page.Sections[0].Tables[0].Rows)
	}
}

func TestLvMethodsEnd(t *testing.T) {
	g := graph.New(4, []graph.Edge{{A: 0, B: 1}, {A: 2, B: 3}})
	for _, m := range lvMethods(g.Len()) {
		l := &lvRun{g: g, blind: model.NewBlind(g), r: stream(1), stamp: make([]int32, 4), now: 1}
		l.stamp[3] = 1 // where nobody gets
		if f := l.search(m, 0); f.Hops != -1 || f.Messages > 32*400 {
			t.Errorf("%s: %+v", m.name, f)
		}
	}
}

// lvRunOf is a run on a graph that a kind makes.
func lvRunOf(kind lvKind, s *lv2002) *lvRun {
	r := stream(1)
	return newLvRun(kind, s, kind.make(r, s.scale), r)
}
