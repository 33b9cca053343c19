package transfer

import (
	"errors"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestHeadIsContinued: what one source has sent of a block is not asked of the next.
func TestHeadIsContinued(t *testing.T) {
	content := noise(modelPart)
	m := newModel(content, content, content)
	a, b := m.actors[0], m.actors[1]
	m.ask(a)
	m.feed(a, 700)
	m.stop(a)
	if got := m.blocks.bytes(); got != 700 {
		t.Errorf("%d bytes are there", got)
	}
	m.ask(b)
	if b.asked == nil || b.asked.from != 700 {
		t.Fatalf("the next is asked for %+v", b.asked)
	}
	m.feed(b, 1)
	if b.take == nil || b.take.at != 701 {
		t.Fatalf("it sends %+v", b.take)
	}
	m.feed(b, modelPart)
	if m.complain() != "" || !m.blocks.whole() || len(m.blocks.list[0].from) != 2 {
		t.Errorf("%s; %d missing, of %d", m.complain(), m.blocks.missing, len(m.blocks.list[0].from))
	}
}

// TestWhoMayGoOn: a block that several have sent, and that did not match, comes from one
// from then on, and so does what those send who were often among them.
func TestWhoMayGoOn(t *testing.T) {
	a, b, wary := new(candidate), new(candidate), &candidate{suspect: maxSuspect}
	for _, tt := range []struct {
		name  string
		of    []*candidate
		next  *candidate
		alone bool
		want  bool
	}{
		{"another", []*candidate{a}, b, false, true},
		{"a third", []*candidate{a, b}, new(candidate), false, true},
		{"the same", []*candidate{a}, a, true, true},
		{"another, alone", []*candidate{a}, b, true, false},
		{"one of two, alone", []*candidate{a, b}, b, true, false},
		{"a wary one", []*candidate{a}, wary, false, false},
		{"behind a wary one", []*candidate{a, wary}, b, false, false},
		{"a wary one behind itself", []*candidate{wary}, wary, false, true},
		{"nearly wary", []*candidate{{suspect: maxSuspect - 1}}, a, false, true},
	} {
		if got := (&head{from: tt.of}).mayGoOn(tt.next, tt.alone); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestAloneAfterMixed: where what two have sent does not match, each sends the block by
// itself, so that it turns out who lies, and the honest one is not left out.
func TestAloneAfterMixed(t *testing.T) {
	content := noise(modelPart)
	for name, span := range map[string]int{"before it is put in place": 1, "after": 0} {
		m := newModel(content, content, lieIn(content, 0))
		honest, liar := m.actors[0], m.actors[1]
		if span > 0 {
			m.believe(honest, false, span)
		} else {
			m.blocks.tree = nil
		}
		m.ask(honest)
		m.feed(honest, 700)
		m.stop(honest)
		m.ask(liar)
		m.feed(liar, modelPart)
		m.believe(honest, false, 1)
		if !m.blocks.list[0].alone || honest.out || liar.out || m.blocks.bytes() != 0 {
			t.Errorf("%s: alone %v, out %v and %v, %d bytes kept", name, m.blocks.list[0].alone, honest.out, liar.out, m.blocks.bytes())
		}
		m.ask(liar)
		m.feed(liar, 700)
		m.stop(liar)
		m.ask(honest)
		if honest.asked == nil || honest.asked.from != 0 {
			t.Fatalf("%s: the honest one is asked for %+v", name, honest.asked)
		}
		m.feed(honest, modelPart)
		if !m.blocks.good.Has(0) || m.complain() != "" {
			t.Errorf("%s: not good in the end; %s", name, m.complain())
		}
	}
}

// TestSpare: of two that send one block, the first that has all of it counts, and the
// other's bytes change nothing.
func TestSpare(t *testing.T) {
	content := noise(modelPart)
	for name, first := range map[string]int{"the writer first": 0, "the spare first": 1} {
		m := newModel(content, content, lieIn(content, 0))
		m.blocks.tree = nil
		for _, a := range m.actors {
			m.ask(a)
			m.feed(a, 100)
		}
		m.feed(m.actors[first], modelPart)
		m.feed(m.actors[1-first], modelPart)
		if from := m.blocks.list[0].from; len(from) != 1 || from[0] != m.all[first] || m.complain() != "" {
			t.Errorf("%s: %v counts; %s", name, from, m.complain())
		}
	}
}

// TestLieDisturbsNobody: whose block does not fit the tree takes the place of nobody who
// sends the same one.
func TestLieDisturbsNobody(t *testing.T) {
	content := noise(modelPart)
	m := newModel(content, content, lieIn(content, 0))
	m.believe(m.actors[0], false, 1)
	for _, a := range m.actors {
		m.ask(a)
		m.feed(a, modelPart/2)
	}
	m.feed(m.actors[1], modelPart)
	if m.feed(m.actors[0], modelPart); !m.blocks.good.Has(0) || !m.all[1].liar {
		t.Errorf("what came behind a lie was not taken; liar %v", m.all[1].liar)
	}
}

// TestGiveBack: what was asked of a source that ends is asked of others.
func TestGiveBack(t *testing.T) {
	m := newModel(noise(4*modelPart), nil)
	c := m.all[0]
	c.pipelines, c.rate = true, 1<<30
	f := &fetcher{swarm: m.swarm, c: c}
	for {
		a, ok := m.assign(c, f.asked)
		if !ok {
			break
		}
		f.asked = append(f.asked, a)
	}
	if f.giveBack(); len(f.asked) > 0 || m.blocks.asked.Count() > 0 || c.busy {
		t.Errorf("%d requests, %d blocks are asked for, busy %v", len(f.asked), m.blocks.asked.Count(), c.busy)
	}
}

// TestSpareIsBounded: a block that is larger than maxSpare comes from one source only.
func TestSpareIsBounded(t *testing.T) {
	for size, want := range map[uint64]bool{maxSpare: true, 2 * maxSpare: false} {
		b := newBlocks(16 * size)
		b.part = size
		if b.begin(new(candidate), 0, 0) == nil {
			t.Fatal("nobody may")
		}
		if got := b.begin(new(candidate), 0, 0) != nil; got != want {
			t.Errorf("a second one for a block of %d bytes: %v", size, got)
		}
	}
}

// TestPlaceFails: a disk that fails does so for one who sends as it comes, and for one
// whose bytes were held.
func TestPlaceFails(t *testing.T) {
	b := newBlocks(1000)
	first := b.begin(new(candidate), 0, 0)
	second := b.begin(new(candidate), 0, 0)
	var local *localError
	if err := first.write(brokenFile{}, []byte("x")); !errors.As(err, &local) {
		t.Errorf("write: %v", err)
	}
	if err := second.write(brokenFile{}, make([]byte, 1000)); err != nil {
		t.Errorf("a spare one writes: %v", err)
	}
	if err := b.place(second, brokenFile{}); !errors.As(err, &local) {
		t.Errorf("place: %v", err)
	}
}

type brokenFile struct{}

func (brokenFile) WriteAt([]byte, int64) (int, error) { return 0, errors.New("broken") }

// TestLeaseIsAShare: nobody is asked for more than its share of what is left.
func TestLeaseIsAShare(t *testing.T) {
	b := newBlocks(64 * tiger.MinPart)
	var all []*candidate
	for range 4 {
		c := new(candidate)
		b.offer(c, nil)
		all = append(all, c)
	}
	b.asked.Add(63)  // so that the first is not picked at random
	b.common[0] -= 2 // and the rest neither
	b.askers[63]++
	b.list[63].asked = new(candidate)
	l, _ := b.lease(all[0], 100, time.Now())
	if l.first != 0 || l.n != 1 {
		t.Errorf("%+v", l) // none behind it is as rare
	}
	left := 62
	for left > 0 {
		for _, c := range all {
			l, ok := b.lease(c, 100, time.Now())
			if want := max(1, left/4); ok && l.n > want {
				t.Errorf("%d blocks of %d", l.n, left)
			}
			if left -= l.n; left <= 0 {
				return
			}
		}
	}
}

// TestEndgameIsBounded: one block is asked of maxAskers.
func TestEndgameIsBounded(t *testing.T) {
	b := newBlocks(1000)
	for i := range maxAskers + 1 {
		c := new(candidate)
		b.offer(c, nil)
		if _, ok := b.lease(c, 1, time.Now()); ok != (i < maxAskers) {
			t.Errorf("number %d: %v", i+1, ok)
		}
	}
}
