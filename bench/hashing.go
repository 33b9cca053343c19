package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/library"
)

const (
	rhash      = "rhash"
	hashWorker = "hash-worker"
	// seed is what all that is generated comes from.
	seed = 20261121
)

// hashing measures what a scan of new files costs, beside rhash.
func hashing(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("hashing", 7)
	size := f.Int("mib", 1024, "`size` of the large file in MiB")
	tree := f.String("tree", "", "`folder` of small files (default the Go source tree)")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := missing(rhash); err != nil {
		return err
	}
	if *tree == "" {
		if *tree, err = goTree(ctx); err != nil {
			return err
		}
	}
	tmp, err := os.MkdirTemp(f.dir, "servent-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	large := filepath.Join(tmp, "large")
	if err := os.Mkdir(large, 0o700); err != nil {
		return err
	}
	if err := writeRandom(filepath.Join(large, "large.bin"), int64(*size)<<20); err != nil {
		return err
	}
	r := newRows("hashing", "SHA-1 and tiger tree, files in the page cache; "+rhash+" "+versionOf(ctx, rhash))
	for _, set := range []struct{ name, dir string }{
		{fmt.Sprintf("one file of %d MiB", *size), large},
		{"", *tree},
	} {
		if err := hashSet(ctx, r, f.rounds, set.name, set.dir, tmp, progress); err != nil {
			return err
		}
	}
	return r.show(out, f.json)
}

// hashSet measures one folder. The round before the others compares all hashes.
func hashSet(ctx context.Context, r *rows, rounds int, name, dir, tmp string, progress io.Writer) error {
	h := hashed{dir: dir, list: filepath.Join(tmp, "list")}
	files, err := h.compare(ctx)
	if err != nil {
		return err
	}
	if name == "" {
		name = fmt.Sprintf("%d files of %s", files, dir)
	}
	cpu, wall := r.add(name+", processor time", "s", rhash, 1), r.add(name+", wall clock", "s", rhash, 0)
	for round := range rounds {
		fmt.Fprintf(progress, "%s, round %d of %d\n", name, round+1, rounds)
		ours, _, err := h.ours(ctx)
		if err != nil {
			return err
		}
		theirs, _, err := h.theirs(ctx)
		if err != nil {
			return err
		}
		cpu.note(ours.cpu.Seconds(), theirs.cpu.Seconds())
		wall.note(ours.wall.Seconds(), theirs.wall.Seconds())
	}
	return nil
}

// hashed is a folder to be hashed by both.
type hashed struct {
	dir  string
	list string // file that names what rhash shall hash: what a servent shares
}

// compare lets both hash the folder, and returns how many files that are.
func (h hashed) compare(ctx context.Context) (int, error) {
	_, ours, err := h.ours(ctx)
	if err != nil {
		return 0, err
	}
	var list bytes.Buffer
	for path := range ours {
		fmt.Fprintln(&list, path)
	}
	if err := os.WriteFile(h.list, list.Bytes(), 0o600); err != nil {
		return 0, err
	}
	_, theirs, err := h.theirs(ctx)
	switch {
	case err != nil:
		return 0, err
	case len(ours) == 0:
		return 0, fmt.Errorf("%s: nothing in it is shared", h.dir)
	case len(ours) != len(theirs):
		return 0, fmt.Errorf("%s: %d files were hashed, and %d by rhash", h.dir, len(ours), len(theirs))
	}
	for path, sums := range ours {
		if sums != theirs[path] {
			return 0, fmt.Errorf("%s: hashes are %s, and %s by rhash", path, sums, theirs[path])
		}
	}
	return len(ours), nil
}

func (h hashed) ours(ctx context.Context) (usage, map[string]string, error) {
	cmd, err := again(ctx, hashWorker, h.dir)
	if err != nil {
		return usage{}, nil, err
	}
	return hashesOf(cmd)
}

func (h hashed) theirs(ctx context.Context) (usage, map[string]string, error) {
	return hashesOf(exec.CommandContext(ctx, rhash, rhashFormat, "--file-list="+h.list))
}

// rhashFormat makes rhash print what workHash does.
const rhashFormat = `--printf=%{sha1} %{tth} %p\n`

// hashesOf runs a command that prints the hashes of files.
func hashesOf(cmd *exec.Cmd) (usage, map[string]string, error) {
	var out bytes.Buffer
	cmd.Stdout = &out
	u, err := measured(cmd)
	if err != nil {
		return u, nil, err
	}
	sums := make(map[string]string)
	for line := range strings.Lines(out.String()) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(fields) != 3 {
			return u, nil, fmt.Errorf("%s: cannot read %q", filepath.Base(cmd.Path), line)
		}
		sums[fields[2]] = strings.ToLower(fields[0] + " " + fields[1])
	}
	return u, sums, nil
}

// noIndex takes no notice of words: rhash makes no index either.
type noIndex struct{}

func (noIndex) Apply([]search.Doc, []search.DocID) error { return nil }

func (noIndex) Find(context.Context, search.Query, func(search.DocID) bool, int) ([]search.Hit, error) {
	return nil, nil
}

// workHash shares a folder, as `servent share` does but for the index, and prints
// its hashes.
func workHash(args []string, out io.Writer) error {
	l := library.New(library.Config{Index: noIndex{}})
	if err := l.Add(context.Background(), args[0]); err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	for _, root := range l.Roots() {
		for f := range l.From(root.Dir, "") {
			line := hex.AppendEncode(w.AvailableBuffer(), f.URN.SHA1[:])
			line = append(append(line, ' '), f.URN.Tiger.String()...)
			_, _ = w.Write(append(append(append(line, ' '), f.Path()...), '\n')) // Flush tells of errors
		}
	}
	return errors.Join(w.Flush(), l.Close())
}

// goTree is the Go source tree, the largest folder that is everywhere.
func goTree(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find the Go source tree: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "src"), nil
}

// writeRandom makes a file that cannot be compressed.
func writeRandom(path string, size int64) error {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, rand.NewChaCha8(key), size)
	return errors.Join(err, file.Sync(), file.Close())
}

// versionOf is the last word of what a tool says of its version.
func versionOf(ctx context.Context, tool string) string {
	out, _ := exec.CommandContext(ctx, tool, "--version").Output() // without, the table tells less
	line, _, _ := strings.Cut(string(out), "\n")
	for field := range strings.FieldsSeq(line) {
		if field = strings.TrimPrefix(field, "v"); field[0] >= '0' && field[0] <= '9' {
			return field
		}
	}
	return ""
}
