package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/search/bleveindex"
	"github.com/seed282dab8e/servent/servent/library"
)

const (
	walkWorker = "walk-worker"
	findWorker = "find-worker"
	bareWalk   = "a bare walk with lstat"

	maxShareMemory = 1024 // MiB, at rest
	maxRescan      = 2.5  // walks
	maxFind        = 1    // ms, of 99 in a hundred queries
	// findLimit is how many hits a query of a peer gets.
	findLimit = 64
)

// shareMany measures a share of many files: the first start, the next ones, and
// queries.
func shareMany(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("share", 5)
	s := sharingMany{progress: progress}
	f.IntVar(&s.files, "files", 1_000_000, "small files to generate")
	f.IntVar(&s.queries, "queries", 3000, "different queries")
	f.DurationVar(&s.rest, "rest", 30*time.Second, "how long the servent rests before its memory counts")
	tree := f.String("tree", "", "`folder` to share beside them (default the Go source tree)")
	if err := f.parse(args); err != nil {
		return err
	}
	if s.files < 1 || s.queries < 1 {
		return errors.New("files and queries must be 1 at least")
	}
	if *tree == "" {
		if *tree, err = goTree(ctx); err != nil {
			return err
		}
	}
	if s.tmp, err = os.MkdirTemp(f.dir, "servent-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.tmp)) }()
	s.dirs = []string{filepath.Join(s.tmp, "files"), *tree}
	s.rows = newRows("share", fmt.Sprintf("%d small files and those of %s", s.files, *tree))
	if err := s.prepare(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.first, func(ctx context.Context) error { return s.again(ctx, f.rounds) }, s.find} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.rows.show(out, f.json)
}

type sharingMany struct {
	files, queries int
	rest           time.Duration
	tmp, program   string
	dirs           []string
	shared         int // files
	rows           *rows
	progress       io.Writer
}

func (s *sharingMany) prepare(ctx context.Context) (err error) {
	if s.program, err = buildServent(ctx, s.tmp); err != nil {
		return err
	}
	fmt.Fprintf(s.progress, "write %d files\n", s.files)
	return writeFiles(ctx, s.dirs[0], s.files)
}

func (s *sharingMany) home() string { return filepath.Join(s.tmp, "home") }
func (s *sharingMany) data() string { return filepath.Join(s.home(), "data") }

// first shares all for the first time, after a walk, so that the kernel knows
// all folders.
func (s *sharingMany) first(ctx context.Context) error {
	if _, err := s.walk(ctx); err != nil {
		return err
	}
	fmt.Fprintln(s.progress, "share them for the first time")
	took := s.rows.add("until all is found, first start", "s", "", 0)
	m, err := s.start(ctx)
	if err != nil {
		return err
	}
	took.noteOwn(m.took.Seconds())
	if m.files < s.files {
		return fmt.Errorf("%d files are shared, of %d at least", m.files, s.files)
	}
	s.shared = m.files
	s.rows.About = fmt.Sprintf("%d files shared, %d of them generated", m.files, s.files)
	s.rows.add("most memory, first start", "MiB", "", 0).noteOwn(mib(m.memory["VmHWM"]))
	s.rows.add("memory at rest, first start", "MiB", "", maxShareMemory).noteOwn(mib(m.memory["VmRSS"]))
	s.rows.add("of that not of files", "MiB", "", 0).noteOwn(mib(m.memory["RssAnon"]))
	for _, part := range []string{"hashes.db", "index"} {
		size, err := sizeOf(filepath.Join(s.data(), part))
		if err != nil {
			return err
		}
		s.rows.add(part, "MiB", "", 0).noteOwn(mib(size))
	}
	return nil
}

// again starts with what is known already, beside walks.
func (s *sharingMany) again(ctx context.Context, rounds int) error {
	took := s.rows.add("until all is found, next starts", "s", bareWalk, maxRescan)
	most := s.rows.add("most memory, next starts", "MiB", "", 0)
	memory := s.rows.add("memory at rest, next starts", "MiB", "", maxShareMemory)
	for round := range rounds {
		fmt.Fprintf(s.progress, "start again, round %d of %d\n", round+1, rounds)
		m, err := s.start(ctx)
		if err != nil {
			return err
		}
		if m.files != s.shared {
			return fmt.Errorf("%d files are shared after the next start, were %d", m.files, s.shared)
		}
		walk, err := s.walk(ctx)
		if err != nil {
			return err
		}
		took.note(m.took.Seconds(), walk.Seconds())
		most.noteOwn(mib(m.memory["VmHWM"]))
		memory.noteOwn(mib(m.memory["VmRSS"]))
	}
	return nil
}

// started is what one start of the servent was like.
type started struct {
	took   time.Duration
	files  int
	memory map[string]int64 // after its rest
}

// start runs the servent until it has rested.
func (s *sharingMany) start(ctx context.Context) (m started, err error) {
	server, err := startSharing(ctx, s.program, s.home(), "share", s.dirs...)
	if err != nil {
		return m, err
	}
	select {
	case <-time.After(s.rest):
	case <-ctx.Done():
	}
	m = started{server.took, server.ready.Files, server.memory()}
	return m, errors.Join(ctx.Err(), server.stop())
}

// walk is the bare walk, as a process of its own.
func (s *sharingMany) walk(ctx context.Context) (time.Duration, error) {
	cmd, err := again(ctx, append([]string{walkWorker}, s.dirs...)...)
	if err != nil {
		return 0, err
	}
	u, err := measured(cmd)
	return u.wall, err
}

func workWalk(dirs []string, out io.Writer) error {
	files := 0
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil {
				_, err = d.Info()
			}
			files++
			return err
		})
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, files)
	return err
}

// sizeOf is the size of a file, or of all files in a folder; 0 where there is
// nothing: few files have no index on disk.
func sizeOf(path string) (size int64, err error) {
	err = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return size, err
}

// findTask is what the worker that searches is told, and foundTimes what it tells.
type (
	findTask struct {
		Data           string
		Dirs           []string
		Files, Queries int
		Rounds         int
	}
	foundTimes struct {
		Queries, Hits int
		P50, P99, Max []float64 // ms, round by round
	}
)

const findRounds = 3

// find searches hashes and index that the servent has left, in a process of its
// own: by the same library, as for a query of a peer.
func (s *sharingMany) find(ctx context.Context) error {
	fmt.Fprintf(s.progress, "search with %d queries\n", s.queries)
	task, err := json.Marshal(findTask{s.data(), s.dirs, s.files, s.queries, findRounds})
	if err != nil {
		return err
	}
	cmd, err := again(ctx, findWorker, string(task))
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	var t foundTimes
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	if t.Hits < t.Queries {
		return fmt.Errorf("%d queries found %d files: each was to find one", t.Queries, t.Hits)
	}
	what := fmt.Sprintf("%d queries by Library.Find, ", t.Queries)
	s.rows.add(what+"p50", "ms", "", 0).Ours = t.P50
	s.rows.add(what+"p99", "ms", "", maxFind).Ours = t.P99
	s.rows.add(what+"slowest", "ms", "", 0).Ours = t.Max
	return nil
}

func workFind(args []string, out io.Writer) (err error) {
	var task findTask
	if err := json.Unmarshal([]byte(args[0]), &task); err != nil {
		return err
	}
	x := &leftIndex{dir: filepath.Join(task.Data, "index")}
	l := library.New(library.Config{Index: x, CachePath: filepath.Join(task.Data, "hashes.db")})
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := x.open(l); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	for _, dir := range task.Dirs {
		if err := l.Add(context.Background(), dir); err != nil {
			return err
		}
	}
	var t foundTimes
	queries := askable(task.Files, task.Queries)
	for range task.Rounds {
		if err := t.ask(l, queries); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(t)
}

// ask asks all queries once.
func (t *foundTimes) ask(l *library.Library, queries []string) error {
	t.Queries, t.Hits = len(queries), 0
	var times []float64
	for _, q := range queries {
		start := time.Now()
		files, err := l.Find(context.Background(), search.WireQuery(q), nil, findLimit)
		times = append(times, time.Since(start).Seconds()*1e3)
		if err != nil {
			return err
		}
		if len(files) > 0 {
			t.Hits++
		}
	}
	slices.Sort(times)
	t.P50 = append(t.P50, times[len(times)/2])
	t.P99 = append(t.P99, times[len(times)*99/100])
	t.Max = append(t.Max, times[len(times)-1])
	return nil
}

// leftIndex is the index that a servent has left on disk; one in memory where it
// had too few files to leave any.
type leftIndex struct {
	dir string
	search.Index
	disk *bleveindex.Index
}

func (x *leftIndex) open(l *library.Library) (err error) {
	if _, err := os.Stat(x.dir); err != nil {
		x.Index = search.NewMemory()
		return nil
	}
	if x.disk, err = bleveindex.Open(bleveindex.Config{Dir: x.dir, Owner: l.ID(), Doc: l.Doc}); err != nil {
		return err
	}
	x.Index = x.disk
	if x.disk.Fresh() {
		return fmt.Errorf("the index in %s is not that of the files beside it", x.dir)
	}
	return nil
}

// Apply puts what is not there already: nothing, if all is as it was left.
func (x *leftIndex) Apply(put []search.Doc, del []search.DocID) error {
	if x.disk == nil {
		return x.Index.Apply(put, del)
	}
	put = slices.DeleteFunc(slices.Clone(put), func(d search.Doc) bool { return x.disk.Has(d.ID) })
	if len(put)+len(del) == 0 {
		return nil
	}
	return x.Index.Apply(put, del)
}

func (x *leftIndex) close() error {
	if x.disk == nil {
		return nil
	}
	return x.disk.Close()
}
