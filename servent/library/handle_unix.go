//go:build unix

package library

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// folderHandle is an open folder. What lies in it is named without a path, and
// no link is followed. A million files are opened by these, so they do without
// os.File, which costs as much again as the kernel does.
type folderHandle struct{ fd int }

// openFolder opens the folder at path.
func openFolder(path string) (folderHandle, error) {
	fd, err := openAt(unix.AT_FDCWD, path, unix.O_DIRECTORY)
	return folderHandle{fd}, err
}

// folder opens a folder in f.
func (f folderHandle) folder(name string) (folderHandle, error) {
	fd, err := openAt(f.fd, name, unix.O_DIRECTORY|unix.O_NOFOLLOW)
	return folderHandle{fd}, err
}

// file opens a file in f for reading. It never waits: it may be a pipe.
func (f folderHandle) file(name string) (*fileHandle, error) {
	fd, err := openAt(f.fd, name, unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EMLINK) { // as FreeBSD has it
		return nil, ErrChanged // into a link
	}
	if err != nil {
		return nil, err
	}
	return &fileHandle{fd, name}, nil
}

// stat looks at what lies in f.
func (f folderHandle) stat(name string) (fileStat, error) {
	var s unix.Stat_t
	err := again(func() error { return unix.Fstatat(f.fd, name, &s, unix.AT_SYMLINK_NOFOLLOW) })
	return statOf(&s), pathError("lstat", name, err)
}

func (f folderHandle) close() { _ = unix.Close(f.fd) } // was only read

// fileHandle is an open file.
type fileHandle struct {
	fd   int
	name string
}

func (f *fileHandle) stat() (fileStat, error) {
	var s unix.Stat_t
	err := again(func() error { return unix.Fstat(f.fd, &s) })
	return statOf(&s), pathError("stat", f.name, err)
}

// Read implements io.Reader.
func (f *fileHandle) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	err = again(func() (err error) { n, err = unix.Read(f.fd, b); return err })
	switch {
	case errors.Is(err, unix.EISDIR):
		return 0, ErrChanged // into a folder
	case err != nil:
		return 0, pathError("read", f.name, err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Seek implements io.Seeker.
func (f *fileHandle) Seek(offset int64, whence int) (int64, error) {
	at, err := unix.Seek(f.fd, offset, whence)
	return at, pathError("seek", f.name, err)
}

func (f *fileHandle) close() { _ = unix.Close(f.fd) } // was only read

func openAt(dir int, name string, flags int) (fd int, err error) {
	err = again(func() (err error) {
		fd, err = unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|flags, 0)
		return err
	})
	return fd, pathError("open", name, err)
}

// again calls f until no signal interrupts it.
func again(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func statOf(s *unix.Stat_t) fileStat {
	return fileStat{
		regular: s.Mode&unix.S_IFMT == unix.S_IFREG, size: uint64(s.Size),
		mtime: unix.TimespecToNsec(s.Mtim), inode: s.Ino,
	}
}

// openDir opens a folder to be listed, without what os.Open does for files that
// one may have to wait for.
func openDir(path string) (*os.File, error) {
	fd, err := openAt(unix.AT_FDCWD, path, unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// statIn looks at an entry of an open folder.
func statIn(dir *os.File, d fs.DirEntry) (fileStat, error) {
	return folderHandle{int(dir.Fd())}.stat(d.Name())
}
