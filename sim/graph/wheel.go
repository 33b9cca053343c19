package graph

import (
	"fmt"
	"math/bits"
	"slices"
)

// MaxTicks is how many ticks a flood may take.
const MaxTicks uint32 = 1 << 31

// blockSize is how many copies are taken at a time: few enough for all that
// comes of them to stay in the first cache.
const blockSize = 128

// flight is a copy on its way: to whom, and above bit 32 the place of its sender in
// order.
type flight uint64

// bucket holds the copies that arrive in one tick: the first n. The rest is
// room.
type bucket struct {
	flights []flight
	n       int
}

// Flood floods from source, with latency. With constant latency it counts what
// [Graph.Flood] counts. A delay over [MaxDelay], and a flood of more than
// [MaxTicks], panic.
func (f *Flooder) Flood(source, ttl int, d Delay) Flood {
	f.begin(int32(source), int32(max(min(ttl, f.g.Len()), 0)), d)
	f.forward(0)
	for tick := uint32(1); f.queued > 0; tick += f.delay.lo {
		f.turn(tick)
	}
	fl := flood(f.at, int(f.ttl))
	fl.Lost = f.lost
	fl.Duplicates -= f.lost
	return fl
}

// begin forgets the flood before.
func (f *Flooder) begin(source, ttl int32, d Delay) {
	f.source, f.ttl, f.delay = source, ttl, d.drawn()
	f.at, f.lost = f.at[:0], 0
	f.order, f.via, f.hops = append(f.order[:0], source), append(f.via[:0], 0), append(f.hops[:0], 0)
	longest := uint64(f.delay.lo) + f.delay.width - 1
	if size := 1 << bits.Len64(longest); size > len(f.wheel) {
		f.wheel = append(f.wheel, make([]bucket, size-len(f.wheel))...)
	}
	f.span = uint32(min(uint64(ttl)*longest, uint64(MaxTicks)+2*MaxDelay)) // what is sent at the last tick fits, too
	if uint64(f.epoch)+uint64(f.span)+1 >= 1<<32 {
		clear(f.known)
		f.epoch, f.placed = 0, 0
	}
	f.epoch += f.span + 1
	f.known[source] = f.epoch
}

// turn delivers the copies of as many ticks as a message takes at least: what
// they make their receivers send arrives later than all of them. The work is cut into
// loops that each do one thing to many copies, with no branch that depends on chance:
// so the processor fetches what many of them need at the same time.
func (f *Flooder) turn(tick uint32) {
	if tick > MaxTicks {
		panic(fmt.Sprintf("graph: a flood takes more than %d ticks", MaxTicks))
	}
	begin := len(f.order)
	for end := tick + f.delay.lo; tick < end; tick++ {
		if b := &f.wheel[tick&uint32(len(f.wheel)-1)]; b.n > 0 {
			f.arrive(b, tick)
		}
	}
	f.forward(begin)
}

// arrive empties a bucket, and appends to order those who so get a first copy;
// the other copies have been overtaken by one that was sent later.
func (f *Flooder) arrive(b *bucket, tick uint32) {
	n := len(f.order)
	f.order, f.via, f.hops = grown(f.order, b.n), grown(f.via, b.n), grown(f.hops, b.n)
	order, via, hops := f.order, f.via, f.hops
	now := f.epoch - tick
	for _, c := range b.flights[:b.n] {
		to := int32(uint32(c))
		order[n] = to
		via[n] = int32(c >> 32)
		hops[n] = hops[c>>32] + 1
		if f.known[to] == now {
			n++
		}
	}
	f.order, f.via, f.hops = order[:n], via[:n], hops[:n]
	f.queued -= b.n
	b.n = 0
}

// grown makes a list longer by n.
func grown(list []int32, n int) []int32 { return slices.Grow(list, n)[:len(list)+n] }

// forward sends on what the nodes from begin on in order have got.
func (f *Flooder) forward(begin int) {
	for begin < len(f.order) {
		end := min(begin+blockSize, len(f.order))
		f.count(begin, end)
		for begin < end {
			begin = f.address(begin, end)
			for sent := 0; sent < len(f.out); {
				sent = f.send(sent)
			}
		}
	}
}

// count counts the copies that the nodes from begin to end in order get and send.
func (f *Flooder) count(begin, end int) {
	hops := f.hops[begin:end]
	for i, v := range f.order[begin:end] {
		h := int(hops[i])
		for h >= len(f.at) {
			f.at = append(f.at, hopCount{})
		}
		f.at[h].reached++
		slot, end := f.g.start[v], f.g.start[v+1]
		f.at[h].degrees += int(end - slot)
		if end > slot {
			f.touched += f.g.to[slot] // fetches the list before address wants it
		}
	}
}

// address fills out and keys with the copies that the nodes from begin to end in
// order send, and returns the place of the first node that it has no more room
// for. Who sent a node its copy is among those who get one: it has known it for
// longer than that can make it known, so nothing comes of it.
func (f *Flooder) address(begin, end int) int {
	f.out, f.keys = f.out[:0], f.keys[:0]
	for i, v := range f.order[begin:end] {
		if f.hops[begin+i] == f.ttl {
			continue
		}
		slot, end := f.g.start[v], f.g.start[v+1]
		n := len(f.out)
		room := n + int(end-slot)
		if room > cap(f.out) {
			if n > 0 {
				return begin + i
			}
			f.out = make([]flight, 0, max(room, 8*blockSize))
			f.keys = make([]uint32, 0, cap(f.out))
		}
		f.out, f.keys = f.out[:room], f.keys[:room]
		out, keys := f.out[n:], f.keys[n:]
		now := f.known[v]
		for j, w := range f.g.to[slot:end] {
			out[j] = flight(uint32(w)) | flight(begin+i)<<32
			keys[j] = now - f.delay.of(uint64(slot)+uint64(j))
		}
		if f.Down != nil {
			f.lose(n)
		}
	}
	return end
}

// lose takes the copies to nodes that are down out of out, from n on.
func (f *Flooder) lose(n int) {
	end := n
	for i := n; i < len(f.out); i++ {
		w := int32(uint32(f.out[i]))
		down := f.Down[w>>6]>>(w&63)&1 != 0
		if down && w != f.source { // the source is there, and knows it
			f.lost++
		}
		if !down {
			f.out[end], f.keys[end] = f.out[i], f.keys[i]
			end++
		}
	}
	f.out, f.keys = f.out[:end], f.keys[:end]
}

// send puts the copies in out from begin on on their way, but for those that
// cannot be first because one that is there or on its way is earlier, or as early
// and was sent before. It stops where a bucket is full, makes room, and returns where
// to go on.
func (f *Flooder) send(begin int) int {
	wheel, mask := f.wheel, uint32(len(f.wheel)-1)
	epoch, known, keys := f.epoch, f.known, f.keys[begin:]
	queued := 0
	for i, c := range f.out[begin:] {
		at := keys[i]
		b := &wheel[(epoch-at)&mask]
		if b.n == len(b.flights) {
			f.queued += queued
			b.flights = append(b.flights, make([]flight, max(16, b.n))...)
			return begin + i
		}
		b.flights[b.n] = c
		best, first := known[uint32(c)], 0
		if at > best {
			first = 1
		}
		b.n += first
		queued += first
		known[uint32(c)] = max(at, best)
	}
	f.queued += queued
	return len(f.out)
}
