package transfer

import (
	"crypto/sha1"
	"sync"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestHashOfAnotherSize: what has been hashed when the size turns out to be another counts
// no more, at whatever moment that is.
func TestHashOfAnotherSize(t *testing.T) {
	content := noise(3 * tiger.MinPart)
	cfg := quick()
	s := newStore(&memFile{b: content}, &cfg)
	all := func(size uint64) *blocks {
		b := newBlocks(size)
		for i := range b.list {
			b.put(i, tiger.Digest{}, nil)
		}
		return b
	}
	now, calls := all(uint64(len(content))), 0
	var lock sync.Mutex
	err := s.advance(t.Context(), &lock, func() *blocks {
		if calls++; calls == 2 {
			s.spoilt, now = true, newBlocks(uint64(len(content)-1)) // of which nothing has come
		}
		return now
	})
	if err != nil || s.hashed != 0 {
		t.Errorf("%d bytes are hashed, %v", s.hashed, err)
	}
	now = all(uint64(len(content) - 1))
	if err := s.advance(t.Context(), &lock, func() *blocks { return now }); err != nil || s.sum() != sha1.Sum(content[:len(content)-1]) {
		t.Errorf("another hash, %v", err)
	}
}
