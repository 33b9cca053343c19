package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"
)

// exchange is one request and its answer.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context // ends when the client hangs up or the server stops
	cancel context.CancelFunc
	begun  bool // a stream has begun

	stopped func() error // why a stream ends when the server stops
}

func (x *exchange) read(into any) error {
	return decode(http.MaxBytesReader(x.w, x.r.Body, maxBody), into)
}

// answer sends the whole of a short answer.
func (x *exchange) answer(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Type", "application/json")
	_, _ = x.w.Write(append(b, '\n')) // a client that has gone needs no answer
	return nil
}

// send writes a line of a stream at once. A client that does not take it in
// time, or has gone, ends the exchange.
func (x *exchange) send(l line) {
	if x.ctx.Err() != nil && !l.Done && l.Error == "" {
		return
	}
	if !x.begun {
		x.w.Header().Set("Content-Type", "application/x-ndjson")
		x.begun = true
	}
	b, err := json.Marshal(l)
	out := http.NewResponseController(x.w)
	if err == nil {
		err = out.SetWriteDeadline(time.Now().Add(lineTimeout))
	}
	if err == nil {
		_, err = x.w.Write(append(b, '\n'))
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		x.cancel()
	}
}

// end writes the last line of a stream, or the error that ended it.
func (x *exchange) end(last line, err error) error {
	if x.ctx.Err() != nil {
		return x.stopped() // if the client still listens
	}
	if err != nil {
		return err
	}
	x.send(last)
	return nil
}

// fail answers with an error, in the form that was begun.
func (x *exchange) fail(err error) {
	f := failureOf(err)
	if x.begun {
		x.send(line{Error: f.Text, Kind: f.Kind})
		return
	}
	b, err := json.Marshal(f)
	if err != nil {
		b = bytes.Clone([]byte(`{"error":"unreadable error","kind":"failed"}`))
	}
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status(f.Kind))
	_, _ = x.w.Write(append(b, '\n')) // as in answer
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }
