package transfer

import (
	"cmp"
	"context"
	"crypto/sha1"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/library"
)

// names is a Catalog of files that are names only. Some may have the share
// that they lie in before a colon.
type names struct {
	files []library.File // in order of Root and Rel
	reads int            // files that From has yielded
}

func newNames(rels ...string) *names {
	c := &names{}
	for i, rel := range rels {
		root := "one"
		if r, rest, ok := strings.Cut(rel, ":"); ok {
			root, rel = r, rest
		}
		sum := sha1.Sum([]byte(rel))
		c.files = append(c.files, library.File{
			Index: uint32(i + 1), Root: "/" + root, Rel: rel, Size: uint64(len(rel)) * 1000, Type: search.TypeOf(rel),
			ModTime: time.Unix(1_700_000_000+int64(i)*86_400, 0), URN: protocol.URN{SHA1: sum, HasSHA1: true},
		})
	}
	slices.SortFunc(c.files, func(a, b library.File) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Rel, b.Rel))
	})
	return c
}

func (c *names) Totals() (int, uint64) {
	sum := uint64(0)
	for _, f := range c.files {
		sum += f.Size
	}
	return len(c.files), sum
}

func (c *names) Roots() []library.Root {
	var out []library.Root
	for _, f := range c.files {
		if len(out) == 0 || out[len(out)-1].Dir != f.Root {
			out = append(out, library.Root{Dir: f.Root})
		}
	}
	return out
}

func (c *names) From(root, rel string) iter.Seq[library.File] {
	at, _ := slices.BinarySearchFunc(c.files, rel, func(f library.File, rel string) int {
		return cmp.Or(cmp.Compare(f.Root, root), cmp.Compare(f.Rel, rel))
	})
	return func(yield func(library.File) bool) {
		for _, f := range c.files[at:] {
			c.reads++
			if f.Root != root || !yield(f) {
				return
			}
		}
	}
}

func (c *names) Find(_ context.Context, q search.Query, _ []protocol.URN, limit int) ([]library.File, error) {
	var out []library.File
	for _, f := range c.files {
		text := path.Base(f.Rel)
		if len(out) < limit && q.Match(text, f.Size, f.Type) {
			out = append(out, f)
		}
	}
	return out, nil
}
