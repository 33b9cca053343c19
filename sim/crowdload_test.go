package sim

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// crowdOfLoad is a crowd that has run for a while, the workload that it should have
// got, and what was done to the nodes.
func crowdOfLoad(t *testing.T) (*Crowd, *load.Workload, []op) {
	t.Helper()
	same := load.Config{Firewalled: 0.3, Session: load.Weibull{Scale: 2 * time.Minute, Shape: 0.6}, Lag: -1}
	var out bytes.Buffer
	c, err := NewCrowd(CrowdConfig{Seed: 9, Nodes: 150, Ramp: time.Minute, Load: same, Record: &out})
	if err != nil {
		t.Fatal(err)
	}
	same.Seed, same.Peers = 9, 150
	w, err := load.New(same)
	if err != nil {
		t.Fatal(err)
	}
	c.w.Run(8 * time.Minute)
	if err := c.w.EndRecord(); err != nil {
		t.Fatal(err)
	}
	var ops []op
	for line := range bytes.Lines(out.Bytes()) {
		var o op
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatal(err)
		}
		ops = append(ops, o)
	}
	return c, w, ops
}

// words are the text of words of the workload.
func words(of []load.Word) string {
	var text []string
	for _, w := range of {
		text = append(text, "w"+strconv.FormatInt(int64(w), 36))
	}
	return strings.Join(text, " ")
}

// TestCrowdIsTheLoad holds a crowd to the workload of the same seed.
func TestCrowdIsTheLoad(t *testing.T) {
	c, w, ops := crowdOfLoad(t)
	t.Run("nodes", func(t *testing.T) { nodesAreOfLoad(t, c, w, ops) })
	t.Run("searches", func(t *testing.T) { searchesAreOfLoad(t, c, w) })
}

// nodesAreOfLoad: nodes share, are attached and can be connected to as the peers of the
// workload, and their sessions are those, one after another.
func nodesAreOfLoad(t *testing.T, c *Crowd, w *load.Workload, ops []op) {
	shelves := w.Shelves()
	began := make([]int, w.Peers()) // sessions, by peer
	ends := map[NodeID]op{}         // as they should be
	added, ended := NodeID(0), 0
	for _, o := range ops {
		switch o.Do {
		case doAdd:
			id, peer := added, c.kinds[added].peer
			added++
			stays, crash := w.Session(peer, began[peer])
			if began[peer]++; id != bootstrap {
				ends[id] = op{At: o.At + stays, Do: map[bool]string{true: doCrash, false: doLeave}[crash]}
			}
			sameAsPeer(t, c.w.nodes[id].cfg, w, shelves, peer)
		case doLeave, doCrash, doVanish:
			want := ends[o.Node]
			if delete(ends, o.Node); o.At != want.At || (o.Do == doLeave) != (want.Do == doLeave) {
				t.Errorf("node %d: %s after %v, want %s after %v", o.Node, o.Do, o.At, want.Do, want.At)
			}
			ended++
		}
	}
	for id, end := range ends {
		if end.At <= c.w.Now() {
			t.Errorf("node %d is still there: want %s after %v", id, end.Do, end.At)
		}
	}
	if slices.Contains(began, 0) || ended < 150 {
		t.Errorf("%d nodes, %d sessions ended; by peer %v", added, ended, began)
	}
}

// sameAsPeer checks that a node is what the workload says of a peer.
func sameAsPeer(t *testing.T, got NodeConfig, w *load.Workload, shelves *load.Shelves, peer int32) {
	t.Helper()
	var files []string
	for _, f := range shelves.Of(peer) {
		files = append(files, words(w.AppendName(nil, f))+".ogg")
	}
	access, shut := w.Access(peer), w.Firewalled(peer) && peer != 0
	if !slices.Equal(got.Files, files) || got.Upload != access.Up || got.Download != access.Down || (got.Router != natbox.Kind{}) != shut {
		t.Errorf("peer %d: files %q, %d B/s up, %d down, filtered %v; want %q, %+v, %v",
			peer, got.Files, got.Upload, got.Download, (got.Router != natbox.Kind{}), files, access, shut)
	}
}

// searchesAreOfLoad: searches are those of the workload, in their order but for those
// whose peer cannot ask, by their peers and for their files.
func searchesAreOfLoad(t *testing.T, c *Crowd, w *load.Workload) {
	const searches = 2000
	at := make([]NodeID, w.Peers()) // who has the place of a peer now
	for id, k := range c.kinds {
		at[k.peer] = NodeID(id)
	}
	id, total, short, shut := uint64(0), 0, 0, 0
	for range searches {
		q, ok := c.ask()
		if !ok {
			t.Fatal("nobody asks")
		}
		c.w.EndQuery(q.flood)
		want := w.Query(id)
		for id++; want.From != c.kinds[q.by].peer; id++ {
			if n := c.node(at[want.From]); n != nil && n.Role() == overlay.RoleLeaf && servers(n) >= c.cfg.Parents {
				t.Fatalf("peer %d could ask query %d, and does not", want.From, id)
			}
			want = w.Query(id)
		}
		var targets load.Targets
		w.Find(&want, &targets)
		if q.text != words(want.Words) || len(q.names) != len(targets.Files) || filesOf(q.there) > targets.Copies {
			t.Fatalf("query %d: %q for %d files of which %d are there, want %q for %d of which %d", id, q.text, len(q.names), filesOf(q.there), words(want.Words), len(targets.Files), targets.Copies)
		}
		for _, h := range q.there {
			switch holder := c.kinds[h.node]; {
			case holder.firewalled && c.kinds[q.by].firewalled:
				t.Fatalf("query %d: node %d cannot serve node %d: nobody can connect to either", id, h.node, q.by)
			case holder.firewalled:
				shut++
			}
		}
		n := len(strings.Fields(q.text))
		if total += n; n <= 5 {
			short++
		}
	}
	if shut == 0 {
		t.Error("who can be connected to is never served by those who cannot")
	}
	mean, part := float64(total)/searches, float64(short)/searches
	if math.Abs(mean-3.54) > 0.1 || math.Abs(part-0.83) > 0.02 {
		t.Errorf("%.2f words in a search, %.3f with at most 5: want 3.54 and 0.83", mean, part)
	}
}

// TestCrowdFreeRiders: the part of the nodes that share nothing is that of the workload.
func TestCrowdFreeRiders(t *testing.T) {
	for _, part := range []float64{-1, 0.25, 0.66} {
		c, err := NewCrowd(CrowdConfig{Seed: 2, Nodes: 2000, Load: load.Config{FreeRiders: part}})
		if err != nil {
			t.Fatal(err)
		}
		none, copies := 0, 0
		for peer := range int32(2000) {
			n := len(c.files(peer))
			if copies += n; n == 0 {
				none++
			}
		}
		if want := max(0, part); math.Abs(float64(none)/2000-want) > 0.04 || copies != 16_000 {
			t.Errorf("%d of 2000 share nothing, want a part of %v; %d copies", none, want, copies)
		}
	}
}

// TestCount: what is found is counted by node and file, and only what was asked for.
func TestCount(t *testing.T) {
	hit := func(node NodeID, at time.Duration, names ...string) Hit {
		h := Hit{Node: node, At: at}
		for _, name := range names {
			h.Files = append(h.Files, FileNamed(name))
		}
		return h
	}
	q := question{names: []string{"a", "b"}, at: time.Second, flood: &Flood{Hits: []Hit{
		hit(1, 2*time.Second, "a", "b"), hit(1, 3*time.Second, "b"), hit(2, 3*time.Second, "a"),
		hit(3, 3*time.Second, "c"), hit(4, 3*time.Second), hit(nobody, 3*time.Second, "a"), hit(5, time.Minute, "a"),
	}}}
	there := []holding{{1, 2}, {2, 2}, {3, 1}, {4, 1}, {5, 1}}
	for _, tt := range []struct {
		target int
		within time.Duration
		want   int
	}{
		{50, load.Forever, 4}, {50, soonTime, 3}, {4, load.Forever, 7}, {5, load.Forever, 4}, {50, 0, 0},
	} {
		if got := q.count(there, tt.target, tt.within); got != tt.want {
			t.Errorf("%d files found within %v where %d are wanted, want %d", got, tt.within, tt.target, tt.want)
		}
	}
	for i, want := range []bool{true, true, true, false, false, true, true} {
		if got := q.real(q.flood.Hits[i]); got != want {
			t.Errorf("hit %d is taken for real: %v", i, got)
		}
	}
}
