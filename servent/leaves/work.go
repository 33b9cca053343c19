package leaves

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/wordindex"
)

// Reasons to refuse a list, for people.
const (
	reasonOverrun = "this supernode is busy with the lists of others"
	reasonFull    = "no room: the index of this supernode is full"
)

// handle brings into the registry what the inbox takes in, and forgets lists in
// time, until ctx ends.
func (x *Index) handle(ctx context.Context) {
	expire := time.NewTimer(0)
	defer expire.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.inbox.wake:
		case <-expire.C:
		}
		events, lost := x.inbox.take()
		for _, e := range events {
			x.tell(func() []answer { return x.apply(e) })
		}
		for _, link := range lost {
			x.tell(func() []answer {
				x.withhold(link)
				return []answer{{link, x.lists.Refuse(link, reasonOverrun)}}
			})
		}
		if next := x.expire(); next > 0 {
			expire.Reset(next)
		}
	}
}

// expire says when it is to be called again; 0: not before there is an event.
func (x *Index) expire() time.Duration {
	now := x.cfg.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	next := x.lists.Expire(now)
	x.signal()
	if next == 0 {
		return 0
	}
	return max(next-now, time.Millisecond)
}

// signal tells who feeds the index that a batch waits for it, or some documents. mu
// is held.
func (x *Index) signal() {
	who := x.few
	switch n := x.lists.Waiting(); {
	case n == 0:
		return
	case n >= x.cfg.Batch:
		who = x.full
	}
	select {
	case who <- struct{}{}:
	default:
	}
}

// tell gives out the answers of what f does to the registry, one f after the other.
func (x *Index) tell(f func() []answer) {
	x.telling.Lock()
	defer x.telling.Unlock()
	x.mu.Lock()
	out := f()
	x.mu.Unlock()
	for _, a := range out {
		x.cfg.Answer(a.link, a.ListAnswer)
	}
}

// apply brings one event into the registry, and returns what to answer at once. mu
// is held.
func (x *Index) apply(e event) []answer {
	var a protocol.ListAnswer
	switch now := x.cfg.Now(); {
	case e.offer != nil:
		x.withhold(e.link)
		a = x.lists.Offer(now, e.offer.leaf, e.offer.digest, e.offer.files)
	case e.part != nil:
		x.asked = max(0, x.asked-1)
		a = x.lists.Part(now, e.link, *e.part)
	default:
		x.withhold(e.link)
		x.lists.Gone(now, e.link)
		return nil
	}
	x.signal()
	switch a.Verdict {
	case protocol.ListSend, protocol.ListMore:
		x.held = append(x.held, answer{e.link, a})
		return x.letGo()
	case protocol.ListHeld:
		x.whole = append(x.whole, wholeList{answer{e.link, a}, x.given + x.lists.Waiting()})
		return append(x.letGo(), x.release()...)
	}
	return append(x.letGo(), answer{e.link, a})
}

// withhold takes back what a leaf was to be told. mu is held.
func (x *Index) withhold(link uint32) {
	x.held = slices.DeleteFunc(x.held, func(h answer) bool { return h.link == link })
	x.whole = slices.DeleteFunc(x.whole, func(w wholeList) bool { return w.link == link })
}

// feed tells the index what has changed, a batch at a time or what has come in
// feedEvery, until ctx ends. After a quiet time it waits for feedSoon only.
func (x *Index) feed(ctx context.Context) {
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	var soon <-chan time.Time // nil: nothing waits
	var fed time.Time
	for {
		least := 1
		select {
		case <-ctx.Done():
			return
		case <-tick.C: // leaves that do not send what they were asked for, and an index that was made anew
			x.tell(func() []answer { return append(x.letGo(), x.release()...) })
			continue
		case <-x.few:
			if soon == nil {
				soon = time.After(max(feedSoon, feedEvery-time.Since(fed)))
			}
			continue
		case <-soon:
			soon, fed = nil, time.Now()
		case <-x.full:
			least = x.cfg.Batch
		}
		for begun := time.Now(); ctx.Err() == nil && x.feedBatch(least); {
			least = x.cfg.Batch
			if time.Since(begun) > feedEvery { // there may be no end of it
				x.found()
				begun = time.Now()
			}
		}
		x.found()
	}
}

// found tells what words there are now, and then leaves whose files the index knows
// that their lists are held.
func (x *Index) found() {
	x.mu.RLock()
	upTo := x.fed
	x.mu.RUnlock()
	if t := x.Table(); t != x.told && x.cfg.Words != nil {
		x.told = t
		x.cfg.Words(t, x.Stats().Files)
	}
	x.tell(func() []answer {
		x.findable = upTo
		x.signal() // what has come meanwhile
		return x.release()
	})
}

// release returns the answers to leaves whose lists are held and can be searched:
// none while the index is made anew, for it may have no room for them. mu is held.
func (x *Index) release() (out []answer) {
	if len(x.whole) == 0 || x.words.State() == wordindex.Rebuilding {
		return nil
	}
	x.whole = slices.DeleteFunc(x.whole, func(w wholeList) bool {
		if w.fed > x.findable {
			return false
		}
		out = append(out, w.answer)
		return true
	})
	return out
}

// feedBatch tells the index of one batch, unless fewer than least documents wait.
func (x *Index) feedBatch(least int) bool {
	x.mu.Lock()
	if x.lists.Waiting() < least {
		x.mu.Unlock()
		return false
	}
	put, del := x.lists.Changes(x.cfg.Batch)
	x.given += len(put) + len(del)
	x.mu.Unlock()
	defer x.countFed(len(put) + len(del))
	err := x.words.Apply(put, del)
	var full *search.FullError
	switch {
	case errors.As(err, &full):
		x.noRoom(full.Refused)
	case err != nil:
		x.cfg.Log.WithError(err).Warn("tell the index of leaves' files")
	}
	x.tell(x.letGo)
	return true
}

func (x *Index) countFed(docs int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.fed += docs
}

// noRoom tells the leaves whose files did not fit into the index.
func (x *Index) noRoom(docs []search.DocID) {
	x.tell(func() []answer { return x.refuse(docs) })
	x.inbox.nudge() // what was refused is taken apart
}

// refuse takes back the lists that did not fit into the index: their leaves send a
// route table instead. mu is held.
func (x *Index) refuse(docs []search.DocID) (out []answer) {
	for _, id := range docs {
		if link, a, ok := x.lists.RefuseDoc(id, reasonFull); ok {
			x.withhold(link)
			out = append(out, answer{link, a})
		}
	}
	return out
}

// letGo returns those of the answers that ask for more which there is room for, in
// the index and on the way. Leaves that do not send what they were asked for are
// waited for a while. mu is held.
func (x *Index) letGo() []answer {
	if now := x.cfg.Now(); now-x.askedSince > askedFor {
		x.asked, x.askedSince = 0, now
	}
	room := (maxWaiting - x.lists.Waiting() + partFiles - 1) / partFiles
	n := max(0, min(len(x.held), room, maxAsked-x.asked))
	out := slices.Clone(x.held[:n])
	x.held = x.held[n:]
	x.asked += n
	return out
}
