package transfer

import (
	"errors"
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
	for name, tt := range map[string]struct {
		others []func(chan int) script
		begins []int // where the honest one, asked last, may begin
	}{
		"one lies":       {[]func(chan int) script{lies}, []int{stop}},
		"one is longer":  {[]func(chan int) script{longer}, []int{stop}},
		"one is shorter": {[]func(chan int) script{shorter}, []int{stop}},
		"all of these":   {[]func(chan int) script{longer, lies, shorter}, []int{stop}},
	} {
		t.Run(name, func(t *testing.T) {
			others, began := make(chan int, 100), make(chan int, 100)
			var addrs []netip.AddrPort
			for _, other := range tt.others {
				addrs = append(addrs, rogue(t, other(others)))
			}
			j := jobFor(t, content, append(addrs, rogue(t, honestly(began)))...)
			_ = interrupted(t, j, content, stop)
			mustGet(t, NewClient(often()), j, content)
			if at := <-began; !slices.Contains(tt.begins, at) || len(began) > 0 {
				t.Errorf("the honest one is asked from byte %d, and %d times more", at, len(began))
			}
			wantOnly(t, j.Dir, "file.bin")
		})
	}
}

// TestKeptLie: what an earlier download left may itself be wrong, or of a wrong
// size. Then it is given up in the end.
func TestKeptLie(t *testing.T) {
	content := noise(5 << 20)
	const stop = 3 << 20
	for name, had := range map[string][]byte{
		"wrong":  lie(content, 12345),
		"longer": append(slices.Clone(content), 'x'),
	} {
		t.Run(name, func(t *testing.T) {
			began := make(chan int, 10)
			j := jobFor(t, content, rogue(t, ranges(content, began)))
			liar := j
			liar.Size = uint64(len(had))
			_ = interrupted(t, liar, had, stop)
			mustGet(t, NewClient(often()), j, content)
			wantOnly(t, j.Dir, "file.bin")
		})
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
