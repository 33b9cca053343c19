//go:build unix

package servent

import (
	"errors"
	"syscall"
)

// canRead says whether a socket has something to read, be it an error.
func canRead(fd uintptr, _ int) bool {
	var b [1]byte
	for {
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		if !errors.Is(err, syscall.EINTR) {
			return !errors.Is(err, syscall.EAGAIN)
		}
	}
}
