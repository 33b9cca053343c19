package servent

import (
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// cutting is a part of our list that a supernode wants next.
type cutting struct {
	link overlay.LinkID
	from *protocol.ListDigest // with the first: of the list that it holds
	list *library.ListCut     // with the others
}

// cutList has the next part of our list made for a supernode. It does not stand in
// line with queries, which are dropped when they are too many: the node waits for it,
// and asks for one at a time on each link.
func (l *loop) cutList(a *overlay.Action) {
	c := &cutting{link: a.Link, list: l.cuts[a.Link]}
	if len(a.Msg) > 0 {
		c.from = new(protocol.ListDigest)
		copy(c.from[:], a.Msg)
	}
	l.s.wg.Go(func() { l.s.cutPart(c) })
}

// cutPart makes it. The library may take its time for the first, so that only one is
// made at a time.
func (s *Servent) cutPart(c *cutting) {
	s.oneCut.Lock()
	defer s.oneCut.Unlock()
	if c.from != nil {
		c.list = s.lib.CutList(*c.from)
	}
	if c.list == nil {
		return
	}
	part := c.list.Next()
	s.call(func(l *loop) {
		if l.wires.find(c.link) == nil {
			return
		}
		l.cuts[c.link] = c.list
		if part.Last {
			delete(l.cuts, c.link)
		}
		l.step(overlay.ListPart{Link: c.link, Part: part})
	})
}
