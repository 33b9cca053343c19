package tiger

import (
	"syscall"
	"testing"
)

// TestTreeAtTheEdge: a byte more than what is hashed, before it or behind, would end
// the process.
func TestTreeAtTheEdge(t *testing.T) {
	const size = maxWide * LeafSize
	page := syscall.Getpagesize()
	all, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("no memory of our own: ", err)
	}
	defer func() { _ = syscall.Munmap(all) }()
	for _, guard := range [][]byte{all[:page], all[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Skip("no guard pages: ", err)
		}
	}
	file := noise(all[page : page+size])
	if got, want := rootOf(file), plainRoot(file); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if haveThree {
		level := make([]Digest, maxWide)
		leavesByThree(level, file)
		if got, want := Expand(level)[0][0], plainRoot(file); got != want {
			t.Errorf("by three: %s, want %s", got, want)
		}
	}
	if !haveLanes {
		return
	}
	var s wideState
	for _, at := range []int{0, size - 2*minNodes*Size} {
		s.start()
		s.block(&file[at], 2*Size, minNodes, bothOfNode, nodePad)
		got := make([]Digest, minNodes)
		s.digests(got)
		for i := range got {
			pair := file[at+i*2*Size:]
			if want := node(Digest(pair), Digest(pair[Size:])); got[i] != want {
				t.Errorf("node %d at %d: %s, want %s", i, at, got[i], want)
			}
		}
	}
}
