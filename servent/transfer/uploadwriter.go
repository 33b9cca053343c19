package transfer

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// writeStep is how much goes out under one deadline, and at most after one
// look at the rate limit.
const writeStep = 128 << 10

// uploadWriter counts and paces a body. It keeps the way open for sendfile:
// net/http passes ReadFrom on to the connection.
type uploadWriter struct {
	http.ResponseWriter
	server  *Server
	ctx     context.Context
	control *http.ResponseController
	lane    *lane // nil for HEAD
	begin   time.Time

	code     int
	promised int64 // by Content-Length
	sent     int64
}

// lane is what the bodies have in common that share a slot: they come to the rate limit one at
// a time, so that who has many connections gets no more of a rate than who has one.
type lane struct {
	turn chan struct{}
	sent atomic.Uint64 // bytes, over all of them
}

func newLane() *lane { return &lane{turn: make(chan struct{}, 1)} }

// writer returns what a body is written to.
func (s *Server) writer(w http.ResponseWriter, r *http.Request, l *lane) *uploadWriter {
	return &uploadWriter{
		ResponseWriter: w, server: s, ctx: r.Context(), control: http.NewResponseController(w), lane: l, begin: time.Now(),
	}
}

func (u *uploadWriter) WriteHeader(code int) {
	u.code = code
	u.promised = -1
	if n, err := strconv.ParseInt(u.Header().Get("Content-Length"), 10, 64); err == nil {
		u.promised = n
	}
	u.ResponseWriter.WriteHeader(code)
}

// Write sends p step by step.
func (u *uploadWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		step := u.step(int64(len(p)))
		if err := u.pace(step); err != nil {
			return written, err
		}
		n, err := u.ResponseWriter.Write(p[:step])
		written += n
		u.count(int64(n))
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// ReadFrom sends what src holds, of which http.ServeContent says how much: src
// is an *io.LimitedReader over the file, the very form that sendfile needs.
func (u *uploadWriter) ReadFrom(src io.Reader) (int64, error) {
	to, ok := u.ResponseWriter.(io.ReaderFrom)
	limited, isLimited := src.(*io.LimitedReader)
	if !ok || !isLimited {
		return io.Copy(struct{ io.Writer }{u}, src)
	}
	var written int64
	for limited.N > 0 {
		step := u.step(limited.N)
		if err := u.pace(step); err != nil {
			return written, err
		}
		n, err := to.ReadFrom(&io.LimitedReader{R: limited.R, N: step})
		limited.N -= n
		written += n
		u.count(n)
		if err != nil || n < step {
			return written, err
		}
	}
	return written, nil
}

// step returns how much of n may be sent at once.
func (u *uploadWriter) step(n int64) int64 {
	return int64(limitStep(u.server.cfg.Rate, int(min(n, writeStep))))
}

// pace waits until n bytes may be sent and sets their deadline.
func (u *uploadWriter) pace(n int64) error {
	if err := u.lane.wait(u.ctx, u.server.cfg.Rate, int(n)); err != nil {
		return err
	}
	_ = u.control.SetWriteDeadline(time.Now().Add(u.server.cfg.WriteTimeout)) // as in handle
	return nil
}

// wait waits until n bytes may pass.
func (l *lane) wait(ctx context.Context, rate *rate.Limiter, n int) error {
	if l == nil || rate == nil {
		return nil
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	return waitRate(ctx, rate, n)
}

// count adds n bytes of the file; the text of a refusal does not count.
func (u *uploadWriter) count(n int64) {
	if u.code != http.StatusOK && u.code != http.StatusPartialContent {
		return
	}
	u.sent += n
	u.lane.sent.Add(uint64(n))
	u.server.bytesOut.Add(uint64(n))
}
