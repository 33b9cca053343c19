package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	// chunk is how much is read, hashed and written at once.
	chunk = 256 << 10
	// maxAsked is how many requests a source is sent before it has answered the first.
	maxAsked = 4
	// A source that has only a part is asked, when we have all of that, whether it has
	// more: after minNews, twice as long each time up to maxNews.
	minNews = 200 * time.Millisecond
	maxNews = 10 * time.Second
)

// fetcher asks one source for blocks over one connection, until none is left for it.
type fetcher struct {
	swarm *swarm
	c     *candidate
	src   Source // as it was when this began
	cfg   *ClientConfig

	path     string // by which the source knows the file
	answered bool   // it does
	link     *link
	reused   bool          // nothing was asked over link for a while: it may be closed by now
	asked    []ask         // that are not answered, in order
	looked   time.Time     // when the source was last asked what it has
	offers   int           // how many blocks it had before that
	wait     time.Duration // until it is asked again
	buf      []byte
}

// ask is one request on its way.
type ask struct {
	lease
	all  bool         // without saying which bytes
	tree string       // asks for the tree, by this path
	root tiger.Digest // of it
	look bool         // asks only what the source has
}

// run asks the source until nothing is left for it. nil: it has done what it could.
func (f *fetcher) run(ctx context.Context) error {
	turns := &f.swarm.client.turns
	if f.c.full {
		f.swarm.told(f.c, StateWaiting)
	}
	if took, err := turns.take(ctx, f.c.key, f.c.place.Position > 0); err != nil || !took {
		return err
	}
	defer turns.give(f.c.key)
	paths := f.paths()
	if len(paths) == 0 {
		return fault(errUnaskable)
	}
	kept := false
	defer func() { f.leave(kept) }()
	f.unpark(ctx)
	var err error
	for _, f.path = range paths {
		kept, err = f.session(ctx)
		f.giveBack()
		if !errors.Is(err, errNotFound) || f.answered {
			return err
		}
		if !kept {
			f.link.close()
			f.link = nil
		}
	}
	return err
}

// paths lists what to ask a source for: by hash, which every servent knows,
// then by the number and name of its own hit (section 19).
func (f *fetcher) paths() []string {
	var paths []string
	if urn := f.swarm.job.URN; urn.HasSHA1 {
		paths = append(paths, "/uri-res/N2R?"+urn.SHA1URN())
	}
	if f.src.Name != "" {
		paths = append(paths, fmt.Sprintf("/get/%d/%s", f.src.Index, url.PathEscape(f.src.Name)))
	}
	return paths
}

// session asks for block after block. kept says that the link can take another
// request.
func (f *fetcher) session(ctx context.Context) (kept bool, err error) {
	if f.link == nil {
		if err := f.open(ctx); err != nil {
			return false, err
		}
	}
	for {
		if err := f.fill(); err != nil {
			return false, err
		}
		if len(f.asked) == 0 {
			if more, err := f.idle(ctx); !more {
				return err == nil, err
			}
			continue
		}
		if kept, err = f.answer(ctx); err != nil || !kept {
			return kept, err
		}
	}
}

// open connects, and sees to it that the end of ctx ends the link.
func (f *fetcher) open(ctx context.Context) error {
	l, err := f.swarm.connect(ctx, f.c, f.src)
	if err != nil {
		return err
	}
	l.watch(ctx)
	f.link = l
	return nil
}

// unpark takes the link to the source that was kept from an earlier request, if there
// is one.
func (f *fetcher) unpark(ctx context.Context) {
	if f.link = f.swarm.client.park.take(f.c.key); f.link == nil {
		return
	}
	f.reused = true
	f.swarm.told(f.c, StateConnecting)
	f.link.watch(ctx)
	f.link.metered, f.link.since, f.link.stale = 0, f.link.spent, true
}

// leave keeps a link that can take another request, at least until a place in
// the queue of its source is lost.
func (f *fetcher) leave(kept bool) {
	switch {
	case f.link == nil:
	case !kept:
		f.link.close()
	default:
		f.swarm.client.park.put(f.c.key, f.link, min(max(parkTime, f.c.place.PollMax, f.c.place.Lifetime), maxParkTime))
	}
}

// giveBack has what was asked and did not come asked of others.
func (f *fetcher) giveBack() {
	for _, a := range f.asked {
		f.swarm.release(f.c, a, false)
	}
	f.asked = nil
}

// fill asks ahead, as far as is good.
func (f *fetcher) fill() error {
	for len(f.asked) < maxAsked {
		a, ok := f.swarm.assign(f.c, f.asked)
		if !ok {
			return nil
		}
		f.asked = append(f.asked, a)
		if err := f.send(a); err != nil && !f.reused { // else the answer will tell
			return err
		}
	}
	return nil
}

// send asks for a.
func (f *fetcher) send(a ask) error {
	switch {
	case a.tree != "":
		return f.link.send(request{path: a.tree})
	case a.look:
		return f.link.send(request{path: f.path, head: true})
	}
	req := request{path: f.path, place: f.c.place, from: a.from, to: a.to}
	if req.alternates, req.bad = f.swarm.mesh(f.link); a.all {
		req.to = 0
	}
	return f.link.send(req)
}

// idle waits until there may be something to ask for; false: there will not.
func (f *fetcher) idle(ctx context.Context) (more bool, err error) {
	news, offers, over := f.swarm.listen(f.c)
	if over {
		return false, nil
	}
	due := f.looked.Add(f.wait)
	t := time.NewTimer(quiet / 4)
	if offers >= 0 {
		t.Reset(min(time.Until(due), quiet/4))
	}
	defer t.Stop()
	select {
	case <-news:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	case <-t.C:
	}
	if offers < 0 || time.Now().Before(due) {
		return true, nil // another source may have fallen silent
	}
	if f.wait = min(max(2*f.wait, minNews), maxNews); offers > f.offers { // where there is more, more will be
		f.wait = minNews
	}
	f.looked, f.offers = time.Now(), offers
	f.swarm.looks(f.c)
	f.asked = append(f.asked, ask{look: true})
	return true, f.send(f.asked[0])
}

// answer takes the answer to what was asked first. kept says that the link can take
// another request.
func (f *fetcher) answer(ctx context.Context) (kept bool, err error) {
	a := f.asked[0]
	resp, err := f.link.receive(a.look)
	if err != nil {
		if f.reused && f.link.silent {
			return true, f.again(ctx)
		}
		return false, err
	}
	f.reused = false
	f.swarm.learn(f.c, f.link, resp.Header)
	if a.tree == "" && resp.StatusCode/100 == 2 && resp.Header.Get(protocol.HeaderAvailableRanges) == "" {
		f.swarm.learnWhole(f.c)
	}
	switch {
	case a.tree != "":
		kept, err = f.takeTree(resp, a)
	case a.look:
		if kept, err = !resp.Close, f.judgeLook(resp); !kept {
			f.swarm.rest(f.c, maxNews) // or it would be connected to again and again
		}
	default:
		kept, err = f.load(ctx, resp, a)
	}
	f.asked = f.asked[1:]
	f.reused = len(f.asked) == 0 // the source may close it now
	f.swarm.release(f.c, a, len(f.asked) > 0)
	if len(f.asked) > 0 && err != nil {
		kept = false // more answers come
	}
	return kept, err
}

// again asks on a new link what was asked on one that was kept and is closed by now.
func (f *fetcher) again(ctx context.Context) error {
	f.link.close()
	f.link, f.reused = nil, false
	if err := f.open(ctx); err != nil {
		return err
	}
	for _, a := range f.asked {
		if err := f.send(a); err != nil {
			return err
		}
	}
	return nil
}

// load takes an answer that should be content.
func (f *fetcher) load(ctx context.Context, resp *http.Response, a ask) (kept bool, err error) {
	p, err := f.swarm.judge(f.c, a, resp)
	switch {
	case errors.Is(err, errNothingThere):
		return f.link.drain(resp), nil
	case err != nil:
		return (errors.Is(err, errNotFound) || errors.Is(err, errBusy)) && f.link.drain(resp), err
	}
	f.answered, f.looked, f.wait = true, time.Now(), minNews
	f.swarm.client.turns.served(f.c.key)
	begin := time.Now()
	if err := f.body(ctx, resp, p); err != nil {
		return false, err
	}
	f.swarm.measured(f.c, p.end-p.first, time.Since(begin))
	if p.exact && !resp.Close {
		return true, nil
	}
	return false, errShort // where the file is whole nobody minds
}

// body takes the bytes of an answer, block by block.
func (f *fetcher) body(ctx context.Context, resp *http.Response, p part) error {
	if want := min(chunk, max(p.end-p.first, 4<<10)); uint64(len(f.buf)) < want {
		f.buf = make([]byte, want)
	}
	for at := p.first; at < p.end; {
		stop := min(f.swarm.blockEnd(at), p.end)
		if err := f.block(ctx, resp.Body, at, stop); err != nil {
			return err
		}
		at = stop
	}
	if p.exact {
		return nil
	}
	return f.link.probe(resp.Body)
}

// block takes the bytes from at up to stop, which are of one block. What is there
// already, from a source that does not know ranges or was beaten, is read past.
func (f *fetcher) block(ctx context.Context, body io.Reader, at, stop uint64) error {
	t := f.swarm.begin(f.c, at)
	for at < stop {
		room := min(stop-at, uint64(len(f.buf)))
		if t != nil && at < t.at {
			room = min(room, t.at-at)
		}
		fresh := t != nil && at == t.at
		n, err := f.read(ctx, body, f.buf[:room], fresh)
		at += uint64(n)
		if fresh {
			if err := f.swarm.write(t, f.buf[:n]); errors.Is(err, errBeaten) {
				f.swarm.leave(t)
				t = nil
			} else if err != nil {
				return err
			}
		}
		if err != nil {
			return cmp.Or(f.swarm.finish(f.c, t), err) // the last byte may have come
		}
	}
	return f.swarm.finish(f.c, t)
}

// read fills b, so that it can be hashed and written in one go, and waits where we do not
// want to be so fast. fresh says that the bytes are wanted.
func (f *fetcher) read(ctx context.Context, body io.Reader, b []byte, fresh bool) (n int, err error) {
	for n < len(b) {
		var got int
		got, err = body.Read(b[n:min(len(b), n+limitStep(f.cfg.Rate, len(b)))])
		n += got
		f.swarm.arrived(f.c, got, fresh)
		if err := f.came(ctx, got, err); err != nil {
			return n, err
		}
	}
	return n, nil
}

// came judges a read of n bytes, and waits where we do not want to be so fast.
func (f *fetcher) came(ctx context.Context, n int, err error) error {
	switch {
	case err == nil:
	case n > 0 && errors.Is(err, io.EOF): // it comes again
	case errors.Is(err, io.EOF):
		return errShort
	default:
		return f.link.explain(err, errChunks)
	}
	if err := f.link.credit(n); err != nil {
		return err
	}
	if err := waitRate(ctx, f.cfg.Rate, n); ctx.Err() != nil {
		return err // another source goes on in its place
	} else if err != nil {
		return &localError{err}
	}
	return nil
}

// takeTree reads the tree of the file (section 21). One that does not fit is no reason
// not to ask the source for blocks.
func (f *fetcher) takeTree(resp *http.Response, a ask) (kept bool, err error) {
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "" {
		return f.link.drain(resp), nil
	}
	f.link.until = time.Now().Add(f.cfg.IdleTimeout) // a file may wait for it
	defer func() { f.link.until = time.Time{} }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, protocol.MaxTHEX+1))
	if err != nil {
		return false, f.link.explain(err, errChunks)
	}
	f.swarm.gotTree(f.c, b, a.root)
	return !resp.Close && len(b) <= protocol.MaxTHEX, nil // of a longer one there is more to come
}

// judgeLook takes the answer to the question what the source has.
func (f *fetcher) judgeLook(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return nil // learn has read what it says
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return busy(resp)
	}
	return fault(fmt.Errorf("%w (%s)", errNotFound, status(resp)))
}

// probeTime is how long the end of a body without announced length may take.
const probeTime = 2 * time.Second

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
