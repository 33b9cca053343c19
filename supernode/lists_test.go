package supernode

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// guid is that of the n-th leaf.
func guid(n int) protocol.GUID { return protocol.GUID{byte(n), byte(n >> 8), 7} }

// song is the i-th file of a leaf; rev tells its versions apart.
func song(i, rev int) protocol.ListFile {
	f := protocol.ListFile{
		Index: uint32(i), Size: uint64(1000 + rev), Created: 1_700_000_000, Type: uint8(search.Audio),
		Path: fmt.Sprintf("music/album %d/song %d take %d.ogg", i/10, i, rev),
	}
	f.URN.HasSHA1, f.URN.SHA1 = true, protocol.SHA1{byte(i), byte(i >> 8), byte(i >> 16), byte(rev)}
	return f
}

func songs(first, n int) []protocol.ListFile {
	out := make([]protocol.ListFile, n)
	for i := range out {
		out[i] = song(first+i, 0)
	}
	return out
}

func digestOf(files []protocol.ListFile) (d protocol.ListDigest) {
	for _, f := range files {
		d.Add(f.Append(nil))
	}
	return d
}

// entries are the changes that put files and take others out.
func entries(put []protocol.ListFile, del ...uint32) []protocol.ListChange {
	var out []protocol.ListChange
	for _, i := range del {
		out = append(out, protocol.ListChange{Index: i})
	}
	for _, f := range put {
		out = append(out, protocol.ListChange{Record: f.Append(nil)})
	}
	return out
}

// partsOf cuts changes into parts of so many, which lead to a list.
func partsOf(changes []protocol.ListChange, each int, digest protocol.ListDigest, files int) []protocol.ListPart {
	var out []protocol.ListPart
	for chunk := range slices.Chunk(append(changes, protocol.ListChange{}), each) {
		var body []byte
		for _, c := range chunk {
			if c.Record != nil || c.Index != 0 {
				body = c.Append(body)
			}
		}
		out = append(out, protocol.NewListPart(body))
	}
	out[0].First = true
	last := &out[len(out)-1]
	last.Last, last.Digest, last.Files = true, digest, uint32(files)
	return out
}

// play sends parts until one is answered by other than ListMore.
func play(x *Lists, link uint32, parts []protocol.ListPart) (a protocol.ListAnswer) {
	for _, p := range parts {
		if a = x.Part(0, link, p); a.Verdict != protocol.ListMore {
			break
		}
	}
	return a
}

// wholeOf are the parts of a whole list.
func wholeOf(files []protocol.ListFile) []protocol.ListPart {
	return partsOf(entries(files), 100, digestOf(files), len(files))
}

func offer(x *Lists, now time.Duration, link uint32, leaf int, files []protocol.ListFile) protocol.ListAnswer {
	return x.Offer(now, Leaf{Link: link, ID: guid(leaf)}, digestOf(files), uint32(len(files)))
}

// give has a leaf offer and send a whole list.
func give(t *testing.T, x *Lists, link uint32, leaf int, files []protocol.ListFile) {
	t.Helper()
	wantVerdict(t, "offer", offer(x, 0, link, leaf, files), protocol.ListSend, protocol.ListDigest{})
	wantVerdict(t, "parts", play(x, link, wholeOf(files)), protocol.ListHeld, digestOf(files))
}

func wantVerdict(t *testing.T, what string, a protocol.ListAnswer, v protocol.ListVerdict, d protocol.ListDigest) {
	t.Helper()
	if a.Verdict != v || a.Digest != d || (a.Reason != "") != (v == protocol.ListRefused) {
		t.Errorf("%s: verdict %d, digest %x, reason %q; want %d, %x", what, a.Verdict, a.Digest[:4], a.Reason, v, d[:4])
	}
}

func wantRefused(t *testing.T, what string, a protocol.ListAnswer, reason string) {
	t.Helper()
	if a.Verdict != protocol.ListRefused || !strings.Contains(a.Reason, reason) {
		t.Errorf("%s: verdict %d, %q; want a refusal with %q", what, a.Verdict, a.Reason, reason)
	}
}

// follower is an index that hears of changes.
type follower map[search.DocID]search.Doc

func (f follower) follow(x *Lists) {
	for x.Waiting() > 0 {
		put, del := x.Changes(7)
		for _, id := range del {
			delete(f, id)
		}
		for _, d := range put {
			f[d.ID] = d
		}
	}
}

// shown are the paths of what is present, by link.
func (f follower) shown(x *Lists) map[uint32][]string {
	out := map[uint32][]string{}
	for id := range f {
		if link, r, ok := x.File(id); ok {
			out[link] = append(out[link], r.Path+"/"+r.Name)
		}
	}
	for _, paths := range out {
		slices.Sort(paths)
	}
	return out
}

// wantShown checks that the index finds just the files of these leaves.
func wantShown(t *testing.T, what string, x *Lists, f follower, want map[uint32][]protocol.ListFile) {
	t.Helper()
	f.follow(x)
	paths := map[uint32][]string{}
	for link, files := range want {
		for _, file := range files {
			paths[link] = append(paths[link], file.Path)
		}
		slices.Sort(paths[link])
	}
	if got := fmt.Sprint(f.shown(x)); got != fmt.Sprint(paths) {
		t.Errorf("%s: shown are\n%s, want\n%s", what, got, fmt.Sprint(paths))
	}
}

func TestListGiven(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	files := songs(1, 250)
	files[3].Tags, files[4].Created = "Café waltz", 0
	give(t, x, 9, 1, files)
	wantShown(t, "given", x, f, map[uint32][]protocol.ListFile{9: files})
	if s := x.Stats(); s.Leaves != 1 || s.Files != 250 || s.Offers != 1 || s.Whole != 1 || s.Bytes < 250*60 || s.PartBytes == 0 {
		t.Errorf("%+v", s)
	}
	id := x.ByHash(files[3].URN.SHA1, 0)[0]
	link, r, ok := x.File(id)
	if want := time.Unix(1_700_000_000, 0).UTC(); !ok || link != 9 || r.Index != 4 || r.Size != 1000 || r.URN != files[3].URN || !r.Created.Equal(want) {
		t.Errorf("%d %+v %v", link, r, ok)
	}
	if d, _ := x.Doc(id); d.Text != "Café waltz/music/album 0/song 4 take 0.ogg" || d.Type != search.Audio || d.Size != 1000 {
		t.Errorf("%+v", d)
	}
	if _, r, _ := x.File(x.ByHash(files[4].URN.SHA1, 0)[0]); !r.Created.IsZero() {
		t.Error("a time that was not told:", r.Created)
	}
}

func TestListKnown(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	files := songs(1, 50)
	give(t, x, 1, 1, files)
	f.follow(x)
	for link := uint32(2); link < 12; link++ { // a flapping leaf
		x.Gone(0, link-1)
		wantShown(t, "gone", x, f, nil)
		wantVerdict(t, "offer again", offer(x, 0, link, 1, files), protocol.ListHeld, digestOf(files))
		if x.Waiting() > 0 {
			t.Error("a leaf that comes back churns the index")
		}
	}
	wantShown(t, "come back", x, f, map[uint32][]protocol.ListFile{11: files})
	wantVerdict(t, "another", offer(x, 0, 12, 2, files), protocol.ListSend, protocol.ListDigest{})

	changed := append(slices.Clone(files[2:]), song(3, 1), song(99, 0))
	changed = slices.Delete(changed, 0, 1)
	wantVerdict(t, "changed", offer(x, 0, 13, 1, changed), protocol.ListSend, digestOf(files))
	parts := partsOf(entries([]protocol.ListFile{song(3, 1), song(99, 0)}, 1, 2), 2, digestOf(changed), len(changed))
	wantVerdict(t, "change", play(x, 13, parts), protocol.ListHeld, digestOf(changed))
	wantShown(t, "changed", x, f, map[uint32][]protocol.ListFile{13: changed})
	if s := x.Stats(); s.Held != 10 || s.Whole != 1 || s.Changes != 1 || s.Leaves != 2 || s.Files != 49 {
		t.Errorf("%+v", s)
	}
	if x.ByHash(song(3, 0).URN.SHA1, 0) != nil || len(x.ByHash(song(3, 1).URN.SHA1, 0)) != 1 {
		t.Error("hashes do not follow a change")
	}
}

// TestListForgotten: the leaf does not know any more what it had.
func TestListForgotten(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	give(t, x, 1, 1, songs(1, 50))
	files := append(songs(41, 10), songs(100, 5)...)
	wantVerdict(t, "offer", offer(x, 0, 1, 1, files), protocol.ListSend, digestOf(songs(1, 50)))
	parts := wholeOf(files)
	parts[0].Whole = true
	f.follow(x)
	wantVerdict(t, "whole", play(x, 1, parts), protocol.ListHeld, digestOf(files))
	if x.Waiting() != 45 || x.Stats().Whole != 2 {
		t.Errorf("%d changes, %+v", x.Waiting(), x.Stats())
	}
	wantShown(t, "whole", x, f, map[uint32][]protocol.ListFile{1: files})
}

// TestListReplacedLink: a leaf is there again before its old link's end was seen.
func TestListReplacedLink(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	files := songs(1, 5)
	give(t, x, 1, 1, files)
	wantVerdict(t, "by another link", offer(x, 0, 2, 1, files), protocol.ListHeld, digestOf(files))
	x.Gone(0, 1)
	wantShown(t, "old link gone", x, f, map[uint32][]protocol.ListFile{2: files})
	wantRefused(t, "part by the old link", x.Part(0, 1, wholeOf(files)[0]), "not asked for")
	wantShown(t, "part by the old link", x, f, map[uint32][]protocol.ListFile{2: files})

	wantVerdict(t, "another GUID on one link", offer(x, 0, 2, 5, nil), protocol.ListHeld, protocol.ListDigest{})
	wantShown(t, "another GUID on one link", x, f, nil)
	if s := x.Stats(); s.Leaves != 1 || s.Kept != 1 || s.Files != 0 {
		t.Errorf("%+v", s)
	}
}

func TestListExpires(t *testing.T) {
	x, f := NewLists(ListsConfig{Keep: time.Minute}), follower{}
	if next := x.Expire(time.Hour); next != 0 {
		t.Error("something waits in an empty registry:", next)
	}
	files := songs(1, 2*fadeStep+1)
	give(t, x, 1, 1, files)
	give(t, x, 2, 2, songs(1, 3))
	x.Gone(time.Second, 1)
	offer(x, 2*time.Second, 3, 1, files)
	x.Gone(3*time.Second, 3)
	if next := x.Expire(time.Minute + 2*time.Second); next != time.Minute+3*time.Second {
		t.Error("next:", next)
	}
	if s := x.Stats(); s.Kept != 1 || s.Leaves != 1 {
		t.Errorf("before its time: %+v", s)
	}
	f.follow(x)
	now := time.Minute + 3*time.Second
	for step := range 3 {
		next := x.Expire(now)
		if last := step == 2; last && next != 0 || !last && next != now+fadeEvery {
			t.Errorf("step %d: next %v", step, next)
		}
		if n := x.Waiting(); n != min(fadeStep*(step+1), len(files)) {
			t.Errorf("step %d: %d changes", step, n)
		}
	}
	if f.follow(x); len(f) != 3 || len(x.all) != 1 || len(x.hashes) != 3 || len(x.IDs()) != 3 {
		t.Errorf("%d documents, %d lists, %d hashes", len(f), len(x.all), len(x.hashes))
	}
	wantVerdict(t, "after it was forgotten", offer(x, now, 4, 1, files), protocol.ListSend, protocol.ListDigest{})
}

func TestListFileLimits(t *testing.T) {
	x := NewLists(ListsConfig{MaxFiles: 1000})
	give(t, x, 1, 1, songs(1, 1000))
	wantRefused(t, "one more", offer(x, 0, 2, 2, songs(1, 1001)), "1,001 files; this supernode holds lists of up to 1,000")
	wantRefused(t, "one more than at first", offer(x, 0, 1, 1, songs(1, 1001)), "1,001 files")
	if s := x.Stats(); s.Files != 0 || s.Kept != 1 || s.RefusedFiles != 2 {
		t.Errorf("%+v", s)
	}
	wantVerdict(t, "offered again", offer(x, 0, 1, 1, songs(1, 1000)), protocol.ListHeld, digestOf(songs(1, 1000)))

	// More than was offered.
	wantVerdict(t, "offer", offer(x, 0, 3, 3, songs(1, 5)), protocol.ListSend, protocol.ListDigest{})
	wantRefused(t, "more than offered", play(x, 3, wholeOf(songs(1, 1001))), "more changes")
	// A thousand become a thousand others.
	others := songs(2000, 1000)
	wantVerdict(t, "offer", offer(x, 0, 1, 1, others), protocol.ListSend, digestOf(songs(1, 1000)))
	parts := partsOf(append(entries(others), entries(nil, indices(songs(1, 1000))...)...), 300, digestOf(others), 1000)
	wantVerdict(t, "all others", play(x, 1, parts), protocol.ListHeld, digestOf(others))
	// Two thousand at once, and then all the same.
	wantVerdict(t, "offer", offer(x, 0, 1, 1, songs(1, 1000)), protocol.ListSend, digestOf(others))
	wantRefused(t, "too many at the end", play(x, 1, wholeOf(append(songs(1, 1000)[:1], songs(5000, 0)...))), "1,001 files")
	if got := NewLists(ListsConfig{MaxFiles: 1 << 30}).cfg.MaxFiles; got != mostListFiles {
		t.Error("slots for", got)
	}
}

func indices(files []protocol.ListFile) (out []uint32) {
	for _, f := range files {
		out = append(out, f.Index)
	}
	return out
}

// TestListBreaksOff: what was never finished does not add up without end.
func TestListBreaksOff(t *testing.T) {
	x := NewLists(ListsConfig{MaxFiles: 100})
	var a protocol.ListAnswer
	for link := uint32(1); link < 5; link++ {
		first := int(link) * 1000
		offer(x, 0, link, 1, songs(first, 100))
		parts := partsOf(entries(songs(first, 90)), 200, protocol.ListDigest{}, 0)
		parts[0].Last = false
		if a = play(x, link, parts); a.Verdict == protocol.ListRefused {
			break
		}
		x.Gone(0, link)
	}
	wantRefused(t, "the third list that breaks off", a, "201 files")
	if s := x.Stats(); s.Files+s.Kept != 0 || s.RefusedFiles != 1 {
		t.Errorf("%+v", s)
	}
}

// TestListBrokenOff: after a change that broke off, all is sent, and nothing that
// is the same churns the index.
func TestListBrokenOff(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	files := songs(1, 200)
	offer(x, 0, 1, 1, files)
	x.Part(0, 1, wholeOf(files)[0])
	wantShown(t, "half of it", x, f, map[uint32][]protocol.ListFile{1: files[:100]})
	x.Gone(0, 1)
	wantVerdict(t, "again", offer(x, 0, 2, 1, files), protocol.ListSend, protocol.ListDigest{})
	wantVerdict(t, "whole", play(x, 2, wholeOf(files)), protocol.ListHeld, digestOf(files))
	if n := x.Waiting(); n != 100 {
		t.Errorf("%d changes, want those of the other half", n)
	}
	wantShown(t, "whole", x, f, map[uint32][]protocol.ListFile{2: files})

	fewer := files[150:]
	offer(x, 0, 2, 1, fewer)
	del := partsOf(entries(nil, indices(files[:150])...), 149, digestOf(fewer), 50)
	x.Part(0, 2, del[0])
	wantVerdict(t, "what it happens to be", offer(x, 0, 3, 1, files[149:]), protocol.ListHeld, digestOf(files[149:]))
	wantShown(t, "what it happens to be", x, f, map[uint32][]protocol.ListFile{3: files[149:]})
}

func TestListWrongDigest(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	files := songs(1, 30)
	wrong := wholeOf(append(slices.Clone(files), song(31, 0)))
	wrong[0].Digest = digestOf(files)
	offer(x, 0, 1, 1, files)
	wantVerdict(t, "once", play(x, 1, wrong), protocol.ListSend, protocol.ListDigest{})
	wantVerdict(t, "then right", play(x, 1, wholeOf(files)), protocol.ListHeld, digestOf(files))
	wantShown(t, "then right", x, f, map[uint32][]protocol.ListFile{1: files})

	offer(x, 0, 1, 1, songs(1, 40))
	count := partsOf(entries(songs(31, 10)), 100, digestOf(songs(1, 40)), 39)
	wantVerdict(t, "another number", play(x, 1, count), protocol.ListSend, protocol.ListDigest{})
	wantRefused(t, "twice", play(x, 1, wrong), "twice")
	wantShown(t, "twice", x, f, nil)
	if s := x.Stats(); s.RefusedDigest != 1 || s.Leaves != 0 {
		t.Errorf("%+v", s)
	}
	wantVerdict(t, "offered anew", offer(x, 0, 1, 1, files), protocol.ListSend, protocol.ListDigest{})
}

func TestListBadParts(t *testing.T) {
	files := songs(1, 3)
	good := wholeOf(files)
	nameless, broken := song(1, 0), protocol.NewListPart([]byte{200, 1})
	nameless.Path = "folder/"
	empty := nameless
	empty.Path = ""
	broken.First = true
	later := good[0]
	later.First = false
	more := good[0]
	more.Last = false
	for _, tt := range []struct {
		name   string
		parts  []protocol.ListPart
		reason string
		count  func(ListStats) uint64
	}{
		{"not deflated", []protocol.ListPart{{First: true, Deflated: []byte{0xff}}}, "list part", func(s ListStats) uint64 { return s.RefusedMalformed }},
		{"no entry", []protocol.ListPart{broken}, "list record", func(s ListStats) uint64 { return s.RefusedMalformed }},
		{"no name", wholeOf([]protocol.ListFile{nameless}), "without a name", func(s ListStats) uint64 { return s.RefusedMalformed }},
		{"no path", wholeOf([]protocol.ListFile{empty}), "without a name", func(s ListStats) uint64 { return s.RefusedMalformed }},
		{"no record", partsOf([]protocol.ListChange{{Record: []byte{1}}}, 9, protocol.ListDigest{}, 0), "list record", func(s ListStats) uint64 { return s.RefusedMalformed }},
		{"not the first", []protocol.ListPart{later}, "order", func(s ListStats) uint64 { return s.RefusedOrder }},
		{"the first twice", []protocol.ListPart{more, good[0]}, "order", func(s ListStats) uint64 { return s.RefusedOrder }},
		{"after the last", []protocol.ListPart{good[0], good[0]}, "not asked for", func(s ListStats) uint64 { return s.RefusedOrder }},
	} {
		x, f := NewLists(ListsConfig{}), follower{}
		wantRefused(t, tt.name+": without an offer", x.Part(0, 1, tt.parts[0]), "not asked for")
		offer(x, 0, 1, 1, songs(1, 4))
		var a protocol.ListAnswer
		for _, p := range tt.parts {
			a = x.Part(0, 1, p)
		}
		wantRefused(t, tt.name, a, tt.reason)
		wantShown(t, tt.name, x, f, nil)
		if n := tt.count(x.Stats()); n == 0 {
			t.Errorf("%s: not counted", tt.name)
		}
	}
}

// TestListOddEntries: what makes no sense but harms nothing is settled by the digest.
func TestListOddEntries(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	files := songs(1, 3)
	offer(x, 0, 1, 1, files)
	changes := append(entries([]protocol.ListFile{song(2, 5)}, 77, 78), entries(files)...)
	changes = append(changes, protocol.ListChange{Index: 3}, entries(files[2:])[0])
	wantVerdict(t, "odd", play(x, 1, partsOf(changes, 2, digestOf(files), 3)), protocol.ListHeld, digestOf(files))
	wantShown(t, "odd", x, f, map[uint32][]protocol.ListFile{1: files})
	if s := x.Stats(); s.Absent != 2 {
		t.Errorf("%+v", s)
	}
}

func TestListRoom(t *testing.T) {
	x := NewLists(ListsConfig{MaxTotal: 300})
	for leaf := 1; leaf <= 3; leaf++ {
		give(t, x, uint32(leaf), leaf, songs(1, 100))
	}
	wantRefused(t, "one file more", offer(x, 0, 4, 4, songs(1, 1)), "holds 300 files")
	wantRefused(t, "one that is there", offer(x, 0, 3, 3, songs(1, 101)), "holds 300 files")
	wantVerdict(t, "offered as it was", offer(x, 0, 3, 3, songs(1, 100)), protocol.ListHeld, digestOf(songs(1, 100)))
	x.Gone(1, 2)
	x.Gone(2, 1)
	give(t, x, 4, 4, songs(1, 100)) // in place of the list kept longest
	if s := x.Stats(); s.Kept != 1 || s.Files != 200 || s.RefusedRoom != 2 {
		t.Errorf("%+v", s)
	}
	wantVerdict(t, "the other one", offer(x, 3, 5, 1, songs(1, 100)), protocol.ListHeld, digestOf(songs(1, 100)))
	wantVerdict(t, "the forgotten one", offer(x, 3, 6, 2, nil), protocol.ListHeld, protocol.ListDigest{})

	// A liar offers fewer than it sends.
	x.Gone(4, 5)
	offer(x, 5, 6, 2, songs(1, 1))
	wantVerdict(t, "up to the limit", play(x, 6, wholeOf(songs(1, 100))), protocol.ListHeld, digestOf(songs(1, 100)))
	if a := offer(x, 5, 7, 7, nil); a.Verdict != protocol.ListHeld {
		t.Error("an empty list has no room:", a.Reason)
	}
	offer(x, 5, 6, 2, songs(1, 100)[:99])
	liar := partsOf(entries(songs(500, 2), 1), 100, digestOf(nil), 0)
	wantRefused(t, "past the limit", play(x, 6, liar), "no room")
}

func TestListBytes(t *testing.T) {
	x := NewLists(ListsConfig{MaxBytes: 100 << 10})
	held := 0
	for leaf := 1; ; leaf++ {
		files := songs(1, 50)
		a := offer(x, 0, uint32(leaf), leaf, files)
		if a.Verdict == protocol.ListSend {
			a = play(x, uint32(leaf), wholeOf(files))
		}
		if a.Verdict == protocol.ListRefused {
			wantRefused(t, "full", a, "no room")
			break
		}
		held++
	}
	if s := x.Stats(); held < 5 || s.Bytes > 100<<10 || s.Bytes < 70<<10 || s.Leaves != held {
		t.Errorf("%d lists, %+v", held, s)
	}
	for leaf := range held + 1 {
		x.Gone(0, uint32(leaf))
	}
	for now := 2 * DefaultListKeep; now > 0; now = x.Expire(now) {
		if s := x.Stats(); x.Expire(now) == 0 && s.Bytes != 0 {
			t.Errorf("%d bytes of nothing", s.Bytes)
		}
	}
}

// TestListPacks: records that are no more do not pile up.
func TestListPacks(t *testing.T) {
	x := NewLists(ListsConfig{})
	files := songs(1, 1000)
	give(t, x, 1, 1, files)
	before := x.Stats().Bytes
	for rev := 1; rev < 20; rev++ {
		var changed []protocol.ListFile
		for i := range 1000 {
			changed = append(changed, song(i+1, rev))
		}
		wantVerdict(t, "offer", offer(x, 0, 1, 1, changed), protocol.ListSend, digestOf(files))
		wantVerdict(t, "change", play(x, 1, wholeOf(changed)), protocol.ListHeld, digestOf(changed))
		if files = changed; x.Stats().Bytes > before*3/2 {
			t.Fatalf("%d bytes after %d changes, %d before", x.Stats().Bytes, rev, before)
		}
	}
	wantShown(t, "in the end", x, follower{}, map[uint32][]protocol.ListFile{1: files})
}

func TestListByHash(t *testing.T) {
	x := NewLists(ListsConfig{})
	same := songs(1, 3)
	for i := range same {
		same[i].URN.SHA1 = protocol.SHA1{42}
	}
	for leaf := 1; leaf <= 4; leaf++ {
		give(t, x, uint32(leaf), leaf, same)
	}
	x.Gone(0, 2)
	links := func(limit int) (out []uint32) {
		for _, id := range x.ByHash(protocol.SHA1{42}, limit) {
			link, _, _ := x.File(id)
			out = append(out, link)
		}
		return out
	}
	if got := fmt.Sprint(links(0), links(4), links(1)); got != "[4 4 4 3 3 3 1 1 1] [4 4 4 3] [4]" {
		t.Error(got)
	}
	x.Refuse(3, "for the test")
	x.Expire(DefaultListKeep)
	if got := fmt.Sprint(links(0)); got != "[4 4 4 1 1 1]" || len(x.all) != 2 {
		t.Error(got)
	}
	if x.ByHash(protocol.SHA1{43}, 0) != nil {
		t.Error("a hash of nothing")
	}
	bare := protocol.ListFile{Index: 1, Path: "bare"}
	give(t, x, 7, 7, []protocol.ListFile{bare})
	if x.ByHash(protocol.SHA1{}, 0) != nil {
		t.Error("a file without hash is found by one")
	}
}

// TestListByHashBounded: a leaf with many files of one content costs no search more
// than maxEqual looks.
func TestListByHashBounded(t *testing.T) {
	for _, hidden := range []int{maxEqual - 1, maxEqual} {
		x := NewLists(ListsConfig{})
		same := songs(1, hidden+1)
		for i := range same {
			same[i].URN.SHA1 = protocol.SHA1{42}
		}
		give(t, x, 1, 1, same[:1])
		give(t, x, 2, 2, same[1:])
		x.Gone(0, 2)
		if got, want := len(x.ByHash(protocol.SHA1{42}, 0)), maxEqual-hidden; got != want {
			t.Errorf("%d hidden ones: %d found, want %d", hidden, got, want)
		}
	}
}

func TestListTable(t *testing.T) {
	x := NewLists(ListsConfig{})
	if x.Table() != nil {
		t.Error("a table of nothing")
	}
	files := songs(1, 2)
	files[0].Tags = "Café"
	give(t, x, 1, 1, files)
	table := x.Table()
	for _, w := range []string{"music", "cafe", "song", "album", files[1].URN.SHA1URN()} {
		if !table.Has(protocol.WordHash(w)) {
			t.Error("not in the table:", w)
		}
	}
	x.Gone(0, 1)
	offer(x, 0, 2, 1, files)
	if x.Table() != table {
		t.Error("made anew though nothing has changed")
	}
	give(t, x, 3, 3, []protocol.ListFile{song(7, 7)})
	if x.Table() == table || x.Table().Equal(table) {
		t.Error("the table does not follow")
	}
	x.Gone(0, 3)
	x.Expire(DefaultListKeep)
	if !x.Table().Equal(table) {
		t.Error("words of what was forgotten are there")
	}
	x.Gone(0, 2)
	x.Expire(2 * DefaultListKeep)
	if x.Table() != nil {
		t.Error("a table after all have gone")
	}
}

func TestListRefuse(t *testing.T) {
	x, f := NewLists(ListsConfig{}), follower{}
	for leaf := 1; leaf <= 3; leaf++ {
		give(t, x, uint32(leaf), leaf, songs(leaf, 1))
	}
	x.Gone(0, 2)
	doc := func(i int) search.DocID { return x.IDs()[i] }
	if link, a, ok := x.RefuseDoc(doc(0), "the index is full"); !ok || link != 1 {
		t.Error(link, ok)
	} else {
		wantRefused(t, "by a document", a, "the index is full")
	}
	if _, _, ok := x.RefuseDoc(doc(0), "the index is full"); ok || len(x.IDs()) != 1 {
		t.Error("of a kept list:", ok, x.IDs())
	}
	wantRefused(t, "by link", x.Refuse(3, "busy"), "busy")
	wantRefused(t, "of nobody", x.Refuse(4, "busy"), "busy")
	if _, _, ok := x.RefuseDoc(77, ""); ok {
		t.Error("a document of nobody")
	}
	x.Expire(0)
	wantShown(t, "all refused", x, f, nil)
	if len(f) != 0 || x.Stats().RefusedRoom != 3 || x.Stats().Bytes != 0 {
		t.Errorf("%d documents, %+v", len(f), x.Stats())
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 100_001: "100,001", 5_000_000: "5,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

// TestListParked: a leaf that has just started has no files yet. Its list is kept
// for when it has.
func TestListParked(t *testing.T) {
	x := NewLists(ListsConfig{})
	files := songs(1, 3)
	give(t, x, 1, 1, files)
	for _, link := range []uint32{1, 2} { // on the same link, and on another one
		if a := x.Offer(0, Leaf{Link: link, ID: guid(1)}, protocol.ListDigest{}, 0); a.Verdict != protocol.ListHeld || a.Digest != (protocol.ListDigest{}) {
			t.Fatalf("link %d: %+v", link, a)
		}
		if s := x.Stats(); s.Files != 0 || s.Kept != 1 {
			t.Errorf("link %d: %+v", link, s)
		}
		if a := offer(x, 0, link, 1, files); a.Verdict != protocol.ListHeld || x.Stats().Files != 3 {
			t.Errorf("link %d: %+v, %+v", link, a, x.Stats())
		}
	}
}

// TestListOfAnotherHost: who says a leaf's GUID from elsewhere hears nothing of its
// list, and does not take its place.
func TestListOfAnotherHost(t *testing.T) {
	files := songs(1, 3)
	for name, gone := range map[string]bool{"kept": true, "present": false} {
		x := NewLists(ListsConfig{})
		leaf := Leaf{Link: 1, ID: guid(1), Host: netip.MustParseAddr("10.0.0.1")}
		x.Offer(0, leaf, digestOf(files), 3)
		if a := play(x, 1, wholeOf(files)); a.Verdict != protocol.ListHeld {
			t.Fatal(name, a)
		}
		if gone {
			x.Gone(0, 1)
		}
		thief := Leaf{Link: 2, ID: guid(1), Host: netip.MustParseAddr("10.0.0.2")}
		if a := x.Offer(0, thief, protocol.ListDigest{1}, 3); a.Verdict != protocol.ListSend || a.Digest != (protocol.ListDigest{}) {
			t.Errorf("%s: garbage is answered with %+v", name, a)
		}
		if a := x.Offer(0, thief, digestOf(files), 3); a.Verdict != protocol.ListSend {
			t.Errorf("%s: its digest is answered with %+v", name, a)
		}
		if s := x.Stats(); s.Files != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestNoRoomForgetsNobody: what cannot fit costs no kept list.
func TestNoRoomForgetsNobody(t *testing.T) {
	x := NewLists(ListsConfig{MaxTotal: 10})
	give(t, x, 1, 1, songs(1, 5))
	give(t, x, 2, 2, songs(2, 5))
	x.Gone(0, 2)
	if a := x.Offer(0, Leaf{Link: 3, ID: guid(3)}, protocol.ListDigest{1}, 6); a.Verdict != protocol.ListRefused || x.Stats().Kept != 1 {
		t.Errorf("%+v, %+v", a, x.Stats())
	}
	if a := x.Offer(0, Leaf{Link: 3, ID: guid(3)}, protocol.ListDigest{1}, 5); a.Verdict != protocol.ListSend || x.Stats().Kept != 0 {
		t.Errorf("%+v, %+v", a, x.Stats())
	}
}

// TestMostKept: of the lists whose leaves have gone the oldest are forgotten past a
// limit, before their time.
func TestMostKept(t *testing.T) {
	const each = 1000
	x := NewLists(ListsConfig{})
	for leaf := 1; leaf <= leastKept/each+1; leaf++ {
		give(t, x, uint32(leaf), leaf, songs(1, each))
	}
	for leaf := 1; leaf <= leastKept/each; leaf++ {
		x.Gone(0, uint32(leaf))
	}
	x.Expire(1)
	if st := x.Stats(); st.Kept != leastKept/each || st.Leaves != 1 {
		t.Errorf("at the limit: %+v", st)
	}
	x.Gone(0, leastKept/each+1)
	x.Expire(1)
	if st := x.Stats(); st.Kept != leastKept/each || st.Leaves != 0 {
		t.Errorf("past the limit: %+v", st)
	}
	wantVerdict(t, "the oldest", offer(x, 1, 101, 1, songs(1, each)), protocol.ListSend, protocol.ListDigest{})
	wantVerdict(t, "the next", offer(x, 1, 102, 2, songs(1, each)), protocol.ListHeld, digestOf(songs(1, each)))
	for files, want := range map[int]int{0: leastKept, leastKept * keptShare: leastKept, leastKept*keptShare + keptShare: leastKept + 1} {
		if got := mostKept(files); got != want {
			t.Errorf("beside %d files: %d kept, want %d", files, got, want)
		}
	}
}
