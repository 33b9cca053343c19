package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// memFile is a .part file in memory.
type memFile struct {
	mu sync.Mutex
	b  []byte
}

func (f *memFile) ReadAt(p []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.NewReader(f.b).ReadAt(p, at)
}

func (f *memFile) WriteAt(p []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return copy(f.b[at:], p), nil
}

func (f *memFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.b = append(f.b, make([]byte, max(0, int(size)-len(f.b)))...)[:size]
	return nil
}

func (*memFile) Sync() error  { return nil }
func (*memFile) Close() error { return nil }

// modelPart is the size of the blocks of a model: two leaves.
const modelPart = 2 * tiger.LeafSize

// model is a swarm without connections: a test is the fetcher of each source.
type model struct {
	*swarm
	file    *memFile
	content []byte
	actors  []*actor
}

// actor is a source as a model sees it, and its fetcher: what it is asked for, how far
// that has come, and the block that it is in.
type actor struct {
	*candidate
	content []byte
	asked   *ask
	at      uint64
	take    *take
	begun   bool // take is of the block at at; it may be nil
}

// newModel makes a swarm for content, from sources that send what contents say.
func newModel(content []byte, contents ...[]byte) *model {
	m := &model{file: new(memFile), content: content}
	job := Job{URN: urnOf(content), Size: uint64(len(content))}
	for i := range contents {
		job.Sources = append(job.Sources, Source{Index: uint32(i + 1)})
	}
	m.swarm = newSwarm(NewClient(quick()), job, &output{file: m.file}, nil)
	m.resize(job.Size, nil)
	b := m.blocks // of a size that a test can see through
	n := (len(content) + modelPart - 1) / modelPart
	*b = *newBlocks(uint64(n) * tiger.PartSize(0))
	b.size, b.part = job.Size, modelPart
	for i, c := range m.all {
		m.actors = append(m.actors, &actor{candidate: c, content: contents[i]})
	}
	return m
}

// treeOf is the tree that by vouches for, nil for the job's, with nodes of so many blocks.
func (m *model) treeOf(content []byte, span int, by *candidate) *tree {
	var roots []tiger.Digest
	for at := 0; at < len(content); at += span * modelPart {
		roots = append(roots, urnOf(content[at:min(at+span*modelPart, len(content))]).Tiger)
	}
	return &tree{root: urnOf(content).Tiger, nodes: roots, span: span, by: by}
}

// ask has a source asked, if it may be; false: not now.
func (m *model) ask(a *actor) bool {
	if a.asked != nil || a.out {
		return false
	}
	got, ok := m.assign(a.candidate, nil)
	if ok {
		a.asked, a.at, a.begun, a.running = &got, got.from, false, true
	}
	return ok
}

// feed has a source send n bytes of what it is asked for.
func (m *model) feed(a *actor, n int) {
	for ; n > 0 && a.asked != nil; n-- {
		if !a.begun {
			a.take, a.begun = m.begin(a.candidate, a.at), true
		}
		if a.take != nil && a.at == a.take.at {
			if errors.Is(m.write(a.take, a.content[a.at:a.at+1]), errBeaten) {
				m.leave(a.take)
				a.take = nil
			}
			a.sent++
		}
		if a.at++; a.at < min(m.blockEnd(a.at-1), a.asked.to) {
			continue
		}
		t := a.take
		a.take, a.begun = nil, false
		if err := m.finish(a.candidate, t); err != nil {
			m.stop(a)
			m.mu.Lock()
			m.note(a.candidate, err)
			m.mu.Unlock()
			return
		}
		if a.at == a.asked.to {
			m.stop(a)
		}
	}
}

// stop ends what a source is asked for.
func (m *model) stop(a *actor) {
	if a.asked == nil {
		return
	}
	if a.begun {
		m.leave(a.take)
	}
	m.release(a.candidate, *a.asked, false)
	a.asked, a.take, a.begun, a.running = nil, nil, false, false
}

// complain says what does not count right, or nothing.
func (m *model) complain() string {
	b := m.blocks
	missing := 0
	for i := range b.list {
		blk, askers, copies := &b.list[i], 0, 0
		for _, c := range m.all {
			if c.leases != nil && c.leases.Has(i) {
				askers++
			}
			if c.offered != nil && c.offered.Has(i) {
				copies++
			}
		}
		if !b.have.Has(i) {
			missing++
		}
		switch from, to := b.bounds(i); {
		case int(b.askers[i]) != askers, b.asked.Has(i) != (askers > 0):
			return fmt.Sprintf("block %d: %d askers, asked %v; %d leases", i, b.askers[i], b.asked.Has(i), askers)
		case int(b.copies[i]) != copies:
			return fmt.Sprintf("block %d: %d copies of %d", i, b.copies[i], copies)
		case b.started.Has(i) != (blk.head != nil && askers == 0):
			return fmt.Sprintf("block %d: started %v; head %v, %d askers", i, b.started.Has(i), blk.head != nil, askers)
		case b.have.Has(i) && (blk.head != nil || blk.writer != nil), blk.head != nil && blk.writer != nil:
			return fmt.Sprintf("block %d: have %v, head %v, writer %v", i, b.have.Has(i), blk.head != nil, blk.writer != nil)
		case b.good.Has(i) && !b.have.Has(i):
			return fmt.Sprintf("block %d is good, and not there", i)
		case b.have.Has(i) && urnOf(m.file.b[from:to]).Tiger != blk.root:
			return fmt.Sprintf("block %d: other bytes lie in the file than came", i)
		case b.good.Has(i) && b.tree.by == nil && !bytes.Equal(m.file.b[from:to], m.content[from:to]):
			return fmt.Sprintf("block %d is good, and wrong", i)
		}
	}
	if b.missing != missing {
		return fmt.Sprintf("%d blocks missing, and %d are said to be", missing, b.missing)
	}
	return ""
}

// lieIn is content with another byte in each of some blocks.
func lieIn(content []byte, blocks ...int) []byte {
	lie := slices.Clone(content)
	for _, i := range blocks {
		lie[min(i*modelPart+modelPart/2, len(lie)-1)] ^= 1
	}
	return lie
}

// TestSwarmModel: whatever sources do, in any order, with a tree and without, that comes
// early or late, of the job or of a liar, all that is counted is right, and with one
// honest source the file comes right and nobody honest is named a liar.
func TestSwarmModel(t *testing.T) {
	content := noise(7*modelPart + 333)
	blocks := 8
	rapid.Check(t, func(t *rapid.T) {
		contents, honest := [][]byte{content}, 1
		for range rapid.IntRange(0, 3).Draw(t, "others") {
			lies := rapid.SliceOfNDistinct(rapid.IntRange(0, blocks-1), 0, blocks, rapid.ID).Draw(t, "lies")
			if len(lies) == 0 {
				honest++
			}
			contents = append(contents, lieIn(content, lies...))
		}
		m := newModel(content, contents...)
		trees := 1
		if rapid.Bool().Draw(t, "no tree of the job") {
			m.job.URN.HasTiger = false
			trees = len(contents) // each source may vouch for its own
		}
		one := rapid.IntRange(0, len(m.actors)-1)
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			switch a := m.actors[one.Draw(t, "source")]; rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				m.stop(a)
			case 1:
				m.believe(a, trees > 1, rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "span"))
			case 2, 3:
				m.ask(a)
			default:
				m.feed(a, rapid.IntRange(1, 2*modelPart).Draw(t, "bytes"))
			}
			if what := m.complain(); what != "" {
				t.Fatal(what)
			}
		}
		m.toTheEnd(t)
		for i, a := range m.actors {
			if a.liar && bytes.Equal(contents[i], content) {
				t.Errorf("source %d of %d is honest, and named a liar", i+1, len(contents))
			}
		}
	})
}

// believe has the swarm take the tree of a source, if it would ask it for that.
func (m *model) believe(a *actor, own bool, span int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.blocks.tree != nil || a.out:
	case !own:
		m.trust(m.treeOf(m.content, span, nil))
	default:
		if t := m.treeOf(a.content, span, a.candidate); !slices.Contains(m.doubts.roots, t.root) {
			m.trust(t)
		}
	}
}

// toTheEnd has all sources send until the file is right.
func (m *model) toTheEnd(t interface{ Fatal(args ...any) }) {
	for range 1000 {
		worked := false
		for _, a := range m.actors {
			for m.ask(a) || a.asked != nil {
				worked = true
				m.feed(a, 3*modelPart)
			}
		}
		if what := m.complain(); what != "" {
			t.Fatal(what)
		}
		done, err := m.conclude(worked)
		switch {
		case err != nil:
			t.Fatal(err)
		case done && !bytes.Equal(m.file.b, m.content):
			t.Fatal("another file")
		case done:
			return
		}
	}
	t.Fatal("does not end")
}

// conclude does what run does when nobody sends: it holds a file that is whole against
// its hash, and asks those again who were left aside.
func (m *model) conclude(worked bool) (done bool, err error) {
	if m.blocks.whole() {
		_, done, err = m.verify(context.Background())
		return done, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, _ := m.next(time.Now()); !worked && c == nil && !m.reconsider() {
		return false, m.exhausted()
	}
	return false, nil
}

// TestBeatenSourceStaysBeaten: who was overtaken with a block writes no more of it, even
// when the bytes of who overtook it turn out to be wrong.
func TestBeatenSourceStaysBeaten(t *testing.T) {
	content := noise(modelPart)
	m := newModel(content, content, lieIn(content, 0))
	m.blocks.tree = nil
	slow, liar := m.actors[0], m.actors[1]
	m.ask(slow)
	m.feed(slow, modelPart/2)
	m.ask(liar)
	m.feed(liar, modelPart)
	if !m.blocks.whole() {
		t.Fatal("the quicker one did not deliver")
	}
	m.believe(slow, false, 1)
	m.feed(slow, modelPart/4)
	if slow.take != nil {
		t.Error("the slower one goes on in what was the liar's")
	}
	if what := m.complain(); what != "" || !liar.liar {
		t.Errorf("%s; liar %v", what, liar.liar)
	}
	m.toTheEnd(t)
}

// TestBeatenAtTheEnd: nor does its block count when it has sent the last byte before.
func TestBeatenAtTheEnd(t *testing.T) {
	content := noise(modelPart)
	m := newModel(content, content, lieIn(content, 0))
	m.blocks.tree = nil
	slow, liar := m.actors[0], m.actors[1]
	m.ask(slow)
	m.feed(slow, modelPart-1)
	m.ask(liar)
	m.feed(liar, modelPart-1)
	if err := m.write(slow.take, content[modelPart-1:]); err != nil {
		t.Fatal(err)
	}
	m.feed(liar, 1)
	m.believe(slow, false, 1)
	if err := m.finish(slow.candidate, slow.take); err != nil || m.blocks.have.Has(0) || m.complain() != "" {
		t.Errorf("%v; counts: %v; %s", err, m.blocks.have.Has(0), m.complain())
	}
}

// TestTreeAtTheLastMoment: a tree that comes when all blocks are there, and contradicts
// one, has that fetched again. The file is not held against its hash without it.
func TestTreeAtTheLastMoment(t *testing.T) {
	content := noise(4 * modelPart)
	m := newModel(content, content, lieIn(content, 2))
	for liar := m.actors[1]; m.ask(liar) || liar.asked != nil; {
		m.feed(liar, modelPart)
	}
	m.active = 1
	go func() {
		for over := false; !over; time.Sleep(time.Millisecond) {
			m.mu.Lock()
			over = m.over
			m.mu.Unlock()
		}
		m.believe(m.actors[0], false, 1)
		m.mu.Lock()
		m.active = 0
		m.mu.Unlock()
		m.rouse()
	}()
	whole := m.blocks.whole()
	ctx, cancel := context.WithCancel(t.Context())
	defer m.fetchers.Wait()
	defer cancel()
	if _, done, err := m.step(ctx); !whole || done || err != nil || m.blocks.missing != 1 {
		t.Errorf("whole at first: %v; then done %v, %v, %d blocks missing", whole, done, err, m.blocks.missing)
	}
}
