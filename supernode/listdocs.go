package supernode

import (
	"encoding/binary"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// maxEqual is how many files of one content ByHash looks at.
const maxEqual = 4096

// at returns the list and slot of a document; nil: there is none.
func (x *Lists) at(id search.DocID) (*list, uint32) {
	l, n := x.all[uint64(id)>>slotBits], uint32(id&(1<<slotBits-1))
	if l == nil || l.fading || int(n) >= len(l.slots) || l.slots[n].size == 0 {
		return nil, 0
	}
	return l, n
}

// Doc returns a file as the index knows it, of kept lists too. It changes nothing.
func (x *Lists) Doc(id search.DocID) (search.Doc, bool) {
	l, n := x.at(id)
	if l == nil {
		return search.Doc{}, false
	}
	f := l.file(n)
	return search.Doc{ID: id, Text: textOf(&f), Size: f.Size, Type: search.MediaType(f.Type)}, true
}

// textOf is what words are taken from, for index and route table alike. The path
// ends it: that is where an extension is looked for.
func textOf(f *protocol.ListFile) string {
	if f.Tags == "" {
		return f.Path
	}
	return f.Tags + "/" + f.Path
}

// IDs returns the documents of all lists, kept ones too, ascending: all that an
// index is made of. It changes nothing.
func (x *Lists) IDs() []search.DocID {
	ids := make([]search.DocID, 0, x.files)
	for _, number := range slices.Sorted(maps.Keys(x.all)) {
		l := x.all[number]
		for n := range l.slots {
			if !l.fading && l.slots[n].size > 0 {
				ids = append(ids, l.doc(uint32(n)))
			}
		}
	}
	return ids
}

// tell notes that the index must hear of a document.
func (x *Lists) tell(id search.DocID) {
	if _, ok := x.waits[id]; !ok {
		x.waits[id] = struct{}{}
		x.waiting = append(x.waiting, id)
	}
}

// Changes returns up to most changes that the index has not been told of: documents
// as they are now, and those that are no more. A document is in one of both, once.
func (x *Lists) Changes(most int) (put []search.Doc, del []search.DocID) {
	n := min(most, len(x.waiting))
	for _, id := range x.waiting[:n] {
		delete(x.waits, id)
		if d, ok := x.Doc(id); ok {
			put = append(put, d)
		} else {
			del = append(del, id)
		}
	}
	if x.waiting = x.waiting[n:]; len(x.waiting) == 0 {
		x.waiting = nil
	}
	return put, del
}

// Waiting is how many changes the index has not been told of. It changes nothing.
func (x *Lists) Waiting() int { return len(x.waiting) }

// Link returns the link of the leaf that has a file; false: it is not there. It
// changes nothing.
func (x *Lists) Link(id search.DocID) (uint32, bool) {
	l, _ := x.at(id)
	if l == nil || !l.present {
		return 0, false
	}
	return l.link, true
}

// Reachable says whether the leaf on link can be connected to, as far as it has said.
// It changes nothing.
func (x *Lists) Reachable(link uint32) bool {
	l := x.byLink[link]
	return l != nil && !l.firewalled
}

// Present says whether the leaf that has a file is there. It changes nothing.
func (x *Lists) Present(id search.DocID) bool {
	l, _ := x.at(id)
	return l != nil && l.present
}

// File returns a file as its leaf would tell of it, and the leaf's link; false: the
// leaf is not there, or has the file no more. It changes nothing.
func (x *Lists) File(id search.DocID) (link uint32, r protocol.FileRecord, ok bool) {
	l, n := x.at(id)
	if l == nil || !l.present {
		return 0, r, false
	}
	f := l.file(n)
	folder, name := path.Split(strings.ToValidUTF8(f.Path, "\uFFFD"))
	r = protocol.FileRecord{Index: f.Index, Size: f.Size, Name: name, Path: strings.TrimSuffix(folder, "/"), URN: f.URN}
	if f.Created > 0 {
		r.Created = time.Unix(int64(f.Created), 0).UTC()
	}
	return l.link, r, true
}

// ByHash returns the present files of a content, those that came last first, at
// most limit if it is positive, of the thousands that came last. It changes nothing.
func (x *Lists) ByHash(h protocol.SHA1, limit int) []search.DocID {
	var out []search.DocID
	id := x.hashes[hashKey(h)]
	for range maxEqual {
		if id == 0 || limit > 0 && len(out) == limit {
			break
		}
		if l, n := x.at(id); l != nil && l.present && l.file(n).URN.SHA1 == h {
			out = append(out, id)
		}
		id = x.slot(id).next
	}
	return out
}

// hashKey is what content is found by. Who would have it stand for another one has
// to be a leaf, and could as well lie about the whole hash.
func hashKey(h protocol.SHA1) uint64 { return binary.LittleEndian.Uint64(h[:]) }

// slot returns that of a document in a list of equal files, which may fade.
func (x *Lists) slot(id search.DocID) *slot {
	return &x.all[uint64(id)>>slotBits].slots[id&(1<<slotBits-1)]
}

// count puts words and content of a file where they are looked for.
func (x *Lists) count(l *list, n uint32, f *protocol.ListFile) {
	x.version++
	search.AddWords(x.words, textOf(f))
	if !f.URN.HasSHA1 {
		return
	}
	x.words.AddURN(f.URN)
	key := hashKey(f.URN.SHA1)
	id, first := l.doc(n), x.hashes[key]
	if first != 0 {
		x.slot(first).prev = id
	}
	l.slots[n].hash, l.slots[n].next = true, first
	x.hashes[key] = id
}

// uncount takes back what count has done.
func (x *Lists) uncount(l *list, n uint32) {
	x.version++
	f := l.file(n)
	search.AddWords(x.words.Remove(), textOf(&f))
	s := &l.slots[n]
	if !s.hash {
		return
	}
	x.words.Remove().AddURN(f.URN)
	switch {
	case s.prev != 0:
		x.slot(s.prev).next = s.next
	case s.next != 0:
		x.hashes[hashKey(f.URN.SHA1)] = s.next
	default:
		delete(x.hashes, hashKey(f.URN.SHA1))
	}
	if s.next != 0 {
		x.slot(s.next).prev = s.prev
	}
	s.hash, s.prev, s.next = false, 0, 0
}

// Table returns the route table of all lists, kept ones too: their words and URNs.
// It is nil where there are no files, and the same one as before until a list has
// changed; nobody may write to it. It may run beside methods that change nothing,
// but not beside itself.
func (x *Lists) Table() *protocol.RouteTable {
	switch {
	case x.files == 0:
		return nil
	case x.table == nil || x.tableOf != x.version:
		x.table, x.tableOf = x.words.Fitted(), x.version
	}
	return x.table
}
