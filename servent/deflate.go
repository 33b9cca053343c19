package servent

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
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
		d.window = append(d.window[:0], b[len(b)-windowSize:]...)
		return
	}
	if over := len(d.window) + len(b) - windowSize; over > 0 {
		d.window = append(d.window[:0], d.window[over:]...)
	}
	d.window = append(d.window, b...)
}

// inflaters are used again: one holds about 40 KiB.
var inflaters sync.Pool

// inflater reads a compressed stream. Its state is taken at the first byte
// that arrives, and given back by Close.
type inflater struct {
	src *bufio.Reader
	z   io.ReadCloser
}

func newInflater(r io.Reader) *inflater { return &inflater{src: bufio.NewReaderSize(r, 4<<10)} }

func (i *inflater) Read(b []byte) (int, error) {
	if i.z == nil {
		if _, err := i.src.Peek(1); err != nil {
			return 0, err
		}
		if err := i.open(); err != nil {
			return 0, err
		}
	}
	return i.z.Read(b)
}

func (i *inflater) open() error {
	if z, ok := inflaters.Get().(io.ReadCloser); ok {
		i.z = z
		return z.(zlib.Resetter).Reset(i.src, nil)
	}
	z, err := zlib.NewReader(i.src)
	i.z = z
	return err
}

// Close gives the state back. No Read may follow.
func (i *inflater) Close() error {
	if i.z == nil {
		return nil
	}
	z := i.z
	i.z = nil
	if err := z.Close(); err != nil && !errors.Is(err, io.EOF) {
		return nil // a damaged stream's state is not used again
	}
	inflaters.Put(z)
	return nil
}
