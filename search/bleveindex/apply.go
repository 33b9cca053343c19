package bleveindex

import (
	"fmt"

	index "github.com/blevesearch/bleve_index_api"
	"github.com/seed282dab8e/servent/search"
)

// batchSize is how many documents go to disk at once: what bleve likes.
const batchSize = 1000

// Apply implements search.Index. When it returns nil, or a *search.FullError,
// all else is on disk. A batch of up to a thousand documents is there after a
// crash or is not, as a whole; a larger one goes in several steps, as does one
// that fills the last of the room.
func (x *Index) Apply(put []search.Doc, del []search.DocID) error {
	x.apply.Lock()
	defer x.apply.Unlock()
	if err := x.check(); err != nil {
		return fmt.Errorf("apply to index: %w", err)
	}
	put, del = x.plan(put, del)
	if x.cfg.Late {
		x.linger(del)
		del = nil
	}
	for ; len(del) > batchSize; del = del[batchSize:] { // they make room
		if err := x.write(nil, del[:batchSize]); err != nil {
			return fmt.Errorf("apply to index: %w", err)
		}
	}
	var refused []search.DocID
	for len(put)+len(del) > 0 {
		n := min(len(put), batchSize)
		out, err := x.step(put[:n], del)
		if err != nil {
			return fmt.Errorf("apply to index: %w", err)
		}
		refused = append(refused, out...)
		put, del = put[n:], nil
	}
	if _, many := x.lingering(); many {
		if err := x.bury(); err != nil {
			return fmt.Errorf("apply to index: %w", err)
		}
	}
	if len(refused) > 0 {
		return &search.FullError{Refused: refused, Max: x.cfg.MaxBytes}
	}
	return nil
}

// plan leaves the last of the documents with one ID, and of the deletions those
// of documents that are there and are not put.
func (x *Index) plan(put []search.Doc, del []search.DocID) ([]search.Doc, []search.DocID) {
	last := make(map[search.DocID]int, len(put)+len(del))
	for i, d := range put {
		last[d.ID] = i
	}
	docs := make([]search.Doc, 0, len(last))
	for i, d := range put {
		if last[d.ID] == i {
			docs = append(docs, d)
		}
	}
	var gone []search.DocID
	for _, id := range del {
		if _, ok := last[id]; !ok && x.Has(id) {
			last[id] = -1 // once is enough
			gone = append(gone, id)
		}
	}
	return docs, gone
}

// step applies one batch and returns the documents that do not fit. Deletions
// do not wait for room: they make it.
func (x *Index) step(put []search.Doc, del []search.DocID) ([]search.DocID, error) {
	for len(put)+len(del) > 0 {
		fit, err := x.fitting(put)
		if err != nil {
			return nil, err
		}
		if fit == 0 && len(del) == 0 {
			return x.refuse(put)
		}
		if fit < len(put) && len(del) > 0 {
			fit = 0
		}
		// What fits is estimated; when that has been written, more may fit.
		if err := x.write(put[:fit], del); err != nil {
			return nil, err
		}
		put, del = put[fit:], nil
	}
	return nil, nil
}

// refuse takes out the older documents of those that do not fit.
func (x *Index) refuse(put []search.Doc) (refused []search.DocID, err error) {
	var old []search.DocID
	for _, d := range put {
		refused = append(refused, d.ID)
		if x.Has(d.ID) {
			old = append(old, d.ID)
		}
	}
	return refused, x.write(nil, old)
}

// write brings one batch to disk.
func (x *Index) write(put []search.Doc, del []search.DocID) error {
	if len(put)+len(del) == 0 {
		return nil
	}
	b := index.NewBatch()
	for _, id := range del {
		b.Delete(key(id))
	}
	for _, d := range put {
		b.Update(bleveDocument(d))
	}
	err := x.store.batch(b, x.tiers)
	if err == nil {
		err = x.look()
	}
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range del {
		x.ids.Remove(uint64(id))
	}
	for _, d := range put {
		x.ids.Add(uint64(d.ID))
		x.late.Remove(uint64(d.ID))
	}
	return nil
}

// look remembers which files must be there, and how long.
func (x *Index) look() error {
	names, err := x.store.names()
	if err != nil {
		return err
	}
	now, err := listFiles(x.cfg.Dir)
	if err == nil {
		x.left = now.only(names)
	}
	return err
}
