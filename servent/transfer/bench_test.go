package transfer

import (
	"os"
	"testing"
)

// BenchmarkDownload downloads 256 MiB over loopback from our own server in the
// same process: sent, received, hashed with SHA-1 and tiger tree, written,
// synced and named. TMPDIR chooses the disk.
func BenchmarkDownload(b *testing.B) {
	const size = 256 << 20
	content := noise(size)
	_, addr := honest(b, content)
	c := NewClient(ClientConfig{})
	j := jobFor(b, content, addr)
	b.SetBytes(size)
	for b.Loop() {
		r, err := c.Get(b.Context(), j, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(r.Path); err != nil {
			b.Fatal(err)
		}
	}
}
