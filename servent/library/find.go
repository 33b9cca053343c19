package library

import (
	"context"
	"fmt"
	"math"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// Found is a shared file, and how close it comes to what was asked for.
type Found struct {
	File
	Score float64 // as in search.Hit; infinite for one found by URN
}

// Find returns shared files that answer q or hold the content of one of urns,
// at most limit of them if limit is positive. Files named by URN come first,
// then those found by words, the best first. A URN counts by its SHA-1.
func (l *Library) Find(ctx context.Context, q search.Query, urns []protocol.URN, limit int) ([]File, error) {
	found, err := l.Ranked(ctx, q, urns, limit)
	out := make([]File, 0, len(found))
	for _, f := range found {
		out = append(out, f.File)
	}
	return out, err
}

// Ranked is like Find, and tells how close each file comes.
func (l *Library) Ranked(ctx context.Context, q search.Query, urns []protocol.URN, limit int) ([]Found, error) {
	var out []Found
	seen := make(map[uint32]bool)
	for _, u := range urns {
		for _, f := range l.equal(u.SHA1, limit) {
			if !u.HasSHA1 || seen[f.Index] {
				continue
			}
			seen[f.Index] = true
			if out = append(out, Found{f, math.Inf(1)}); len(out) == limit {
				return out, nil
			}
		}
	}
	if limit > 0 {
		limit -= len(out)
	}
	keep := func(id search.DocID) bool {
		return l.has(uint32(id)) && !seen[uint32(id)]
	}
	hits, err := l.cfg.Index.Find(ctx, q, keep, limit)
	if err != nil {
		return nil, fmt.Errorf("find shared files: %w", err)
	}
	for _, h := range hits {
		if f, ok := l.ByIndex(uint32(h.ID)); ok {
			out = append(out, Found{f, h.Score})
		}
	}
	return out, nil
}
