package dht

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sorted is what a Tree must equal.
type sorted []Entry

func (s *sorted) change(e Entry, put bool) {
	i, known := slices.BinarySearchFunc(*s, e, Entry.compare)
	switch {
	case put && !known:
		*s = slices.Insert(*s, i, e)
	case !put && known:
		*s = slices.Delete(*s, i, i+1)
	}
}

func (s sorted) where(keep func(key string) bool) []Entry {
	return slices.DeleteFunc(slices.Clone(s), func(e Entry) bool { return !keep(e.Key) })
}

func drawKey(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.SampledFrom([]rune("abcé\x01")), 0, 4, -1).Draw(t, label)
}

func TestTreeIsASortedSlice(t *testing.T) {
	all := overlays(RandomRing(random(1), 100))
	rapid.Check(t, func(t *rapid.T) {
		overlay := rapid.SampledFrom(all).Draw(t, "overlay")
		tree := NewTree(overlay, rapid.IntRange(1, 5).Draw(t, "full"), rapid.IntRange(1, 6).Draw(t, "size"))
		var want sorted
		for range rapid.IntRange(0, 60).Draw(t, "changes") {
			e := Entry{drawKey(t, "key"), int32(rapid.IntRange(0, 2).Draw(t, "value"))}
			put := rapid.IntRange(0, 2).Draw(t, "put") > 0
			if want.change(e, put); put {
				tree.Insert(3, e)
			} else {
				tree.Delete(3, e)
			}
		}
		check(t, tree, want)
	})
}

func check(t *rapid.T, tree *Tree, want sorted) {
	equal := func(what string, got, want []Entry) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
	a, b := drawKey(t, "a"), drawKey(t, "b")
	for _, halving := range []bool{true, false} {
		got, _ := tree.Find(1, a, halving)
		equal("find "+a, got, want.where(func(k string) bool { return k == a }))
	}
	got, _ := tree.Prefix(1, a)
	equal("prefix "+a, got, want.where(func(k string) bool { return strings.HasPrefix(k, a) }))
	inside := want.where(func(k string) bool { return k >= a && (b == "" || k < b) })
	got, _ = tree.Range(1, a, b)
	equal("range", got, inside)
	got, _ = tree.Walk(1, a, b)
	equal("walk", got, inside)
	whole(t, tree, len(want))
}

// whole checks the shape: as many leaves as are counted, linked both ways, no
// leaf too full unless it cannot part, no two that would fit into one.
func whole(t *rapid.T, tree *Tree, entries int) {
	leaves, held := 0, 0
	var prev *vertex
	for v := tree.down(""); v != nil; prev, v = v, v.next {
		leaves++
		held += len(v.entries)
		if v.prev != prev || !v.leaf() || len(v.entries) > tree.full && v.bits < tree.depth {
			t.Fatalf("leaf %q/%d: %d entries, linked back %v", v.label, v.bits, len(v.entries), v.prev == prev)
		}
		if v.up == nil {
			continue
		}
		if k := v.up.kids; k[0].leaf() && k[1].leaf() && len(k[0].entries)+len(k[1].entries) <= tree.full {
			t.Fatalf("leaves under %q/%d would fit into one", v.up.label, v.up.bits)
		}
	}
	if leaves != tree.Leaves() || held != entries {
		t.Fatalf("%d leaves with %d entries, want %d with %d", leaves, held, tree.Leaves(), entries)
	}
}

// full returns a tree of the keys aa to zz over one node, so that no lookup
// takes a message, or over more.
func fullTree(nodes int) *Tree {
	tree := NewTree(NewChord(RandomRing(random(2), nodes), 4), 4, 2)
	for i := range 26 * 26 {
		tree.Insert(0, Entry{Key: string([]byte{byte('a' + i/26), byte('a' + i%26)})})
	}
	return tree
}

func TestTreeCosts(t *testing.T) {
	tree := fullTree(1000)
	leaf := tree.down("mm")
	_, down := tree.Find(1, "mm", false)
	if down.Lookups != leaf.bits+1 {
		t.Errorf("from the root: %d lookups for a leaf at %d", down.Lookups, leaf.bits)
	}
	if _, half := tree.Find(1, "mm", true); half.Lookups > 5 || half.Lookups < 1 || half.Messages < half.Hops {
		t.Errorf("halving 16 bits: %+v", half) // 17 lengths: 5 at most
	}
	side, c := tree.Range(1, "ma", "oz")
	walked, w := tree.Walk(1, "ma", "oz")
	if len(side) != 77 || len(walked) != 77 || c.Bytes != 77*EntryBytes || w.Bytes != c.Bytes {
		t.Errorf("%d and %d keys from ma to oz, %d and %d bytes", len(side), len(walked), c.Bytes, w.Bytes)
	}
	if c.Hops >= w.Hops || c.Lookups <= w.Lookups {
		t.Errorf("side by side %+v, leaf after leaf %+v: want less time for more lookups", c, w)
	}
	if _, c := tree.Range(1, "zs", ""); c.Lookups > tree.Leaves()/2 {
		t.Errorf("the last of all keys: %d lookups in a tree of %d leaves", c.Lookups, tree.Leaves())
	}
	if _, c := tree.Prefix(1, "zz"); c.Lookups < 2 {
		t.Errorf("a prefix that is deeper than the leaves: %+v", c)
	}
}

func TestPartingCosts(t *testing.T) {
	tree := NewTree(NewChord(RandomRing(random(3), 1), 1), 2, 1)
	tree.Insert(0, Entry{Key: "a"})
	if c := tree.Insert(0, Entry{Key: "\xf0"}); c.Bytes != EntryBytes || tree.Leaves() != 1 {
		t.Errorf("a leaf with room: %+v, %d leaves", c, tree.Leaves())
	}
	c := tree.Insert(0, Entry{Key: "b"})
	if c.Bytes != 4*EntryBytes || tree.Leaves() != 2 {
		t.Errorf("a full leaf: %+v, %d leaves, want its 3 entries sent on", c, tree.Leaves())
	}
	c = tree.Delete(0, Entry{Key: "b"})
	if c.Bytes != 3*EntryBytes || tree.Leaves() != 1 {
		t.Errorf("joined: %+v, %d leaves", c, tree.Leaves())
	}
	for v := range int32(9) {
		tree.Insert(0, Entry{Key: "same", Value: v})
	}
	if got, _ := tree.Find(0, "same", true); len(got) != 9 {
		t.Errorf("%d entries of one key, want 9 in one leaf", len(got))
	}
}

func TestAbove(t *testing.T) {
	for p, want := range map[string]string{"": "", "a": "b", "a\xff": "b", "\xff\xff": "", "az": "a{"} {
		if got := above(p); got != want {
			t.Errorf("above(%q) = %q, want %q", p, got, want)
		}
	}
}

// TestTrie: the shape is that of the tree, and so is the way to each key.
func TestTrie(t *testing.T) {
	overlay := NewChord(RandomRing(random(1), 100), 8)
	rapid.Check(t, func(t *rapid.T) {
		full, size := rapid.IntRange(1, 6).Draw(t, "full"), rapid.IntRange(1, 6).Draw(t, "size")
		tree := NewTree(overlay, full, size)
		keys := rapid.SliceOfDistinct(rapid.Custom(func(t *rapid.T) string { return drawKey(t, "key") }), rapid.ID[string]).Draw(t, "keys")
		slices.Sort(keys)
		entries := make([]int, len(keys))
		for i, k := range keys {
			entries[i] = rapid.IntRange(0, 3).Draw(t, "entries")
			for n := range entries[i] {
				tree.Insert(3, Entry{k, int32(n)})
			}
		}
		trie := NewTrie(keys, entries, full, size)
		for i, k := range keys {
			if got, want := trie.Depth(i), tree.down(k).bits; got != want {
				t.Fatalf("leaf of %q: %d bits, want %d", k, got, want)
			}
			_, c := tree.Find(1, k, true)
			way := trie.AppendWay(nil, i)
			if len(way) != c.Lookups || way[len(way)-1] != place(tree.down(k).label, trie.Depth(i)) {
				t.Fatalf("way to %q: %x, the tree took %d lookups", k, way, c.Lookups)
			}
		}
	})
}
