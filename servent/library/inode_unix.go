//go:build unix

package library

import (
	"io/fs"
	"syscall"
)

// inodeOf returns the file's inode, 0 where there is none.
func inodeOf(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}
