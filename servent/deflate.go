package servent

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/seed282dab8e/servent/protocol"
)

// zlibHeader opens a zlib stream: deflate with a 32 KiB window, fastest level.
var zlibHeader = [2]byte{0x78, 0x01}

// deflater compresses one direction of a link. The stateless compressor keeps
// nothing between writes but the tail that later writes may refer to, so an
// idle link costs a few KiB where a usual writer holds hundreds.
type deflater struct {
	w      io.Writer
	begun  bool
	window []byte // the last bytes written, plain
}

// windowSize is the most that StatelessDeflate looks back on.
const windowSize = 8 << 10

// packed are buffers between compressor and connection, used again: the former
// gives a few hundred bytes at a time, and each write to the latter costs a
// system call and perhaps a packet. An idle link holds none.
var packed = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Write compresses b and writes it out at once, as one piece.
func (d *deflater) Write(b []byte) (int, error) {
	buf := packed.Get().(*bytes.Buffer)
	defer packed.Put(buf)
	buf.Reset()
	if !d.begun {
		buf.Write(zlibHeader[:])
		d.begun = true
	}
	if err := flate.StatelessDeflate(buf, b, false, d.window); err != nil {
		return 0, err
	}
	if _, err := d.w.Write(buf.Bytes()); err != nil {
		return 0, err
	}
	d.remember(b)
	return len(b), nil
}

// remember keeps the end of what was written for later writes to refer to.
func (d *deflater) remember(b []byte) {
	if len(b) >= windowSize {
		d.window = append(grown(d.window[:0], windowSize, windowSize), b[len(b)-windowSize:]...)
		return
	}
	if over := len(d.window) + len(b) - windowSize; over > 0 {
		d.window = append(d.window[:0], d.window[over:]...)
	}
	d.window = append(grown(d.window, len(b), windowSize), b...)
}

// inflater reads a compressed stream. What that takes is held from the first byte
// on, but for the times when the link is idle at the end of a block: then all that
// is left of it is what later bytes may refer to.
type inflater struct {
	in    awaiter
	state *unpacking // nil: not begun, or parked
	past  history
	begun bool
	more  bool                 // state may have more to give without reading
	tail  [len(flushMark)]byte // the last bytes read from in
	idle  func()               // of the await under way
	park  func()
	err   error // of parking
}

const (
	// flushMark ends what a compressor flushes: an empty block, stored. After it
	// the next block begins, with a byte of its own.
	flushMark = "\x00\x00\xff\xff"
	// lastBlock ends a stream, where a block may begin, and yields nothing.
	lastBlock = "\x01\x00\x00\xff\xff"
	// inflateWindow is how far back a stream may refer.
	inflateWindow = 32 << 10
)

// unpacking is the state of a decompressor, about 45 KiB.
type unpacking struct {
	src *bufio.Reader
	z   io.ReadCloser
}

// unpackings are used again.
var unpackings = sync.Pool{New: func() any {
	src := bufio.NewReaderSize(nil, 4<<10)
	return &unpacking{src, flate.NewReader(src)}
}}

func newInflater(in awaiter) *inflater {
	i := &inflater{in: in}
	i.park = i.parked
	return i
}

func (i *inflater) Read(b []byte) (n int, err error) {
	if i.err != nil {
		return 0, i.err
	}
	if i.state == nil {
		if err := i.open(); err != nil {
			return 0, err
		}
	}
	n, err = i.state.z.Read(b)
	i.more = n == len(b)
	i.past.add(b[:n])
	return n, err
}

// open begins the stream, or goes on with it.
func (i *inflater) open() error {
	s := unpackings.Get().(*unpacking)
	s.src.Reset(rawInput{i})
	if !i.begun {
		if err := readZlibHeader(s.src); err != nil {
			return err
		}
		i.begun = true
	}
	i.state = s
	past := newIntake(largeIntake)
	defer release(past)
	return s.z.(flate.Resetter).Reset(s.src, i.past.append(past[:0]))
}

// rawInput is the compressed stream, of which the end is remembered.
type rawInput struct{ i *inflater }

func (r rawInput) Read(b []byte) (int, error) {
	n, err := r.i.in.Read(b)
	tail := &r.i.tail
	if got := b[:n]; n >= len(tail) {
		copy(tail[:], got[n-len(tail):])
	} else {
		copy(tail[:], tail[n:])
		copy(tail[len(tail)-n:], got)
	}
	return n, err
}

// errNoDeflate says that a stream which was agreed to be deflated is not.
var errNoDeflate = &protocol.Error{Kind: protocol.Malformed, Field: "zlib header"}

// readZlibHeader takes the two bytes before a stream (RFC 1950), which say nothing
// that matters here.
func readZlibHeader(r io.Reader) error {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return err
	}
	const method, deflated, dictionary = 0x0f, 8, 0x20
	if h[0]&method != deflated || h[1]&dictionary != 0 || (uint(h[0])<<8|uint(h[1]))%31 != 0 {
		return errNoDeflate
	}
	return nil
}

func (i *inflater) await(idle func()) error {
	i.idle = idle
	switch {
	case i.state == nil:
		return i.in.await(idle)
	case i.more || i.state.src.Buffered() > 0 || string(i.tail[:]) != flushMark:
		return nil // only Read can tell whether there is something
	}
	if err := i.in.await(i.park); err != nil {
		return err
	}
	return i.err
}

// parked gives the state back while nothing comes. That the stream stands where a
// block may begin is likely by now; that the end of a stream is understood there
// proves it. Once in four thousand million times that what only looks like
// flushMark comes before a rest, this fails the link.
func (i *inflater) parked() {
	s := i.state
	i.state = nil
	s.src.Reset(strings.NewReader(lastBlock))
	var b [1]byte
	if n, err := s.z.Read(b[:]); n > 0 || !errors.Is(err, io.EOF) {
		i.err = errNoFlush
	}
	s.src.Reset(nil)
	unpackings.Put(s)
	i.idle()
}

var errNoFlush = errors.New("inflate: a rest within a block")

// close gives the state back. No Read may follow.
func (i *inflater) close() {
	if i.state != nil {
		i.state.src.Reset(nil)
		unpackings.Put(i.state)
		i.state = nil
	}
}

// history is the last bytes of a stream, as many as later ones may refer to.
type history struct {
	ring []byte
	next int // where the oldest byte is, once ring is full
}

// add appends b.
func (h *history) add(b []byte) {
	if len(b) > inflateWindow {
		b = b[len(b)-inflateWindow:]
	}
	n := min(len(b), inflateWindow-len(h.ring))
	h.ring = grown(h.ring, n, inflateWindow)
	h.ring = append(h.ring, b[:n]...)
	for b = b[n:]; len(b) > 0; {
		n = copy(h.ring[h.next:], b)
		h.next = (h.next + n) % inflateWindow
		b = b[n:]
	}
}

// append appends all of it to b, the oldest first.
func (h *history) append(b []byte) []byte {
	return append(append(b, h.ring[h.next:]...), h.ring[:h.next]...)
}

// grown makes room for n more bytes, and never more than for most in all.
func grown(b []byte, n, most int) []byte {
	if len(b)+n <= cap(b) {
		return b
	}
	return append(make([]byte, 0, min(most, max(2*cap(b), len(b)+n))), b...)
}
