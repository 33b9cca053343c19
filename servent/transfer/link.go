package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	maxHeaderBytes = 32 << 10 // of one answer, interim answers included
	maxInterim     = 5        // 1xx answers before the real one
	maxDrain       = 64 << 10 // body of a refusal, read to keep the connection
	queueForms     = "1.0"    // of X-Queue: both forms of queue are understood
	// stalePatience is how long a link that was kept has for its first answer, before a
	// new one is opened.
	stalePatience = 3 * time.Second
	bufferSize    = 32 << 10 // less than a block, so that large reads go past it
)

// link is a connection to a source that speaks HTTP. It belongs to one
// goroutine. Whoever watches a context closes conn to end it.
type link struct {
	conn    net.Conn
	cfg     *ClientConfig
	host    string
	unwatch func() bool // ends the watch over a context; may be nil

	br     *bufio.Reader
	budget io.LimitedReader // under br: bounds the headers

	until time.Time     // no read may last longer; zero: only IdleTimeout counts
	spent time.Duration // in reads, that is waiting for the source
	ioErr error         // of the connection; nil: the source said something wrong
	// silent says that the last request got no byte of an answer.
	silent bool
	// stale says that nothing was asked for a while: routers may have forgotten it.
	stale bool

	metered uint64        // bytes of content since since
	since   time.Duration // of spent, where the meter began
}

func newLink(conn net.Conn, cfg *ClientConfig, host string) *link {
	l := &link{conn: conn, cfg: cfg, host: host}
	l.budget.R = (*wire)(l)
	l.br = bufio.NewReaderSize(&l.budget, bufferSize)
	return l
}

// close ends the connection. A nil link may be closed.
func (l *link) close() {
	if l == nil {
		return
	}
	if l.unwatch != nil {
		l.unwatch()
	}
	_ = l.conn.Close() // everything wanted was read
}

// watch sees to it that the end of ctx ends the link.
func (l *link) watch(ctx context.Context) {
	l.unwatch = context.AfterFunc(ctx, func() { _ = l.conn.Close() })
}

// wire reads the connection of a link with deadlines.
type wire link

func (w *wire) Read(p []byte) (int, error) {
	begin := time.Now()
	deadline := begin.Add(w.cfg.IdleTimeout)
	if !w.until.IsZero() && w.until.Before(deadline) {
		deadline = w.until
	}
	if err := w.conn.SetReadDeadline(deadline); err != nil {
		w.ioErr = err
		return 0, err
	}
	n, err := w.conn.Read(p)
	w.silent = w.silent && n == 0
	w.spent += time.Since(begin)
	if err != nil {
		w.ioErr = err
	}
	return n, err
}

// request is what a source is asked for.
type request struct {
	path     string
	from, to uint64              // bytes; to 0: all
	head     bool                // nothing but what would be answered
	accept   string              // media types; empty: any
	place    protocol.QueuePlace // in the source's queue, as it told last
	// Others that have the file, and others that do not, or send something else.
	alternates, bad []netip.AddrPort
}

// ask sends a request and reads the header of the answer, whose body comes from the
// link.
func (l *link) ask(req request) (*http.Response, error) {
	if err := l.send(req); err != nil {
		return nil, err
	}
	return l.receive(req.head)
}

// send sends a request, which receive gets the answer to, in order.
func (l *link) send(req request) error {
	l.silent = true
	err := l.conn.SetWriteDeadline(time.Now().Add(l.cfg.HeaderTimeout))
	if err == nil {
		_, err = l.conn.Write(l.lines(req))
	}
	if err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	return nil
}

// receive reads the header of the next answer, whose body comes from the link. head says
// that it has none.
func (l *link) receive(head bool) (*http.Response, error) {
	patience := l.cfg.HeaderTimeout
	if l.stale {
		patience, l.stale = min(patience, stalePatience), false
	}
	l.until, l.budget.N = time.Now().Add(patience), maxHeaderBytes
	resp, err := l.header(head)
	l.until, l.budget.N = time.Time{}, math.MaxInt64
	return resp, err
}

// lines is a request as it goes out. Who waits in a queue says so, and where it
// can be called back (section 22).
func (l *link) lines(req request) []byte {
	method := http.MethodGet
	if req.head {
		method = http.MethodHead
	}
	b := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nX-Features: %s\r\nConnection: Keep-Alive\r\n",
		method, req.path, l.host, l.cfg.Agent, clientFeatures)
	if req.accept != "" {
		b = fmt.Appendf(b, "Accept: %s\r\nAccept-Encoding: deflate\r\n", req.accept)
	} else {
		b = fmt.Appendf(b, "%s: %s\r\n", protocol.HeaderQueue, queueForms)
		if self := l.cfg.Self(addrOfConn(l.conn.LocalAddr()).Addr()); self.IsValid() {
			b = fmt.Appendf(b, "%s: %s\r\n", protocol.HeaderNode, self) // to be called back
		}
	}
	if req.place.ID != "" {
		again := protocol.QueuePlace{Position: req.place.Position, ID: req.place.ID}
		b = fmt.Appendf(b, "%s: %s\r\n", protocol.HeaderQueued, again.PARQ())
	}
	if len(req.alternates) > 0 {
		b = fmt.Appendf(b, "%s: %s\r\n", protocol.HeaderAlt, protocol.Alternates(req.alternates))
	}
	if len(req.bad) > 0 {
		b = fmt.Appendf(b, "%s: %s\r\n", protocol.HeaderNAlt, protocol.Alternates(req.bad))
	}
	if req.to > 0 {
		b = fmt.Appendf(b, "Range: bytes=%d-%d\r\n", req.from, req.to-1)
	}
	return append(b, "\r\n"...)
}

// header reads one answer's header; interim answers are passed over.
func (l *link) header(head bool) (*http.Response, error) {
	var req *http.Request // nil is a GET
	if head {
		req = &http.Request{Method: http.MethodHead}
	}
	for range maxInterim + 1 {
		resp, err := http.ReadResponse(l.br, req)
		switch {
		case err != nil && l.budget.N <= 0:
			return nil, fault(errHeadersSize)
		case err != nil:
			return nil, l.explain(err, errHeaders)
		case resp.StatusCode >= http.StatusOK:
			if l.cfg.Date != nil {
				l.cfg.Date(l.conn.RemoteAddr(), resp.Header.Get("Date"))
			}
			return resp, nil
		}
	}
	return nil, fault(errHeaders)
}

// explain tells a connection that failed from a source that sent nonsense.
func (l *link) explain(err, nonsense error) error {
	switch {
	case l.ioErr == nil:
		return fault(fmt.Errorf("%w (%s)", nonsense, quote(err.Error())))
	case errors.Is(l.ioErr, os.ErrDeadlineExceeded):
		return errStalled
	case errors.Is(l.ioErr, io.EOF):
		return errShort
	}
	return fmt.Errorf("receive: %w", l.ioErr)
}

// credit counts n bytes of content and returns an error when the source was
// too slow for a whole SpeedWindow. Time during which nobody read, because of
// our own disk or rate limit, does not count against it.
func (l *link) credit(n int) error {
	l.metered += uint64(n)
	waited := l.spent - l.since
	if waited < l.cfg.SpeedWindow {
		return nil
	}
	slow := float64(l.metered) < float64(l.cfg.MinSpeed)*waited.Seconds()
	l.metered, l.since = 0, l.spent
	if slow {
		return errTooSlow
	}
	return nil
}

// drain reads the rest of a small body and reports whether the connection can
// take another request.
func (l *link) drain(resp *http.Response) bool {
	if resp.Close || resp.ContentLength > maxDrain {
		return false
	}
	l.until = time.Now().Add(l.cfg.HeaderTimeout)
	defer func() { l.until = time.Time{} }()
	n, err := io.CopyN(io.Discard, resp.Body, maxDrain+1)
	return n <= maxDrain && errors.Is(err, io.EOF)
}

// headStart is how long the likelier way to a source has before the other one is tried
// beside it.
const headStart = 500 * time.Millisecond

// connect opens a link to s: directly or by a push. The likelier way goes first, the
// other joins it when that fails or takes long, and the first that works wins.
func (c *Client) connect(ctx context.Context, s Source, state func(string)) (*link, error) {
	ways := [...]way{{StateConnecting, c.dial}, {StatePushing, c.push}}
	if s.Push {
		ways[0], ways[1] = ways[1], ways[0]
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends who has lost
	race := race{attempts: make(chan attempt, len(ways))}
	state(ways[0].name)
	go race.run(ctx, ways[0], s, 0)
	late := time.NewTimer(headStart)
	defer late.Stop()
	var errs [len(ways)]error
	for begun, over := 1, 0; over < len(ways); {
		select {
		case <-late.C:
		case a := <-race.attempts:
			if a.err == nil {
				return newLink(a.conn, &c.cfg, hostOf(s, a.conn)), nil
			}
			errs[a.way] = a.err
			over++
		}
		if begun == 1 {
			begun++
			state(ways[1].name)
			go race.run(ctx, ways[1], s, 1)
		}
	}
	return nil, bothFailed(errs[0], errs[1])
}

// bothFailed tells of the ways that there were.
func bothFailed(first, second error) error {
	switch {
	case errors.Is(first, errNoAddress):
		return second
	case errors.Is(second, errNoAddress):
		return first
	}
	return fmt.Errorf("%w, and %w", first, second)
}

// way is one way to a source.
type way struct {
	name string // of the state
	open func(context.Context, Source) (net.Conn, error)
}

// attempt is what came of one.
type attempt struct {
	way  int
	conn net.Conn
	err  error
}

// race is between the ways to one source.
type race struct {
	won      atomic.Bool
	attempts chan attempt // with room for all
}

// run goes one way. What opens after another one has is closed.
func (r *race) run(ctx context.Context, w way, s Source, i int) {
	conn, err := w.open(ctx, s)
	if err == nil && !r.won.CompareAndSwap(false, true) {
		_ = conn.Close() // nothing was sent on it
		return
	}
	r.attempts <- attempt{i, conn, err}
}

func hostOf(s Source, conn net.Conn) string {
	if s.Addr.IsValid() {
		return s.Addr.String()
	}
	return conn.RemoteAddr().String()
}

func (c *Client) dial(ctx context.Context, s Source) (net.Conn, error) {
	if !s.Addr.IsValid() || s.Addr.Port() == 0 || s.Addr.Addr().IsUnspecified() {
		return nil, errNoAddress
	}
	patience := c.cfg.DialTimeout
	if s.Push { // it has said that this will hardly work
		patience /= 2
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := c.cfg.Dial.DialContext(ctx, "tcp", s.Addr.String())
	if err != nil {
		return nil, fmt.Errorf("dial: %w", dialCause(err))
	}
	return conn, nil
}

// dialCause is err without that it was dialled and whom: both are told beside it.
func dialCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

// push asks the source to connect to us and waits for its GIV.
func (c *Client) push(ctx context.Context, s Source) (net.Conn, error) {
	if c.cfg.Push == nil || s.Servent == (Source{}).Servent {
		return nil, errNoAddress
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.PushTimeout)
	defer cancel()
	w := c.expect(s) // before the push: the answer may be quick
	asked := make(chan error, 1)
	go func() { asked <- c.cfg.Push(ctx, s) }() // it goes on asking until ctx ends
	for {
		select {
		case conn := <-w.conn:
			return conn, nil
		case err := <-asked:
			if err != nil {
				c.leave(w)
				return nil, fmt.Errorf("push: %w", err)
			}
			asked = nil
		case <-ctx.Done():
			c.leave(w)
			return nil, errNoGIV
		}
	}
}
