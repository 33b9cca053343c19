package library

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

// TestTreeOrder holds the tree against a sorted list of paths.
func TestTreeOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	parts := []string{"a", "a-", "a0", "a.b", "ab", "b", "\xff", "ä", "a b", "-"}
	root := &folder{}
	var want []string
	for range 400 {
		var rel strings.Builder
		for range rnd.IntN(4) {
			rel.WriteString(parts[rnd.IntN(len(parts))] + "/")
		}
		dir, name := rel.String(), parts[rnd.IntN(len(parts))]+"x"
		e := root.make(dir).add(name)
		if e.rel() != dir+name || root.entry(dir+name) != e || root.at(strings.TrimSuffix(dir, "/")) != e.in {
			t.Fatalf("%q is %q", dir+name, e.rel())
		}
		want = append(want, dir+name)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	from := append(slices.Clone(want), "", "a", "a/", "a0", "b0", "\xff\xff", "a-/", "ab\x00")
	for _, rel := range from {
		var got []string
		root.ascend(rel, func(e *entry) bool { got = append(got, e.rel()); return true })
		at, _ := slices.BinarySearch(want, rel)
		if !slices.Equal(got, want[at:]) {
			t.Fatalf("from %q: %q, want %q", rel, got, want[at:])
		}
	}
	for len(want) > 0 {
		i := rnd.IntN(len(want))
		e := root.entry(want[i])
		e.in.remove(e)
		want = slices.Delete(want, i, i+1)
		var got []string
		root.each(func(e *entry) { got = append(got, e.rel()) })
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if root.entry("absent/file") != nil || root.at("absent") != nil {
		t.Error("found what is absent")
	}
}

// TestTextEndsWithPath: an extension is found behind tags.
func TestTextEndsWithPath(t *testing.T) {
	e := &entry{in: &folder{share: &share{}}, name: "a.ogg", words: "vienna mp3"}
	q, err := search.ParseQuery("vienna ext:ogg")
	if err != nil {
		t.Fatal(err)
	}
	if text := e.text(); !q.Match(text, 1, search.Any) {
		t.Errorf("%q has no extension ogg", text)
	}
}
