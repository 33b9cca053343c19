package transfer

import (
	"bytes"
	"os"
	"sync"
	"testing"
)

// TestManyContentsOfOneName: of several downloads at once into one folder under one name each
// gets a file of its own, with its own content.
func TestManyContentsOfOneName(t *testing.T) {
	dir, c := t.TempDir(), NewClient(quick())
	var all sync.WaitGroup
	for i := range 6 {
		content := noise(2<<20 + i)
		_, addr := honest(t, content)
		j := jobFor(t, content, addr)
		j.Dir = dir
		all.Go(func() {
			r, err := c.Get(t.Context(), j, nil)
			if got, _ := os.ReadFile(r.Path); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes, %v", r.Path, len(got), err)
			}
		})
	}
	all.Wait()
	if there, err := os.ReadDir(dir); err != nil || len(there) != 6 {
		t.Errorf("%v, %v", there, err)
	}
}
