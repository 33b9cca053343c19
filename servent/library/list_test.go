package library

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

func listed(l *Library, root, rel string) string {
	var out []string
	for f := range l.From(root, rel) {
		out = append(out, f.Rel)
	}
	return strings.Join(out, " ")
}

func TestFrom(t *testing.T) {
	one, two := tempDir(t), tempDir(t)
	write(t, one, "b", "1", "a/x", "2", "a-b", "3", "a.c", "4", "a/y/z", "5")
	write(t, two, "a/second", "6")
	l := added(t, one, two)
	tests := []struct{ root, rel, want string }{
		{one, "", "a-b a.c a/x a/y/z b"},
		{one, "a/", "a/x a/y/z b"},
		{one, "a0", "b"},
		{one, "b", "b"},
		{one, "c", ""},
		{two, "", "a/second"},
		{"/nowhere", "", ""},
	}
	for _, tt := range tests {
		if got := listed(l, tt.root, tt.rel); got != tt.want {
			t.Errorf("from %q: %q, want %q", tt.rel, got, tt.want)
		}
	}
	for f := range l.From(one, "") { // who stops is not asked again
		if f.Rel != "a-b" {
			t.Errorf("first is %q", f.Rel)
		}
		break
	}
}

// TestFromWhileItChanges takes a folder back while it is listed.
func TestFromWhileItChanges(t *testing.T) {
	one, two := tempDir(t), tempDir(t)
	write(t, one, "a", "1", "b", "2", "c", "3")
	write(t, two, "d", "4")
	l := added(t, one)
	var seen []string
	for f := range l.From(one, "") {
		seen = append(seen, f.Rel)
		if err := l.Remove(one); err != nil && len(seen) == 1 {
			t.Fatal(err)
		}
	}
	if !slices.Equal(seen, []string{"a"}) {
		t.Errorf("listed %q", seen)
	}
	add(t, l, two)
	if got := listed(l, two, ""); got != "d" {
		t.Errorf("listed %q", got)
	}
}

func TestTree(t *testing.T) {
	dir := tempDir(t)
	const part = tiger.MinPart
	write(t, dir, "small", "marmalade", "one", strings.Repeat("x", part), "two", strings.Repeat("x", part+1), "many", strings.Repeat("submarine", 100_000))
	l := added(t, dir)
	want := map[string][2]int{"small": {1, 1}, "one": {1, 1}, "two": {2, 2}, "many": {3, 4}}
	for f := range l.From(dir, "") {
		n, err := l.Tree(t.Context(), f)
		if err != nil || !n.Fit(f.URN.Tiger) || len(n) != want[f.Rel][0] || len(n[len(n)-1]) != want[f.Rel][1] {
			t.Errorf("%s: %d levels, %v", f.Rel, len(n), err)
		}
	}
	f := one(t, l, "many")
	write(t, dir, "many", strings.Repeat("submarinf", 100_000))
	if _, err := l.Tree(t.Context(), f); err == nil {
		t.Error("a changed file has a tree")
	}
}

// BenchmarkFrom lists folders of a million files from somewhere, a page each.
func BenchmarkFrom(b *testing.B) {
	l := New(Config{})
	s, err := l.openShare(b.Context(), "/share")
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1_000_000 {
		e := s.tree.make(fmt.Sprintf("folder %03d", i/1000)).add(fmt.Sprintf("file %06d.txt", i))
		e.index, e.live = uint32(i+1), true
	}
	b.ResetTimer()
	for i := range b.N {
		n := 0
		for range l.From("/share", fmt.Sprintf("folder %03d/", i*7919%1000)) {
			if n++; n == 100 {
				break
			}
		}
		if n != 100 {
			b.Fatal(n, " files")
		}
	}
}
