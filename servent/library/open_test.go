package library

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "folder/file.txt", "content")
	l := added(t, dir)
	f := one(t, l, "file")
	file, err := l.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got, err := io.ReadAll(file); err != nil || string(got) != "content" {
		t.Errorf("read %q, %v", got, err)
	}
	other := f
	other.URN = urnOf("something else")
	if _, err := l.Open(other); !errors.Is(err, ErrNotShared) {
		t.Errorf("another content of this index: %v, want %v", err, ErrNotShared)
	}
	if err := l.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Open(f); !errors.Is(err, ErrNotShared) {
		t.Errorf("taken back: %v, want %v", err, ErrNotShared)
	}
}

// TestOpenGuards changes what was hashed in all ways that must not reach a peer.
func TestOpenGuards(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, dir, outside string) error
		want   error // nil: any error
	}{
		{"another size", func(t *testing.T, dir, _ string) error {
			write(t, dir, "folder/file.txt", "content and more")
			age(t, dir, "folder/file.txt", 1)
			return nil
		}, ErrChanged},
		{"another time", func(t *testing.T, dir, _ string) error {
			age(t, dir, "folder/file.txt", 2)
			return nil
		}, ErrChanged},
		{"gone", func(_ *testing.T, dir, _ string) error {
			return os.Remove(filepath.Join(dir, "folder", "file.txt"))
		}, fs.ErrNotExist},
		{"a link to its like inside", func(t *testing.T, dir, _ string) error {
			write(t, dir, "folder/like.txt", "CONTENT")
			age(t, dir, "folder/like.txt", 1)
			_ = os.Remove(filepath.Join(dir, "folder", "file.txt"))
			return os.Symlink("like.txt", filepath.Join(dir, "folder", "file.txt"))
		}, ErrChanged},
		{"a link to its like outside", func(_ *testing.T, dir, outside string) error {
			_ = os.Remove(filepath.Join(dir, "folder", "file.txt"))
			return os.Symlink(filepath.Join(outside, "file.txt"), filepath.Join(dir, "folder", "file.txt"))
		}, ErrChanged},
		{"its folder a link outside", func(_ *testing.T, dir, outside string) error {
			_ = os.RemoveAll(filepath.Join(dir, "folder"))
			return os.Symlink(outside, filepath.Join(dir, "folder"))
		}, nil},
		{"a folder", func(_ *testing.T, dir, _ string) error {
			_ = os.Remove(filepath.Join(dir, "folder", "file.txt"))
			return os.Mkdir(filepath.Join(dir, "folder", "file.txt"), 0o755)
		}, ErrChanged},
		{"the shared folder gone", func(_ *testing.T, dir, _ string) error { return os.RemoveAll(dir) }, fs.ErrNotExist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, outside := tempDir(t), tempDir(t)
			write(t, dir, "folder/file.txt", "content")
			age(t, dir, "folder/file.txt", 1)
			write(t, outside, "file.txt", "CONTENT")
			age(t, outside, "file.txt", 1)
			l := added(t, dir)
			f := one(t, l, "file")
			if err := tt.change(t, dir, outside); err != nil {
				t.Skip("not possible here: ", err)
			}
			file, err := l.Open(f)
			if err == nil {
				_ = file.Close()
				t.Fatal("opened")
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
