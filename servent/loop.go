package servent

import (
	"context"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

// loop owns the overlay.Node: it turns what the other goroutines send into
// events, and carries out the node's actions. Its methods run on the goroutine
// of Run only.
type loop struct {
	s     *Servent
	ctx   context.Context // of what the loop starts
	node  *overlay.Node
	wires wires
	dirty []*wire // have something to flush
	spare []*wire
	acts  []overlay.Action
	last  overlay.LinkID
	timer *time.Timer
	armed time.Time // what timer is set to
	pool  blocks    // what the wires' queues are made of

	searches    map[protocol.GUID]*userSearch
	pushes      map[protocol.GUID]chan error  // answers to UserPush, by servent
	heads       map[protocol.GUID]chan []byte // answers to UserHead
	invitations map[stun.Token]*invitation
	hostings    map[stun.Name]*hosting              // by the name of who asked
	cuts        map[overlay.LinkID]*library.ListCut // of our list, on their way to supernodes
	edge        edgeStats
	lost        time.Time // when a link has ended last
	seeds       seeds
	boot        bootstrap
	callers     int // connections that are being made because somebody asked for one
}

// edgeStats counts what happens outside the core.
type edgeStats struct {
	unknownSpeech, connectBacks, badHandshakes, searchesDropped, hitsDropped, unwantedGIVs uint64
	inboxFull, dialBacksFailed                                                             uint64
	connectBacksDropped, unwantedMeets, unwantedQueueCalls                                 uint64
}

func newLoop(ctx context.Context, s *Servent, node *overlay.Node) *loop {
	return &loop{
		s: s, ctx: ctx, node: node,
		wires:       wires{byID: map[overlay.LinkID]*wire{}},
		searches:    map[protocol.GUID]*userSearch{},
		pushes:      map[protocol.GUID]chan error{},
		heads:       map[protocol.GUID]chan []byte{},
		invitations: map[stun.Token]*invitation{},
		hostings:    map[stun.Name]*hosting{},
		cuts:        map[overlay.LinkID]*library.ListCut{},
		timer:       time.NewTimer(0),
		seeds:       newSeeds(s.seeds),
		boot:        newBootstrap(&s.cfg),
	}
}

// run serves until ctx ends.
func (l *loop) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case f := <-l.s.calls:
			f(l)
		case b := <-l.s.batches:
			l.received(b)
		case d := <-l.s.udp.Messages():
			l.step(overlay.Datagram{From: d.From, Msg: d.Msg})
		case w := <-l.s.reports:
			l.sent(w)
		case now := <-l.timer.C:
			l.armed = time.Time{}
			l.do(l.node.Expire(now, l.acts[:0]))
			l.wires.forget(now)
		}
		l.settle()
	}
}

// leave closes every link with a Bye, within closeLinger.
func (l *loop) leave() {
	l.do(l.node.Leave(time.Now(), l.acts[:0]))
	l.settle()
	limit := time.After(2 * closeLinger)
	for len(l.wires.order) > 0 {
		select {
		case b := <-l.s.batches:
			l.received(b)
		case w := <-l.s.reports:
			l.sent(w)
		case <-limit:
			l.abandon()
		}
		l.settle()
	}
}

// abandon ends the links whose peers do not take our goodbye.
func (l *loop) abandon() {
	for len(l.wires.order) > 0 {
		l.finish(l.wires.order[0], "servent stops")
	}
}

// settle gives what was queued to the writers and arms the timer.
func (l *loop) settle() {
	for len(l.dirty) > 0 {
		dirty := l.dirty
		l.dirty = l.spare[:0] // flushing may end links, and that touches others
		for _, w := range dirty {
			w.dirty = false
			l.flush(w)
		}
		l.spare = dirty
	}
	at, ok := l.node.Deadline()
	switch {
	case !ok:
		l.timer.Stop()
	case !at.Equal(l.armed):
		l.timer.Reset(time.Until(at))
	}
	l.armed = at
}

// step tells the node what happened and does what it asks.
func (l *loop) step(ev overlay.Event) {
	l.do(l.node.Step(time.Now(), ev, l.acts[:0]))
}

// received feeds a batch to the node, message by message.
func (l *loop) received(b batch) {
	w := b.wire
	now := time.Now()
	l.node.Prefetch(b.data)
	for data := b.data; len(data) >= protocol.HeaderSize && !w.gone && !w.closing; {
		h, err := protocol.ParseHeader(data)
		if err != nil {
			break
		}
		size := protocol.HeaderSize + int(h.Size)
		l.do(l.node.Step(now, overlay.Received{Link: w.id, Msg: data[:size:size]}, l.acts[:0]))
		data = data[size:]
	}
	w.taken <- struct{}{}
	if b.err == nil || w.gone {
		return
	}
	if _, peerFault := asProtocolError(b.err); peerFault && !w.closing {
		l.do(l.node.Step(now, overlay.Malformed{Link: w.id, Err: b.err}, l.acts[:0]))
		return
	}
	l.finish(w, "connection ended")
}

// sent takes a writer's report.
func (l *loop) sent(r written) {
	w := r.wire
	w.busy = false
	if w.gone {
		return
	}
	if r.err != nil {
		l.finish(w, "write: "+r.err.Error())
		return
	}
	w.spare, w.wrote = r.queue, time.Now()
	l.do(l.node.Step(time.Now(), overlay.Sent{Link: w.id, Bytes: r.bytes}, l.acts[:0]))
	l.touch(w)
}

// touch notes that w may have something to flush.
func (l *loop) touch(w *wire) {
	if !w.dirty {
		w.dirty = true
		l.dirty = append(l.dirty, w)
	}
}

func (l *loop) flush(w *wire) {
	switch {
	case w.gone || w.busy:
	case len(w.pending) > 0:
		w.busy = true
		q := w.pending
		l.s.wg.Go(func() { w.flush(q, &l.pool, l.s.reports, l.s.done) })
		w.pending, w.spare = w.spare, nil
	case w.closing:
		l.finish(w, w.reason)
	}
}

// finish ends a wire for good.
func (l *loop) finish(w *wire, why string) {
	if w.gone {
		return
	}
	w.gone = true
	if w.linger != nil {
		w.linger.Stop()
	}
	l.wires.remove(w)
	delete(l.cuts, w.id)
	if w.listed {
		l.s.leaves.Gone(uint32(w.id))
	}
	l.s.untrack(w.conn)
	l.s.linksPerIP.give(w.peer.Addr)
	w.conn.Close()
	l.s.log.WithFields(logrus.Fields{"component": "link", "addr": w.peer.Addr, "reason": quote(why)}).Debug("link closed")
	if w.told {
		l.lost = time.Now()
		l.s.emit(Event{Event: "peer_down", Peer: peerOf(w.peer)})
	}
	l.step(overlay.PeerDown{Link: w.id})
}

// do carries out actions, in order. What it does never calls the node: the
// actions stand in the one slice that step uses again.
func (l *loop) do(acts []overlay.Action) {
	l.acts = acts[:0]
	for i := range acts {
		a := &acts[i]
		switch a.Op {
		case overlay.OpSend:
			if w := l.wires.find(a.Link); w != nil && !w.closing {
				w.pending.add(a, &l.pool)
				l.touch(w)
			}
		case overlay.OpClose:
			l.close(a.Link, a.Text)
		default:
			l.edgeAction(a)
		}
	}
}

// edgeAction does what is not about a link.
func (l *loop) edgeAction(a *overlay.Action) {
	switch a.Op {
	case overlay.OpDial:
		addr := a.Addr
		l.s.wg.Go(func() { l.s.dialLink(l.ctx, addr) })
	case overlay.OpSearch:
		l.search(a)
	case overlay.OpHit:
		l.hit(a)
	case overlay.OpDialBack:
		addr, index := a.Addr, a.Index
		l.s.wg.Go(func() { l.s.dialBack(l.ctx, addr, index) })
	case overlay.OpMeet:
		l.meet(a.Meet)
	case overlay.OpPushFailed:
		l.pushed(a.ID, errNoRoute)
	case overlay.OpDatagram:
		l.datagram(a)
	case overlay.OpConnectBack:
		l.connectBack(a.Addr)
	case overlay.OpCall:
		l.call(a.Addr, a.ID)
	case overlay.OpHead:
		l.head(a)
	case overlay.OpHeadPong:
		l.headPong(a)
	case overlay.OpListCut:
		l.cutList(a)
	case overlay.OpListOffer:
		l.offerList(a)
	case overlay.OpListPart:
		l.takeList(a)
	case overlay.OpListGone:
		l.s.leaves.Gone(uint32(a.Link))
	case overlay.OpHosts:
		l.boot.cacheAnswered(a)
	case overlay.OpEcho:
		l.s.echoed(a.Addr, a.Text)
	case overlay.OpUnmapped:
		if l.s.mapper != nil {
			l.s.mapper.Deny(nat.Transport(a.Index))
		}
	case overlay.OpRole:
		l.roleChanged(a.Text)
	}
}

// close ends a link once what is queued has been written.
func (l *loop) close(id overlay.LinkID, why string) {
	w := l.wires.find(id)
	if w == nil || w.closing {
		return
	}
	w.closing, w.reason = true, why
	w.linger = time.AfterFunc(closeLinger, func() { w.conn.Close() })
	l.touch(w)
}

// admit asks the node about a peer and gives the link its id.
func (l *loop) admit(p overlay.Peer) (overlay.LinkID, overlay.Verdict) {
	if !l.s.linksPerIP.take(p.Addr) {
		return 0, overlay.Verdict{Code: 503, Text: "Too many links from your address"}
	}
	l.last++
	v := l.node.Admit(l.last, p)
	if v.Code != 200 {
		l.s.linksPerIP.give(p.Addr)
	}
	return l.last, v
}

// withdraw takes back what admit gave to a link that has not come up.
func (l *loop) withdraw(id overlay.LinkID, p overlay.Peer) {
	l.s.linksPerIP.give(p.Addr)
	l.step(overlay.PeerDown{Link: id})
}

// attach makes a link of a connection whose handshake is done.
func (l *loop) attach(w *wire) {
	w.taken = make(chan struct{}, 1)
	l.wires.add(w)
	l.seeds.failed(w.peer.Addr, nil)
	l.s.log.WithFields(logrus.Fields{"component": "link", "addr": w.peer.Addr, "role": w.peer.Role}).Debug("link up")
	l.s.wg.Go(func() {
		w.read(l.s.batches, l.s.done)
		if in, ok := w.in.(*inflater); ok {
			in.close()
		}
	})
	l.step(overlay.PeerUp{Link: w.id, Peer: w.peer})
	if !w.closing { // the node may keep another link to the same servent
		w.told = true
		l.s.emit(Event{Event: "peer_up", Peer: peerOf(w.peer)})
	}
	select {
	case l.s.linked <- struct{}{}:
	default: // it was not the first
	}
}

// refused tells the node that a dial came to nothing.
func (l *loop) refused(failed overlay.DialFailed, err error) {
	l.seeds.failed(failed.Addr, err)
	if failed.Code != 0 && !failed.Own {
		l.boot.refused(len(failed.Try))
	}
	l.step(failed)
}
