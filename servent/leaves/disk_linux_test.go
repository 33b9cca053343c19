package leaves

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed282dab8e/servent/servent/wordindex"
)

// TestDiskFull: an index whose disk has no room goes on in memory, and nobody is
// refused for it.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=400k"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s := newLeaves(t, Config{Dir: filepath.Join(dir, "leaves")})
	t.Cleanup(s.x.Close) // before the disk has gone
	stop := s.run(t)
	defer stop()
	const leaves, each = 80, 200 // more than stay in memory as a rule
	for link := range uint32(leaves) {
		s.come(newLeaf(link+1, each))
	}
	eventually(t, "all found, in memory", func() bool {
		files, err := s.x.Find(t.Context(), Question{Words: words("common")})
		return err == nil && len(files) == leaves*each && s.x.Stats().State == wordindex.Failed
	})
	for link := range uint32(leaves) {
		if a := s.verdict(link + 1); a.Reason != "" {
			t.Errorf("leaf %d: %+v", link+1, a)
		}
	}
	s.x.Gone(1)
	s.come(newLeaf(99, 10))
	eventually(t, "another one is served", func() bool {
		files, err := s.x.Find(t.Context(), Question{Words: words("leaf99")})
		return err == nil && len(files) == 10
	})
}
