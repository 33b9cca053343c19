package library

import (
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// File is a shared file as it was when it was hashed.
type File struct {
	Index   uint32 // stands for this content at this path; where hashes are kept, for ever
	Root    string // the shared folder
	Rel     string // path below Root, with slashes, byte for byte as on disk
	Size    uint64
	ModTime time.Time
	URN     protocol.URN
	Type    search.MediaType
}

// Path returns where the file lies.
func (f File) Path() string { return filepath.Join(f.Root, filepath.FromSlash(f.Rel)) }

// Name returns the base name for others to see, in valid UTF-8.
func (f File) Name() string { return path.Base(f.text()) }

// text returns the path below the shared folder in valid UTF-8. It is what
// words are taken from, for the index and the route table alike.
func (f File) text() string { return textOf(f.Rel) }

func textOf(rel string) string { return strings.ToValidUTF8(rel, "\uFFFD") }

// Record returns what others are told about the file.
func (f File) Record() protocol.FileRecord {
	folder, name := path.Split(f.text())
	return protocol.FileRecord{
		Index: f.Index, Size: f.Size, Name: name, Path: strings.TrimSuffix(folder, "/"),
		URN: f.URN, Created: f.ModTime,
	}
}

func (e *entry) doc() search.Doc {
	return search.Doc{ID: search.DocID(e.index), Text: e.text(), Size: e.size, Type: e.kind}
}

// ByIndex returns the file of an index.
func (l *Library) ByIndex(i uint32) (File, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if e := l.files[i]; e != nil {
		return e.file(), true
	}
	return File{}, false
}

// has says whether there is a file of an index.
func (l *Library) has(i uint32) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.files[i] != nil
}

// BySHA1 returns the first file with this content that is still on disk as it
// was when it was hashed.
func (l *Library) BySHA1(h protocol.SHA1) (File, bool) {
	for _, f := range l.equal(h, 0) {
		if f.unchanged() {
			return f, true
		}
	}
	return File{}, false
}

// equal returns the files of one content, at most limit of them if limit is
// positive.
func (l *Library) equal(h protocol.SHA1, limit int) []File {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []File
	first := l.bySHA1[hashKey(h)]
	if first == nil {
		return nil
	}
	if first.sha1 == h {
		out = append(out, first.file())
	}
	for _, e := range l.equals[hashKey(h)] {
		if limit > 0 && len(out) >= limit {
			break
		}
		if e.sha1 == h {
			out = append(out, e.file())
		}
	}
	return out
}
