//go:build unix

package transfer

import "golang.org/x/sys/unix"

// freeSpace returns how many bytes this user may still write in dir; false where
// the file system does not tell.
func freeSpace(dir string) (uint64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil || s.Blocks == 0 {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true //nolint:unconvert // the types differ from system to system
}
