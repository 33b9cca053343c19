package study

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

// pageOf makes a page of what these models did at one size.
func pageOf(cells ...comparedCell) *comparePage {
	return &comparePage{c: newCompare(), parts: map[part][]comparedCell{partSize: cells}}
}

func did(model string, messages float64) comparedCell {
	return comparedCell{cell{part: partSize, model: model, peers: 1000, copies: load.Proportional}, compared{TTL: 5, Messages: messages, Recall: 0.5, Success: 0.9}}
}

// TestSummaryFollowsTheFigures: no sentence says what the figures do not.
func TestSummaryFollowsTheFigures(t *testing.T) {
	for _, tt := range []struct {
		cells   []comparedCell
		yes, no string
	}{
		{[]comparedCell{did("flat", 1000), did("super", 100), did("dynamic", 50)}, "10 times fewer messages", "times as many"},
		{[]comparedCell{did("flat", 1000), did("super", 100), did("dynamic", 200)}, "200 messages and 0 KiB a search, where supernodes that flood send 100 messages", "times as many"},
		{[]comparedCell{did("flat", 100), did("super", 400)}, "4.0 times as many messages", "fewer"},
		{[]comparedCell{did("flat", 100), did("super", 90)}, "about as many messages", "fewer"},
		{[]comparedCell{did("gia", 40), did("chord", 30)}, "Gia: 40 messages a search, which finds 50 %", "supernodes"},
		{nil, "Nothing of the largest network was run.", "flooding"},
	} {
		if got := pageOf(tt.cells...).summary(); !strings.Contains(got, tt.yes) || strings.Contains(got, tt.no) {
			t.Errorf("want %q, not %q:\n%s", tt.yes, tt.no, got)
		}
	}
}

func TestPercentText(t *testing.T) {
	for part, want := range map[float64]string{1: "100 %", 0.999: "99.9 %", 0.995: "99.5 %", 0.9999: "99.99 %", 0.99999999: "100.000 %", 0.854: "85 %", 0: "0 %"} {
		if got := percentText(part); got != want {
			t.Errorf("%v: %s, want %s", part, got, want)
		}
	}
}

// TestDrawn: plots leave models out only where there are too many.
func TestDrawn(t *testing.T) {
	var cells []comparedCell
	for _, m := range contenders() {
		cells = append(cells, did(m.key, 1))
		if few := drawn(cells); len(cells) <= mostLines && len(few) != len(cells) {
			t.Errorf("of %d models %d are drawn", len(cells), len(few))
		}
	}
	few := drawn(cells)
	for _, key := range []string{"flat", "super", "dynamic"} {
		if _, ok := findModel(few, key); !ok {
			t.Errorf("%s is not drawn", key)
		}
	}
	if len(few) > mostLines {
		t.Errorf("%d lines", len(few))
	}
}

// TestByTTL: what is used elsewhere on the page is in the sweep, once and in its place.
func TestByTTL(t *testing.T) {
	p := pageOf(did("flat", 1), did("chord", 1))
	at := func(ttl int) comparedCell { return comparedCell{cell: cell{model: "flat", peers: 1000, ttl: ttl}} }
	for _, tt := range []struct{ swept, want []int }{{[]int{4, 7}, []int{4, 5, 7}}, {[]int{4, 5}, []int{4, 5}}} {
		p.parts[partReach] = nil
		for _, ttl := range tt.swept {
			p.parts[partReach] = append(p.parts[partReach], at(ttl))
		}
		var got []int
		for _, l := range p.byTTL("flat") {
			got = append(got, l.ttl)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("swept %v: %v, want %v", tt.swept, got, tt.want)
		}
	}
	if got := p.byTTL("chord"); got != nil {
		t.Errorf("Chord has no TTL: %v", got)
	}
	p.parts[partSize][0].peers = 100
	if got := p.byTTL("flat"); len(got) != 2 {
		t.Errorf("a smaller network is among those of the sweep: %v", got)
	}
}

// TestByCopies: what was not run is not shown, and what is shown is of the right kind.
func TestByCopies(t *testing.T) {
	p := pageOf(did("flat", 7))
	kinds := append(otherStrategies(), load.Proportional)
	for i, k := range otherStrategies() {
		if got := p.byCopies("flat", kinds); got != nil {
			t.Errorf("%d of %d were run: %v", i, len(kinds)-1, got)
		}
		l := did("flat", float64(i))
		l.copies = k
		p.parts[partCopy] = append(p.parts[partCopy], l)
	}
	var got []float64
	for _, l := range p.byCopies("flat", kinds) {
		got = append(got, l.Messages)
	}
	if !slices.Equal(got, []float64{0, 1, 2, 7}) {
		t.Errorf("%v", got)
	}
	s := p.copies()
	if rows := s.Tables[0].Rows; len(rows) != 4 || rows[3][1] != kinds[3].String() || rows[3][4] != 7.0 {
		t.Errorf("%v", rows)
	}
	found, cost := s.Figures[0], s.Figures[1]
	for i, k := range kinds {
		f, c := found.Series[i], cost.Series[i]
		if f.Name != k.String() || c.Name != k.String() || !slices.Equal(c.Y, got[i:i+1]) || !slices.Equal(f.Y, []float64{100 * did("flat", 0).Success}) {
			t.Errorf("%v: %+v, %+v", k, f, c)
		}
	}
	p.parts[partSize][0].peers = 100
	if got := p.byCopies("flat", kinds); got != nil {
		t.Errorf("a smaller network is among them: %v", got)
	}
	if want := []string{contenderOf("flat").name}; !slices.Equal(found.Labels, want) || !slices.Equal(cost.Labels, want) {
		t.Errorf("%q, %q", found.Labels, cost.Labels)
	}
}

// TestCellsAskForWhatTheyAreCalled: churn and copies at the asked size, in the workload
// too.
func TestCellsAskForWhatTheyAreCalled(t *testing.T) {
	c := newCompare()
	c.peers, c.models = "1000,2000000", "flat,chord"
	cells, err := c.cells()
	if err != nil {
		t.Fatal(err)
	}
	churn, copies := 0, map[load.Strategy]int{}
	for _, l := range cells {
		if l.part == partGraph {
			continue
		}
		w := c.workload(l)
		if w.Replication != l.copies || l.part != partCopy && l.copies != load.Proportional {
			t.Errorf("%s: %v copies", l.name(), w.Replication)
		}
		switch l.part {
		case partChurn:
			churn++
			if l.peers != 2_000_000 || w.Session.Median().Round(time.Second) != l.session {
				t.Errorf("%s: median %v", l.name(), w.Session.Median())
			}
		case partCopy:
			copies[l.copies]++
			if l.model != "flat" || l.peers != 2_000_000 {
				t.Errorf("%s is compared by copies", l.name())
			}
		}
	}
	if churn != 4 || len(copies) != 3 {
		t.Errorf("%d with churn, %v with other copies", churn, copies)
	}
}

// TestTTLIsTheLeast: floods look through the files of three fifths of the peers, by
// the searches' own count, and one step less would not do.
func TestTTLIsTheLeast(t *testing.T) {
	c := newCompare()
	c.links = 20 // less than half of the supernodes know most peers' files
	for _, key := range []string{"flat", "super"} {
		w, err := load.New(c.workload(cell{peers: 20_000, copies: load.Proportional}))
		if err != nil {
			t.Fatal(err)
		}
		covered := func(ttl int) (share float64, used int) {
			m, err := contenderOf(key).build(c, w, ttl)
			if err != nil {
				t.Fatal(err)
			}
			s := m.Searcher()
			const searches = 40
			for id := range uint64(searches) {
				q := w.Query(id)
				share += float64(s.Search(&q).Covered) / float64(searches*(w.Peers()-1))
			}
			return share, ttlOf(m, ttl)
		}
		_, ttl := covered(0)
		least, _ := covered(ttl)
		less, _ := covered(ttl - 1)
		if ttl < 2 || least < 0.95*enough || less > 1.05*enough {
			t.Errorf("%s: TTL %d covers %v, one less %v", key, ttl, least, less)
		}
	}
}

// TestSummaryTellsWhatItKnows: neither of waits that nobody had nor of loads that so few
// messages do not show.
func TestSummaryTellsWhatItKnows(t *testing.T) {
	flat, super := did("flat", 1000), did("super", 1000)
	flat.First50, flat.Busiest, super.First50, super.Busiest = 1500, 0.02, 300, 0.5
	const waits, loads = "after 1.5 s with flooding and 0.3 s", "carry 2 % of all messages with flooding and 50 %"
	if got := pageOf(flat, super).summary(); !strings.Contains(got, waits) || !strings.Contains(got, loads) {
		t.Error(got)
	}
	super.First50, super.Messages = -1, 0.001
	if got := pageOf(flat, super).summary(); strings.Contains(got, "first hits") || !strings.Contains(got, "carry 2 % of all messages with flooding; for supernodes it cannot be told") {
		t.Error(got)
	}
	flat.Messages = 0.001
	if got := pageOf(flat, super).summary(); strings.Contains(got, "first hits") || strings.Contains(got, "busiest 1 %") || !strings.Contains(got, "cannot be told") {
		t.Error(got)
	}
}
