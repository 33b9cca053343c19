package transfer

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/library"
)

const (
	// maxSorted is how many files of a folder are sorted as the reader wishes;
	// past it they stay in the order of their bytes.
	maxSorted = 10_000
	// maxFolders is how many folders of one folder are shown, maxFound how many
	// files are found.
	maxFolders = 2_000
	maxFound   = 1_000
	// pageSize is how many files stand on one page.
	pageSize = 200
)

// listing is a page of a folder, or of what was found.
type listing struct {
	folders []string // paths below the shared folders
	files   []library.File
	total   int    // files on all pages
	bytes   uint64 // of them
	more    bool   // there is more than is shown or counted
	sorted  bool
}

// order is how files are sorted.
type order struct {
	by   string // "", name; "size", "type", "time"
	back bool
}

// find lists what answers a query.
func find(ctx context.Context, c Catalog, q search.Query, o order, page int) (listing, error) {
	files, err := c.Find(ctx, q, nil, maxFound)
	if err != nil {
		return listing{}, err
	}
	l := listing{total: len(files), more: len(files) == maxFound, sorted: true}
	for _, f := range files {
		l.bytes += f.Size
	}
	if o.by != "" { // else the best first
		o.sort(files)
	}
	l.files = pageOf(files, page)
	return l, nil
}

// list lists the folder of that path, "" for what lies at the top of all shared
// folders. It reads the names of its own files only: over a folder in it, it
// jumps.
func list(ctx context.Context, c Catalog, folder string, o order, page int) listing {
	l := listing{sorted: true}
	var files []library.File
	first := page * pageSize
	for _, root := range c.Roots() {
		for f := range children(ctx, c, root.Dir, folder, l.folder) {
			switch {
			case l.total < maxSorted:
				files = append(files, f)
			case l.sorted: // too many to sort: only those of the page are kept from here
				l.sorted = false
				files = files[min(first, len(files)):min(first+pageSize, len(files))]
			}
			if !l.sorted && l.total >= first && len(files) < pageSize {
				files = append(files, f)
			}
			l.total++
			l.bytes += f.Size
		}
	}
	slices.Sort(l.folders)
	l.folders = slices.Compact(l.folders) // two shared folders may have one of a name
	if !l.sorted {
		l.files = files
		return l
	}
	o.sort(files)
	l.files = pageOf(files, page)
	return l
}

// folder notes a folder of the folder; false: there are too many.
func (l *listing) folder(path string) bool {
	if l.more = l.more || len(l.folders) == maxFolders; l.more {
		return false
	}
	l.folders = append(l.folders, path)
	return true
}

// children yields the files right in a folder, and tells of the folders in it,
// until one is not wanted.
func children(ctx context.Context, c Catalog, root, folder string, sub func(path string) bool) iter.Seq[library.File] {
	prefix := ""
	if folder != "" {
		prefix = folder + "/"
	}
	return func(yield func(library.File) bool) {
		for at, ok := prefix, true; ok && ctx.Err() == nil; {
			at, ok = run(c, root, prefix, at, sub, yield)
		}
	}
}

// run yields the files from at on to the first folder, and returns where to go
// on behind that; false: there is no more, or no more wanted.
func run(c Catalog, root, prefix, at string, sub func(string) bool, yield func(library.File) bool) (next string, ok bool) {
	for f := range c.From(root, at) {
		rest, in := strings.CutPrefix(f.Rel, prefix)
		if !in {
			return "", false
		}
		name, _, deeper := strings.Cut(rest, "/")
		if deeper {
			return prefix + name + string('/'+1), sub(prefix + name)
		}
		if !yield(f) {
			return "", false
		}
	}
	return "", false
}

// pageOf returns the part of all that stands on a page.
func pageOf[T any](all []T, page int) []T {
	first := min(page*pageSize, len(all))
	return all[first:min(first+pageSize, len(all))]
}

// sort sorts by the wish, and what is alike in that by name.
func (o order) sort(files []library.File) {
	type key struct {
		name string
		library.File
	}
	keys := make([]key, len(files))
	for i, f := range files {
		keys[i] = key{strings.ToLower(f.Name()), f}
	}
	slices.SortStableFunc(keys, func(a, b key) int {
		d := 0
		switch o.by {
		case "size":
			d = cmp.Compare(a.Size, b.Size)
		case "type":
			d = cmp.Compare(typeName(a.File), typeName(b.File))
		case "time":
			d = a.ModTime.Compare(b.ModTime)
		}
		if d = cmp.Or(d, cmp.Compare(a.name, b.name)); o.back {
			return -d
		}
		return d
	})
	for i, k := range keys {
		files[i] = k.File
	}
}

// typeName is the type of a file as it is shown.
func typeName(f library.File) string {
	if f.Type == search.Any {
		return "other"
	}
	return f.Type.String()
}
