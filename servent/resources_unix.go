//go:build unix

package servent

import (
	"os"

	"golang.org/x/sys/unix"
)

// diskFree is what is free where dir is.
func diskFree(dir string) uint64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil || s.Blocks == 0 {
		return unknownAmount
	}
	return uint64(s.Bavail) * uint64(s.Bsize) //nolint:unconvert // the types differ between systems
}

// descriptorsFree is how many files and connections may still be opened.
func descriptorsFree() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 1 << 20
	}
	open, _ := os.ReadDir("/proc/self/fd")                  // none where there is no such folder
	return max(0, int(min(uint64(r.Cur), 1<<20))-len(open)) //nolint:unconvert // the types differ between systems
}
