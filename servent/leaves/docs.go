package leaves

import (
	"iter"

	"github.com/seed282dab8e/servent/search"
)

// documents is what the index of words is made of.
type documents struct{ x *Index }

// Doc implements wordindex.Documents.
func (d documents) Doc(id search.DocID) (search.Doc, bool) {
	d.x.mu.RLock()
	defer d.x.mu.RUnlock()
	return d.x.lists.Doc(id)
}

// Docs implements wordindex.Documents. Nobody waits while they are yielded.
func (d documents) Docs() iter.Seq[search.Doc] {
	return func(yield func(search.Doc) bool) {
		d.x.mu.RLock()
		ids := d.x.lists.IDs()
		d.x.mu.RUnlock()
		for _, id := range ids {
			if doc, ok := d.Doc(id); ok && !yield(doc) {
				return
			}
		}
	}
}

// Refused implements wordindex.Documents: lists that were held are so no more.
func (d documents) Refused(ids []search.DocID) { d.x.noRoom(ids) }

// ID implements wordindex.Documents: lists are in memory, and their numbers begin
// anew with each start.
func (documents) ID() string { return "" }
