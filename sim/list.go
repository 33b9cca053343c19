package sim

import (
	"context"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/supernode"
)

// holdings are the lists that a node's leaves gave it, with an index over them.
type holdings struct {
	lists *supernode.Lists
	index *search.Memory
	stale bool // the node has yet to hear of changes
}

// wordsEvery is how often a node hears what words its leaves' lists hold.
const wordsEvery = time.Second

// list is what a node tells supernodes of its files.
type list struct {
	digest protocol.ListDigest
	parts  [][]byte // bodies
}

func newList(files []protocol.FileRecord) *list {
	l := &list{}
	var body []byte
	for _, f := range files {
		file := protocol.ListFile{Index: f.Index, Size: f.Size, Type: uint8(search.TypeOf(f.Name)), URN: f.URN, Path: f.Name}
		record := file.Append(nil)
		l.digest.Add(record)
		if len(body)+len(record)+8 > protocol.MaxListBody {
			l.parts, body = append(l.parts, body), nil
		}
		body = protocol.ListChange{Record: record}.Append(body)
	}
	l.parts = append(l.parts, body)
	return l
}

// cutList gives a node the next part of its list.
func (w *World) cutList(m *member, a *overlay.Action) {
	e := w.end(a.Link)
	if e == nil || m.shelf != nil && m.shelf.list == nil {
		return
	}
	if len(a.Msg) > 0 {
		e.parts = 0
	}
	mine := &list{parts: [][]byte{nil}}
	if m.shelf != nil {
		mine = m.shelf.list
	}
	p := protocol.NewListPart(mine.parts[e.parts])
	p.First, p.Whole = e.parts == 0, e.parts == 0
	e.parts++
	if p.Last = e.parts == len(mine.parts); p.Last {
		p.Digest = mine.digest
		if m.shelf != nil {
			p.Files = uint32(m.shelf.shared.Files)
		}
	}
	w.soon(m, overlay.ListPart{Link: a.Link, Part: p})
}

// takeList carries out what a supernode wants done with the list of a leaf. Its
// index knows at once.
func (w *World) takeList(m *member, a *overlay.Action) {
	if m.held == nil {
		m.held = &holdings{lists: supernode.NewLists(supernode.ListsConfig{}), index: search.NewMemory()}
	}
	var answer protocol.ListAnswer
	if a.Op == overlay.OpListOffer {
		answer = m.held.lists.Offer(w.now, supernode.Leaf{Link: uint32(a.Link), ID: a.ID, Firewalled: a.Firewalled}, protocol.ListDigest(a.Msg), a.Index)
	} else {
		part, err := protocol.Vendor{Data: slices.Clone(a.Msg)}.ListPart()
		if err != nil {
			return // the node has read it before
		}
		answer = m.held.lists.Part(w.now, uint32(a.Link), part)
	}
	put, del := m.held.lists.Changes(m.held.lists.Waiting())
	if err := m.held.index.Apply(put, del); err != nil {
		panic("sim: " + err.Error()) // an index in memory has nothing to fail
	}
	if held := m.held; len(put)+len(del) > 0 && !held.stale {
		held.stale = true
		w.later(wordsEvery, m, func() overlay.Event {
			held.stale = false
			return overlay.LeafWords{Table: held.lists.Table(), Files: held.lists.Stats().Files}
		})
	}
	w.soon(m, overlay.ListAnswered{Link: a.Link, Answer: answer})
}

// listed looks a query up in the lists of a node's leaves, but for that which asks.
func (h *holdings) listed(q protocol.Query, from overlay.LinkID, limit int) []overlay.LeafFiles {
	if h == nil || limit <= 0 {
		return nil
	}
	keep := func(id search.DocID) bool {
		link, ok := h.lists.Link(id)
		return ok && overlay.LinkID(link) != from
	}
	hits, err := h.index.Find(context.Background(), search.WireQuery(string(q.Text)), keep, limit)
	if err != nil {
		return nil
	}
	ids := make([]search.DocID, 0, len(hits))
	for u := range q.URNs() {
		if u.HasSHA1 {
			ids = append(ids, h.lists.ByHash(u.SHA1, limit)...)
		}
	}
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	var found []overlay.LeafFiles
	for _, id := range ids[:min(len(ids), limit)] {
		link, f, ok := h.lists.File(id)
		if !ok {
			continue
		}
		i := slices.IndexFunc(found, func(l overlay.LeafFiles) bool { return l.Link == overlay.LinkID(link) })
		if i < 0 {
			i, found = len(found), append(found, overlay.LeafFiles{Link: overlay.LinkID(link)})
		}
		found[i].Files = append(found[i].Files, f)
	}
	return found
}

// soon tells a node what happened, once it has done what it does now.
func (w *World) soon(m *member, ev overlay.Event) {
	w.later(0, m, func() overlay.Event { return ev })
}

// later tells a node what has happened, if it runs by then.
func (w *World) later(after time.Duration, m *member, what func() overlay.Event) {
	starts := m.starts
	w.after(after, func() {
		if m.actor != nil && m.starts == starts {
			w.step(m, what())
		}
	})
}
