package servent

import (
	"io"
	"net"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// wire is one link's connection. Its reader is a goroutine, and while there is
// something to write so is its writer; the fields below mine belong to the loop.
type wire struct {
	id   overlay.LinkID
	conn net.Conn
	in   io.Reader // conn, inflated where that was agreed
	out  io.Writer // conn, deflated where that was agreed
	peer overlay.Peer

	taken chan struct{} // to the reader: its batch has been used

	// mine:
	pending queue // not yet given to the writer
	spare   queue // what the writer gave back, empty
	busy    bool  // there is a writer
	wrote   time.Time
	dirty   bool // stands in the loop's list of wires to flush
	place   int  // in wires.order
	told    bool // its peer_up was emitted
	listed  bool // a leaf has offered its list
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

// writeTimeout is how long a peer may take nothing at all, where the system does not
// give up sooner (unackedFor).
const writeTimeout = 2 * time.Minute

// read cuts what comes into whole messages and hands them to the loop, one
// batch at a time, until the connection ends.
func (w *wire) read(batches chan<- batch, done <-chan struct{}) {
	var in intake
	giveBack := in.giveBack
	defer giveBack()
	for {
		err := in.fill(w.in, giveBack)
		whole, need, bad := cut(in.data())
		if whole > 0 && !w.hand(batch{wire: w, data: in.data()[:whole]}, batches, done) {
			return
		}
		if bad != nil {
			err = bad
		}
		if err != nil {
			w.hand(batch{wire: w, err: err}, batches, done)
			return
		}
		in.used(whole, need)
	}
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

// flush writes q and reports it. Only one flush of a wire runs at a time.
func (w *wire) flush(q queue, pool *blocks, reports chan<- written, done <-chan struct{}) {
	n, err := w.send(q, pool)
	select {
	case reports <- written{w, q[:0], n, err}:
	case <-done:
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
