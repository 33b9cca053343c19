package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// probeTime is how long the end of a body without announced length may take.
const probeTime = 2 * time.Second

// fetch asks one source for what is missing. nil means that the file is whole;
// with an error some of it may have come all the same.
func (g *get) fetch(ctx context.Context, c *candidate) error {
	paths := g.paths(c.Source)
	if len(paths) == 0 {
		return fault(errUnaskable)
	}
	l, kept := g.unpark(ctx, c), false
	defer func() { g.leave(c, l, kept) }()
	var err error
	for _, path := range paths {
		l, kept, err = g.loadFrom(ctx, l, path, c)
		if !errors.Is(err, errNotFound) {
			return err
		}
		if !kept {
			l.close()
			l = nil
		}
	}
	return err
}

// unpark returns a link to a source that was kept from an earlier request, nil
// where there is none.
func (g *get) unpark(ctx context.Context, c *candidate) *link {
	l := g.client.park.take(c.key)
	if l != nil {
		g.report(StateConnecting, true)
		l.watch(ctx)
		l.metered, l.since, l.stale = 0, l.spent, true
	}
	return l
}

// leave keeps a link that can take another request, at least until a place in
// the queue of its source is lost.
func (g *get) leave(c *candidate, l *link, kept bool) {
	switch {
	case l == nil:
	case !kept:
		l.close()
	default:
		g.client.park.put(c.key, l, min(max(parkTime, c.place.PollMax, c.place.Lifetime), maxParkTime))
	}
}

// loadFrom is load over l, or over a new link where l is nil or turns out to
// be closed by now. It returns the link and whether it can take another request.
func (g *get) loadFrom(ctx context.Context, l *link, path string, c *candidate) (*link, bool, error) {
	if l != nil {
		kept, err := g.load(ctx, l, path, c)
		if err == nil || !l.silent {
			return l, kept, err
		}
		l.close()
	}
	l, err := g.open(ctx, c.Source)
	if err != nil {
		return nil, false, err
	}
	kept, err := g.load(ctx, l, path, c)
	return l, kept, err
}

// open connects to a source and sees to it that the end of ctx ends the link.
func (g *get) open(ctx context.Context, s Source) (*link, error) {
	l, err := g.client.connect(ctx, s, func(state string) { g.report(state, true) })
	if err != nil {
		return nil, err
	}
	l.watch(ctx)
	return l, nil
}

// paths lists what to ask a source for: by hash, which every servent knows,
// then by the number and name of its own hit (section 19).
func (g *get) paths(s Source) []string {
	var paths []string
	if g.job.URN.HasSHA1 {
		paths = append(paths, "/uri-res/N2R?"+g.job.URN.SHA1URN())
	}
	if s.Name != "" {
		paths = append(paths, fmt.Sprintf("/get/%d/%s", s.Index, url.PathEscape(s.Name)))
	}
	return paths
}

// load asks for path until the file is whole: a source that has only a part,
// or gives its file in pieces, is asked again on the same connection.
// reusable says that the link can take another request.
func (g *get) load(ctx context.Context, l *link, path string, c *candidate) (reusable bool, err error) {
	for {
		resp, err := l.ask(request{path: path, offset: g.sink.size, place: c.place})
		if err != nil {
			return false, err
		}
		g.learn(c, resp.Header)
		p, err := g.want().judge(resp)
		if errors.Is(err, errNothingLeft) { // nobody had told the size before
			g.size, g.sized = g.sink.size, true
			return l.drain(resp), nil
		}
		if err != nil {
			return (errors.Is(err, errNotFound) || errors.Is(err, errBusy)) && l.drain(resp), err
		}
		c.place = protocol.QueuePlace{}
		g.client.turns.served(c.key)
		if !g.sized {
			g.size, g.sized = p.total, true
			g.points.learn(g.size)
		}
		if err := g.room(); err != nil {
			return false, err
		}
		err = g.body(ctx, l, resp, p, c)
		reusable := err == nil && p.exact && !resp.Close
		if err != nil || g.whole() {
			return reusable, err
		}
		if !reusable {
			return false, errShort
		}
	}
}

func (g *get) want() wanted {
	return wanted{urn: g.job.URN, offset: g.sink.size, size: g.size, sized: g.sized, limit: g.client.cfg.MaxFileSize}
}

// body takes the bytes of an answer. What we have already, from a source that
// does not know ranges, is read past.
func (g *get) body(ctx context.Context, l *link, resp *http.Response, p part, c *candidate) error {
	for at := p.first; at < p.end; {
		first := at == p.first
		n, err := g.piece(l, resp.Body, at, p.end, c)
		at += uint64(n)
		if err != nil {
			return err
		}
		if err := l.credit(n); err != nil {
			return err
		}
		if err := waitRate(ctx, g.client.cfg.Rate, n); err != nil {
			return &localError{err}
		}
		g.report(StateLoading, first)
	}
	if p.exact {
		return nil
	}
	return l.probe(resp.Body)
}

// piece reads one block of a body that stands at byte at of the file and ends
// at end, and keeps what is new.
func (g *get) piece(l *link, body io.Reader, at, end uint64, c *candidate) (int, error) {
	b, err := g.sink.take()
	if err != nil {
		return 0, err
	}
	fresh := at >= g.sink.size
	room := end - at
	if !fresh {
		room = g.sink.size - at
	}
	n, err := body.Read(b.buf[:min(room, uint64(limitStep(g.client.cfg.Rate, blockSize)))])
	if fresh && n > 0 {
		g.sink.put(b, n)
		g.contributed(c, n)
	} else {
		g.sink.drop(b)
	}
	switch {
	case err == nil || n > 0 && errors.Is(err, io.EOF): // EOF comes again
		return n, nil
	case errors.Is(err, io.EOF):
		return n, errShort
	}
	return n, l.explain(err, errChunks)
}

// probe looks whether a body whose length was not announced goes on behind the
// end of the file. One that simply stays open is let pass.
func (l *link) probe(body io.Reader) error {
	l.until = time.Now().Add(probeTime)
	defer func() { l.until = time.Time{} }()
	var one [1]byte
	n, err := body.Read(one[:])
	switch {
	case n > 0:
		return fault(errLong)
	case err != nil && l.ioErr == nil && !errors.Is(err, io.EOF):
		return l.explain(err, errChunks)
	}
	return nil
}
