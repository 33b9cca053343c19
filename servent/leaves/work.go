package leaves

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
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
			x.tell(func() []answer { return []answer{{link, x.lists.Refuse(link, reasonOverrun)}} })
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

// signal wakes who feeds the index when there is enough for it. mu is held.
func (x *Index) signal() {
	if x.lists.Waiting() < x.cfg.Batch {
		return
	}
	select {
	case x.full <- struct{}{}:
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
		a = x.lists.Offer(now, e.link, e.id, e.offer.Digest, e.offer.Files)
	case e.part != nil:
		x.asked = max(0, x.asked-1)
		a = x.lists.Part(now, e.link, *e.part)
	default:
		x.withhold(e.link)
		x.lists.Gone(now, e.link)
		return nil
	}
	x.signal()
	if a.Verdict == protocol.ListSend || a.Verdict == protocol.ListMore {
		x.held = append(x.held, answer{e.link, a})
		return x.letGo()
	}
	return append(x.letGo(), answer{e.link, a})
}

// withhold takes back what a leaf was to be told. mu is held.
func (x *Index) withhold(link uint32) {
	x.held = slices.DeleteFunc(x.held, func(h answer) bool { return h.link == link })
}

// feed tells the index what has changed, a batch at a time or what has come in
// feedEvery, until ctx ends.
func (x *Index) feed(ctx context.Context) {
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	for {
		least := x.cfg.Batch
		select {
		case <-ctx.Done():
			return
		case <-x.full:
		case <-tick.C:
			least = 1
			x.tell(x.letGo)
		}
		for ctx.Err() == nil && x.feedBatch(least) {
			least = x.cfg.Batch
		}
	}
}

// feedBatch tells the index of one batch, unless fewer than least documents wait.
func (x *Index) feedBatch(least int) bool {
	x.mu.Lock()
	if x.lists.Waiting() < least {
		x.mu.Unlock()
		return false
	}
	put, del := x.lists.Changes(x.cfg.Batch)
	x.mu.Unlock()
	err := x.words.Apply(put, del)
	var full *search.FullError
	switch {
	case errors.As(err, &full):
		x.tell(func() []answer { return x.refuse(full.Refused) })
	case err != nil:
		x.cfg.Log.WithError(err).Warn("tell the index of leaves' files")
	}
	x.tell(x.letGo)
	return true
}

// refuse takes back the lists that did not fit into the index: their leaves send a
// route table instead. mu is held.
func (x *Index) refuse(docs []search.DocID) (out []answer) {
	for _, id := range docs {
		if link, a, ok := x.lists.RefuseDoc(id, reasonFull); ok {
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
