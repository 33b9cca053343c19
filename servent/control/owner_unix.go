//go:build unix

package control

import (
	"os"
	"syscall"
)

// hasModes says whether the modes of files keep others out.
const hasModes = true

func ownedByUs(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}
