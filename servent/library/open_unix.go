//go:build unix

package library

import "syscall"

const nonBlocking = syscall.O_NONBLOCK
