package graph

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// snapFolder is where the SNAP collection's Gnutella graphs are: what
// SERVENT_GRAPHS says, or beside the repository. Empty: nowhere.
func snapFolder() string {
	folder := os.Getenv("SERVENT_GRAPHS")
	if folder == "" {
		folder = filepath.FromSlash("../../../shared/data/snap-gnutella")
	}
	if _, err := os.Stat(snapFile(folder, "31")); err != nil {
		return ""
	}
	return folder
}

func snapFile(folder, day string) string {
	return filepath.Join(folder, "p2p-Gnutella"+day+".txt")
}

// snap reads one of the SNAP graphs.
func snap(t testing.TB, folder, day string) *Digraph {
	t.Helper()
	data, err := os.ReadFile(snapFile(folder, day))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestSNAPCounts: the nine Gnutella graphs have the counts that are published at
// https://snap.stanford.edu/data/#p2p.
func TestSNAPCounts(t *testing.T) {
	folder := snapFolder()
	if folder == "" {
		t.Skip("no SNAP graphs here: set SERVENT_GRAPHS to their folder; TestCounts stands in")
	}
	for _, want := range Crawls() {
		t.Run(want.Day, func(t *testing.T) {
			c := snap(t, folder, want.Day).Counts()
			if got := (Crawl{want.Day, c.Nodes, c.Edges, c.LargestWeak, c.LargestStrong, c.Triangles}); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}
