package study

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	return "", snapMissing(folder, day)
}

// haveSnap finds the files of all days, or says which are missing; no folder, no
// files.
func haveSnap(folder string, days ...string) error {
	if folder == "" {
		return nil
	}
	days = slices.DeleteFunc(days, func(day string) bool {
		_, err := snapFile(folder, day)
		return err == nil
	})
	if len(days) == 0 {
		return nil
	}
	return snapMissing(folder, days...)
}

// snapMissing says that the files of some days are not in a folder, and what is.
func snapMissing(folder string, days ...string) error {
	names := make([]string, len(days))
	for i, day := range days {
		names[i] = "p2p-Gnutella" + day + ".txt"
	}
	missing := strings.Join(names, ", ")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("--graphs %s: want a folder with %s: %w", folder, missing, err)
	}
	var there []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "p2p-Gnutella") {
			there = append(there, e.Name())
		}
	}
	found := "there is no file of the name p2p-Gnutella*"
	if len(there) > 0 {
		found = "there are " + strings.Join(there, ", ")
	}
	return fmt.Errorf("--graphs %s: missing %s (or .txt.gz); %s; they are at https://snap.stanford.edu/data/", folder, missing, found)
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
