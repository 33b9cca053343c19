package overlay

import "github.com/seed282dab8e/servent/protocol"

// Prefetch names messages that Received events will bring next, one behind
// another. It changes nothing that can be seen and need not be called: it looks
// at the places in the table of routes that their ids will be looked for at.
// That table is too large for the processor's cache. Met one at a time, each
// such place stops the node for as long as it takes to pass a query on to two
// links; here the processor waits for many at once.
func (n *Node) Prefetch(batch []byte) {
	var sum uint32
	for {
		h, err := protocol.ParseHeader(batch)
		size := protocol.HeaderSize + int(h.Size)
		if err != nil || len(batch) < size {
			break
		}
		sum += n.queries.touch((*protocol.GUID)(batch))
		batch = batch[size:]
	}
	n.prefetched += sum // so that nothing above is left out as useless
}

// touch loads the first slots that find looks at.
func (r *routes) touch(id *protocol.GUID) uint32 {
	h := r.hash(id)
	return r.young.first(h) + r.old.first(h)
}

func (g *generation) first(h uint64) uint32 {
	if len(g.index) == 0 {
		return 0
	}
	return g.index[h&uint64(len(g.index)-1)]
}
