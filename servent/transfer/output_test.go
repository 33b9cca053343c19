package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

func write(t testing.TB, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGetTakesWhatIsThere(t *testing.T) {
	content := noise(5000)
	c := NewClient(quick())
	for _, name := range []string{"file.bin", "file (1).bin"} {
		t.Run(name, func(t *testing.T) {
			j := jobFor(t, content) // no source is needed
			write(t, j.Dir, "file.bin", []byte("another"))
			write(t, j.Dir, name, content)
			r, err := c.Get(t.Context(), j, nil)
			if err != nil || !r.Existing || !r.Verified || r.Bytes != 5000 || r.Path != filepath.Join(j.Dir, name) {
				t.Errorf("Get: %+v, %v", r, err)
			}
		})
	}
}

func TestGetNeverOverwrites(t *testing.T) {
	content := noise(5000)
	_, addr := honest(t, content)
	same := make([]byte, len(content)) // of the same size, but not the same
	tests := map[string]func(t *testing.T, dir string){
		"another file":           func(t *testing.T, dir string) { write(t, dir, "file.bin", []byte("mine")) },
		"another of that size":   func(t *testing.T, dir string) { write(t, dir, "file.bin", same) },
		"a folder":               func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, "file.bin")) },
		"a link to nowhere":      func(t *testing.T, dir string) { symlink(t, "nowhere", filepath.Join(dir, "file.bin")) },
		"a link to that content": func(t *testing.T, dir string) { symlink(t, "/dev/null", filepath.Join(dir, "file.bin")) },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			j := jobFor(t, content, addr)
			prepare(t, j.Dir)
			before, err := os.Lstat(filepath.Join(j.Dir, "file.bin"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := NewClient(ClientConfig{}).Get(t.Context(), j, nil)
			if err != nil || r.Path != filepath.Join(j.Dir, "file (1).bin") || r.Existing {
				t.Errorf("Get: %+v, %v", r, err)
			}
			after, err := os.Lstat(filepath.Join(j.Dir, "file.bin"))
			if err != nil || !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
				t.Errorf("the file that was there is another now: %v", err)
			}
		})
	}
}

func mkdir(t testing.TB, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func symlink(t testing.TB, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

// TestGetLeavesOtherPartsAlone has a .part file there already, of another
// download or of another program.
func TestGetLeavesOtherPartsAlone(t *testing.T) {
	content := noise(5000)
	_, addr := honest(t, content)
	j := jobFor(t, content, addr)
	write(t, j.Dir, "file.bin.part", []byte("mine"))
	if _, err := NewClient(ClientConfig{}).Get(t.Context(), j, nil); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, j.Dir, "file.bin", "file.bin.part")
	if b, err := os.ReadFile(filepath.Join(j.Dir, "file.bin.part")); err != nil || string(b) != "mine" {
		t.Errorf("part of somebody else: %q, %v", b, err)
	}
}

func TestGetIntoBadFolder(t *testing.T) {
	content := noise(5000)
	_, addr := honest(t, content)
	j := jobFor(t, content, addr)
	write(t, j.Dir, "plain", nil)
	dir := j.Dir
	for name, want := range map[string]string{"missing": "output folder: stat", "plain": "is not a folder"} {
		j.Dir = filepath.Join(dir, name)
		if _, err := NewClient(ClientConfig{}).Get(t.Context(), j, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantFiles(t, dir, "plain")
}

func TestGetIntoReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere; see TestGetIntoReadOnlyMount")
	}
	content := noise(5000)
	_, addr := honest(t, content)
	j := jobFor(t, content, addr)
	if err := os.Chmod(j.Dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(j.Dir, 0o755) //nolint:errcheck // so that it can be removed
	mustFail(t, NewClient(ClientConfig{}), j, fs.ErrPermission)
}

// brokenDisk is a file that fails in one of its methods.
type brokenDisk struct {
	partFile
	room  atomic.Int64 // bytes that fit
	fails string
}

func (d *brokenDisk) WriteAt(p []byte, at int64) (int, error) {
	if d.fails == "write" && int64(len(p)) > d.room.Load() {
		n, _ := d.partFile.WriteAt(p[:d.room.Swap(0)], at) // a full disk takes what fits
		return n, &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	d.room.Add(-int64(len(p)))
	return d.partFile.WriteAt(p, at)
}

func (d *brokenDisk) Sync() error  { return d.failIf("sync", d.partFile.Sync) }
func (d *brokenDisk) Close() error { return d.failIf("close", d.partFile.Close) }
func (d *brokenDisk) Truncate(n int64) error {
	return d.failIf("truncate", func() error { return d.partFile.Truncate(n) })
}

func (d *brokenDisk) failIf(op string, do func() error) error {
	if err := do(); err != nil || d.fails != op {
		return err
	}
	return &fs.PathError{Op: op, Path: "x", Err: syscall.ENOSPC}
}

func TestGetWithBrokenDisk(t *testing.T) {
	content := noise(16 << 20) // goes on long after the disk is full
	_, addr := honest(t, content)
	liar := rogue(t, says(okHead(len(content)), string(make([]byte, len(content)))))
	for _, op := range []string{"write", "sync", "close", "truncate"} {
		t.Run(op, func(t *testing.T) {
			c := NewClient(ClientConfig{})
			c.create = func(path string) (partFile, error) {
				f, err := createPart(path)
				d := &brokenDisk{partFile: f, fails: op}
				d.room.Store(200_000)
				return d, err
			}
			j := jobFor(t, content, addr)
			if op == "truncate" { // happens when a source lied
				j.Sources = append([]Source{{Addr: liar}}, j.Sources...)
			}
			err := failure(t, c, j, syscall.ENOSPC)
			if !strings.Contains(err.Error(), "make room") || errors.Is(err, ErrUnavailable) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestNumbered(t *testing.T) {
	for _, tt := range []struct {
		name string
		i    int
		want string
	}{{"a.txt", 0, "a.txt"}, {"a.txt", 1, "a (1).txt"}, {"a", 12, "a (12)"}, {"a.tar.gz", 2, "a.tar (2).gz"}} {
		if got := numbered(tt.name, tt.i); got != tt.want {
			t.Errorf("numbered(%q, %d) = %q, want %q", tt.name, tt.i, got, tt.want)
		}
	}
}

// TestMaxNumbered fills all names: the last one is taken, then there is an end.
func TestMaxNumbered(t *testing.T) {
	dir := t.TempDir()
	for i := range maxNumbered - 1 {
		write(t, dir, numbered("a", i)+partSuffix, nil)
	}
	out, err := openOutput(&Job{Dir: dir, Name: "a"}, createPart)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openOutput(&Job{Dir: dir, Name: "a"}, createPart); err == nil || !strings.Contains(err.Error(), "exist already") {
		t.Errorf("one past the last name: %v", err)
	}
	out.discard()
	if _, err := os.Stat(filepath.Join(dir, numbered("a", maxNumbered-1)+partSuffix)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("discarded part: %v", err)
	}
}

// TestMoveNewWithoutLinks is for file systems that know no hard links; a
// folder cannot be linked anywhere.
func TestMoveNewWithoutLinks(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	mkdir(t, from)
	mkdir(t, to)
	if err := moveNew(from, to); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("onto an existing name: %v", err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	if err := moveNew(from, to); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "to")
}
