package tiger

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// stateVersion begins the bytes of MarshalBinary; another layout needs another.
const stateVersion = 1

// MaxState is the most bytes that MarshalBinary returns.
const MaxState = stateHead + levels*Size + pairOfLeafs - 1

// stateHead is the version and the size.
const stateHead = 1 + 8

// ErrState says that bytes are no state of a Tree.
var ErrState = errors.New("not the state of a tiger tree")

// MarshalBinary returns the state of t, so that hashing can go on in another
// process: what was written so far need not be read again.
func (t *Tree) MarshalBinary() ([]byte, error) {
	b := binary.LittleEndian.AppendUint64([]byte{stateVersion}, t.size)
	for pairs := t.size / pairOfLeafs; pairs != 0; pairs &= pairs - 1 {
		root := t.roots[bits.TrailingZeros64(pairs)]
		b = append(b, root[:]...)
	}
	held := int(t.size % pairOfLeafs)
	b = append(b, t.pair[0][1:1+min(held, LeafSize)]...)
	return append(b, t.pair[1][1:1+max(0, held-LeafSize)]...), nil
}

// UnmarshalBinary sets t to a state that MarshalBinary returned. With an error,
// ErrState, t is as it was.
func (t *Tree) UnmarshalBinary(b []byte) error {
	if len(b) < stateHead || b[0] != stateVersion {
		return ErrState
	}
	size := binary.LittleEndian.Uint64(b[1:])
	b = b[stateHead:]
	held := int(size % pairOfLeafs)
	if len(b) != bits.OnesCount64(size/pairOfLeafs)*Size+held {
		return ErrState
	}
	t.size = size
	for pairs := size / pairOfLeafs; pairs != 0; pairs &= pairs - 1 {
		b = b[copy(t.roots[bits.TrailingZeros64(pairs)][:], b):]
	}
	b = b[copy(t.pair[0][1:1+min(held, LeafSize)], b):]
	copy(t.pair[1][1:], b)
	return nil
}
