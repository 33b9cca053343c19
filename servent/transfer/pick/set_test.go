package pick

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A set does what a slice of bools does.
func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "blocks")
		s, want := NewSet(n), make([]bool, n)
		if len(s) != (n+63)/64 {
			t.Fatalf("%d words for %d blocks", len(s), n)
		}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			b := rapid.IntRange(0, n-1).Draw(t, "block")
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				s.Add(b)
				want[b] = true
			case 1:
				s.Remove(b)
				want[b] = false
			default:
				to := rapid.IntRange(b, n).Draw(t, "to")
				s.AddRange(b, to)
				for i := b; i < to; i++ {
					want[i] = true
				}
			}
		}
		other := anySet(t, n, "other")
		var in, out []int
		for b, has := range want {
			if s.Has(b) != has {
				t.Fatalf("has %d: %v", b, !has)
			}
			if has {
				in = append(in, b)
			}
			if has && !other.Has(b) {
				out = append(out, b)
			}
		}
		if got := slices.Collect(s.All()); !slices.Equal(got, in) || s.Count() != len(in) {
			t.Fatalf("all %v, count %d, want %v", got, s.Count(), in)
		}
		if got := slices.Collect(s.Without(other)); !slices.Equal(got, out) {
			t.Fatalf("without %v, want %v", got, out)
		}
	})
}

// Whoever breaks off a walk is not called again.
func TestSetStops(t *testing.T) {
	s := NewSet(200)
	s.AddRange(10, 190)
	for range s.All() {
		break
	}
	for range s.Without(NewSet(200)) {
		break
	}
}

// anySet draws a set of n blocks: none, all, some in a row, or any.
func anySet(t *rapid.T, n int, what string) Set {
	s := NewSet(n)
	switch rapid.IntRange(0, 4).Draw(t, what) {
	case 0:
	case 1:
		s.AddRange(0, n)
	case 2:
		from := rapid.IntRange(0, n).Draw(t, "from")
		s.AddRange(from, rapid.IntRange(from, n).Draw(t, "to"))
	default:
		for i := range s {
			s[i] = rapid.Uint64().Draw(t, "word of "+what)
		}
		s[len(s)-1] &= 1<<(uint(n-1)%64+1) - 1
	}
	return s
}
