package library

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/search"
)

// entry is a file in the tree of a shared folder. There may be millions, so it
// holds no more than it must. Fields change only while both Library.busy and
// Library.mu are held, hashing while mu is; in, name and index do not once the
// file is shared. A file is hashed while neither is held.
type entry struct {
	in    *folder
	name  string // byte for byte as on disk
	words string // of its tags
	size  uint64
	mtime int64  // nanoseconds since 1970
	inode uint64 // 0: not known
	sha1  protocol.SHA1
	tiger tiger.Digest
	index uint32 // 0: none yet
	away  uint32 // since when it is not on disk, in seconds since 1970; 0: it is
	kind  search.MediaType
	known bool // the hashes are those of what size, mtime and inode tell
	live  bool // shared

	hashing uint32 // the comparison for which this is being hashed; 0: it is not
}

// folder is a folder below a shared one, or that itself.
type folder struct {
	share *share
	up    *folder // nil: the shared folder itself
	name  string
	files []*entry  // by name
	subs  []*folder // by name with a slash behind it, as paths are ordered
	left  int       // files and folders in it that are not shared
}

// rel is the path of f below the shared folder, with a slash behind it: "" for
// that itself.
func (f *folder) rel() string { return f.path("") }

func (e *entry) rel() string { return e.in.path(e.name) }

// path is the path of what lies in f, made in one piece.
func (f *folder) path(name string) string {
	if f.up == nil {
		return name
	}
	n := len(name)
	for up := f; up.up != nil; up = up.up {
		n += len(up.name) + 1
	}
	path := make([]byte, n)
	n -= copy(path[n-len(name):], name)
	for up := f; up.up != nil; up = up.up {
		n--
		path[n] = '/'
		n -= copy(path[n-len(up.name):], up.name)
	}
	return string(path)
}

func (e *entry) file() File {
	return File{
		Index: e.index, Root: e.in.share.dir, Rel: e.rel(), Size: e.size, ModTime: time.Unix(0, e.mtime),
		URN: e.urn(), Type: e.kind,
	}
}

// text is what words are taken from, for the index and the route table alike. The
// path ends it: that is where an extension is looked for.
func (e *entry) text() string {
	if e.words == "" {
		return textOf(e.rel())
	}
	return e.words + "/" + textOf(e.rel())
}

func (e *entry) urn() protocol.URN {
	return protocol.URN{HasSHA1: true, SHA1: e.sha1, HasTiger: true, Tiger: e.tiger}
}

// is says whether the file on disk is still what e tells of. Not all file
// systems have inodes that stay.
func (e *entry) is(c candidate) bool {
	return e.size == c.size && e.mtime == c.modTime.UnixNano() && (e.inode == c.inode || e.inode == 0 || c.inode == 0)
}

// pathOrder compares the names of folders as they stand in paths, where a slash
// follows them.
func pathOrder(a, b string) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 || len(a) == len(b) {
		return c
	}
	return strings.Compare(a[n:]+"/", b[n:]+"/")
}

// findFile returns where a file of this name is or would be.
func (f *folder) findFile(name string) (at int, found bool) {
	if n := len(f.files); n > 0 && f.files[n-1].name < name { // as they most often come
		return n, false
	}
	return slices.BinarySearchFunc(f.files, name, func(e *entry, name string) int { return strings.Compare(e.name, name) })
}

// file returns the entry of a name, nil if there is none.
func (f *folder) file(name string) *entry {
	if at, ok := f.findFile(name); ok {
		return f.files[at]
	}
	return nil
}

// add makes room for a file, or returns the one that is there.
func (f *folder) add(name string) *entry {
	at, ok := f.findFile(name)
	if !ok {
		f.files = slices.Insert(f.files, at, &entry{in: f, name: name})
	}
	return f.files[at]
}

// remove forgets a file.
func (f *folder) remove(e *entry) {
	if at, ok := f.findFile(e.name); ok {
		f.files = slices.Delete(f.files, at, at+1)
	}
}

func (f *folder) findSub(name string) (at int, found bool) {
	return slices.BinarySearchFunc(f.subs, name, func(s *folder, name string) int { return pathOrder(s.name, name) })
}

// sub returns the folder of a name, nil if there is none.
func (f *folder) sub(name string) *folder {
	if at, ok := f.findSub(name); ok {
		return f.subs[at]
	}
	return nil
}

// addSub makes a folder, or returns the one that is there.
func (f *folder) addSub(name string) *folder {
	at, ok := f.findSub(name)
	if !ok {
		f.subs = slices.Insert(f.subs, at, &folder{share: f.share, up: f, name: name})
	}
	return f.subs[at]
}

// removeSub forgets a folder and all in it.
func (f *folder) removeSub(name string) {
	if at, ok := f.findSub(name); ok {
		f.subs = slices.Delete(f.subs, at, at+1)
	}
}

// at returns the folder of a path below f, with or without a slash behind it;
// "" is f. It is nil where there is none.
func (f *folder) at(rel string) *folder {
	for f != nil && rel != "" {
		var name string
		name, rel, _ = strings.Cut(rel, "/")
		f = f.sub(name)
	}
	return f
}

// make returns the folder of a path below f, which it makes where it is absent.
func (f *folder) make(rel string) *folder {
	for rel != "" {
		var name string
		name, rel, _ = strings.Cut(rel, "/")
		f = f.addSub(name)
	}
	return f
}

// entry returns the file of a path below f, nil if there is none.
func (f *folder) entry(rel string) *entry {
	dir, name := path.Split(rel)
	if f = f.at(dir); f == nil {
		return nil
	}
	return f.file(name)
}

// ascend yields the files below f in the order of the bytes of their paths,
// from the first that does not come before from. It returns false when yield
// has.
func (f *folder) ascend(from string, yield func(*entry) bool) bool {
	files, _ := f.findFile(from)
	subs, inside := f.firstSub(from)
	for files < len(f.files) || subs < len(f.subs) {
		if subs == len(f.subs) || files < len(f.files) && f.files[files].name < f.subs[subs].name+"/" {
			if !yield(f.files[files]) {
				return false
			}
			files++
			continue
		}
		if !f.subs[subs].ascend(inside, yield) {
			return false
		}
		subs, inside = subs+1, ""
	}
	return true
}

// firstSub returns the first folder that can hold files whose paths do not come
// before from, and what that means inside of it.
func (f *folder) firstSub(from string) (at int, inside string) {
	at, _ = slices.BinarySearchFunc(f.subs, from, func(s *folder, from string) int {
		if strings.HasPrefix(from, s.name+"/") {
			return 0
		}
		return strings.Compare(s.name+"/", from)
	})
	if at < len(f.subs) {
		if rest, ok := strings.CutPrefix(from, f.subs[at].name+"/"); ok {
			return at, rest
		}
	}
	return at, ""
}

// allLeft counts what is not shared below f.
func (f *folder) allLeft() int {
	n := f.left
	for _, sub := range f.subs {
		n += sub.allLeft()
	}
	return n
}

// each calls do for every file below f.
func (f *folder) each(do func(*entry)) {
	f.ascend("", func(e *entry) bool { do(e); return true })
}
