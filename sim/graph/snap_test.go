package graph

import (
	"bytes"
	"fmt"
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
	tests := []struct {
		day                                   string
		nodes, edges, weak, strong, triangles int
	}{
		{"04", 10876, 39994, 10876, 4317, 934},
		{"05", 8846, 31839, 8842, 3234, 1112},
		{"06", 8717, 31525, 8717, 3226, 1142},
		{"08", 6301, 20777, 6299, 2068, 2383},
		{"09", 8114, 26013, 8104, 2624, 2354},
		{"24", 26518, 65369, 26498, 6352, 986},
		{"25", 22687, 54705, 22663, 5153, 806},
		{"30", 36682, 88328, 36646, 8490, 1590},
		{"31", 62586, 147892, 62561, 14149, 2024},
	}
	for _, tt := range tests {
		t.Run(tt.day, func(t *testing.T) {
			c := snap(t, folder, tt.day).Counts()
			got := fmt.Sprint(c.Nodes, c.Edges, c.LargestWeak, c.LargestStrong, c.Triangles)
			if want := fmt.Sprint(tt.nodes, tt.edges, tt.weak, tt.strong, tt.triangles); got != want {
				t.Errorf("nodes, edges, largest weak and strong component, triangles: %s, want %s", got, want)
			}
		})
	}
}
