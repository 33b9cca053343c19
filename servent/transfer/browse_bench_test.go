package transfer

import (
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"iter"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/library"
)

// endless is a Catalog of one folder with that many files, made as they are
// listed.
type endless int

func (n endless) Totals() (int, uint64) { return int(n), uint64(n) }

func (endless) Roots() []library.Root { return []library.Root{{Dir: "/"}} }

func (n endless) From(_, rel string) iter.Seq[library.File] {
	return func(yield func(library.File) bool) {
		for i := range int(n) {
			f := library.File{Rel: fmt.Sprintf("f%08d", i), Size: 1, Root: "/"}
			f.URN = protocol.URN{SHA1: sha1.Sum([]byte(f.Rel)), HasSHA1: true}
			if f.Rel >= rel && !yield(f) {
				return
			}
		}
	}
}

func (endless) Find(context.Context, search.Query, []protocol.URN, int) ([]library.File, error) {
	return nil, nil
}

// TestBrowsePacketsStream sees that no more files are held than make a few
// messages, however many are shared.
func TestBrowsePacketsStream(t *testing.T) {
	const files = 100_000
	most, told := 0, 0
	s := NewServer(ServerConfig{Catalog: endless(files), Hits: func(f []library.File) ([]byte, int) {
		most = max(most, len(f))
		told += min(len(f), 20)
		return []byte("message"), min(len(f), 20)
	}})
	if err := s.writeHits(io.Discard); err != nil || told != files || most > hitBatch {
		t.Errorf("told of %d files, held %d of them, %v", told, most, err)
	}
}

func BenchmarkBrowseHits(b *testing.B) {
	s := NewServer(ServerConfig{Catalog: endless(100_000), Hits: fakeHits})
	for b.Loop() {
		if err := s.writeHits(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkListMillion(b *testing.B) {
	for b.Loop() {
		if l := list(b.Context(), endless(1_000_000), "", order{}, 3); len(l.files) != pageSize {
			b.Fatal(len(l.files))
		}
	}
}
