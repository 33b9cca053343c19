package study

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed282dab8e/servent/sim/graph"
)

// snapDay is a crawl of the Gnutella network of August 2002 as the SNAP
// collection publishes it (snap.stanford.edu/data), with its counts.
type snapDay struct {
	Day          string
	Nodes, Edges int // edges are directed
	Weak, Strong int // nodes of the largest component
	Triangles    int
}

func snapDays() []snapDay {
	return []snapDay{
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
}

// snapFile finds the file of a day in a folder, plain or compressed.
func snapFile(folder, day string) (string, error) {
	for _, ending := range []string{".txt", ".txt.gz"} {
		name := filepath.Join(folder, "p2p-Gnutella"+day+ending)
		if _, err := os.Stat(name); err == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("--graphs %s: there is no p2p-Gnutella%s.txt; the files are at snap.stanford.edu/data", folder, day)
}

// readSnap reads the graph of a day from a folder.
func readSnap(folder, day string) (*graph.Digraph, error) {
	name, err := snapFile(folder, day)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--graphs: %w", err)
	}
	defer f.Close()
	d, err := graph.Read(f)
	if err != nil {
		return nil, fmt.Errorf("--graphs: %s: %w", name, err)
	}
	return d, nil
}
