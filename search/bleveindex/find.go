package bleveindex

import (
	"context"
	"fmt"

	bleve "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/seed282dab8e/servent/search"
)

const (
	// checkEvery is the number of candidates between two looks at the context.
	checkEvery = 256
	// How many words bleve is asked for in place of a prefix, beside other words
	// and alone. One that begins more narrows little, and is left to the filter.
	maxPrefixBeside = 128
	maxPrefixAlone  = 2048
)

// Find implements search.Index. It fails with ErrDamaged or ErrClosed where
// the files cannot be asked.
func (x *Index) Find(ctx context.Context, q search.Query, keep func(search.DocID) bool, limit int) ([]search.Hit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.Empty() {
		return nil, nil
	}
	x.finds.RLock()
	defer x.finds.RUnlock()
	if err := x.store.err(); err != nil {
		return nil, fmt.Errorf("find in index: %w", err)
	}
	hits, err := x.find(ctx, q, keep, limit)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		err = fmt.Errorf("find in index: %w: %w", ErrDamaged, err)
		x.store.fail(err)
		return nil, err
	}
	search.SortHits(hits)
	return hits, nil
}

// find returns the first hits in bleve's order.
func (x *Index) find(ctx context.Context, q search.Query, keep func(search.DocID) bool, limit int) ([]search.Hit, error) {
	var c candidates
	if err := guard(func() (err error) { c, err = x.store.candidates(ctx, q); return err }); err != nil {
		return nil, err
	}
	defer c.close()
	var hits []search.Hit
	for i := 1; ; i++ {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var id search.DocID
		var more bool
		if err := guard(func() (err error) { id, more, err = c.next(); return err }); err != nil || !more {
			return hits, err
		}
		d, ok := x.cfg.Doc(id)
		if !ok || x.lingers(id) {
			continue
		}
		if score, ok := q.Rate(d); ok && (keep == nil || keep(id)) {
			hits = append(hits, search.Hit{ID: id, Score: score})
		}
		if len(hits) == limit && limit > 0 {
			return hits, nil
		}
	}
}

// candidates yields the documents that hold the words of a query, and some that
// do not.
type candidates struct {
	reader   index.IndexReader
	searcher bleve.Searcher
	ctx      *bleve.SearchContext
}

// candidates looks the words of q up.
func (s *store) candidates(ctx context.Context, q search.Query) (c candidates, err error) {
	if c.reader, err = s.scorch.Reader(); err != nil {
		return c, err
	}
	l := lookup{ctx: ctx, reader: c.reader}
	for _, w := range q.Words {
		l.word(w)
	}
	for _, p := range q.Phrases {
		for _, w := range p {
			l.word(w)
		}
	}
	for _, p := range q.Prefixes {
		l.prefix(p)
	}
	if c.searcher, err = l.all(); err != nil {
		c.close()
		return c, err
	}
	c.ctx = &bleve.SearchContext{
		DocumentMatchPool: bleve.NewDocumentMatchPool(c.searcher.DocumentMatchPoolSize()+1, 0),
		IndexReader:       c.reader,
	}
	return c, nil
}

// next returns another document, false when there is none.
func (c *candidates) next() (search.DocID, bool, error) {
	m, err := c.searcher.Next(c.ctx)
	if err != nil || m == nil {
		return 0, false, err
	}
	name, err := c.reader.ExternalID(m.IndexInternalID)
	if err != nil {
		return 0, false, err
	}
	c.ctx.DocumentMatchPool.Put(m)
	if name == ballast {
		return c.next()
	}
	id, err := idOf(name)
	return id, true, err
}

// close lets go of what was read; its errors change nothing for anybody.
func (c *candidates) close() {
	_ = guard(func() error {
		if c.searcher != nil {
			_ = c.searcher.Close()
		}
		return c.reader.Close()
	})
}

// lookup collects a searcher for each thing that a document must hold.
type lookup struct {
	ctx       context.Context
	reader    index.IndexReader
	searchers []bleve.Searcher
	err       error
}

// options let bleve join the bitmaps of words without looking at documents.
func options() bleve.SearcherOptions { return bleve.SearcherOptions{Score: "none"} }

func (l *lookup) add(s bleve.Searcher, err error) {
	if err != nil {
		l.err = err
		return
	}
	l.searchers = append(l.searchers, s)
}

func (l *lookup) word(w string) {
	if l.err == nil {
		l.add(searcher.NewTermSearcher(l.ctx, l.reader, w, wordField, 1, options()))
	}
}

// prefix asks for the words that begin with p, unless they are too many.
func (l *lookup) prefix(p string) {
	if l.err != nil {
		return
	}
	dict, err := l.reader.FieldDictPrefix(wordField, []byte(p))
	if err != nil {
		l.err = err
		return
	}
	defer dict.Close()
	most := maxPrefixAlone
	if len(l.searchers) > 0 {
		most = maxPrefixBeside
	}
	var words []string
	for {
		entry, err := dict.Next()
		if err != nil || len(words) > most {
			l.err = err
			return
		}
		if entry == nil {
			break
		}
		words = append(words, entry.Term)
	}
	if len(words) == 0 {
		words = []string{p} // finds nothing
	}
	l.add(searcher.NewMultiTermSearcher(l.ctx, l.reader, words, wordField, 1, options(), false))
}

// all joins the searchers; without any, every document is a candidate.
func (l *lookup) all() (bleve.Searcher, error) {
	switch {
	case l.err != nil:
		for _, s := range l.searchers {
			_ = s.Close()
		}
		return nil, l.err
	case len(l.searchers) == 0:
		return searcher.NewMatchAllSearcher(l.ctx, l.reader, 1, options())
	case len(l.searchers) == 1:
		return l.searchers[0], nil
	}
	return searcher.NewConjunctionSearcher(l.ctx, l.reader, l.searchers, options())
}
