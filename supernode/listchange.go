package supernode

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// fault says why a list is not taken any further.
type fault struct {
	why    refusal
	reason string
}

// Part takes one part of the list that the leaf on link was asked for. The answer
// is ListMore; after the last part, ListHeld, or where that leads to another list
// than it says, ListSend with digest zero at first, so that all comes once more; and
// ListRefused, after which nothing is held, for what cannot be taken.
func (x *Lists) Part(_ time.Duration, link uint32, p protocol.ListPart) protocol.ListAnswer {
	x.stats.PartBytes += uint64(len(p.Deflated))
	l := x.byLink[link]
	if l == nil || l.change == nil {
		return x.refuse(l, refusedOrder, "a part of a list that was not asked for")
	}
	if p.First == l.change.begun {
		return x.refuse(l, refusedOrder, "parts of a list out of their order")
	}
	body, err := p.Body()
	if err != nil {
		return x.refuse(l, refusedMalformed, err.Error())
	}
	if p.First {
		l.begin(p.Whole)
	}
	left := l.change.left
	f := x.apply(l, body)
	x.fade(left - l.change.left) // no slower than others are filled
	if f != nil {
		return x.refuse(l, f.why, f.reason)
	}
	if p.Last {
		return x.finish(l, p)
	}
	return protocol.ListAnswer{Verdict: protocol.ListMore, Digest: l.digest}
}

// begin begins the change that was asked for; the leaf may make it a whole list.
func (l *list) begin(whole bool) {
	l.change.begun = true
	if l.change.whole = l.change.whole || whole; l.change.whole {
		l.change.seen = make([]bool, len(l.slots))
	}
}

// apply makes the changes of a part's body.
func (x *Lists) apply(l *list, body []byte) *fault {
	for c, err := range protocol.ListChanges(body) {
		if err != nil {
			return &fault{refusedMalformed, err.Error()}
		}
		if l.change.left--; l.change.left < 0 {
			return &fault{refusedFiles, "more changes than the two lists have files"}
		}
		if c.Record == nil {
			x.takeOut(l, c.Index)
			continue
		}
		if f := x.put(l, c.Record); f != nil {
			return f
		}
	}
	return nil
}

// put brings a file into l, in the place of an older one of its index.
func (x *Lists) put(l *list, record []byte) *fault {
	f, err := protocol.ParseListFile(record)
	if err == nil && (f.Path == "" || strings.HasSuffix(f.Path, "/")) {
		err = errors.New("list record: a file without a name")
	}
	if err != nil {
		return &fault{refusedMalformed, err.Error()}
	}
	n, had := l.places[f.Index]
	if had && bytes.Equal(l.record(n), record) {
		l.change.saw(n)
		return nil
	}
	if !x.makeRoom(1, int64(len(record))) || l.full(len(record)) {
		return &fault{refusedRoom, x.noRoom()}
	}
	if !had && len(l.places) >= 2*x.cfg.MaxFiles {
		return &fault{refusedFiles, x.tooMany(len(l.places) + 1)}
	}
	before := l.bytes()
	if had {
		x.uncount(l, n)
		l.drop(n)
	} else {
		n = l.take()
		l.places[f.Index] = n
		x.files++
	}
	l.store(n, record)
	l.change.saw(n)
	x.bytes += l.bytes() - before
	x.count(l, n, &f)
	x.tell(l.doc(n))
	return nil
}

// saw notes that a file is in the list that is sent whole.
func (c *change) saw(n uint32) {
	if int(n) < len(c.seen) {
		c.seen[n] = true
	}
}

// takeOut takes a file out of l. One that is not there is counted: the digest will
// tell whether that matters.
func (x *Lists) takeOut(l *list, index uint32) {
	n, ok := l.places[index]
	if !ok {
		x.stats.Absent++
		return
	}
	delete(l.places, index)
	before := l.bytes()
	x.uncount(l, n)
	l.drop(n)
	l.give(n)
	x.files--
	x.bytes += l.bytes() - before
	x.tell(l.doc(n))
}

// finish ends the change of l.
func (x *Lists) finish(l *list, p protocol.ListPart) protocol.ListAnswer {
	c := l.change
	for n, seen := range c.seen {
		if !seen && l.slots[n].size > 0 {
			x.takeOut(l, l.file(uint32(n)).Index)
		}
	}
	switch files := len(l.places); {
	case files > x.cfg.MaxFiles:
		return x.refuse(l, refusedFiles, x.tooMany(files))
	case l.digest != p.Digest || files != int(p.Files):
		if c.again {
			return x.refuse(l, refusedDigest, "what was sent, twice, is not the list that its digest names")
		}
		return x.ask(l, true)
	}
	if c.whole {
		x.stats.Whole++
	} else {
		x.stats.Changes++
	}
	before := l.bytes()
	l.fit()
	x.bytes += l.bytes() - before
	l.whole, l.change = true, nil
	return protocol.ListAnswer{Verdict: protocol.ListHeld, Digest: l.digest}
}
