package library

import (
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	// hashNice is the niceness of threads that hash.
	hashNice = 10
	// hashIOPrio is the last of the eight levels of the best-effort class. The idle
	// class would not do: on a disk that is always busy nothing would ever be read.
	hashIOPrio       = ioPrioBestEffort<<ioPrioShift | 7
	ioPrioSelf       = 1 // IOPRIO_WHO_PROCESS, which means a thread
	ioPrioShift      = 13
	ioPrioBestEffort = 2
)

// yield makes the goroutine that calls it, to its end, give way to others: it
// locks it to its thread, and asks the kernel for less processor time and disk
// time for that. A thread cannot take such a wish back without privileges, so
// the goroutine stays locked: with it the thread ends. Threads that Go starts
// meanwhile do not inherit it, as Go never clones a locked one.
//
// Who waits for such a goroutine is slowed down with it; it should hold no lock
// that others need. Where the kernel refuses, all stays as it was.
func yield() {
	runtime.LockOSThread()
	// The system call returns 20 less the niceness. Who is nicer already stays so:
	// a privileged process would get its priority raised.
	if now, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil && 20-now < hashNice {
		_ = unix.Setpriority(unix.PRIO_PROCESS, 0, hashNice) // a wish
	}
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioPrioSelf, 0, hashIOPrio) // a wish
}
