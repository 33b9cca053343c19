package transfer

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// renameNew renames from to to at once, unless there is a file of that name. It
// fails with errors.ErrUnsupported where the file system cannot.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	if err != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: err}
	}
	return nil
}
