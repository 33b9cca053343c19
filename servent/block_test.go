package servent

import (
	"bytes"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestQueue queues messages of all sizes, up to the largest, and wants them
// back in order, each with its TTL and hops, the rest of it untouched.
func TestQueue(t *testing.T) {
	sizes := []int{0, 77, blockSize - 100 - 3*protocol.HeaderSize, 1, protocol.MaxPayload, 0, 2*blockSize - protocol.HeaderSize, 5}
	var pool blocks
	var q queue
	for round := range 3 { // the blocks of one round serve the next
		var want []byte
		for i, size := range sizes {
			payload := bytes.Repeat([]byte{byte(10*round + i)}, size)
			h := protocol.Header{ID: protocol.GUID{byte(i)}, Kind: protocol.KindQueryHit, TTL: 9, Hops: 9, Size: uint32(size)}
			msg := append(h.Append(nil), payload...)
			before := bytes.Clone(msg)
			q.add(&overlay.Action{Msg: msg, TTL: 3, Hops: uint8(i)}, &pool)
			if !bytes.Equal(msg, before) {
				t.Fatalf("message %d was changed", i)
			}
			h.TTL, h.Hops = 3, uint8(i)
			want = append(h.Append(want), payload...)
		}
		var got []byte
		for _, b := range q {
			got = append(got, b...)
			pool.put(b)
		}
		q = q[:0]
		if !bytes.Equal(got, want) {
			t.Fatalf("round %d: %d bytes came out otherwise than the %d that went in", round, len(got), len(want))
		}
	}
}

// BenchmarkQueue queues a message of 100 bytes for ten links.
func BenchmarkQueue(b *testing.B) {
	const batch = 256 // messages between two writes
	var pool blocks
	var links [10]queue
	a := overlay.Action{Msg: make([]byte, 100), TTL: 3}
	for n := 1; b.Loop(); n++ {
		for i := range links {
			links[i].add(&a, &pool)
		}
		if n%batch > 0 {
			continue
		}
		for i := range links {
			for _, block := range links[i] {
				pool.put(block)
			}
			links[i] = links[i][:0]
		}
	}
}
