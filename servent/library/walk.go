package library

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// candidate is a file that may be shared, as the walk saw it.
type candidate struct {
	rel     string // with slashes
	size    uint64
	modTime time.Time
	inode   uint64 // 0: not known
}

// name is the last part of c's path.
func (c candidate) name() string { return path.Base(c.rel) }

// walker sorts what lies in folders below dir.
type walker struct {
	dir   string
	leave func(rel, reason string)
	only  map[string]bool // see share
}

// look returns the files of one folder and the names of the folders in it, both
// in the order of the bytes of their names. rel ends with a slash, or is "".
func (w *walker) look(rel string) (files []candidate, subs []string, err error) {
	dir, err := openDir(filepath.Join(w.dir, filepath.FromSlash(rel)))
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	files = make([]candidate, 0, len(entries))
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, d := range entries {
		if w.only != nil && (d.IsDir() || !w.only[rel+d.Name()]) {
			continue
		}
		if !d.IsDir() {
			if c, ok := w.file(dir, rel+d.Name(), d); ok {
				files = append(files, c)
			}
			continue
		}
		if reason := leaveOutFolder(d.Name()); reason != "" {
			w.leave(rel+d.Name(), reason)
			continue
		}
		subs = append(subs, d.Name())
	}
	return files, subs, err
}

// file takes or leaves out anything but a folder.
func (w *walker) file(dir *os.File, rel string, d fs.DirEntry) (c candidate, ok bool) {
	switch reason := leaveOutFile(d.Name()); {
	case reason != "":
		w.leave(rel, reason)
		return c, false
	case d.Type()&fs.ModeSymlink != 0:
		w.leave(rel, w.linkReason(filepath.Join(dir.Name(), d.Name())))
		return c, false
	case !d.Type().IsRegular():
		w.leave(rel, reasonSpecial)
		return c, false
	}
	stat, err := statIn(dir, d)
	switch {
	case err != nil:
		w.leave(rel, reasonOf(err))
	case !stat.regular:
		w.leave(rel, reasonSpecial)
	case stat.size == 0: // nobody can want it, and all such files are the same
		w.leave(rel, reasonEmpty)
	default:
		c.rel = rel
		c.describe(stat)
		return c, true
	}
	return c, false
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
