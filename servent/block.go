package servent

import (
	"sync"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// blockSize is that of the buffers that messages wait in. A busy link fills
// several between two writes, an idle one holds none.
const blockSize = 32 << 10

// block holds bytes for one link, in order.
type block struct {
	used int
	buf  [blockSize]byte
}

// fill takes as much of b as there is room for, and returns the rest.
func (b *block) fill(rest []byte) []byte {
	n := copy(b.buf[b.used:], rest)
	b.used += n
	return rest[n:]
}

// blocks are used again: what one link has sent, another fills while it is
// still in the processor's cache. It may be used by any goroutine.
type blocks struct{ pool sync.Pool }

func (p *blocks) get() *block {
	if b, ok := p.pool.Get().(*block); ok {
		b.used = 0
		return b
	}
	return new(block)
}

func (p *blocks) put(b *block) { p.pool.Put(b) }

// queue is what waits for a link's writer.
type queue []*block

// add copies a message behind what waits already, with its TTL and hops.
func (q *queue) add(a *overlay.Action, p *blocks) {
	b := q.tail(protocol.HeaderSize, p)
	at := b.used
	rest := b.fill(a.Msg)
	protocol.Patch(b.buf[at:], a.TTL, a.Hops)
	for len(rest) > 0 {
		rest = q.tail(1, p).fill(rest)
	}
}

// tail returns the last block, or a new one where that has no room for size bytes.
func (q *queue) tail(size int, p *blocks) *block {
	if n := len(*q); n > 0 && (*q)[n-1].used+size <= blockSize {
		return (*q)[n-1]
	}
	b := p.get()
	*q = append(*q, b)
	return b
}
