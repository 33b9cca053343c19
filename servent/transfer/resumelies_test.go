package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"
)

// lie is content with another byte behind what an earlier download left.
func lie(content []byte, at int) []byte {
	other := slices.Clone(content)
	other[at] ^= 1
	return other
}

// TestLiarsCostNothingKept: sources that lie about what is missing, or about the size,
// do not make an honest one send again what had come before.
func TestLiarsCostNothingKept(t *testing.T) {
	content := noise(5<<20 + 77)
	const stop = 3 << 20
	lies, longer, shorter := lie(content, len(content)-1), append(slices.Clone(content), 'x'), content[:len(content)-1]
	for name, liars := range map[string][][]byte{
		"one lies":       {lies},
		"one is longer":  {longer},
		"one is shorter": {shorter},
		"all of these":   {longer, lies, shorter},
	} {
		t.Run(name, func(t *testing.T) {
			others, began := make(chan int, 1000), make(chan int, 1000)
			var addrs []netip.AddrPort
			for _, other := range liars {
				addrs = append(addrs, rogue(t, rangesOr416(other, others)))
			}
			j := jobFor(t, content, append(addrs, rogue(t, ranges(content, began)))...)
			_ = interrupted(t, j, content, stop+5)
			mustGet(t, NewClient(often()), j, content)
			wantFrom(t, began, stop)
			wantOnly(t, j.Dir, "file.bin")
		})
	}
}

// TestSizeOfALiar: where nobody knows the size, that of a liar is forgotten with it.
func TestSizeOfALiar(t *testing.T) {
	content := noise(2 << 20)
	for name, other := range map[string][]byte{
		"longer":         append(slices.Clone(content), 'x'),
		"much longer":    noise(5 << 20),
		"shorter":        content[:len(content)-1],
		"much shorter":   noise(1000),
		"nothing at all": {},
	} {
		t.Run(name, func(t *testing.T) {
			j := jobFor(t, content, rogue(t, rangesOr416(other, make(chan int, 1000))), rogue(t, rangesOr416(content, make(chan int, 1000))))
			j.Size = 0
			mustGet(t, NewClient(often()), j, content)
		})
	}
}

// TestKeptLie: what an earlier download left may itself be wrong, of a wrong size, or
// longer than the file. Then it is given up in the end.
func TestKeptLie(t *testing.T) {
	content := noise(4 << 20)
	const stop = 3 << 20
	wrong := lie(content, 12345)
	for name, tt := range map[string]struct {
		had  []byte
		stop int
		with bool // a source that agrees with it
	}{
		"wrong":               {wrong, stop, false},
		"longer":              {append(slices.Clone(content), 'x'), stop, false},
		"wrong and longer":    {append(slices.Clone(wrong), 'x'), stop, true},
		"beyond the true end": {noise(6 << 20), 5 << 20, false},
	} {
		for _, size := range []int{0, len(content), len(tt.had)} {
			t.Run(fmt.Sprintf("%s, size %d", name, size), func(t *testing.T) {
				j := jobFor(t, content, rogue(t, rangesOr416(content, make(chan int, 1000))))
				if tt.with {
					j.Sources = append(j.Sources, jobFor(t, content, rogue(t, rangesOr416(tt.had, make(chan int, 1000)))).Sources...)
				}
				j.Size = uint64(len(tt.had))
				_ = interrupted(t, j, tt.had, tt.stop)
				j.Size = uint64(size)
				mustGet(t, NewClient(often()), j, content)
				wantOnly(t, j.Dir, "file.bin")
			})
		}
	}
}

// rangesOr416 is ranges that tells who asks for what is behind the end.
func rangesOr416(content []byte, began chan<- int) script {
	ok := ranges(content, began)
	return func(conn net.Conn, r *http.Request) bool {
		if at, _ := rangeOf(r, len(content)); at < len(content) {
			return ok(conn, r)
		}
		return keepsAlive(fmt.Sprintf("HTTP/1.1 416 No\r\nContent-Range: bytes */%d\r\nContent-Length: 0\r\n\r\n", len(content)), "")(conn, r)
	}
}

// TestCancelWhileProving: who ends a download after somebody has lied, while what an
// earlier one left is still read again, loses nothing of that.
func TestCancelWhileProving(t *testing.T) {
	content := noise(16<<20 + 1000)
	const stop = 16 << 20
	asked := make(chan int, 1000)
	j := jobFor(t, content, rogue(t, ranges(lie(content, len(content)-1), asked)))
	_ = interrupted(t, j, content, stop+5)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := NewClient(often()).Get(ctx, j, func(p Progress) {
		if p.State == StateVerifying {
			cancel()
		}
	})
	var kept *KeptError
	if !errors.As(err, &kept) || !errors.Is(err, context.Canceled) || kept.Bytes < stop {
		t.Errorf("error %v; want %d bytes kept", err, stop)
	}
}

// TestLiarAfterResume: a source whose bytes do not match after a resume is asked for the
// whole file in the end, and not again and again.
func TestLiarAfterResume(t *testing.T) {
	content := noise(2 << 20)
	const stop = 1 << 20
	began := make(chan int, 1000)
	j := jobFor(t, content, rogue(t, ranges(lie(content, len(content)-1), began)))
	_ = interrupted(t, j, content, stop+5)
	c := NewClient(often())
	_, err := c.Get(t.Context(), j, nil)
	if !errors.Is(err, ErrNotVerified) {
		t.Errorf("error %v", err)
	}
	if most := uint64(maxDoubts+1) * uint64(len(content)); c.Stats().Bytes > most {
		t.Errorf("%d bytes were fetched", c.Stats().Bytes)
	}
}
