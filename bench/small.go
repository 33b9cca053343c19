package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	wget = "wget"
	// smallFolder is how many files lie in one folder.
	smallFolder = 100
	// maxSmall is what we may take, in times of wget's wall clock.
	maxSmall = 1.5
)

// getSmall measures a servent's whole folder of small files, fetched by one `servent
// get --from`, beside wget with the list of the same files from the same servent.
func getSmall(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("small", 5)
	files := f.Int("files", 10_000, "how many `files`")
	size := f.Int("kib", 10, "`size` of each in KiB")
	if err := f.parse(args); err != nil {
		return err
	}
	if *files < 1 || *size < 1 {
		return errors.New("files and kib must be 1 at least")
	}
	if err := missing(wget); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(f.dir, "servent-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	s := smallFiles{tmp: tmp, shared: filepath.Join(tmp, "shared"), list: filepath.Join(tmp, "list")}
	if err := s.prepare(ctx, *files, *size<<10); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.server.stop()) }()
	r := newRows("small", fmt.Sprintf("%d files of %d KiB over loopback, all that one servent shares; wget %s, which verifies nothing",
		*files, *size, versionOf(ctx, wget)))
	if err := s.measure(ctx, r, f.rounds, progress); err != nil {
		return err
	}
	return r.show(out, f.json)
}

// smallFiles are files that are fetched again and again.
type smallFiles struct {
	tmp, program string
	shared, list string            // folder, and the file that names the URLs
	names        map[string]string // as wget writes them, and what they are in shared
	bytes        int64             // of all files
	server       *sharing
}

func (s *smallFiles) prepare(ctx context.Context, files, size int) (err error) {
	s.bytes = int64(files) * int64(size)
	if s.program, err = buildServent(ctx, s.tmp); err != nil {
		return err
	}
	sums, err := writeSmall(s.shared, files, size)
	if err != nil {
		return err
	}
	if s.server, err = startSharing(ctx, s.program, filepath.Join(s.tmp, "server"), "share", s.shared); err != nil {
		return err
	}
	list, err := os.Create(s.list)
	if err != nil {
		return errors.Join(err, s.server.stop())
	}
	w := bufio.NewWriter(list)
	s.names = make(map[string]string, files)
	for _, rel := range slices.Sorted(maps.Keys(sums)) {
		query := "N2R?" + sums[rel].SHA1URN()
		fmt.Fprintf(w, "http://%s/uri-res/%s\n", s.server.ready.Listen, query)
		s.names[query] = rel
	}
	if err := errors.Join(w.Flush(), list.Close()); err != nil {
		return errors.Join(err, s.server.stop())
	}
	return nil
}

// writeSmall makes files that differ, in folders below dir, and tells what is in
// them by their names.
func writeSmall(dir string, files, size int) (map[string]protocol.URN, error) {
	sums := make(map[string]protocol.URN, files)
	var key [32]byte
	random, content := rand.NewChaCha8(key), make([]byte, size)
	for i := range files {
		rel := filepath.Join(fmt.Sprintf("folder %03d", i/smallFolder), fmt.Sprintf("file %05d.dat", i))
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, rel)), 0o700); err != nil {
			return nil, err
		}
		_, _ = random.Read(content) // never fails
		if err := os.WriteFile(filepath.Join(dir, rel), content, 0o600); err != nil {
			return nil, err
		}
		sums[rel] = protocol.URN{SHA1: sha1.Sum(content), HasSHA1: true}
	}
	return sums, nil
}

func (s *smallFiles) measure(ctx context.Context, r *rows, rounds int, progress io.Writer) error {
	wall, cpu := r.add("wall clock", "s", wget, maxSmall), r.add("processor time of who fetches", "s", wget, 0)
	server := r.add("processor time of the server", "s", wget, 0)
	memory := r.add("most memory of who fetches", "MiB", wget, 0)
	for round := -1; round < rounds; round++ { // the first to warm up
		if round >= 0 {
			fmt.Fprintf(progress, "round %d of %d\n", round+1, rounds)
		}
		ours, ourServer, err := s.fresh(ctx, s.get)
		if err != nil {
			return err
		}
		theirs, theirServer, err := s.fresh(ctx, s.wget)
		if err != nil {
			return err
		}
		if round >= 0 {
			wall.note(ours.wall.Seconds(), theirs.wall.Seconds())
			cpu.note(ours.cpu.Seconds(), theirs.cpu.Seconds())
			server.note(ourServer, theirServer)
			memory.note(mib(ours.peak), mib(theirs.peak))
		}
	}
	return nil
}

// fresh fetches into a new folder. load compares what has come.
func (s *smallFiles) fresh(ctx context.Context, load func(ctx context.Context, home string) (usage, error)) (u usage, server float64, err error) {
	home, err := freshHome(s.tmp, s.bytes)
	if err != nil {
		return u, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	pid := []int{s.server.cmd.Process.Pid}
	before := cpuOf(pid)
	u, err = load(ctx, home)
	return u, (cpuOf(pid) - before).Seconds(), err
}

func (s *smallFiles) get(ctx context.Context, home string) (usage, error) {
	to := filepath.Join(home, "files")
	if err := os.Mkdir(to, 0o700); err != nil {
		return usage{}, err
	}
	cmd := serventCommand(ctx, s.program, home, "get", "--from", s.server.ready.Listen, "--output", to)
	u, err := measured(cmd)
	if err != nil {
		return u, err
	}
	return u, s.compare(to, func(rel string) (string, bool) { return rel, true })
}

func (s *smallFiles) wget(ctx context.Context, home string) (usage, error) {
	u, err := measured(exec.CommandContext(ctx, wget, "--no-config", "--quiet", "--directory-prefix="+home, "--input-file="+s.list))
	if err != nil {
		return u, err
	}
	return u, s.compare(home, func(rel string) (string, bool) { name, ok := s.names[rel]; return name, ok })
}

// compare sees that dir holds every file once and nothing else; is tells which one
// lies where.
func (s *smallFiles) compare(dir string, is func(rel string) (string, bool)) error {
	seen := make(map[string]bool)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name, ok := is(rel)
		if !ok || seen[name] {
			return fmt.Errorf("%s is not among what was wanted, or came twice", rel)
		}
		seen[name] = true
		return sameContent(path, filepath.Join(s.shared, name))
	})
	if err == nil && len(seen) != len(s.names) {
		err = fmt.Errorf("%d files have come, of %d", len(seen), len(s.names))
	}
	return err
}
