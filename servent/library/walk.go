package library

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// candidate is a file that may be shared, as the walk saw it.
type candidate struct {
	rel     string // with slashes
	size    uint64
	modTime time.Time
	index   uint32 // to be given to the file
	old     *File  // what was shared under this path before
}

// walk lists the files below dir in a fixed order, and tells leave what is not
// to be shared. It fails when dir itself cannot be read.
func walk(ctx context.Context, dir string, leave func(rel, reason string)) ([]candidate, error) {
	w := walker{ctx: ctx, dir: dir, leave: leave}
	if err := filepath.WalkDir(dir, w.visit); err != nil {
		return nil, err
	}
	return w.found, nil
}

type walker struct {
	ctx   context.Context
	dir   string
	leave func(rel, reason string)
	found []candidate
}

func (w *walker) visit(path string, d fs.DirEntry, err error) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	if path == w.dir {
		return err
	}
	rel := below(w.dir, path)
	if err != nil { // a folder that cannot be read; it has been here once already
		w.leave(rel, reasonOf(err))
		return nil
	}
	if d.IsDir() {
		if reason := leaveOutFolder(d.Name()); reason != "" {
			w.leave(rel, reason)
			return fs.SkipDir
		}
		return nil
	}
	w.file(path, rel, d)
	return nil
}

// file takes or leaves out anything but a folder.
func (w *walker) file(path, rel string, d fs.DirEntry) {
	switch reason := leaveOutFile(d.Name()); {
	case reason != "":
		w.leave(rel, reason)
		return
	case d.Type()&fs.ModeSymlink != 0:
		w.leave(rel, w.linkReason(path))
		return
	case !d.Type().IsRegular():
		w.leave(rel, reasonSpecial)
		return
	}
	info, err := d.Info()
	switch {
	case err != nil:
		w.leave(rel, reasonOf(err))
	case !info.Mode().IsRegular():
		w.leave(rel, reasonSpecial)
	case info.Size() == 0: // nobody can want it, and all such files are the same
		w.leave(rel, reasonEmpty)
	default:
		w.found = append(w.found, candidate{rel: rel, size: uint64(info.Size()), modTime: info.ModTime()})
	}
}

// linkReason says why a symbolic link is left out. None is followed: what it
// leads to inside the folder has a name of its own there.
func (w *walker) linkReason(path string) string {
	target, err := filepath.EvalSymlinks(path)
	switch {
	case err != nil:
		return reasonLinkDead
	case !contains(w.dir, target):
		return reasonLinkOut
	}
	return reasonLinkIn
}

// reasonOf puts an error of the file system in words.
func reasonOf(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return reasonVanished
	case errors.As(err, &p):
		return "cannot be read: " + p.Err.Error()
	}
	return "cannot be read: " + err.Error()
}

// below returns the part of path below dir, with slashes.
func below(dir, path string) string {
	rel := strings.TrimPrefix(path, dir)
	return filepath.ToSlash(strings.TrimPrefix(rel, string(filepath.Separator)))
}

// contains says whether path is dir or lies below it. Both are clean.
func contains(dir, path string) bool {
	if path == dir {
		return true
	}
	if !strings.HasSuffix(dir, string(filepath.Separator)) { // as "/" does
		dir += string(filepath.Separator)
	}
	return strings.HasPrefix(path, dir)
}
