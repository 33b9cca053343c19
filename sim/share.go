package sim

import (
	"context"
	"crypto/sha1"
	"encoding/binary"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// shelf is what a node shares.
type shelf struct {
	shared overlay.Shared
	list   *list // nil: the node gives none
	find   func(q protocol.Query, limit int) []protocol.FileRecord
}

// has says whether a file with that URN is on the shelf.
func (s *shelf) has(urn string) bool {
	u, err := protocol.ParseURN(urn)
	if err != nil {
		return false
	}
	return len(s.find(protocol.Query{Ext: []byte(u.SHA1URN())}, 1)) > 0
}

func newShelf(cfg NodeConfig) *shelf {
	switch {
	case cfg.Find != nil:
		return &shelf{shared: cfg.Shared, find: cfg.Find}
	case len(cfg.Files) == 0:
		return nil
	}
	c := catalogue{files: make([]protocol.FileRecord, 0, len(cfg.Files))}
	var bytes uint64
	for i, name := range cfg.Files {
		f := FileNamed(name)
		f.Index = uint32(i + 1)
		c.files = append(c.files, f)
		bytes += f.Size
	}
	l := newList(c.files)
	return &shelf{overlay.Shared{Table: c.table(), Files: len(c.files), Bytes: bytes, List: l.digest}, l, c.find}
}

// FileNamed returns the record of the file of that name. It has the same URN
// and size whoever shares it.
func FileNamed(name string) protocol.FileRecord {
	sum := sha1.Sum([]byte(name))
	return protocol.FileRecord{
		Name: name,
		Size: 1 + uint64(binary.LittleEndian.Uint32(sum[:]))>>8,
		URN:  protocol.URN{SHA1: sum, HasSHA1: true},
	}
}

// catalogue is a list of files with an index over their names.
type catalogue struct {
	files []protocol.FileRecord // by DocID
	index *search.Memory        // made when it is first needed: a leaf that gives a list is never asked
}

func (c *catalogue) makeIndex() {
	c.index = search.NewMemory()
	docs := make([]search.Doc, 0, len(c.files))
	for i, f := range c.files {
		docs = append(docs, search.Doc{ID: search.DocID(i), Text: f.Name, Size: f.Size, Type: search.TypeOf(f.Name)})
	}
	if err := c.index.Apply(docs, nil); err != nil {
		panic("sim: " + err.Error()) // an index in memory has nothing to fail
	}
}

func (c *catalogue) find(q protocol.Query, limit int) []protocol.FileRecord {
	if c.index == nil {
		c.makeIndex()
	}
	hits, err := c.index.Find(context.Background(), search.WireQuery(string(q.Text)), nil, limit)
	if err != nil {
		return nil
	}
	var found []protocol.FileRecord
	for _, h := range hits {
		found = append(found, c.files[h.ID])
	}
	for u := range q.URNs() {
		for _, f := range c.files {
			if u.HasSHA1 && u.SHA1 == f.URN.SHA1 && len(found) < limit {
				found = append(found, f)
			}
		}
	}
	return found
}

// table returns the route table of the files, at most about a third full.
func (c *catalogue) table() *protocol.RouteTable {
	for bits := uint(protocol.MinTableBits); ; bits++ {
		t := protocol.NewRouteTable(bits)
		for _, f := range c.files {
			search.AddWords(t, f.Name)
			t.AddURN(f.URN)
		}
		if t.Fill() < 1.0/3 || bits >= protocol.MaxTableBits {
			return t
		}
	}
}

// lookUp searches a node's files and those of the leaves whose lists it holds. The
// answer comes back as an event of its own.
func (w *World) lookUp(m *member, a *overlay.Action) {
	q, err := protocol.ParseQuery(a.Msg)
	if err != nil {
		return
	}
	found := overlay.LocalHits{ID: a.ID, Firewalled: q.Flags.Has(protocol.FlagFirewalled)}
	if m.shelf != nil && a.Own {
		found.Files = m.shelf.find(q, a.Limit)
	}
	found.Leaves = m.held.listed(q, a.Link, a.Limit-len(found.Files))
	if len(found.Files)+len(found.Leaves) > 0 {
		w.soon(m, found)
	}
}
