package supernode

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"pgregory.net/rapid"
)

type fileSet map[uint32]protocol.ListFile

func (s fileSet) list() []protocol.ListFile {
	var out []protocol.ListFile
	for _, i := range slices.Sorted(maps.Keys(s)) {
		out = append(out, s[i])
	}
	return out
}

// since are the changes that make another set into s.
func (s fileSet) since(from fileSet) []protocol.ListChange {
	var del []uint32
	for _, i := range slices.Sorted(maps.Keys(from)) {
		if _, ok := s[i]; !ok {
			del = append(del, i)
		}
	}
	var put []protocol.ListFile
	for _, f := range s.list() {
		if from[f.Index] != f {
			put = append(put, f)
		}
	}
	return entries(put, del...)
}

// honestLeaf does as docs/protocol.md 11 says, and breaks off now and then.
type honestLeaf struct {
	id    protocol.GUID
	link  uint32 // 0: it is not there
	files fileSet
	told  map[protocol.ListDigest]fileSet // lists that it has had
}

func (m *honestLeaf) offer(t *rapid.T, x *Lists, now time.Duration) {
	files := m.files.list()
	digest := digestOf(files)
	m.told[digest] = maps.Clone(m.files)
	a := x.Offer(now, Leaf{Link: m.link, ID: m.id}, digest, uint32(len(files)))
	if a.Verdict == protocol.ListHeld {
		return
	}
	if a.Verdict != protocol.ListSend {
		t.Fatalf("answer %d to an honest leaf, %q", a.Verdict, a.Reason)
	}
	from, known := m.told[a.Digest]
	if !known || rapid.IntRange(0, 9).Draw(t, "forgets") == 0 {
		from, known = nil, false
	}
	each := rapid.IntRange(1, 5).Draw(t, "each")
	for i, p := range partsOf(m.files.since(from), each, digest, len(files)) {
		p.Whole = i == 0 && !known
		if rapid.IntRange(0, 19).Draw(t, "breaks off") == 0 {
			x.Gone(now, m.link)
			m.link = 0
			return
		}
		a = x.Part(now, m.link, p)
	}
	if a.Verdict != protocol.ListHeld || a.Digest != digest {
		t.Fatalf("answer %d to the last part, %q", a.Verdict, a.Reason)
	}
}

// network is some leaves, the registry and an index.
type network struct {
	x      *Lists
	index  follower
	leaves []*honestLeaf
	now    time.Duration
	links  uint32
}

func (n *network) any(t *rapid.T) *honestLeaf { return rapid.SampledFrom(n.leaves).Draw(t, "leaf") }

// comes connects a leaf, which may be there by another link still.
func (n *network) comes(t *rapid.T) {
	m := n.any(t)
	n.links++
	m.link = n.links
	m.offer(t, n.x, n.now)
}

func (n *network) goes(t *rapid.T) {
	m := n.any(t)
	n.x.Gone(n.now, m.link)
	m.link = 0
}

func (n *network) changes(t *rapid.T) {
	m := n.any(t)
	for range rapid.IntRange(1, 8).Draw(t, "changes") {
		i := rapid.IntRange(1, 12).Draw(t, "file")
		if delete(m.files, uint32(i)); rapid.Bool().Draw(t, "put") {
			m.files[uint32(i)] = song(i, rapid.IntRange(0, 2).Draw(t, "take"))
		}
	}
	if m.link != 0 {
		m.offer(t, n.x, n.now)
	}
}

func (n *network) waits(t *rapid.T) {
	n.now += time.Duration(rapid.IntRange(0, 400).Draw(t, "seconds")) * time.Second
	n.x.Expire(n.now)
}

// check holds everything against what the leaves have.
func (n *network) check(t *rapid.T) {
	if n.index.follow(n.x); len(n.index) != len(n.x.IDs()) {
		t.Fatalf("%d documents in the index, %d in the registry", len(n.index), len(n.x.IDs()))
	}
	for _, id := range n.x.IDs() {
		if d, ok := n.x.Doc(id); !ok || d != n.index[id] {
			t.Fatalf("document %d is %+v, in the index %+v", id, d, n.index[id])
		}
	}
	files, leaves := 0, 0
	shown := n.index.shown(n.x)
	equal := map[protocol.SHA1]int{}
	for _, m := range n.leaves {
		if m.link == 0 {
			continue
		}
		if _, there := n.x.byLink[m.link]; there {
			leaves++
		}
		var want []string
		for _, f := range m.files.list() {
			want = append(want, f.Path)
			equal[f.URN.SHA1]++
		}
		slices.Sort(want)
		if got := shown[m.link]; !slices.Equal(got, want) {
			t.Fatalf("link %d shows %q, has %q", m.link, got, want)
		}
		files += len(want)
		delete(shown, m.link)
	}
	if s := n.x.Stats(); len(shown) > 0 || s.Files != files || s.Leaves != leaves {
		t.Fatalf("%+v, %d leaves with %d files are there, more shown: %v", s, leaves, files, shown)
	}
	n.checkSums(t, equal)
}

// checkSums holds hashes and bytes against the records.
func (n *network) checkSums(t *rapid.T, equal map[protocol.SHA1]int) {
	for i := range 12 {
		for take := range 3 {
			h := song(i, take).URN.SHA1
			if got := len(n.x.ByHash(h, 0)); got != equal[h] {
				t.Fatalf("%d files of %x, want %d", got, h[:4], equal[h])
			}
		}
	}
	var bytes int64
	for _, l := range n.x.all {
		var d protocol.ListDigest
		for i := range l.slots {
			if l.slots[i].size == 0 {
				continue
			}
			d.Add(l.record(uint32(i)))
		}
		if !l.fading {
			bytes += l.bytes()
			if d != l.digest {
				t.Fatal("a digest is not that of the records")
			}
		}
	}
	if n.x.bytes != bytes {
		t.Fatalf("%d bytes, want %d", n.x.bytes, bytes)
	}
}

// checkWords holds the words counted against the records.
func (n *network) checkWords(t *rapid.T) {
	words := protocol.NewWordCount()
	for _, l := range n.x.all {
		for i := range l.slots {
			if l.slots[i].size > 0 {
				f := l.file(uint32(i))
				search.AddWords(words, textOf(&f))
				words.AddURN(f.URN)
			}
		}
	}
	if !n.x.words.Table().Equal(words.Table()) {
		t.Fatal("words differ")
	}
}

func TestListsOfHonestLeaves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := &network{x: NewLists(ListsConfig{}), index: follower{}}
		for i := range 4 {
			n.leaves = append(n.leaves, &honestLeaf{
				id: guid(i), files: fileSet{}, told: map[protocol.ListDigest]fileSet{{}: {}},
			})
		}
		t.Repeat(map[string]func(*rapid.T){
			"": n.check, "comes": n.comes, "goes": n.goes, "changes": n.changes, "waits": n.waits,
		})
		n.checkWords(t)
	})
}
