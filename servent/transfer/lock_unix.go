//go:build unix

package transfer

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes an exclusive lock that ends with the process, however it ends.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
