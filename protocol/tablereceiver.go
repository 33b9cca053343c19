package protocol

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math/bits"
)

// MaxPatchData is how much compressed data of one sequence is kept until its
// end. Coding each slot of the largest table with one bit takes 256 KiB.
const MaxPatchData = 512 << 10

// inflateChunk is how much of a patch is inflated at a time.
const inflateChunk = 4 << 10

// TableReceiver builds a peer's route table from its QRP messages. Its zero
// value is ready to use. Besides the table it keeps only what a sequence under
// way needs, MaxPatchData and one more table at most; a RESET allocates
// nothing. It is not safe for concurrent use.
type TableReceiver struct {
	table *RouteTable // as of the last whole sequence; never changed afterwards
	bits  uint        // the size that RESET fixed
	reset bool        // there was a RESET
	fresh bool        // and no whole sequence after it

	seq  RoutePatch  // the last part received; the zero value between sequences
	next *RouteTable // a plain sequence works on this copy of the table
	at   int         // and has put in so many bytes
	data []byte      // a compressed sequence up to here
}

// Table returns the table as of the last whole sequence, nil before the first.
// A RESET leaves it in place until a sequence replaces it. What was returned
// does not change any more.
func (r *TableReceiver) Table() *RouteTable { return r.table }

// Receive takes one QRP payload and keeps nothing of it. Its error is always an
// *Error, after which the link deserves Bye 413.
func (r *TableReceiver) Receive(payload []byte) error {
	if len(payload) == 0 {
		return &Error{Truncated, "qrp"}
	}
	switch payload[0] {
	case variantReset:
		m, err := ParseReset(payload)
		if err != nil {
			return err
		}
		r.endSequence()
		r.bits, r.reset, r.fresh = uint(bits.TrailingZeros32(m.Slots)), true, true
		return nil
	case variantPatch:
		p, err := ParseRoutePatch(payload)
		if err != nil {
			return err
		}
		if err := r.patch(p); err != nil {
			r.endSequence()
			return err
		}
		return nil
	}
	return &Error{Malformed, "qrp variant"}
}

// patch takes the next part of a sequence.
func (r *TableReceiver) patch(p RoutePatch) error {
	if err := r.check(p); err != nil {
		return err
	}
	take := r.takePlain
	if p.Compressor == PatchZlib {
		take = r.takeZlib
	}
	if err := take(p); err != nil {
		return err
	}
	r.seq = p
	r.seq.Data = nil
	if p.Seq < p.Of {
		return nil
	}
	if r.at < r.patchSize(p.Bits) {
		return &Error{Truncated, "qrp patch"}
	}
	r.table, r.fresh = r.next, false
	r.endSequence()
	return nil
}

// check tells whether p may come now.
func (r *TableReceiver) check(p RoutePatch) error {
	switch {
	case !r.reset:
		return &Error{OutOfOrder, "qrp patch before reset"}
	case p.Seq == 0 || p.Seq > p.Of:
		return &Error{Malformed, "qrp sequence"}
	case p.Seq != r.seq.Seq+1:
		return &Error{OutOfOrder, "qrp sequence"}
	case p.Compressor > PatchZlib:
		return &Error{Malformed, "qrp compressor"}
	case p.Bits != 1 && p.Bits != 4 && p.Bits != 8:
		return &Error{Malformed, "qrp entry bits"}
	case p.Seq > 1 && (p.Of != r.seq.Of || p.Compressor != r.seq.Compressor || p.Bits != r.seq.Bits):
		return &Error{OutOfOrder, "qrp sequence"}
	}
	return nil
}

// patchSize returns how many bytes a whole sequence of such entries has.
func (r *TableReceiver) patchSize(width uint8) int { return (1<<r.bits*int(width) + 7) / 8 }

// takePlain puts the entries of an uncompressed part into the copy.
func (r *TableReceiver) takePlain(p RoutePatch) error {
	if len(p.Data) > r.patchSize(p.Bits)-r.at {
		return &Error{TooLarge, "qrp patch"}
	}
	r.put(p.Data, p.Bits)
	return nil
}

// takeZlib keeps a compressed part and inflates all of them after the last.
func (r *TableReceiver) takeZlib(p RoutePatch) error {
	if len(p.Data) > MaxPatchData-len(r.data) {
		return &Error{TooLarge, "qrp patch"}
	}
	r.data = append(r.data, p.Data...)
	if p.Seq < p.Of {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(r.data))
	if err != nil {
		return &Error{Malformed, "qrp zlib stream"}
	}
	return r.inflate(z, p.Bits)
}

// inflate puts what z yields into the copy, and never reads further than a
// whole table. A stream that stops without its end mark is good if all is there.
func (r *TableReceiver) inflate(z io.Reader, width uint8) error {
	var buf [inflateChunk]byte
	for {
		n, err := z.Read(buf[:])
		if n > r.patchSize(width)-r.at {
			return &Error{TooLarge, "qrp patch"}
		}
		r.put(buf[:n], width)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return &Error{Malformed, "qrp zlib stream"}
		}
	}
}

// put applies the next entries of the sequence.
func (r *TableReceiver) put(entries []byte, width uint8) {
	if r.next == nil {
		r.next = r.begin()
	}
	r.next.apply(r.at, entries, width)
	r.at += len(entries)
}

// begin returns what a sequence starts from.
func (r *TableReceiver) begin() *RouteTable {
	if r.fresh {
		return newRouteTable(r.bits)
	}
	return r.table.clone()
}

// endSequence forgets the sequence under way.
func (r *TableReceiver) endSequence() {
	r.seq, r.next, r.at, r.data = RoutePatch{}, nil, 0, nil
}

// apply changes the slots that the entries from byte at on of a patch stand
// for. Entries of 4 and 8 bits are deltas to a distance that starts at infinity;
// since a slot is either there or not, their sign is all that counts: negative
// makes it appear, positive vanish. Entries of 1 bit toggle.
func (t *RouteTable) apply(at int, entries []byte, width uint8) {
	for i, e := range entries {
		slot := (at + i) * 8 / int(width)
		switch {
		case e == 0:
		case width == 8:
			t.delta(slot, int8(e))
		case width == 4:
			t.delta(slot, int8(e&0xf0))
			t.delta(slot+1, int8(e<<4))
		default:
			t.slots[slot/wordBits] ^= uint64(bits.Reverse8(e)) << (slot % wordBits)
		}
	}
	if t.size() < wordBits {
		t.slots[0] &= 1<<t.size() - 1 // the last byte may have more entries than the table slots
	}
}

func (t *RouteTable) delta(slot int, by int8) {
	mask := uint64(1) << (slot % wordBits)
	switch w := &t.slots[slot/wordBits]; {
	case by < 0:
		*w |= mask
	case by > 0:
		*w &^= mask
	}
}
