package servent

import (
	"io"
	"net"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// wire is one link's connection. Its reader and its writer are goroutines; the
// fields below mine belong to the loop.
type wire struct {
	id   overlay.LinkID
	conn net.Conn
	in   io.Reader // conn, inflated where that was agreed
	out  io.Writer // conn, deflated where that was agreed
	peer overlay.Peer

	write chan queue    // to the writer, one at a time
	taken chan struct{} // to the reader: its batch has been used

	// mine:
	pending queue // not yet given to the writer
	spare   queue // what the writer gave back, empty
	busy    bool  // the writer has a queue
	dirty   bool  // stands in the loop's list of wires to flush
	place   int   // in wires.order
	told    bool  // its peer_up was emitted
	listed  bool  // a leaf has offered its list
	closing bool
	gone    bool // closed and forgotten
	reason  string
	linger  *time.Timer // closes the connection of a peer that does not take our goodbye
}

// batch is whole messages read from a wire, or how its reading ended.
type batch struct {
	wire *wire
	data []byte // good until taken is signalled
	err  error
}

// written tells the loop that a queue has left, or that writing failed.
type written struct {
	wire  *wire
	queue queue // empty
	bytes int
	err   error
}

const (
	minReadBuffer = 4 << 10
	maxReadBuffer = 64<<10 + protocol.HeaderSize + protocol.MaxPayload
	// writeTimeout is how long a peer may take nothing at all.
	writeTimeout = 2 * time.Minute
)

// read cuts what comes into whole messages and hands them to the loop, one
// batch at a time, until the connection ends. The buffer grows with the
// traffic and shrinks when it is over.
func (w *wire) read(batches chan<- batch, done <-chan struct{}) {
	buf := make([]byte, minReadBuffer)
	have, quiet := 0, 0
	for {
		n, err := w.in.Read(buf[have:])
		have += n
		full := have == len(buf)
		whole, need, bad := cut(buf[:have])
		if whole > 0 {
			if !w.hand(batch{wire: w, data: buf[:whole]}, batches, done) {
				return
			}
			have = copy(buf, buf[whole:have])
		}
		if bad != nil {
			err = bad
		}
		if err != nil {
			w.hand(batch{wire: w, err: err}, batches, done)
			return
		}
		if quiet++; n > minReadBuffer || have > 0 {
			quiet = 0
		}
		switch {
		case full && len(buf) < maxReadBuffer:
			buf = resize(buf[:have], max(need, 2*len(buf)))
		case quiet > quietReads && len(buf) > minReadBuffer:
			buf = make([]byte, minReadBuffer)
		}
	}
}

// quietReads is after how many small reads a large buffer is let go.
const quietReads = 64

func resize(b []byte, size int) []byte {
	bigger := make([]byte, min(maxReadBuffer, size))
	copy(bigger, b)
	return bigger
}

// hand gives b to the loop and waits until the loop has used it.
func (w *wire) hand(b batch, batches chan<- batch, done <-chan struct{}) bool {
	select {
	case batches <- b:
	case <-done:
		return false
	}
	select {
	case <-w.taken:
		return true
	case <-done:
		return false
	}
}

// cut returns how many bytes of b are whole messages, and how large a buffer
// the next one needs.
func cut(b []byte) (whole, need int, err error) {
	for len(b)-whole >= protocol.HeaderSize {
		h, err := protocol.ParseHeader(b[whole:])
		if err != nil {
			return whole, 0, err
		}
		size := protocol.HeaderSize + int(h.Size)
		if len(b)-whole < size {
			return whole, size, nil
		}
		whole += size
	}
	return whole, 0, nil
}

// flush writes the queues that the loop gives, until it closes the channel.
func (w *wire) flush(pool *blocks, reports chan<- written, done <-chan struct{}) {
	for q := range w.write {
		n, err := w.send(q, pool)
		select {
		case reports <- written{w, q[:0], n, err}:
		case <-done:
			return
		}
		if err != nil {
			return
		}
	}
}

// send writes q, of which the blocks go back to the pool.
func (w *wire) send(q queue, pool *blocks) (n int, err error) {
	for i, b := range q {
		if err == nil {
			err = w.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		if err == nil {
			_, err = w.out.Write(b)
			n += len(b)
		}
		pool.put(b)
		q[i] = nil
	}
	return n, err
}
