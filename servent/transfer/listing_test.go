package transfer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

func relsOf(l listing) []string {
	var out []string
	for _, f := range l.files {
		out = append(out, f.Rel)
	}
	return out
}

func TestList(t *testing.T) {
	c := newNames("b.txt", "A.txt", "a/x", "a/y/z", "a-b", "a.c", "two:a/second", "two:c/d", "two:top")
	tests := []struct {
		folder         string
		folders, files string
	}{
		{"", "a c", "a-b a.c A.txt b.txt top"},
		{"a", "a/y", "a/second a/x"},
		{"a/y", "", "a/y/z"},
		{"c", "", "c/d"},
		{"b.txt", "", ""},
		{"nowhere", "", ""},
		{"..", "", ""},
	}
	for _, tt := range tests {
		l := list(t.Context(), c, tt.folder, order{}, 0)
		if got := strings.Join(l.folders, " "); got != tt.folders {
			t.Errorf("%q: folders %q, want %q", tt.folder, got, tt.folders)
		}
		if got := strings.Join(relsOf(l), " "); got != tt.files || l.total != len(l.files) {
			t.Errorf("%q: files %q of %d, want %q", tt.folder, got, l.total, tt.files)
		}
	}
}

func TestListOrder(t *testing.T) {
	c := newNames("ccc.mp3", "bb.txt", "Aaaa.mp3")
	tests := []struct {
		by   order
		want string
	}{
		{order{}, "Aaaa.mp3 bb.txt ccc.mp3"},
		{order{back: true}, "ccc.mp3 bb.txt Aaaa.mp3"},
		{order{by: "size"}, "bb.txt ccc.mp3 Aaaa.mp3"},
		{order{by: "type"}, "Aaaa.mp3 ccc.mp3 bb.txt"},
		{order{by: "time", back: true}, "Aaaa.mp3 bb.txt ccc.mp3"},
		{order{by: "nonsense"}, "Aaaa.mp3 bb.txt ccc.mp3"},
	}
	for _, tt := range tests {
		if got := strings.Join(relsOf(list(t.Context(), c, "", tt.by, 0)), " "); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.by, got, tt.want)
		}
	}
}

// TestListJumps sees that a page costs what stands on it, not what lies below.
func TestListJumps(t *testing.T) {
	var rels []string
	for i := range 5000 {
		rels = append(rels, fmt.Sprintf("deep/%02d/%d", i%50, i))
	}
	c := newNames(append(rels, "x")...)
	if l := list(t.Context(), c, "", order{}, 0); len(l.folders) != 1 || l.total != 1 || c.reads > 3 {
		t.Errorf("%d folders, %d files after %d reads", len(l.folders), l.total, c.reads)
	}
	c.reads = 0
	if l := list(t.Context(), c, "deep", order{}, 0); len(l.folders) != 50 || c.reads > 52 {
		t.Errorf("%d folders after %d reads", len(l.folders), c.reads)
	}
}

// TestListPages turns the pages of folders at, and one past, what is sorted.
func TestListPages(t *testing.T) {
	for _, n := range []int{pageSize, pageSize + 1, maxSorted, maxSorted + 1, maxSorted + 3*pageSize/2} {
		var rels []string
		for i := range n {
			rels = append(rels, fmt.Sprintf("f%06d", i))
		}
		c := newNames(rels...)
		var all []string
		pages := (n + pageSize - 1) / pageSize
		for p := range pages {
			l := list(t.Context(), c, "", order{}, p)
			if l.total != n || l.sorted != (n <= maxSorted) || len(l.files) > pageSize {
				t.Fatalf("page %d of %d files: %d of %d, sorted %v", p, n, len(l.files), l.total, l.sorted)
			}
			all = append(all, relsOf(l)...)
		}
		if !slices.Equal(all, rels) {
			t.Errorf("%d files: all pages together hold %d others", n, len(all))
		}
		if l := list(t.Context(), c, "", order{}, pages); len(l.files) != 0 {
			t.Errorf("%d files: %d behind the last page", n, len(l.files))
		}
	}
}

func TestListFolderLimit(t *testing.T) {
	for _, extra := range []int{0, 1, 1000} {
		var rels []string
		for i := range maxFolders + extra {
			rels = append(rels, fmt.Sprintf("d%06d/x", i))
		}
		c := newNames(rels...)
		l := list(t.Context(), c, "", order{}, 0)
		if len(l.folders) != maxFolders || l.more != (extra > 0) || c.reads > maxFolders+1 {
			t.Errorf("%d more: %d folders, more %v, %d reads", extra, len(l.folders), l.more, c.reads)
		}
	}
}

func TestFindLimit(t *testing.T) {
	for _, n := range []int{maxFound - 1, maxFound, maxFound + 1} {
		var rels []string
		for i := range n {
			rels = append(rels, fmt.Sprintf("d/word %06d", i))
		}
		q, err := search.ParseQuery("word")
		if err != nil {
			t.Fatal(err)
		}
		l, err := find(t.Context(), newNames(rels...), q, order{by: "size"}, 1)
		if err != nil || l.total != min(n, maxFound) || l.more != (n >= maxFound) || len(l.files) != pageSize {
			t.Errorf("%d files: %d on the page, %d found, more %v, %v", n, len(l.files), l.total, l.more, err)
		}
	}
}
