//go:build !linux

package transfer

import "os"

// groupable takes no file: on this system each syncs its own.
func groupable(partFile) (file *os.File, disk uint64, ok bool) { return nil, 0, false }

func syncTogether([]*os.File) []error { panic("no file is groupable") }
