//go:build unix

package transfer

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes an exclusive lock that ends with the process, however it ends.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// isLocked reports whether err of lock says that another process has it. Not all
// file systems have locks; there two downloads take two names.
func isLocked(err error) bool { return errors.Is(err, unix.EWOULDBLOCK) }
