package transfer

import "golang.org/x/sys/windows"

// freeSpace returns how many bytes this user may still write in dir; false where
// the file system does not tell.
func freeSpace(dir string) (uint64, bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, false
	}
	return free, true
}
