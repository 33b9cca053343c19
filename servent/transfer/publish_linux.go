package transfer

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// minSyncfs is from how many files on the whole file system is synced rather than each
// of them: that also writes what is not ours.
const minSyncfs = 4

// groupable returns a file that can be synced together with others of the same file
// system, and the number of that. Only file systems are taken of which it is known that
// syncfs leaves a file as fsync does; of one that talks to another machine or program it
// is not.
func groupable(f partFile) (file *os.File, disk uint64, ok bool) {
	file, ok = f.(*os.File)
	if !ok {
		return nil, 0, false
	}
	var system unix.Statfs_t
	var info unix.Stat_t
	fd := int(file.Fd())
	if unix.Fstatfs(fd, &system) != nil || unix.Fstat(fd, &info) != nil {
		return nil, 0, false
	}
	switch uint32(system.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return file, uint64(info.Dev), true //nolint:unconvert // has 32 bits on some processors
	}
	return nil, 0, false
}

// syncTogether syncs files of one file system, and returns the error of each.
func syncTogether(files []*os.File) []error {
	return syncFiles(files, unix.Syncfs, func(fd int) error {
		return unix.SyncFileRange(fd, 0, 0, unix.SYNC_FILE_RANGE_WAIT_BEFORE)
	})
}

// syncFiles is syncTogether by these calls: the second one tells how the writing of one
// file has gone, and takes nothing to the disk. That syncfs tells is of no use: of
// which file it is not known, and Linux before 5.8 tells nothing.
func syncFiles(files []*os.File, syncfs, written func(fd int) error) []error {
	errs := make([]error, len(files))
	together := len(files) >= minSyncfs && syncfs(int(files[0].Fd())) == nil
	var wg sync.WaitGroup
	for i, f := range files {
		if together {
			err := written(int(f.Fd()))
			if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EPERM) {
				errs[i] = pathError(f, err)
				continue
			}
		}
		wg.Go(func() { errs[i] = f.Sync() })
	}
	wg.Wait()
	return errs
}

func pathError(f *os.File, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: "sync", Path: f.Name(), Err: err}
}
