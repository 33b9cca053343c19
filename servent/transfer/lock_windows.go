package transfer

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes an exclusive lock that ends with the process, however it ends.
func lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{})
}

// isLocked reports whether err of lock says that another process has it. Not all
// file systems have locks; there two downloads take two names.
func isLocked(err error) bool { return errors.Is(err, windows.ERROR_LOCK_VIOLATION) }
