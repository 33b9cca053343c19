package transfer

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// liarsNamed are the numbers of the sources that a model names as liars.
func (m *model) liarsNamed() (named []int) {
	for _, s := range m.liars() {
		named = append(named, int(s.Index))
	}
	return named
}

// TestLiarsWithoutTree: of three sources one or two lie. The SHA-1 of the whole tells, and
// who did is named, whichever is asked first.
func TestLiarsWithoutTree(t *testing.T) {
	content := noise(6 * modelPart)
	lie, other := lieIn(content, 0, 1, 2, 3, 4, 5), lieIn(noise(6*modelPart), 1, 2)
	for name, tt := range map[string]struct {
		contents [][]byte
		want     []int
	}{
		"the first":          {[][]byte{lie, content, content}, []int{1}},
		"the last":           {[][]byte{content, content, lie}, []int{3}},
		"the first and last": {[][]byte{lie, content, other}, []int{1, 3}},
		"the first two":      {[][]byte{lie, other, content}, []int{1, 2}},
		"two that agree":     {[][]byte{lie, lie, content}, []int{1, 2}},
	} {
		m := newModel(content, tt.contents...)
		m.blocks.tree, m.job.URN.HasTiger = nil, false
		for i, a := range m.actors { // each sends two blocks
			for m.blocks.missing > 4-2*i {
				m.ask(a)
				m.feed(a, modelPart)
			}
			m.stop(a)
		}
		m.toTheEnd(t)
		// Who lied in blocks that the honest one was asked for again is known. Another may
		// have sent none of these.
		got := m.liarsNamed()
		if len(got) == 0 || slices.ContainsFunc(got, func(i int) bool { return !slices.Contains(tt.want, i) }) {
			t.Errorf("%s: liars are %v, want %v", name, got, tt.want)
		}
	}
}

// kept makes blocks of a model what an earlier download left.
func (m *model) kept(content []byte, blocks ...int) {
	for _, i := range blocks {
		from, to := m.blocks.bounds(i)
		_, _ = m.file.WriteAt(content[from:to], int64(from)) // into memory
		m.blocks.put(i, urnOf(content[from:to]).Tiger, nil)
	}
}

// loadWith has one source send all that is missing, and holds the file against its hash.
func (m *model) loadWith(t *testing.T, a *actor) (done bool) {
	t.Helper()
	for m.ask(a) || a.asked != nil {
		m.feed(a, modelPart)
	}
	done, err := m.conclude(true)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestKeptIsTriedWithEach: what an earlier download left is tried with one source, then
// with another; only then it is thrown away.
func TestKeptIsTriedWithEach(t *testing.T) {
	content := noise(4 * modelPart)
	begin := func(had []byte, contents ...[]byte) *model {
		m := newModel(content, contents...)
		m.blocks.tree, m.job.URN.HasTiger = nil, false
		m.kept(had, 0, 1)
		return m
	}
	m := begin(content, lieIn(content, 3), content)
	if m.loadWith(t, m.actors[0]) || !m.blocks.have.Has(0) || !m.blocks.have.Has(1) || m.blocks.missing != 2 {
		t.Fatalf("after one lie %d blocks are missing", m.blocks.missing)
	}
	if m.ask(m.actors[0]) {
		t.Error("the same source is asked again")
	}
	if !m.loadWith(t, m.actors[1]) || !slices.Equal(m.liarsNamed(), []int{1}) {
		t.Errorf("not done, or liars are %v", m.liarsNamed())
	}

	m = begin(lieIn(content, 0), content, content, content)
	if m.loadWith(t, m.actors[0]) || m.blocks.missing != 2 {
		t.Errorf("after the first: %d blocks are missing", m.blocks.missing)
	}
	if m.loadWith(t, m.actors[1]) || m.blocks.have.Has(0) {
		t.Errorf("after the second: what was kept is kept")
	}
	if m.toTheEnd(t); len(m.liarsNamed()) != 0 {
		t.Errorf("liars are %v", m.liarsNamed())
	}
}

// TestThrowForgetsHeads: what is thrown away leaves no beginning of a block either.
func TestThrowForgetsHeads(t *testing.T) {
	content := noise(2 * modelPart)
	m := newModel(content, content)
	m.blocks.tree = nil
	m.ask(m.actors[0])
	m.feed(m.actors[0], 700)
	m.stop(m.actors[0])
	m.throw(func(*block) bool { return true })
	if n := m.blocks.bytes(); n != 0 || m.complain() != "" {
		t.Errorf("%d bytes are left; %s", n, m.complain())
	}
}

// TestThrownOfAnotherSize: blocks that were thrown away of a longer file are held against
// none of the file as it is.
func TestThrownOfAnotherSize(t *testing.T) {
	m := newModel(noise(4*modelPart), noise(4*modelPart))
	m.blocks.tree = nil
	for a := m.actors[0]; m.ask(a) || a.asked != nil; {
		m.feed(a, modelPart)
	}
	m.throw(func(*block) bool { return true })
	m.resize(modelPart, m.all[0])
	if m.nameLiars(); len(m.liarsNamed()) > 0 {
		t.Errorf("liars are %v", m.liarsNamed())
	}
}

// TestDiskThatForgets: blocks that are found changed are fetched again, maxRereads times.
func TestDiskThatForgets(t *testing.T) {
	content := noise(2 * modelPart)
	m := newModel(content, content)
	m.kept(content, 0, 1)
	for i := range maxRereads + 1 {
		m.file.b[5] ^= 1
		changed, err := m.reread(t.Context())
		if i < maxRereads && (!changed || err != nil || m.blocks.missing != 1) {
			t.Errorf("time %d: %v, %v, %d blocks missing", i+1, changed, err, m.blocks.missing)
		}
		var local *localError
		if i == maxRereads && !errors.As(err, &local) {
			t.Errorf("past it: %v", err)
		}
		m.kept(content, 0)
	}
	if changed, err := m.reread(t.Context()); changed || err != nil {
		t.Errorf("nothing has changed: %v, %v", changed, err)
	}
}

// TestTreeWithoutItsFile: content that matches the tree of a link and not its SHA-1 says
// that the link is wrong, and nobody is blamed.
func TestTreeWithoutItsFile(t *testing.T) {
	content := noise(2 * modelPart)
	m := newModel(content, content)
	m.job.URN.SHA1[0] ^= 1
	m.believe(m.actors[0], false, 1)
	for a := m.actors[0]; m.ask(a) || a.asked != nil; {
		m.feed(a, modelPart)
	}
	if _, err := m.conclude(true); !errors.Is(err, ErrNotVerified) || len(m.liarsNamed()) > 0 {
		t.Errorf("%v; liars are %v", err, m.liarsNamed())
	}
}

// TestRootIsNotBelievedTwice: a tree that was given up is not asked for again, nor one of
// another root than the job's.
func TestRootIsNotBelievedTwice(t *testing.T) {
	content := noise(2 * modelPart)
	root := urnOf(content).Tiger
	for name, tt := range map[string]struct {
		job, offers, givenUp tiger.Digest
		asks                 bool
	}{
		"the job's":              {root, root, tiger.Digest{}, true},
		"another than the job's": {root, tiger.Digest{1}, tiger.Digest{}, false},
		"of a source":            {tiger.Digest{}, root, tiger.Digest{1}, true},
		"given up":               {tiger.Digest{}, root, root, false},
	} {
		m := newModel(content, content)
		m.job.URN.Tiger, m.job.URN.HasTiger = tt.job, tt.job != (tiger.Digest{})
		m.doubts.roots = []tiger.Digest{tt.givenUp}
		c := m.all[0]
		c.treePath, c.treeRoot = "/tree", tt.offers
		if _, _, ok := m.treeFrom(c); ok != tt.asks {
			t.Errorf("%s: asks %v", name, ok)
		}
		if _, _, ok := m.treeFrom(c); ok {
			t.Errorf("%s: asks twice at once", name)
		}
	}
}

// TestLinkOfTwoFiles: what a link with the tiger root of one file and the SHA-1 of another brings
// is not kept: nothing can become of it.
func TestLinkOfTwoFiles(t *testing.T) {
	source := &foreignSource{content: noise(4 << 20)}
	j := jobFor(t, source.content, source.serve(t))
	j.URN.SHA1[0] ^= 1
	source.urn = j.URN
	mustFail(t, NewClient(often()), j, errTwoFiles)
}
