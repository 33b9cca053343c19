package servent

import (
	"bytes"
	"io"
	"sync"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	smallIntake = 4 << 10
	// largeIntake takes the largest message, and many small ones at once.
	largeIntake = 64<<10 + protocol.HeaderSize + protocol.MaxPayload
	// quietReads is after how many small reads a link has small buffers again.
	quietReads = 64
)

// intakes are the buffers that links read into. An idle link has none.
var (
	smallIntakes = sync.Pool{New: func() any { return new([smallIntake]byte) }}
	largeIntakes = sync.Pool{New: func() any { return new([largeIntake]byte) }}
)

// intake collects what comes over a link until there are whole messages.
type intake struct {
	buf   []byte // nil: given back
	have  int    // bytes in buf
	rest  []byte // those bytes, while there is no buf
	large bool   // which buffer is next
	quiet int    // small reads, one after another
}

// fill reads once. data is what there is then.
func (in *intake) fill(r io.Reader, giveBack func()) error {
	if a, ok := r.(awaiter); ok {
		if err := a.await(giveBack); err != nil {
			return err
		}
	}
	in.take()
	n, err := r.Read(in.buf[in.have:])
	in.have += n
	if in.quiet++; n >= smallIntake || in.have == len(in.buf) {
		in.large, in.quiet = true, 0
	} else if in.quiet > quietReads {
		in.large = false
	}
	return err
}

func (in *intake) data() []byte { return in.buf[:in.have] }

// used takes n bytes away; the message behind them has a size of need bytes, or 0
// when that is not known.
func (in *intake) used(n, need int) {
	in.have = copy(in.buf, in.buf[n:in.have])
	if need > smallIntake {
		in.large = true
	}
}

// take sees to it that there is a buffer with room.
func (in *intake) take() {
	size := smallIntake
	if in.large || in.have >= smallIntake {
		size = largeIntake
	}
	if len(in.buf) == size || in.have > 0 && len(in.buf) > size {
		return
	}
	held := in.rest
	if in.buf != nil {
		held = in.data()
	}
	buf := newIntake(size)
	copy(buf, held)
	release(in.buf)
	in.buf, in.rest = buf, nil
}

// giveBack lets the buffer go, and keeps what is in it.
func (in *intake) giveBack() {
	if in.have > 0 && in.buf != nil {
		in.rest = bytes.Clone(in.data())
	}
	release(in.buf)
	in.buf = nil
}

func newIntake(size int) []byte {
	if size == smallIntake {
		return smallIntakes.Get().(*[smallIntake]byte)[:]
	}
	return largeIntakes.Get().(*[largeIntake]byte)[:]
}

func release(buf []byte) {
	switch len(buf) {
	case smallIntake:
		smallIntakes.Put((*[smallIntake]byte)(buf))
	case largeIntake:
		largeIntakes.Put((*[largeIntake]byte)(buf))
	}
}
