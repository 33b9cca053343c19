package library

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Open opens a shared file for reading. It fails with ErrNotShared for a file
// that was taken back, and with ErrChanged for one that is no longer what was
// hashed: another size or time, a link in its place, or in that of a folder on
// the way. The caller closes it.
func (l *Library) Open(f File) (*os.File, error) {
	now, ok := l.ByIndex(f.Index)
	if !ok || now.URN != f.URN {
		now, ok = l.BySHA1(f.URN.SHA1) // it may be part of another folder now
	}
	if !ok || now.URN != f.URN {
		return nil, fmt.Errorf("open shared file %d: %w", f.Index, ErrNotShared)
	}
	root, err := os.OpenRoot(now.Root)
	if err != nil {
		return nil, fmt.Errorf("open shared folder: %w", err)
	}
	defer root.Close()
	file, err := openAs(root, now.Rel, func(info fs.FileInfo) bool { return now.same(info) })
	if err != nil {
		return nil, fmt.Errorf("open shared file: %w", err)
	}
	return file, nil
}

// openAs opens a regular file below root if accept takes it.
func openAs(root *os.Root, rel string, accept func(fs.FileInfo) bool) (*os.File, error) {
	name := filepath.FromSlash(rel)
	entry, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !accept(entry) {
		return nil, ErrChanged
	}
	// Should a pipe have come in between, to open it must not block.
	file, err := root.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	if !accept(info) || !os.SameFile(entry, info) {
		_ = file.Close()
		return nil, ErrChanged
	}
	return file, nil
}

// same says whether info can be that of the file that was hashed.
func (f File) same(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && uint64(info.Size()) == f.Size && info.ModTime().Equal(f.ModTime)
}

func (f File) unchanged() bool {
	info, err := os.Lstat(f.Path())
	return err == nil && f.same(info)
}
