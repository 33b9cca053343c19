package servent

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/leaves"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// job is a query of another servent's that may match a file of ours, or what
// such a servent asks of one file.
type job struct {
	id    protocol.GUID
	query []byte // payload
	limit int
	own   bool           // of our files, too
	from  overlay.LinkID // 0: the user asks
	urn   string         // of the one file, instead of a query
	asker netip.AddrPort // of that file
	parts protocol.HeadParts
}

func (l *loop) search(a *overlay.Action) {
	l.queue(job{id: a.ID, query: slices.Clone(a.Msg), limit: a.Limit, own: a.Own, from: a.Link})
}

// queue gives a job to the workers; the loop never waits for them.
func (l *loop) queue(j job) {
	select {
	case l.s.jobs <- j:
	default:
		l.edge.searchesDropped++
	}
}

// answer looks up queries until ctx ends.
func (s *Servent) answer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.jobs:
			if j.urn != "" {
				head := s.lookUpHead(j)
				s.call(func(l *loop) { l.step(head) })
			} else if hits := s.lookUp(ctx, j); len(hits.Files)+len(hits.Leaves) > 0 {
				s.call(func(l *loop) { l.step(hits) })
			}
		}
	}
}

// lookUp answers a query with our files and those of leaves.
func (s *Servent) lookUp(ctx context.Context, j job) overlay.LocalHits {
	hits := overlay.LocalHits{ID: j.id}
	q, err := protocol.ParseQuery(j.query)
	if err != nil {
		return hits
	}
	hits.Firewalled = q.Unreachable()
	words, urns := wireQuery(q), slices.Collect(q.URNs())
	var own []library.Found
	var listed []leaves.File
	if j.own {
		own, err = s.lib.Ranked(ctx, words, urns, j.limit)
	}
	if err == nil && s.leaves != nil {
		listed, err = s.leaves.Find(ctx, leaves.Question{Words: words, URNs: urns, Except: uint32(j.from), Reachable: hits.Firewalled, Limit: j.limit})
	}
	if err != nil && ctx.Err() == nil {
		s.log.WithField("component", "search").WithError(err).Warn("look up a query")
	}
	own, listed = best(own, listed, j.limit)
	for _, f := range own {
		hits.Files = append(hits.Files, f.Record())
	}
	hits.Leaves = byLeaf(listed)
	return hits
}

// best returns the best of our files and of those of leaves, which are sorted so; of
// equals first that of which there are less.
func best(own []library.Found, listed []leaves.File, most int) ([]library.Found, []leaves.File) {
	n, m := 0, 0
	for n+m < min(most, len(own)+len(listed)) {
		switch {
		case m == len(listed):
			n++
		case n == len(own) || cmp.Or(cmp.Compare(own[n].Score, listed[m].Score), m-n) < 0:
			m++
		default:
			n++
		}
	}
	return own[:n], listed[:m]
}

// wireQuery is what a peer asks for, with what one of our kind has put beside the
// words.
func wireQuery(q protocol.Query) search.Query {
	words := search.WireQuery(string(q.Text))
	if g, ok := protocol.FindGGEP(q.Ext, protocol.GGEPFilter); ok {
		if filter, err := g.Data(protocol.MaxRelayedQuery); err == nil {
			return words.Filtered(string(filter))
		}
	}
	return words
}

// SearchRequest is a search of the user's.
type SearchRequest struct {
	Query string `json:"query"` // in the language of search.ParseQuery
	TTL   uint8  `json:"ttl"`   // 0: the default
	Limit int    `json:"limit"` // rows after which the search ends; 0: none
	// urns are content that is looked for, by hash, and name is what it may be
	// called: gtk-gnutella relays no query that has no words.
	urns []protocol.URN
	name string
}

// userSearch is how the loop hands hits to Search.
type userSearch struct{ hits chan foundHit }

type foundHit struct {
	payload []byte
	hops    uint8
}

// hit copies a hit to whoever searches; the loop never waits.
func (l *loop) hit(a *overlay.Action) {
	u := l.searches[a.ID]
	if u == nil {
		return
	}
	select {
	case u.hits <- foundHit{slices.Clone(a.Msg[protocol.HeaderSize:]), a.Hops}:
	default:
		l.edge.hitsDropped++
	}
}

var errStopped = errors.New("the servent has stopped")

// Search floods a query and calls found for each row that is new or has
// changed, until ctx ends or there are Limit rows. found is called on the
// caller's goroutine.
func (s *Servent) Search(ctx context.Context, req SearchRequest, found func(Found)) error {
	q, err := search.ParseQuery(req.Query)
	if err != nil {
		return fmt.Errorf("search %q: %w", req.Query, err)
	}
	return s.find(ctx, q, req, func(r *search.Result, rows int) bool {
		found(foundOf(r))
		return req.Limit == 0 || rows < req.Limit
	})
}

// MaxOwn is how many files CountOwn counts at most.
const MaxOwn = 64

// CountOwn counts the files of this servent's own that match a query, up to MaxOwn.
// Search finds only those of others.
func (s *Servent) CountOwn(ctx context.Context, query string) (int, error) {
	q, err := search.ParseQuery(query)
	if err != nil {
		return 0, fmt.Errorf("search %q: %w", query, err)
	}
	files, err := s.lib.Find(ctx, q, nil, MaxOwn)
	return len(files), err
}

// find runs a search until ctx ends or row returns false. row gets each row that
// is new or has changed, and how many there are.
func (s *Servent) find(ctx context.Context, q search.Query, req SearchRequest, row func(r *search.Result, rows int) bool) error {
	id, err := newMUID()
	if err != nil {
		return err
	}
	text := q.WireText()
	if text == "" {
		text = search.Query{Words: search.Tokens(req.name)}.WireText()
	}
	if text == "" {
		text = `\` // what others send with a search by hash alone
	}
	u := &userSearch{hits: make(chan foundHit, hitQueue)}
	start := time.Now()
	begun := s.call(func(l *loop) {
		l.searches[id] = u
		l.step(overlay.UserQuery{ID: id, Text: text, URNs: req.urns, Filter: q.WireFilter(), TTL: req.TTL})
	})
	if !begun {
		return errStopped
	}
	defer s.call(func(l *loop) {
		delete(l.searches, id)
		l.step(overlay.UserQueryEnd{ID: id})
	})
	return s.gather(ctx, search.NewGrouper(q), u.hits, start, row)
}

func (s *Servent) gather(ctx context.Context, g *search.Grouper, hits <-chan foundHit, start time.Time, row func(*search.Result, int) bool) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.done:
			return errStopped
		case h := <-hits:
			if !group(g, h, time.Since(start), row) {
				return nil
			}
		}
	}
}

// group adds the files of one hit; false: the search is over.
func group(g *search.Grouper, h foundHit, elapsed time.Duration, row func(*search.Result, int) bool) bool {
	hit, err := protocol.ParseQueryHit(h.payload)
	if err != nil {
		return true // the node has parsed it before
	}
	src := search.Source{Addr: hit.Addr, Servent: hit.Servent, Hops: h.hops + 1} // a neighbour's hit has made none
	if qhd, ok := hit.QHD(); ok {
		src.Agent = qhd.Vendor
		src.Push = qhd.Flags&protocol.HitPush != 0
		src.Busy = qhd.Flags&protocol.HitBusy != 0
		ext := qhd.Ext()
		src.Addr = protocol.FullAddr(hit.Addr, ext)
		src.Proxies = protocol.Hosts(ext, protocol.GGEPProxies)
		src.Proxies = src.Proxies[:min(len(src.Proxies), maxProxies)]
	}
	for record := range hit.Files() {
		f := record.File()
		src.Index = f.Index
		if r, changed := g.Add(f, src, elapsed); changed {
			if !row(&r, g.Rows()) {
				return false
			}
		}
	}
	return true
}

func newMUID() (protocol.GUID, error) {
	var id protocol.GUID
	if _, err := crand.Read(id[:]); err != nil {
		return id, fmt.Errorf("read randomness: %w", err)
	}
	return id.Marked(), nil
}
