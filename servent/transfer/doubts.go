package transfer

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	// maxDoubts is how often what a single source adds to what an earlier download left
	// may not match, before that is thrown away.
	maxDoubts = 2
	// maxRejects is how often a whole file may not match, before the download ends: each time
	// a liar is found or somebody else is tried, unless only parts of the file are left.
	maxRejects = 32
	// maxRereads is how often blocks may be found changed on the disk.
	maxRereads = 3
)

// doubts is what a swarm knows of lies where no tree tells who tells them.
type doubts struct {
	lied     bool           // content did not match
	treeless bool           // and there was no tree to tell what of it
	roots    []tiger.Digest // of trees that are not believed
	earlier  int            // times that what an earlier download left did not match with a source's blocks
	rereads  int
	rejects  int
	tried    []*candidate // who was asked alone, with what an earlier download left
	thrown   []thrown
}

// thrown is a block that was thrown away since it may be wrong.
type thrown struct {
	block int
	root  tiger.Digest
	from  []*candidate
}

// errTwoFiles says that no file can be what a link names.
var errTwoFiles = fmt.Errorf("%w: it matches the tiger root of the link but not its SHA-1; they are not of one file: take another link", ErrNotVerified)

// verify compares the hashes of the whole file, which nobody writes to any more. What
// does not match is thrown away, as far as it may be wrong.
func (s *swarm) verify(ctx context.Context) (protocol.URN, bool, error) {
	s.mu.Lock()
	s.state = StateVerifying
	s.mu.Unlock()
	s.report(true)
	if err := s.store.advance(ctx, &s.mu, s.current); err != nil {
		return protocol.URN{}, false, explain(err)
	}
	urn := protocol.URN{SHA1: s.store.sum(), Tiger: s.blocks.fileRoot(), HasSHA1: true, HasTiger: true}
	if matches(urn, s.job.URN) {
		s.nameLiars()
		s.praise()
		return urn, true, nil
	}
	s.client.liesFound.Add(1)
	s.doubts.lied = true
	return urn, false, explain(s.reject(ctx))
}

// nameLiars finds out whose blocks were thrown away rightly.
func (s *swarm) nameLiars() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.doubts.thrown {
		if len(t.from) == 1 && s.blocks.list[t.block].root != t.root && !t.from[0].liar {
			t.from[0].out, t.from[0].err = true, s.blame(t.from[0])
		}
	}
	if t := s.blocks.tree; t == nil || t.by == nil {
		return
	}
	for _, c := range s.blocks.tree.doubters { // the whole file proves the tree right
		c.out, c.err = true, s.blame(c)
	}
}

// praise notes who has sent whole blocks of a file that is right.
func (s *swarm) praise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.blocks.list {
		if from := s.blocks.list[i].from; len(from) == 1 {
			s.prove(from[0])
		}
	}
}

// reject decides what of a file that does not match is fetched again, and from whom.
func (s *swarm) reject(ctx context.Context) error {
	s.mu.Lock()
	t := s.blocks.tree
	from, earlier := s.blocks.senders()
	s.mu.Unlock()
	if t != nil && t.by == nil || earlier { // or somebody has written to the file
		changed, err := s.reread(ctx)
		if err != nil || changed {
			return err
		}
	}
	if t != nil && t.by == nil {
		return errTwoFiles
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubts.rejects++; s.doubts.rejects >= maxRejects {
		return s.exhausted()
	}
	if s.doubts.treeless = t == nil; s.awaitsTree() {
		return nil
	}
	if t != nil {
		t.by.out, t.by.err = true, s.blame(t.by)
		s.giveUpTree()
		from, earlier = s.blocks.senders()
	}
	switch {
	case len(from) == 1 && !earlier:
		from[0].out, from[0].err = true, s.blame(from[0])
		s.throw(func(*block) bool { return true })
		s.isolate(false)
	case len(from) == 0:
		s.throw(func(*block) bool { return true })
	default:
		s.isolate(earlier)
	}
	return nil
}

// throw drops blocks, and remembers whose they were; s.mu is held.
func (s *swarm) throw(which func(*block) bool) {
	s.doubts.thrown = slices.DeleteFunc(s.doubts.thrown, func(t thrown) bool { return t.from[0].liar })
	for i := range s.blocks.list {
		if b := &s.blocks.list[i]; s.blocks.have.Has(i) && len(b.from) > 0 && !b.from[0].liar && which(b) {
			s.doubts.thrown = append(s.doubts.thrown, thrown{i, b.root, b.from})
		}
	}
	s.store.dropped(s.blocks.dropWhere(which))
	for i := range s.blocks.list {
		if !s.blocks.have.Has(i) {
			s.blocks.drop(i) // heads, too
		}
	}
}

// isolate looks for the liar among several: one source after the other is asked alone,
// at first together with what an earlier download left, if that is worth it. s.mu is
// held.
func (s *swarm) isolate(earlier bool) {
	d := &s.doubts
	if from, _ := s.blocks.senders(); earlier && len(from) == 1 {
		if d.earlier++; !slices.Contains(d.tried, from[0]) {
			d.tried = append(d.tried, from[0])
		}
	}
	usable := func(c *candidate) bool { return !c.out && !c.partial && !c.aside }
	keep := earlier && d.earlier < maxDoubts &&
		slices.ContainsFunc(s.all, func(c *candidate) bool { return usable(c) && !slices.Contains(d.tried, c) })
	var only *candidate
	for _, c := range s.all {
		if usable(c) && !(keep && slices.Contains(d.tried, c)) && (only == nil || c.sent > only.sent) {
			only = c
		}
	}
	s.blocks.only = only
	s.throw(func(b *block) bool {
		mine := len(b.from) == 1 && b.from[0] == only
		return !mine && !(keep && len(b.from) == 0)
	})
}

// reread compares the blocks on the disk with what came, and drops those that have
// changed since.
func (s *swarm) reread(ctx context.Context) (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	buf := make([]byte, chunk)
	var bad []int
	for i := range s.blocks.list {
		if !s.blocks.have.Has(i) {
			continue
		}
		from, to := s.blocks.bounds(i)
		var tree tiger.Tree
		s.mu.Unlock()
		_, err := io.CopyBuffer(&tree, untilDone{ctx, io.NewSectionReader(s.store.file, int64(from), int64(to-from))}, buf)
		s.mu.Lock()
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil:
			return false, &localError{err}
		case tree.Root() != s.blocks.list[i].root:
			bad = append(bad, i)
			s.blocks.drop(i)
		}
	}
	if len(bad) == 0 {
		return false, nil
	}
	s.store.dropped(bad)
	if s.doubts.rereads++; s.doubts.rereads > maxRereads {
		return false, &localError{fmt.Errorf("%s does not keep what is written to it: choose another output folder", s.out.path)}
	}
	s.log.WithField("bytes", uint64(len(bad))*s.blocks.part).Warn("what lay in the .part file was changed since: it is fetched again")
	return true, nil
}
