package library

import (
	"context"
	"crypto/sha1"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// chunk is how much is read at once, and how soon a cancelled scan ends.
const chunk = 128 << 10

// hasher hashes one file after the other. Each worker has its own, and closes it.
type hasher struct {
	root   *os.Root
	folder *os.Root       // that of the file at hand; most often of the next one, too
	in     string         // its path below root
	read   *atomic.Uint64 // bytes, for the progress of all workers
	sha1   hash.Hash
	tree   tiger.Tree
	buf    []byte
}

func newHasher(root *os.Root, read *atomic.Uint64) *hasher {
	return &hasher{root: root, read: read, sha1: sha1.New(), buf: make([]byte, chunk)}
}

func (h *hasher) close() {
	if h.folder != nil {
		_ = h.folder.Close()
	}
}

// enter opens the folder of a file, and returns the file's name in it.
func (h *hasher) enter(rel string) (string, error) {
	dir, name := path.Split(rel)
	if h.folder != nil && h.in == dir {
		return name, nil
	}
	folder, err := h.root.OpenRoot(filepath.FromSlash(path.Clean(dir)))
	if err != nil {
		return "", err
	}
	h.close()
	h.folder, h.in = folder, dir
	return name, nil
}

// hash brings c and its URN to what is on disk. A file that changes meanwhile
// gets a second chance. The reason is why the file is left out, "" if it is not.
func (h *hasher) hash(ctx context.Context, c *candidate) (urn protocol.URN, reason string) {
	urn, err := h.once(ctx, c)
	if errors.Is(err, ErrChanged) {
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
	info, err := h.root.Lstat(filepath.FromSlash(c.rel))
	switch {
	case err != nil:
		return reasonOf(err)
	case !info.Mode().IsRegular():
		return reasonChanging
	case info.Size() == 0:
		return reasonEmpty
	}
	c.size, c.modTime = uint64(info.Size()), info.ModTime()
	return ""
}

// once hashes the file if it is, from beginning to end, what c says.
func (h *hasher) once(ctx context.Context, c *candidate) (protocol.URN, error) {
	name, err := h.enter(c.rel)
	if err != nil {
		return protocol.URN{}, err
	}
	file, err := h.folder.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return protocol.URN{}, err
	}
	defer file.Close()
	if err := c.check(file); err != nil {
		return protocol.URN{}, err
	}
	h.sha1.Reset()
	h.tree.Reset()
	for left := c.size; left > 0; {
		if ctx.Err() != nil {
			return protocol.URN{}, context.Cause(ctx)
		}
		n, err := file.Read(h.buf[:min(left, chunk)])
		if errors.Is(err, io.EOF) {
			return protocol.URN{}, ErrChanged
		}
		if err != nil {
			return protocol.URN{}, err
		}
		h.sha1.Write(h.buf[:n]) // hashes never fail
		h.tree.Write(h.buf[:n])
		h.read.Add(uint64(n))
		left -= uint64(n)
	}
	if err := c.check(file); err != nil {
		return protocol.URN{}, err
	}
	urn := protocol.URN{HasSHA1: true, HasTiger: true, Tiger: h.tree.Root()}
	h.sha1.Sum(urn.SHA1[:0])
	return urn, nil
}

// check compares the open file with what the walk saw. The walk looked at the
// entry itself, so a link that has taken its place shows.
func (c *candidate) check(file fs.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !(File{Size: c.size, ModTime: c.modTime}).same(info) {
		return ErrChanged
	}
	return nil
}
