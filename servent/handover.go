package servent

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// handover are files that were downloaded and wait to be hashed for sharing: until then
// whoever was loading them from us goes on, and is not told that we have nothing. Its zero
// value is ready to use, from any goroutine.
type handover struct {
	mu    sync.Mutex
	files map[protocol.SHA1]handed
}

// handed is such a file, and how it was when it had come.
type handed struct {
	path string
	urn  protocol.URN
	info os.FileInfo
}

// put takes a file that has just been verified.
func (h *handover) put(urn protocol.URN, path string) {
	info, err := os.Lstat(path)
	if err != nil || !urn.HasSHA1 || !info.Mode().IsRegular() || info.Size() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.files == nil {
		h.files = make(map[protocol.SHA1]handed)
	}
	h.files[urn.SHA1] = handed{path, urn, info}
}

// drop forgets files of a folder: they are shared by now, or are not to be.
func (h *handover) drop(dir string, names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range names {
		for sha1, f := range h.files {
			if f.path == filepath.Join(dir, name) {
				delete(h.files, sha1)
			}
		}
	}
}

// partial returns a file as a download that has all of it. One that was changed in the
// meantime is none.
func (h *handover) partial(file protocol.SHA1) (transfer.Partial, bool) {
	h.mu.Lock()
	f, ok := h.files[file]
	h.mu.Unlock()
	if !ok {
		return transfer.Partial{}, false
	}
	now, err := os.Lstat(f.path)
	if err != nil || !os.SameFile(f.info, now) || now.Size() != f.info.Size() || !now.ModTime().Equal(f.info.ModTime()) {
		return transfer.Partial{}, false
	}
	size := uint64(now.Size())
	return transfer.Partial{
		File: library.File{Rel: filepath.Base(f.path), Size: size, URN: f.urn},
		Path: f.path, Have: []protocol.Range{{End: size}},
	}, true
}

// partial finds a file that is not shared and of which there is something: a download, or
// what one has brought.
func (s *Servent) partial(file protocol.SHA1) (transfer.Partial, bool) {
	if p, ok := s.loads.Partial(file); ok {
		return p, true
	}
	return s.brought.partial(file)
}
