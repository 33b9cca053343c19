package servent

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// TestPieces: each is the SHA-1 of its part of the file; the last may be shorter.
func TestPieces(t *testing.T) {
	for _, size := range []int{0, 1, minPiece - 1, minPiece, minPiece + 1, 3*minPiece + 5} {
		content := bytes.Repeat([]byte("walzer, "), size/8+1)[:size]
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		var last uint64
		sums, err := SumFile(t.Context(), path, true, func(done uint64) { last = done })
		if err != nil || sums.Bytes != uint64(size) || last != uint64(size) || sums.URN.SHA1 != sha1.Sum(content) {
			t.Fatalf("%d bytes: %+v, %v, told of %d", size, sums, err, last)
		}
		at := 0
		for part := range partsOf(content, minPiece) {
			if at >= len(sums.Pieces) || sums.Pieces[at] != sha1.Sum(part) {
				t.Errorf("%d bytes: piece %d is wrong", size, at)
			}
			at++
		}
		if at != len(sums.Pieces) {
			t.Errorf("%d bytes: %d pieces, want %d", size, len(sums.Pieces), at)
		}
	}
}

func partsOf(content []byte, size int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(content) > 0 {
			n := min(size, len(content))
			if !yield(content[:n]) {
				return
			}
			content = content[n:]
		}
	}
}

// TestPieceSize: so many pieces and no more.
func TestPieceSize(t *testing.T) {
	for size, want := range map[uint64]uint64{0: minPiece, maxPieces * minPiece: minPiece, maxPieces*minPiece + 1: 2 * minPiece} {
		s := newSummer()
		if s.cut(size); s.size != want {
			t.Errorf("%d bytes: pieces of %d, want %d", size, s.size, want)
		}
	}
}

func TestCheckSums(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("walzer"), 0o600); err != nil {
		t.Fatal(err)
	}
	sums, err := SumFile(t.Context(), path, false, func(uint64) {})
	if err != nil || sums.Pieces != nil {
		t.Fatalf("%+v, %v", sums, err)
	}
	right := protocol.Magnet{URN: sums.URN, Size: 6}
	for name, tt := range map[string]struct {
		change func(*protocol.Magnet)
		ok     bool
	}{
		"all":         {func(*protocol.Magnet) {}, true},
		"no size":     {func(m *protocol.Magnet) { m.Size = 0 }, true},
		"wrong size":  {func(m *protocol.Magnet) { m.Size = 7 }, false},
		"wrong SHA-1": {func(m *protocol.Magnet) { m.URN.SHA1[0]++ }, false},
		"wrong tiger": {func(m *protocol.Magnet) { m.URN.Tiger[0]++ }, false},
		"no SHA-1":    {func(m *protocol.Magnet) { m.URN.HasSHA1 = false; m.URN.SHA1[0]++ }, true},
		"no tiger":    {func(m *protocol.Magnet) { m.URN.HasTiger = false; m.URN.Tiger[0]++ }, true},
	} {
		m := right
		tt.change(&m)
		if err := sums.Check(m); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrNotVerified) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := right
	m.Size, m.URN.SHA1[0] = 7, m.URN.SHA1[0]+1
	if err := sums.Check(m); !strings.Contains(err.Error(), "the size should be 7 bytes, it is 6") {
		t.Errorf("a file that was cut short: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := SumFile(ctx, path, false, func(uint64) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	if _, err := SumFile(t.Context(), t.TempDir(), false, func(uint64) {}); err == nil {
		t.Error("a folder has sums")
	}
}
