package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

func TestAdd(t *testing.T) {
	dir := tempDir(t)
	write(t, dir,
		"music/Strauss/Blue Danube.mp3", "waltz",
		"src/net/http/server.go", "package http",
		"readme", "x")
	age(t, dir, "readme", 1)
	l := added(t, dir)

	wantFound(t, l, "danube strauss", "music/Strauss/Blue Danube.mp3")
	wantFound(t, l, "net http server", "src/net/http/server.go")
	wantFound(t, l, filepath.Base(dir)) // words of the folder's own name are not shared
	f := one(t, l, "danube")
	if f.URN != urnOf("waltz") || f.Size != 5 || f.Type != search.Audio || f.Name() != "Blue Danube.mp3" || f.Root != dir {
		t.Errorf("%+v", f)
	}
	if f.Path() != filepath.Join(dir, "music", "Strauss", "Blue Danube.mp3") {
		t.Errorf("path %q", f.Path())
	}
	if got, ok := l.ByIndex(f.Index); !ok || got != f {
		t.Errorf("ByIndex: %+v %v", got, ok)
	}
	if got, ok := l.BySHA1(f.URN.SHA1); !ok || got != f {
		t.Errorf("BySHA1: %+v %v", got, ok)
	}
	if _, ok := l.ByIndex(0); ok {
		t.Error("index 0 is a file")
	}
	if files, bytes := l.Totals(); files != 3 || bytes != 5+12+1 {
		t.Errorf("%d files, %d bytes", files, bytes)
	}
	if got, want := l.Roots(), (Root{Dir: dir, Files: 3, Bytes: 18}); !slices.Equal(got, []Root{want}) {
		t.Errorf("roots %+v", got)
	}
	select {
	case <-l.Changed():
	default:
		t.Error("nothing told of the change")
	}
}

func TestFileRecord(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a/b/Blue.mp3", "waltz", "top.txt", "x")
	age(t, dir, "a/b/Blue.mp3", 3)
	l := added(t, dir)
	f := one(t, l, "blue")
	r := f.Record()
	if r.Index != f.Index || r.Name != "Blue.mp3" || r.Path != "a/b" || r.Size != 5 || r.URN != urnOf("waltz") || !r.Created.Equal(f.ModTime) {
		t.Errorf("%+v", r)
	}
	if r := one(t, l, "top").Record(); r.Name != "top.txt" || r.Path != "" {
		t.Errorf("%+v", r)
	}
}

func TestAddErrors(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "file.txt", "x")
	l := New(Config{})
	for _, name := range []string{filepath.Join(dir, "absent"), filepath.Join(dir, "file.txt"), filepath.Join(dir, "file.txt", "x")} {
		if err := l.Add(context.Background(), name); err == nil {
			t.Errorf("%s was shared", name)
		}
	}
	if err := l.Add(context.Background(), filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	if len(l.Roots()) != 0 {
		t.Errorf("roots %+v", l.Roots())
	}
	if err := l.Remove(dir); !errors.Is(err, ErrNotShared) {
		t.Errorf("got %v, want %v", err, ErrNotShared)
	}
}

func TestAddTwiceRescans(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "one.txt", "1")
	l := added(t, dir)
	write(t, dir, "two.txt", "2")
	link := filepath.Join(tempDir(t), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	add(t, l, link)
	wantRels(t, l, "one.txt", "two.txt")
	if len(l.Roots()) != 1 {
		t.Errorf("roots %+v", l.Roots())
	}
	if err := l.Remove(link); err != nil {
		t.Error(err)
	}
	wantRels(t, l)
}

func TestRescan(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "same.txt", "same", "touched.txt", "touched", "edited.txt", "old", "gone.txt", "gone")
	for _, name := range []string{"same.txt", "touched.txt", "edited.txt"} {
		age(t, dir, name, 2)
	}
	l := added(t, dir)
	same, touched, edited, gone := one(t, l, "same"), one(t, l, "touched"), one(t, l, "edited"), one(t, l, "gone")

	age(t, dir, "touched.txt", 1)
	write(t, dir, "edited.txt", "new", "fresh.txt", "fresh")
	if err := os.Remove(filepath.Join(dir, "gone.txt")); err != nil {
		t.Fatal(err)
	}
	rescan(t, l)
	wantRels(t, l, "edited.txt", "fresh.txt", "same.txt", "touched.txt")
	wantFound(t, l, "gone")
	if _, ok := l.ByIndex(gone.Index); ok {
		t.Error("a file that is gone has an index")
	}
	if _, ok := l.BySHA1(gone.URN.SHA1); ok {
		t.Error("a file that is gone has a hash")
	}
	if got := one(t, l, "same"); got != same {
		t.Errorf("same: %+v, was %+v", got, same)
	}
	if got := one(t, l, "touched"); got.Index != touched.Index || got.ModTime.Equal(touched.ModTime) {
		t.Errorf("touched: %+v, was %+v", got, touched)
	}
	if got := one(t, l, "edited"); got.Index == edited.Index || got.URN != urnOf("new") {
		t.Errorf("edited: %+v, was %+v", got, edited)
	}
	if files, bytes := l.Totals(); files != 4 || bytes != 4+7+3+5 {
		t.Errorf("%d files, %d bytes", files, bytes)
	}
}

func TestRescanOfFolderThatHasGone(t *testing.T) {
	top := tempDir(t)
	a, b := filepath.Join(top, "a"), filepath.Join(top, "b")
	write(t, top, "a/one.txt", "1", "b/two.txt", "2")
	l := added(t, a, b)
	if err := os.RemoveAll(a); err != nil {
		t.Fatal(err)
	}
	if err := l.Rescan(context.Background()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	wantRels(t, l, "two.txt")
	write(t, top, "a/one.txt", "1")
	rescan(t, l)
	wantRels(t, l, "one.txt", "two.txt")
}

// TestNestedFolders: a file in two shared folders is one file of the first,
// and becomes the other's when that one goes.
func TestNestedFolders(t *testing.T) {
	outer := tempDir(t)
	inner := filepath.Join(outer, "in")
	write(t, outer, "in/deep/a.txt", "a", "b.txt", "b")
	for _, order := range [][]string{{outer, inner}, {inner, outer}} {
		l := added(t, order...)
		if files, bytes := l.Totals(); files != 2 || bytes != 2 {
			t.Errorf("%d files, %d bytes", files, bytes)
		}
		roots := l.Roots()
		if roots[0].Files+roots[1].Files != 2 {
			t.Errorf("roots %+v", roots)
		}
		rescan(t, l)
		if files, _ := l.Totals(); files != 2 {
			t.Errorf("%d files after a rescan", files)
		}
		before := one(t, l, "deep")
		if err := l.Remove(outer); err != nil {
			t.Fatal(err)
		}
		wantRels(t, l, "deep/a.txt")
		wantFound(t, l, "in deep") // not a word of the inner folder's files
		after := one(t, l, "deep a")
		if (after.Index == before.Index) != (order[0] == inner) || after.Root != inner || after.Path() != before.Path() {
			t.Errorf("%+v, was %+v", after, before)
		}
		file, err := l.Open(before) // somebody has asked for it before
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		if got := l.Roots(); len(got) != 1 || got[0].Files != 1 || got[0].Bytes != 1 {
			t.Errorf("roots %+v", got)
		}
		if err := l.Remove(inner); err != nil {
			t.Fatal(err)
		}
		wantRels(t, l)
		if files, bytes := l.Totals(); files != 0 || bytes != 0 || l.Table() != nil {
			t.Errorf("%d files, %d bytes left", files, bytes)
		}
	}
}

func TestEqualContent(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a.txt", "same", "b.txt", "same", "c.txt", "same")
	l := New(Config{Workers: 1}) // in this order
	add(t, l, dir)
	h := urnOf("same").SHA1
	for _, name := range []string{"a.txt", "b.txt", "c.txt"} {
		if f, ok := l.BySHA1(h); !ok || f.Rel != name {
			t.Errorf("got %q, %v, want %q", f.Rel, ok, name)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if f, ok := l.BySHA1(h); ok {
		t.Errorf("%q is gone", f.Rel)
	}
}

func TestFindByURN(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "blue a.txt", "same", "b.txt", "same", "blue c.txt", "other")
	l := added(t, dir)
	urns := []protocol.URN{urnOf("same"), urnOf("absent"), urnOf("same"), {}}
	for limit, want := range map[int]int{0: 3, 1: 1, 2: 2, 3: 3, 4: 3} {
		files, err := l.Find(context.Background(), search.WireQuery("blue"), urns, limit)
		if err != nil || len(files) != want {
			t.Errorf("limit %d: %d files, %v; want %d", limit, len(files), err, want)
		}
	}
	if files, err := l.Find(context.Background(), search.Query{}, urns, 0); err != nil || len(files) != 2 {
		t.Errorf("by URN alone: %v, %v", files, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Find(ctx, search.WireQuery("blue"), nil, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestBatches(t *testing.T) {
	dir := tempDir(t)
	const n = 2*batchSize + 300
	for i := range n {
		write(t, dir, fmt.Sprintf("%d/file%d.txt", i%50, i), fmt.Sprint(i))
	}
	var x brokenIndex
	var last Progress
	l := New(Config{Index: &x, OnProgress: func(p Progress) { last = p }})
	add(t, l, dir)
	if len(x.batches) < 3 || slices.Max(x.batches) > batchSize {
		t.Errorf("batches of %v", x.batches)
	}
	if got := len(found(t, l, "txt")); got != n {
		t.Errorf("%d files found, want %d", got, n)
	}
	if last.Files != n || last.TotalFiles != n || last.Bytes != last.TotalBytes || last.Bytes == 0 || last.Dir != dir {
		t.Errorf("progress ends with %+v", last)
	}
	if err := l.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if got := slices.Max(x.batches); got > batchSize {
		t.Errorf("a batch of %d", got)
	}
}

func TestIndexFails(t *testing.T) {
	dir := tempDir(t)
	for i := range batchSize + 500 {
		write(t, dir, fmt.Sprintf("file%d.txt", i), "x")
	}
	broken := errors.New("disk full")
	l := New(Config{Index: &brokenIndex{fail: broken}})
	if err := l.Add(context.Background(), dir); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// TestCancel: a scan ends between two chunks of one large file, and keeps what
// it has.
func TestCancel(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a small.txt", "x")
	large, err := os.Create(filepath.Join(dir, "b large.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.Truncate(64<<30), large.Close()); err != nil {
		t.Skip("no sparse files: ", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var last Progress
	l := New(Config{Workers: 1, OnProgress: func(p Progress) {
		last = p
		if p.Bytes > 1<<20 {
			cancel()
		}
	}})
	if err := l.Add(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if last.Bytes >= 32<<30 {
		t.Errorf("%d bytes read all the same", last.Bytes)
	}
	wantFound(t, l, "small", "a small.txt")
	wantFound(t, l, "large")
	if left := l.LeftOut(dir); len(left) != 0 {
		t.Errorf("left out: %v", left)
	}
	if err := l.Add(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestRemoveEndsScan takes a folder back while a file is hashed that would
// take minutes.
func TestRemoveEndsScan(t *testing.T) {
	dir := tempDir(t)
	large, err := os.Create(filepath.Join(dir, "large.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.Truncate(64<<30), large.Close()); err != nil {
		t.Skip("no sparse files: ", err)
	}
	hashing := make(chan struct{}, 1)
	l := New(Config{OnProgress: func(Progress) {
		select {
		case hashing <- struct{}{}:
		default:
		}
	}})
	ended := make(chan error)
	go func() { ended <- l.Add(context.Background(), dir) }()
	<-hashing
	if err := l.Remove(dir); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ErrNotShared) {
		t.Errorf("Add ends with %v, want %v", err, ErrNotShared)
	}
	if len(l.Roots()) != 0 {
		t.Errorf("roots %+v", l.Roots())
	}
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	dir := tempDir(t)
	for i := range 300 {
		write(t, dir, fmt.Sprintf("%d/blue%d.txt", i%3, i), fmt.Sprint(i%100))
	}
	l := New(Config{})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var writers, readers sync.WaitGroup
	for i := range 3 {
		writers.Go(func() {
			sub := filepath.Join(dir, fmt.Sprint(i))
			for range 5 {
				err := errors.Join(l.Add(ctx, sub), l.Rescan(ctx), l.Remove(sub), l.Add(ctx, sub))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					readAll(ctx, t, l)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if files, _ := l.Totals(); files != 300 {
		t.Errorf("%d files, want 300", files)
	}
}

func readAll(ctx context.Context, t *testing.T, l *Library) {
	files, err := l.Find(ctx, search.WireQuery("txt"), []protocol.URN{urnOf("7")}, 20)
	if err != nil {
		t.Error(err)
	}
	for _, f := range files {
		if file, err := l.Open(f); err == nil {
			_ = file.Close()
		} else if !errors.Is(err, ErrNotShared) {
			t.Error(err)
		}
	}
	l.Table()
	l.Roots()
	l.BySHA1(urnOf("7").SHA1)
}
