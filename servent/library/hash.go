package library

import (
	"context"
	"crypto/sha1"
	"errors"
	"hash"
	"io"
	"path"
	"strings"
	"sync/atomic"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	// chunk is how much is read at once, and how soon a cancelled scan ends.
	chunk = 128 << 10
	// largeFile is from which size on the two hashes are worth a core each.
	largeFile = 4 << 20
	// hugeFile is from which size on files wait for others like them, as they take a
	// second or more, and maxHuge how many do not.
	hugeFile   = 512 << 20
	maxHuge    = 2
	largeChunk = 1 << 20
	// headSize is how much of a file's beginning tells its type.
	headSize = 3 << 10
)

// hasher hashes one file after the other. Each worker has its own, and closes it.
type hasher struct {
	in     []openedFolder // on the way to the file at hand; the first is the shared folder
	read   *atomic.Uint64 // bytes, for the progress of all workers
	sha1   hash.Hash
	parts  parts
	buf    []byte
	head   []byte         // the beginning of the file hashed last
	words  string         // of its tags
	leaves []tiger.Digest // of its tree: its parts
	large  []byte         // for large files

	outdated func() bool // the file at hand is no longer what was found
}

func newHasher(root folderHandle, read *atomic.Uint64) *hasher {
	return &hasher{
		in: []openedFolder{{root, ""}}, read: read, sha1: sha1.New(), buf: make([]byte, chunk),
		outdated: func() bool { return false },
	}
}

// openedFolder is a folder below a shared one.
type openedFolder struct {
	folderHandle
	path string // with a slash behind it; "": the shared folder
}

// maxOpenedFolders is how many folders a hasher keeps open: others on the way to a
// file are opened and closed.
const maxOpenedFolders = 16

// close gives back what enter has opened.
func (h *hasher) close() { h.leave(1) }

// leave closes all but the first n folders.
func (h *hasher) leave(n int) {
	for _, f := range h.in[n:] {
		f.close()
	}
	h.in = h.in[:n]
}

// at is the folder that was entered last.
func (h *hasher) at() *openedFolder { return &h.in[len(h.in)-1] }

// enter opens the folder of a file, and returns the file's name in it. On the way
// no link is followed.
func (h *hasher) enter(rel string) (string, error) {
	dir, name := path.Split(rel)
	for !strings.HasPrefix(dir, h.at().path) {
		h.leave(len(h.in) - 1)
	}
	for h.at().path != dir {
		at := h.at()
		sub, _, _ := strings.Cut(dir[len(at.path):], "/")
		folder, err := at.folder(sub)
		if err != nil {
			return "", err
		}
		if len(h.in) == maxOpenedFolders {
			h.leave(len(h.in) - 1)
		}
		h.in = append(h.in, openedFolder{folder, dir[:len(at.path)+len(sub)+1]})
	}
	return name, nil
}

// hash brings c and its URN to what is on disk. A file that changes meanwhile
// gets a second chance. The reason is why the file is left out, "" if it is not.
func (h *hasher) hash(ctx context.Context, c *candidate) (urn protocol.URN, reason string) {
	urn, err := h.once(ctx, c)
	if errors.Is(err, ErrChanged) && !h.outdated() {
		if reason := h.look(c); reason != "" {
			return protocol.URN{}, reason
		}
		urn, err = h.once(ctx, c)
	}
	switch {
	case err == nil:
		return urn, ""
	case errors.Is(err, ErrChanged):
		return protocol.URN{}, reasonChanging
	}
	return protocol.URN{}, reasonOf(err)
}

// look sees what c is now.
func (h *hasher) look(c *candidate) string {
	name, err := h.enter(c.rel)
	if err != nil {
		return reasonOf(err)
	}
	switch stat, err := h.at().stat(name); {
	case err != nil:
		return reasonOf(err)
	case !stat.regular:
		return reasonChanging
	case stat.size == 0:
		return reasonEmpty
	default:
		c.describe(stat)
		return ""
	}
}

// once hashes the file if it is, from beginning to end, what c says.
func (h *hasher) once(ctx context.Context, c *candidate) (protocol.URN, error) {
	name, err := h.enter(c.rel)
	if err != nil {
		return protocol.URN{}, err
	}
	file, err := h.at().file(name)
	if err != nil {
		return protocol.URN{}, err
	}
	defer file.close()
	if c.size >= largeFile { // else it costs less to find out afterwards
		if err := c.check(file); err != nil {
			return protocol.URN{}, err
		}
	}
	if err := h.content(ctx, c.size, file); err != nil {
		return protocol.URN{}, err
	}
	h.words = tagsOf(file, name)
	if err := c.check(file); err != nil {
		return protocol.URN{}, err
	}
	h.leaves = h.parts.end()
	urn := protocol.URN{HasSHA1: true, HasTiger: true, Tiger: h.leaves[0]}
	if len(h.leaves) > 1 {
		urn.Tiger = tiger.Expand(h.leaves)[0][0]
	}
	h.sha1.Sum(urn.SHA1[:0])
	return urn, nil
}

// content hashes size bytes of a file.
func (h *hasher) content(ctx context.Context, size uint64, file io.Reader) error {
	h.sha1.Reset()
	h.parts.reset(size)
	h.head = h.head[:0]
	buf, sum := h.buf, func(b []byte) {
		h.sha1.Write(b) // hashes never fail
		_, _ = h.parts.Write(b)
	}
	if size >= largeFile {
		if h.large == nil {
			h.large = make([]byte, largeChunk)
		}
		var end func()
		sum, end = h.onTwoCores()
		defer end()
		buf = h.large
	}
	for left := size; left > 0; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if size >= largeFile && h.outdated() { // somebody else hashes what it is now
			return ErrChanged
		}
		n, err := file.Read(buf[:min(left, uint64(len(buf)))])
		if errors.Is(err, io.EOF) {
			return ErrChanged
		}
		if err != nil {
			return err
		}
		if left == size {
			h.head = append(h.head, buf[:min(n, headSize)]...)
		}
		sum(buf[:n])
		h.read.Add(uint64(n))
		left -= uint64(n)
	}
	return nil
}

// onTwoCores returns what hashes for content, one hash in a goroutine of its
// own, which ends with end.
func (h *hasher) onTwoCores() (sum func([]byte), end func()) {
	work, done := make(chan []byte), make(chan struct{})
	go func() {
		defer close(done)
		yield()
		for b := range work {
			h.sha1.Write(b)
			done <- struct{}{}
		}
	}()
	sum = func(b []byte) {
		work <- b
		_, _ = h.parts.Write(b)
		<-done
	}
	return sum, func() { close(work); <-done }
}

// check compares the open file with what the walk saw. The walk looked at the
// entry itself, so a link that has taken its place shows.
func (c *candidate) check(file *fileHandle) error {
	stat, err := file.stat()
	if err == nil && !c.is(stat) {
		err = ErrChanged
	}
	return err
}
