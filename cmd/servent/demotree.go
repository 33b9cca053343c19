package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// demoTree is what the demo shares.
type demoTree struct {
	what  string   // for people
	parts []string // folders: the whole, then two parts of it, that so have two sources
}

// demoTree finds what to share: the folder that the user names, else the Go
// source tree.
func (a *app) demoTree(ctx context.Context, named string) (demoTree, error) {
	if named != "" {
		dirs, err := folders([]string{named})
		if err != nil {
			return demoTree{}, err
		}
		return demoTree{named, treeParts(dirs[0])}, nil
	}
	if src := a.goSource(ctx); src != "" {
		return demoTree{"the Go source tree", treeParts(src)}, nil
	}
	return demoTree{}, usagef("there is no Go on this machine, whose source tree the demo would share: name a folder with --dir, as in `servent demo --dir ~/Music \"blue danube\"`")
}

// goSource is the source tree of the Go installation, empty where there is none.
func (a *app) goSource(ctx context.Context) string {
	root, _ := a.lookEnv("GOROOT")
	if root == "" {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
		if err != nil {
			return ""
		}
		root = strings.TrimSpace(string(out))
	}
	src := filepath.Join(root, "src")
	if _, err := os.Stat(filepath.Join(src, "net", "http", "server.go")); err != nil {
		return ""
	}
	return src
}

// treeParts returns dir and two folders in it: net and os if they are there,
// else the first; dir itself where there are none.
func treeParts(dir string) []string {
	parts := []string{dir}
	names := []string{"net", "os"}
	if entries, err := os.ReadDir(dir); err == nil {
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(names, e.Name()) {
				names = append(names, e.Name())
			}
		}
	}
	for _, name := range names {
		sub := filepath.Join(dir, name)
		if info, err := os.Stat(sub); err == nil && info.IsDir() && len(parts) < len(sharers()) {
			parts = append(parts, sub)
		}
	}
	for len(parts) < len(sharers()) {
		parts = append(parts, dir)
	}
	return parts
}

func nothingInDemo(query string, tree demoTree) error {
	return fmt.Errorf("%w for %q in %s: try other words, as in `servent demo \"http server\"`, or another --dir", errNothing, query, tree.what)
}
