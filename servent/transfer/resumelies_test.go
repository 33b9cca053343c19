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

// TestLiarsCostNothingKept: sources that lie about what is missing, or about the
// size, do not make an honest one send again what had come before.
func TestLiarsCostNothingKept(t *testing.T) {
	content := noise(5<<20 + 77)
	const stop = 3<<20 + 5
	honestly := func(began chan int) script { return ranges(content, began) }
	lies := func(began chan int) script { return ranges(lie(content, len(content)-1), began) }
	longer := func(began chan int) script { return ranges(append(slices.Clone(content), 'x'), began) }
	shorter := func(began chan int) script { return ranges(content[:len(content)-1], began) }
	for name, liars := range map[string][]func(chan int) script{
		"one lies":       {lies},
		"one is longer":  {longer},
		"one is shorter": {shorter},
		"all of these":   {longer, lies, shorter},
	} {
		t.Run(name, func(t *testing.T) {
			others, began := make(chan int, 100), make(chan int, 100)
			var addrs []netip.AddrPort
			for _, other := range liars {
				addrs = append(addrs, rogue(t, other(others)))
			}
			j := jobFor(t, content, append(addrs, rogue(t, honestly(began)))...)
			_ = interrupted(t, j, content, stop)
			mustGet(t, NewClient(often()), j, content)
			if at := <-began; at != stop || len(began) > 0 {
				t.Errorf("the honest one, asked last, is asked from byte %d, and %d times more", at, len(began))
			}
			wantOnly(t, j.Dir, "file.bin")
		})
	}
}

// TestSizeOfALiar: where nobody knows the size, that of a liar is forgotten with it.
func TestSizeOfALiar(t *testing.T) {
	content := noise(5 << 20)
	const stop = 3 << 20
	lies, began := make(chan int, 100), make(chan int, 100)
	longer := append(slices.Clone(content), 'x')
	j := jobFor(t, content, rogue(t, ranges(longer, lies)), rogue(t, ranges(content, began)))
	j.Size = 0
	kept := interrupted(t, j, content, stop)
	forgetSize(t, kept.Path+journalSuffix)
	mustGet(t, NewClient(often()), j, content)
	if at := <-began; at != stop || len(began) > 0 {
		t.Errorf("the honest one is asked from byte %d, and %d times more", at, len(began))
	}
}

// forgetSize makes a journal what kill -9 leaves of a job without a size.
func forgetSize(t *testing.T, path string) {
	t.Helper()
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	c := *j.last.clone()
	c.size = 0
	if err := j.record(c); err != nil {
		t.Fatal(err)
	}
}

// TestKeptLie: what an earlier download left may itself be wrong, of a wrong size,
// or longer than the file. Then it is given up in the end.
func TestKeptLie(t *testing.T) {
	content := noise(4 << 20)
	const stop = 3 << 20
	wrong := lie(content, 12345)
	agrees := func(had []byte) script { return ranges(had, make(chan int, 100)) }
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
				j := jobFor(t, content, rogue(t, rangesOr416(content, make(chan int, 100))))
				if tt.with {
					j.Sources = append(j.Sources, jobFor(t, content, rogue(t, agrees(tt.had))).Sources...)
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

// TestKilledAtTheEnd: a record of all bytes, without a size, is the whole file.
func TestKilledAtTheEnd(t *testing.T) {
	content := noise(3 << 20)
	began := make(chan int, 100)
	j := jobFor(t, content, rogue(t, rangesOr416(content, began)))
	j.Size = uint64(len(content)) + 1 // so that it does not end
	kept := interrupted(t, j, append(slices.Clone(content), 'x'), len(content))
	forgetSize(t, kept.Path+journalSuffix)
	j.Size = 0
	c := NewClient(often())
	mustGet(t, c, j, content)
	if c.Stats().Bytes != 0 || len(began) != 0 {
		t.Errorf("%d bytes fetched again, %d requests for any", c.Stats().Bytes, len(began))
	}
	wantOnly(t, j.Dir, "file.bin")
}

// rangesOr416 is ranges that tells who asks for what is behind the end.
func rangesOr416(content []byte, began chan<- int) script {
	ok := ranges(content, began)
	return func(conn net.Conn, r *http.Request) bool {
		at := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at); err != nil || at < len(content) {
			return ok(conn, r)
		}
		return says(fmt.Sprintf("HTTP/1.1 416 No\r\nContent-Range: bytes */%d\r\nContent-Length: 0\r\n\r\n", len(content)))(conn, r)
	}
}

// TestCancelWhileProving: who ends a download after somebody has lied, while what
// an earlier one left is still read again, loses nothing of that.
func TestCancelWhileProving(t *testing.T) {
	content := noise(64 << 20)
	stop := len(content) - 1000
	asked := make(chan int, 100)
	j := jobFor(t, content, rogue(t, ranges(lie(content, len(content)-1), asked)), rogue(t, ranges(content, asked)))
	_ = interrupted(t, j, content, stop)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := NewClient(often()).Get(ctx, j, func(p Progress) {
		if p.State == StateVerifying {
			cancel()
		}
	})
	var kept *KeptError
	if !errors.As(err, &kept) || kept.Bytes != uint64(stop) {
		t.Errorf("error %v; want %d bytes kept", err, stop)
	}
}

// TestLiarThatLeaves: what had come before it stays.
func TestLiarThatLeaves(t *testing.T) {
	content := noise(5 << 20)
	const stop = 3 << 20
	asked := make(chan int, 10)
	answer := ranges(lie(content, len(content)-1), asked)
	j := jobFor(t, content, rogue(t, func(conn net.Conn, r *http.Request) bool {
		if len(asked) > 0 {
			return says("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n")(conn, r)
		}
		return answer(conn, r)
	}))
	j.Sources = append(j.Sources, jobFor(t, content, rogue(t, says("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))).Sources...)
	_ = interrupted(t, j, content, stop)
	_, err := NewClient(often()).Get(t.Context(), j, nil)
	var kept *KeptError
	if !errors.As(err, &kept) || !errors.Is(err, ErrNotVerified) || kept.Bytes != stop {
		t.Fatalf("error %v; want %d bytes kept", err, stop)
	}
	began := make(chan int, 10)
	j.Sources = jobFor(t, content, rogue(t, ranges(content, began))).Sources
	mustGet(t, NewClient(often()), j, content)
	if at := <-began; at != stop {
		t.Errorf("went on at byte %d, not %d", at, stop)
	}
}
