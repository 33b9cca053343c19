package servent

import (
	"sync"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// blockSize is that of the buffers that messages wait in. A busy link fills
// several between two writes, an idle one holds none.
const blockSize = 64 << 10

// blocks are used again: what one link has sent, another fills while it is
// still in the processor's cache. Any goroutine may use it.
type blocks struct{ pool sync.Pool }

func (p *blocks) get() []byte {
	if b, ok := p.pool.Get().(*[blockSize]byte); ok {
		return b[:0]
	}
	return make([]byte, 0, blockSize)
}

func (p *blocks) put(b []byte) { p.pool.Put((*[blockSize]byte)(b[:blockSize])) }

// queue is what waits for a link's writer: bytes in order, in blocks.
type queue [][]byte

// add copies a message behind what waits already, with its TTL and hops.
func (q *queue) add(a *overlay.Action, p *blocks) {
	last := q.last(protocol.HeaderSize, p)
	at := len(*last)
	rest := fill(last, a.Msg)
	protocol.Patch((*last)[at:], a.TTL, a.Hops)
	for len(rest) > 0 {
		rest = fill(q.last(1, p), rest)
	}
}

// last returns the last block, or a new one where that has no room for size bytes.
func (q *queue) last(size int, p *blocks) *[]byte {
	if n := len(*q); n > 0 && len((*q)[n-1])+size <= blockSize {
		return &(*q)[n-1]
	}
	*q = append(*q, p.get())
	return &(*q)[len(*q)-1]
}

// fill puts as much of b into block as there is room for, and returns the rest.
func fill(block *[]byte, b []byte) []byte {
	n := min(len(b), blockSize-len(*block))
	*block = append(*block, b[:n]...)
	return b[n:]
}
