package bleveindex

import (
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/seed282dab8e/servent/search"
)

// With Config.Late bleve hears of deletions once there are leastLate of them and
// one for lateShare documents. They are no hits meanwhile; what they cost is that they
// are looked at. Deletions that bleve knows of cost more: it takes them out of every
// word's list anew with each search, until a merge has left them out.
const (
	leastLate = 10_000
	lateShare = 20
)

// linger notes that these documents have gone, which bleve does not know yet.
func (x *Index) linger(del []search.DocID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range del {
		x.ids.Remove(uint64(id))
		x.late.Add(uint64(id))
	}
}

// lingers says whether a document has gone that bleve has still.
func (x *Index) lingers(id search.DocID) bool {
	if !x.cfg.Late {
		return false
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.late.Contains(uint64(id))
}

// lingering says how many of them there are, and whether that is too many.
func (x *Index) lingering() (count int, many bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	count = int(x.late.GetCardinality())
	return count, count >= leastLate && count*lateShare >= int(x.ids.GetCardinality())
}

// bury tells bleve of all of them, and has it leave them out.
func (x *Index) bury() error {
	b := index.NewBatch()
	x.mu.RLock()
	for it := x.late.Iterator(); it.HasNext(); {
		b.Delete(key(search.DocID(it.Next())))
	}
	x.mu.RUnlock()
	b.Update(document.NewDocument(ballast)) // a segment that is alone is not merged
	if err := x.store.batch(b, x.single); err != nil {
		return err
	}
	x.mu.Lock()
	x.late.Clear()
	x.mu.Unlock()
	return x.look()
}
