package study

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/sim/graph"
)

func smallValidate() *validate { return &validate{nodes: 150, degree: 4, queries: 5, seed: 1} }

func TestValidate(t *testing.T) {
	v := smallValidate()
	page := whole(t, v)
	checkShape(t, page)
	if failed := page.Failed(); len(failed) > 0 {
		t.Errorf("missed: %+v", failed)
	}
	if n := len(page.Sections[0].Targets); n != 1+2+8+2 {
		t.Errorf("%d targets", n)
	}
	checkEnds(t, v)
	checkPartial(t, v, results(t, v))
}

// TestValidateFails shows that a flood which differs is seen.
func TestValidateFails(t *testing.T) {
	var a agreed
	f := graph.Ring(9).Flood(0, 3)
	a.note(f, f, "same", true)
	other := f
	other.SentAt = []int{2, 2, 1}
	a.note(f, other, "ttl 3", true)
	a.note(f, f, "others", false)
	if a.Floods != 3 || a.Same != 1 || !strings.HasPrefix(a.First, "ttl 3: ") {
		t.Errorf("%+v", a)
	}
	v := smallValidate()
	raw := make([]json.RawMessage, 4)
	raw[0], _ = json.Marshal([]agreed{a})
	raw[coresPoint] = json.RawMessage(`{"Floods": false, "Page": false}`)
	page, err := v.Report(raw)
	if err != nil || len(page.Failed()) != 3 {
		t.Errorf("%d missed, %v", len(page.Failed()), err)
	}
}

// TestValidateCrawls reads files as SNAP has them; that the real ones have
// their published counts is tested where they are.
func TestValidateCrawls(t *testing.T) {
	v := smallValidate()
	v.graphs = t.TempDir()
	if err := v.Check(); err == nil || !strings.Contains(err.Error(), "missing p2p-Gnutella04.txt, p2p-Gnutella05.txt") || !strings.Contains(err.Error(), "there is no file of the name") {
		t.Errorf("a folder without files: %v", err)
	}
	for _, d := range graph.Crawls() {
		name := filepath.Join(v.graphs, "p2p-Gnutella"+d.Day+".txt")
		if err := os.WriteFile(name, []byte("# a triangle\r\n1\t2\r\n2\t3\r\n3\t1\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one := filepath.Join(v.graphs, "p2p-Gnutella31.txt")
	if err := os.Rename(one, one+".away"); err != nil {
		t.Fatal(err)
	}
	if err := v.Check(); err == nil || !strings.Contains(err.Error(), "missing p2p-Gnutella31.txt (or .txt.gz); there are p2p-Gnutella04.txt, p2p-Gnutella05.txt,") {
		t.Errorf("one file is missing: %v", err)
	}
	if err := os.Rename(one+".away", one); err != nil || v.Check() != nil {
		t.Errorf("all files are there: %v, %v", err, v.Check())
	}
	points, err := v.Points()
	if err != nil {
		t.Fatal(err)
	}
	got, err := points[firstCrawl].Run(context.Background(), func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	want := graph.Counts{Nodes: 3, Edges: 3, Weak: 1, LargestWeak: 3, Strong: 1, LargestStrong: 3, Triangles: 1}
	if c := got.(*crawled); c.Counts != want || c.Agreed[0].Same != 15 {
		t.Errorf("%+v", c)
	}
	cut := filepath.Join(v.graphs, "p2p-Gnutella05.txt")
	if err := os.WriteFile(cut, []byte("1 2\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := points[firstCrawl+1].Run(context.Background(), func(float64) {}); err == nil || !strings.Contains(err.Error(), cut) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a file that is cut short: %v", err)
	}
}

// TestSamePeers: equal numbers of other peers are not the same peers.
func TestSamePeers(t *testing.T) {
	near := within(graph.Line(7), 3, 1)
	for who, want := range map[[2]int]bool{{2, 4}: true, {2, 5}: false, {1, 4}: false} {
		if got := same(near, func(v int) bool { return v == 3 || v == who[0] || v == who[1] }); got != want {
			t.Errorf("%v reached from 3: the same %v", who, got)
		}
	}
}

// TestAlike: what depends on the cores is seen, and what is compared is there.
func TestAlike(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	for _, tt := range []struct {
		run  func() ([]byte, error)
		want bool
	}{
		{func() ([]byte, error) { return []byte("the same"), nil }, true},
		{func() ([]byte, error) { return []byte{byte(runtime.GOMAXPROCS(0))}, nil }, false},
	} {
		if same, err := alike(tt.run); same != tt.want || err != nil {
			t.Errorf("alike %v, want %v; %v", same, tt.want, err)
		}
	}
	wrong := errors.New("wrong")
	if _, err := alike(func() ([]byte, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
	if n := runtime.GOMAXPROCS(0); n != cores {
		t.Errorf("it leaves %d cores of %d", n, cores)
	}
	v := smallValidate()
	floods, err := v.floods(t.Context())
	if lines := strings.Count(string(floods), "\n"); lines != 2 || strings.Count(string(floods), "{") != 2000 || err != nil {
		t.Errorf("%d lines of floods, %v", lines, err)
	}
}
