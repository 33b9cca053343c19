package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// publisher brings finished files to the disk and gives them their names. What costs
// is that the disk must be waited for, so that is done for all together who wait
// for the same one, as databases do it. Its methods may be called from any goroutine.
type publisher struct {
	data  rounds[uint64, *os.File] // content, by file system
	names rounds[string, struct{}] // by folder
}

func newPublisher() *publisher {
	p := new(publisher)
	p.data.do = func(_ uint64, files []*os.File) []error { return syncTogether(files) }
	p.names.do = func(dir string, all []struct{}) []error { return slices.Repeat([]error{syncDir(dir)}, len(all)) }
	return p
}

// sync makes the content of f survive a power cut.
func (p *publisher) sync(f partFile) error {
	if file, disk, ok := groupable(f); ok {
		return p.data.join(disk, file)
	}
	return f.Sync()
}

// publish puts the file on disk for good and gives it its name, or the next
// numbered one that is free. Where same says that a file of such a name holds
// the same content, that one is returned, with true.
func (o *output) publish(p *publisher, same func(path string) bool) (string, bool, error) {
	if err := p.sync(o.file); err != nil {
		return "", false, explain(err)
	}
	err := o.file.Close()
	o.file = nil
	if err != nil {
		return "", false, explain(err)
	}
	for i := range maxNumbered {
		path := filepath.Join(o.dir, numbered(o.name, i))
		err := moveNew(o.path, path)
		switch {
		case err == nil:
			part := o.path
			o.path = ""
			err := p.names.join(o.dir, struct{}{})
			o.endJournal(part) // not before: a power cut might leave the .part file without
			return path, false, err
		case !errors.Is(err, fs.ErrExist):
			return "", false, explain(err)
		case same(path):
			return path, true, nil // discard removes the second copy
		}
	}
	return "", false, tooMany(o.dir, o.name)
}

// moveNew renames from to to without ever overwriting: at once where the system
// can, else by a hard link, or where the file system has none, by a look before
// the rename.
func moveNew(from, to string) error {
	if err := renameNew(from, to); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}

// syncDir makes the names in a folder survive a power cut. Systems that cannot sync a
// folder do without.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil // may not be listed: the name is there all the same
	}
	defer d.Close()
	if err := d.Sync(); errors.Is(err, syscall.EIO) {
		return explain(err)
	}
	return nil
}
