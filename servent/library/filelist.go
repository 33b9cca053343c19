package library

import (
	"maps"
	"slices"

	"github.com/seed282dab8e/servent/protocol"
)

// maxListLog is how many changes a list remembers. Who knows an older one gets the
// whole list.
const maxListLog = 20_000

// fileList is what a Library remembers for those that it gives its list to.
type fileList struct {
	digest protocol.ListDigest
	log    []listEvent // the last changes, the eldest first
	lost   int         // changes before those
}

// listEvent is a file that came into the list or left it.
type listEvent struct {
	before protocol.ListDigest // of the list
	index  uint32
}

// note remembers that a file comes or goes.
func (f *fileList) note(e *entry, change func(record []byte)) {
	if len(f.log) == maxListLog {
		n := maxListLog / 4
		f.log, f.lost = slices.Delete(f.log, 0, n), f.lost+n
	}
	f.log = append(f.log, listEvent{f.digest, e.index})
	change(e.listFile().Append(nil))
}

// events returns the changes from number at on; false: they are not remembered.
func (f *fileList) events(at int) ([]listEvent, bool) {
	if at < f.lost {
		return nil, false
	}
	return f.log[at-f.lost:], true
}

// since returns the number of the first change after the list of a digest; false:
// it is not remembered.
func (f *fileList) since(digest protocol.ListDigest) (at int, known bool) {
	if digest == f.digest {
		return f.lost + len(f.log), true
	}
	for i, e := range slices.Backward(f.log) {
		if e.before == digest {
			return f.lost + i, true
		}
	}
	return 0, false
}

// listFile is what supernodes are told of a file.
func (e *entry) listFile() protocol.ListFile {
	return protocol.ListFile{
		Index: e.index, Size: e.size, Created: uint64(max(0, e.mtime/1e9)), Type: uint8(e.kind),
		URN: e.urn(), Path: textOf(e.rel()), Tags: e.words,
	}
}

// ListDigest returns what stands for the list of all shared files. It takes long
// for the first time only.
func (l *Library) ListDigest() protocol.ListDigest {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.listed().digest
}

// listed returns the list, which is remembered from now on. l.mu is held.
func (l *Library) listed() *fileList {
	if l.list == nil {
		l.list = &fileList{}
		for _, e := range l.files {
			l.list.digest.Add(e.listFile().Append(nil))
		}
	}
	return l.list
}

// ListCut is the list of shared files, or what has changed in it, on its way to a
// supernode (docs/protocol.md 11). It is not safe for concurrent use.
type ListCut struct {
	l     *Library
	todo  []uint32 // indices of what has yet to be told
	at    int      // number of the first change that is not in todo
	begun bool
	whole bool
}

// CutList returns what leads from the list of a digest to what is shared now: the
// whole list, if that one is not remembered.
func (l *Library) CutList(from protocol.ListDigest) *ListCut {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.listed()
	at, known := f.since(from)
	if known && from != (protocol.ListDigest{}) {
		return &ListCut{l: l, at: at}
	}
	return &ListCut{l: l, at: f.lost + len(f.log), todo: slices.Sorted(maps.Keys(l.files)), whole: true}
}

// Next returns the next part. With the last one the list is what the library shares
// at that time.
func (c *ListCut) Next() protocol.ListPart {
	c.l.mu.RLock()
	body, last := c.fill(make([]byte, 0, protocol.MaxListBody))
	end := protocol.ListPart{Digest: c.l.list.digest, Files: uint32(len(c.l.files))}
	c.l.mu.RUnlock()
	p := protocol.NewListPart(body)
	p.First, p.Whole, c.begun = !c.begun, !c.begun && c.whole, true
	if last {
		p.Last, p.Digest, p.Files = true, end.Digest, end.Files
	}
	return p
}

// fill appends changes to body while there is room. l.mu is held.
func (c *ListCut) fill(body []byte) (_ []byte, last bool) {
	for {
		for ; len(c.todo) > 0; c.todo = c.todo[1:] {
			change := protocol.ListChange{Index: c.todo[0]}
			if e := c.l.files[c.todo[0]]; e != nil {
				change.Record = e.listFile().Append(nil)
			}
			if len(body)+len(change.Record)+maxChangeHead > protocol.MaxListBody {
				return body, false
			}
			body = change.Append(body)
		}
		// Where changes are lost the digest tells, and the whole list is asked for.
		events, known := c.l.list.events(c.at)
		if len(events) == 0 || !known {
			return body, true
		}
		c.at += len(events)
		c.todo = indicesOf(events)
	}
}

// maxChangeHead is what a change takes at most beside its record.
const maxChangeHead = 6

// indicesOf returns the files that changes are about, each once.
func indicesOf(events []listEvent) []uint32 {
	indices := make([]uint32, 0, len(events))
	for _, e := range events {
		indices = append(indices, e.index)
	}
	slices.Sort(indices)
	return slices.Compact(indices)
}
