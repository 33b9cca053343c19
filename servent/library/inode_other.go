//go:build !unix

package library

import "io/fs"

// inodeOf returns 0: there are no inodes.
func inodeOf(fs.FileInfo) uint64 { return 0 }
