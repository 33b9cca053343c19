package servent

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/supernode"
)

// searched is a supernode whose leaves' lists a test makes up.
type searched struct {
	*Servent
	t *testing.T
}

func newSearched(t *testing.T) *searched {
	t.Helper()
	s, err := New(Config{DataDir: t.TempDir(), Listen: "127.0.0.1:0", ConnectOnly: true, Role: RoleSupernode})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &searched{s, t}
}

// share shares n files of that name, which has a number in it.
func (s *searched) share(name string, n int) {
	s.t.Helper()
	dir := s.t.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf(name, i)), []byte{byte(i)}, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.Share(s.t.Context(), dir); err != nil {
		s.t.Fatal(err)
	}
}

// list gives the supernode a leaf's list of n files of that name.
func (s *searched) list(leaf supernode.Leaf, name string, n int) {
	s.t.Helper()
	var digest protocol.ListDigest
	var body []byte
	for i := range n {
		r := protocol.ListFile{Index: uint32(i + 1), Size: 9, Path: fmt.Sprintf(name, i)}.Append(nil)
		digest.Add(r)
		body = protocol.ListChange{Record: r}.Append(body)
	}
	part := protocol.NewListPart(body)
	part.First, part.Last, part.Digest, part.Files = true, true, digest, uint32(n)
	leaf.ID = protocol.GUID{byte(leaf.Link)}
	s.leaves.Offer(leaf, digest, part.Files)
	s.leaves.Part(leaf.Link, part)
	for until := time.Now().Add(10 * time.Second); s.count(blue(0, job{limit: 1000}))[overlay.LinkID(leaf.Link)] != n; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			s.t.Fatalf("the list of leaf %d is not found: %+v", leaf.Link, s.leaves.Stats())
		}
	}
}

// blue asks for that word.
func blue(flags protocol.QueryFlags, j job) job {
	j.query = protocol.Query{Flags: protocol.FlagMarker | flags, Text: []byte("blue")}.Append(nil)
	return j
}

// count looks up j, and tells how many files are found at whom; 0 is the supernode.
func (s *searched) count(j job) map[overlay.LinkID]int {
	hits := s.lookUp(s.t.Context(), j)
	n := map[overlay.LinkID]int{}
	if len(hits.Files) > 0 {
		n[0] = len(hits.Files)
	}
	for _, l := range hits.Leaves {
		n[l.Link] = len(l.Files)
	}
	return n
}

// TestBestOfAll: where there are more hits than are wanted, the closest are told of,
// whosever they are, and of equals those of which there are less.
func TestBestOfAll(t *testing.T) {
	s := newSearched(t)
	s.share("blue and rather long %d.txt", 100)
	s.list(supernode.Leaf{Link: 1}, "blue %d.txt", 10)
	s.list(supernode.Leaf{Link: 2}, "blue or rather long %d.txt", 100)
	s.list(supernode.Leaf{Link: 3}, "blue but the name of this is longest %d.txt", 10)
	for _, tt := range []struct {
		j    job
		want map[overlay.LinkID]int
	}{
		{job{own: true, limit: 5}, map[overlay.LinkID]int{1: 5}},
		{job{own: true, limit: 64}, map[overlay.LinkID]int{0: 32, 1: 10, 2: 22}},
		{job{own: true, from: 1, limit: 64}, map[overlay.LinkID]int{0: 32, 2: 32}},
		{job{own: true, limit: 1000}, map[overlay.LinkID]int{0: 100, 1: 10, 2: 100, 3: 10}},
		{job{limit: 1000}, map[overlay.LinkID]int{1: 10, 2: 100, 3: 10}},
	} {
		if got := s.count(blue(0, tt.j)); !maps.Equal(got, tt.want) {
			t.Errorf("%+v: found %v, want %v", tt.j, got, tt.want)
		}
	}
}

// TestFirewalledTakeNoPlaces: the files of leaves that the asker could not get are not
// told of in place of others.
func TestFirewalledTakeNoPlaces(t *testing.T) {
	s := newSearched(t)
	s.list(supernode.Leaf{Link: 1, Firewalled: true}, "blue %d.txt", 100)
	s.list(supernode.Leaf{Link: 2}, "blue and rather long %d.txt", 5)
	for flags, want := range map[protocol.QueryFlags]map[overlay.LinkID]int{0: {1: 64}, protocol.FlagFirewalled: {2: 5}} {
		if got := s.count(blue(flags, job{from: 9, limit: 64})); !maps.Equal(got, want) {
			t.Errorf("flags %v: found %v, want %v", flags, got, want)
		}
	}
}
