package study

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed282dab8e/servent/sim/graph"
)

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
