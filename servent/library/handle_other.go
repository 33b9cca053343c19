//go:build !unix

package library

import (
	"io/fs"
	"os"
)

// folderHandle is an open folder. What lies in it is named without a path, and
// nothing that a link leads out of it to is opened.
type folderHandle struct{ root *os.Root }

// openFolder opens the folder at path.
func openFolder(path string) (folderHandle, error) {
	root, err := os.OpenRoot(path)
	return folderHandle{root}, err
}

// folder opens a folder in f.
func (f folderHandle) folder(name string) (folderHandle, error) {
	root, err := f.root.OpenRoot(name)
	return folderHandle{root}, err
}

// file opens a file in f for reading.
func (f folderHandle) file(name string) (*fileHandle, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	return &fileHandle{file}, nil
}

// stat looks at what lies in f.
func (f folderHandle) stat(name string) (fileStat, error) {
	return statOf(f.root.Lstat(name))
}

func (f folderHandle) close() { _ = f.root.Close() } // was only read

// fileHandle is an open file.
type fileHandle struct{ *os.File }

func (f *fileHandle) stat() (fileStat, error) { return statOf(f.Stat()) }
func (f *fileHandle) close()                  { _ = f.Close() } // was only read

func statOf(info fs.FileInfo, err error) (fileStat, error) {
	if err != nil {
		return fileStat{}, err
	}
	return fileStat{regular: info.Mode().IsRegular(), size: uint64(info.Size()), mtime: info.ModTime().UnixNano()}, nil
}

// openDir opens a folder to be listed.
func openDir(path string) (*os.File, error) { return os.Open(path) }

// statIn looks at an entry of an open folder.
func statIn(_ *os.File, d fs.DirEntry) (fileStat, error) { return statOf(d.Info()) }
