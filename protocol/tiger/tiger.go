// Package tiger computes Tiger/192 (Anderson and Biham, 1996; padding byte
// 0x01) and the tree of Tiger hashes that Gnutella calls TTH or THEX root.
// It keeps no state of its own. On amd64 three leaves of a tree are hashed side by
// side, and 64 where there is AVX-512 VBMI; the build tag purego leaves that out.
package tiger

import (
	"encoding/binary"
	"hash"
)

//go:generate go run ./gen sbox.go

const (
	// BlockSize is how many bytes Tiger compresses at a time.
	BlockSize = 64

	padding    = 0x01          // follows the last byte of a message
	lengthAt   = BlockSize - 8 // where the length in bits stands in the last block
	bitsPerLen = 8
)

// digest is a hash.Hash. Sum leaves it as it was, so that writing can go on.
type digest struct {
	state state
	size  uint64
	part  [BlockSize]byte // the first size%BlockSize bytes wait for the rest
}

// New returns a hash.Hash that computes Tiger/192.
func New() hash.Hash { return &digest{state: start} }

// Sum returns the Tiger/192 hash of b.
func Sum(b []byte) Digest {
	d := digest{state: start}
	_, _ = d.Write(b)
	return d.finish()
}

func (d *digest) Size() int      { return Size }
func (d *digest) BlockSize() int { return BlockSize }
func (d *digest) Reset()         { *d = digest{state: start} }

// Write adds b to the message. It never fails.
func (d *digest) Write(b []byte) (int, error) {
	written := len(b)
	held := int(d.size % BlockSize)
	d.size += uint64(written)
	if held > 0 {
		n := copy(d.part[held:], b)
		b = b[n:]
		if held+n < BlockSize {
			return written, nil
		}
		d.state.block(d.part[:])
	}
	for len(b) >= BlockSize {
		d.state.block(b[:BlockSize])
		b = b[BlockSize:]
	}
	copy(d.part[:], b)
	return written, nil
}

// Sum appends the hash of what was written so far to b.
func (d *digest) Sum(b []byte) []byte {
	copied := *d
	sum := copied.finish()
	return append(b, sum[:]...)
}

// finish pads the message; d is spent afterwards.
func (d *digest) finish() Digest {
	held := d.size % BlockSize
	d.part[held] = padding
	clear(d.part[held+1:])
	if held >= lengthAt {
		d.state.block(d.part[:])
		clear(d.part[:])
	}
	binary.LittleEndian.PutUint64(d.part[lengthAt:], d.size*bitsPerLen)
	d.state.block(d.part[:])
	return d.state.digest()
}
