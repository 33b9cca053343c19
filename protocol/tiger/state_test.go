package tiger

import (
	"bytes"
	"errors"
	"testing"
)

// pattern is n bytes of which no two kilobytes are alike.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>10) ^ byte(i*7)
	}
	return b
}

// TestTreeState stops at every sort of place and goes on in another tree.
func TestTreeState(t *testing.T) {
	file := pattern(40*LeafSize + 77)
	want := rootOf(file)
	for _, at := range []int{0, 1, LeafSize - 1, LeafSize, LeafSize + 1, 2*LeafSize - 1, 2 * LeafSize, 31*LeafSize + 5, 32 * LeafSize, len(file)} {
		var first, second Tree
		_, _ = first.Write(file[:at])
		state, err := first.MarshalBinary()
		if err != nil || len(state) > MaxState {
			t.Fatalf("state of %d bytes: %v", len(state), err)
		}
		_, _ = second.Write(file[:333]) // what it held before does not matter
		if err := second.UnmarshalBinary(state); err != nil {
			t.Fatalf("state at %d: %v", at, err)
		}
		if second.Size() != uint64(at) {
			t.Errorf("size %d after %d bytes", second.Size(), at)
		}
		_, _ = second.Write(file[at:])
		if got := second.Root(); got != want {
			t.Errorf("stopped at %d: root %s, want %s", at, got, want)
		}
	}
}

func rootOf(b []byte) Digest {
	var t Tree
	_, _ = t.Write(b)
	return t.Root()
}

func TestTreeStateDamaged(t *testing.T) {
	var tree Tree
	_, _ = tree.Write(pattern(3*LeafSize + 1))
	state, err := tree.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	otherVersion := bytes.Clone(state)
	otherVersion[0]++
	otherSize := bytes.Clone(state)
	otherSize[1]++
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut short": state[:len(state)-1], "too long": append(bytes.Clone(state), 0),
		"of another version": otherVersion, "of another size": otherSize,
	} {
		var kept Tree
		_, _ = kept.Write(pattern(99))
		if err := kept.UnmarshalBinary(bad); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
		if kept.Root() != rootOf(pattern(99)) {
			t.Errorf("%s: the tree is no longer what it was", name)
		}
	}
}

// FuzzTreeState: any bytes give an error or a state that is the same again.
func FuzzTreeState(f *testing.F) {
	for _, n := range []int{0, 1, LeafSize, 5*LeafSize + 9} {
		var tree Tree
		_, _ = tree.Write(pattern(n))
		state, _ := tree.MarshalBinary()
		f.Add(state)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var tree Tree
		if tree.UnmarshalBinary(b) != nil {
			return
		}
		if state, _ := tree.MarshalBinary(); !bytes.Equal(state, b) {
			t.Fatalf("%x is written as %x", b, state)
		}
		_, _ = tree.Write(pattern(3000))
		tree.Root()
	})
}
