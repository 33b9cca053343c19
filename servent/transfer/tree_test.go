package transfer

import (
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestNewTree: of the levels that a source gives the deepest is taken of which each node
// covers whole blocks.
func TestNewTree(t *testing.T) {
	leaves := make([]tiger.Digest, 13)
	for i := range leaves {
		leaves[i] = tiger.Sum([]byte{byte(i)})
	}
	levels := tiger.Expand(leaves) // 1, 2, 4, 7 and 13 nodes
	for _, tt := range []struct{ depth, blocks, span int }{
		{5, 13, 1},
		{5, 7, 1}, // deeper than is needed
		{4, 13, 2},
		{3, 13, 4},
		{2, 13, 8},
		{1, 13, 16},
		{1, 1, 1},
		{5, 1, 1},
	} {
		got := newTree(levels[:tt.depth], tt.blocks, nil)
		if tt.span > tt.blocks { // the root alone tells nothing before the end
			tt.span = 0
		}
		switch {
		case tt.span == 0 && got != nil:
			t.Errorf("%d levels for %d blocks: a node for %d", tt.depth, tt.blocks, got.span)
		case tt.span > 0 && (got == nil || got.span != tt.span || len(got.nodes) != (tt.blocks+tt.span-1)/tt.span || got.root != levels[0][0]):
			t.Errorf("%d levels for %d blocks: %+v", tt.depth, tt.blocks, got)
		}
	}
	if got := newTree(levels[3:], 14, nil); got != nil && got.span == 1 {
		t.Errorf("13 nodes for 14 blocks: %+v", got)
	}
}

// TestSettle: blocks count when all under their node are there and right; else all of
// these are dropped, and no others.
func TestSettle(t *testing.T) {
	content := noise(7*modelPart + 5)
	for _, span := range []int{1, 2, 4, 8} {
		m := newModel(content, lieIn(content, 5))
		m.job.URN.HasTiger = false
		m.believe(m.actors[0], false, span)
		m.blocks.tree.by = nil
		c := m.actors[0]
		for m.ask(c) || c.asked != nil {
			m.feed(c, modelPart)
		}
		node := 5 - 5%span
		for i := range 8 {
			if in := i >= node && i < node+span; in && m.blocks.have.Has(i) {
				t.Errorf("span %d: block %d is there, beside a wrong one", span, i)
			}
		}
		if !c.liar || m.complain() != "" {
			t.Errorf("span %d: liar %v; %s", span, c.liar, m.complain())
		}
	}
}

// TestMixedNode: where two have sent blocks under one node that does not fit, one of them
// sends all of these, and when that is right both are asked again.
func TestMixedNode(t *testing.T) {
	content := noise(2 * modelPart)
	m := newModel(content, content, lieIn(content, 0, 1))
	m.believe(m.actors[0], false, 2)
	honest, liar := m.actors[0], m.actors[1]
	m.ask(honest)
	m.ask(liar)
	honest.running, liar.running = true, true
	m.feed(honest, modelPart)
	honest.running = true // waits for more
	honest.sent++         // more than the other
	m.feed(liar, modelPart)
	if m.blocks.only != honest.candidate || honest.out || liar.out {
		t.Fatalf("%v is asked alone; out %v and %v", m.blocks.only, honest.out, liar.out)
	}
	if m.ask(liar) {
		t.Error("the other one is asked, too")
	}
	for m.ask(honest) || honest.asked != nil {
		m.feed(honest, modelPart)
	}
	if m.blocks.only != nil || m.blocks.good.Count() != 2 {
		t.Errorf("still alone %v, %d good", m.blocks.only != nil, m.blocks.good.Count())
	}
}

// TestTreeOfASource: a tree for which one source vouches is given up when that one
// contradicts it, or maxDoubters others do, and what it has verified counts no more.
func TestTreeOfASource(t *testing.T) {
	content, other := noise(8*modelPart), noise(9 * modelPart)[modelPart:]
	begin := func(contents ...[]byte) *model {
		m := newModel(content, contents...)
		m.job.URN.HasTiger = false
		m.believe(m.actors[0], true, 1)
		return m
	}
	send := func(m *model, i int) {
		a := m.actors[i]
		m.ask(a)
		for a.asked != nil {
			m.feed(a, modelPart)
		}
	}
	m := begin(content, lieIn(content, 0, 1, 2, 3, 4, 5, 6, 7))
	m.actors[0].content = other
	if send(m, 0); m.blocks.tree != nil {
		t.Error("who vouches for it contradicts it, and it is believed")
	}
	if len(m.doubts.roots) != 1 {
		t.Error("its root is believed again")
	}
	m = begin(other, content, content, content)
	send(m, 0)
	if m.blocks.good.Count() == 0 {
		t.Fatal("it verifies nothing")
	}
	if send(m, 1); m.blocks.tree == nil || !m.actors[1].doubted || m.ask(m.actors[1]) {
		t.Errorf("one contradicts it: believed %v, doubted %v", m.blocks.tree != nil, m.actors[1].doubted)
	}
	if send(m, 2); m.blocks.tree != nil || m.blocks.good.Count() != 0 || m.actors[1].doubted {
		t.Errorf("two contradict it: believed %v, %d good, doubted %v", m.blocks.tree != nil, m.blocks.good.Count(), m.actors[1].doubted)
	}
	m = begin(content, lieIn(content, 0, 1, 2, 3, 4, 5, 6, 7))
	send(m, 1)
	m.toTheEnd(t)
	if got := m.liars(); len(got) != 1 || got[0].Index != 2 {
		t.Errorf("the tree was right, and liars are %v", got)
	}
}

// TestTreeOfALiar: where all that fits a liar's tree is the liar's, its SHA-1 gives it away.
func TestTreeOfALiar(t *testing.T) {
	content := noise(4 * modelPart)
	m := newModel(content, lieIn(content, 1), content)
	m.job.URN.HasTiger = false
	m.believe(m.actors[0], true, 1)
	for a := m.actors[0]; m.ask(a) || a.asked != nil; {
		m.feed(a, modelPart)
	}
	m.toTheEnd(t)
	if got := m.liars(); !slices.ContainsFunc(got, func(s Source) bool { return s.Index == 1 }) || len(got) != 1 {
		t.Errorf("liars are %v", got)
	}
}
