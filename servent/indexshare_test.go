package servent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/wordindex"
)

// TestManyFiles shares more files than are kept in memory, on a real servent:
// the index goes to disk, outlives a file cut short, and is there at the next start.
func TestManyFiles(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	for i := range wordindex.MaxInMemory + 1 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("common %d.txt", i)), []byte{byte(i), byte(i >> 8)}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for start := range 2 {
		s, err := New(Config{DataDir: data, Listen: "127.0.0.1:0", ConnectOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		if err := s.Share(ctx, dir); err != nil {
			t.Fatal(err)
		}
		s.wantOwn(t, "common", wordindex.MaxInMemory+1)
		if st := s.Status().Index; st.State != wordindex.OK || st.Bytes == 0 || st.Files != wordindex.MaxInMemory+1 {
			t.Errorf("start %d: %+v", start, st)
		}
		cutShort(t, filepath.Join(data, indexDir, "*.zap"))
		s.index.Look()
		for s.Status().Index.State == wordindex.Rebuilding {
			s.wantOwn(t, "absent", 0)
		}
		s.wantOwn(t, "common", wordindex.MaxInMemory+1)
		if st := s.Status().Index; st.State != wordindex.OK {
			t.Errorf("made anew: %+v", st)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// wantOwn checks how many shared files hold a word.
func (s *Servent) wantOwn(t *testing.T, word string, want int) {
	t.Helper()
	files, err := s.lib.Find(context.Background(), search.Query{Words: []string{word}}, nil, 0)
	if err != nil || len(files) != want {
		t.Errorf("%s: %d files and %v, want %d", word, len(files), err, want)
	}
}

// cutShort takes most of the first file that matches pattern away.
func cutShort(t *testing.T, pattern string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatal(pattern, paths, err)
	}
	if err := os.Truncate(paths[0], 100); err != nil {
		t.Fatal(err)
	}
}
