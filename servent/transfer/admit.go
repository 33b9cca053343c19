package transfer

import (
	crand "crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// admit takes a slot for an upload, which release gives back; or it tells the
// client where it stands in the queue, and returns nil.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, u upload) *lane {
	before, _ := protocol.ParseQueuePlace(r.Header.Get(protocol.HeaderQueued)) // who has no ID has none
	var v turn
	s.withQueue(func(now time.Time) { v = s.queue.ask(now, u, before.ID) })
	if v.lane != nil {
		s.active.Add(1)
		return v.lane
	}
	s.busySlots.Add(1)
	h := w.Header()
	if v.place.Position > 0 {
		switch queueVersion(r) {
		case protocol.QueueLegacy:
			h.Set(protocol.HeaderQueue, v.place.Legacy())
		case protocol.QueuePARQ:
			h.Set(protocol.HeaderQueued, v.place.PARQ())
		}
	}
	if v.retry >= s.cfg.IdleTimeout {
		h.Set("Connection", "close") // it would be closed before it is asked again
	}
	if v.place.Position > 0 && wantsPage(r) {
		s.waitingPage(w, r, v)
		return nil
	}
	if queueVersion(r) != protocol.QueueNone {
		// gtk-gnutella leaves the text on the connection, and takes it for the next
		// answer: so there is none for whoever knows queues.
		s.retryAfter(w, v.retry)
		w.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	s.later(w, v.retry, "all upload slots are taken")
	return nil
}

// waitingPage shows to a person where he stands; his browser asks again by
// itself, and so keeps the place.
func (s *Server) waitingPage(w http.ResponseWriter, r *http.Request, v turn) {
	seconds := strconv.Itoa(int(v.retry / time.Second))
	w.Header().Set("Retry-After", seconds)
	w.Header().Set("Refresh", seconds)
	s.sendPage(w, r, http.StatusServiceUnavailable, pageData{Waiting: fmt.Sprintf(
		"You are number %d of %d who wait for a file. This page asks again in %s seconds: leave it open.",
		v.place.Position, v.place.Length, seconds)})
}

// release gives back what admit took, after a piece went out.
func (s *Server) release(u upload, sent piece) {
	s.active.Add(-1)
	s.withQueue(func(now time.Time) { s.queue.done(now, u, sent) })
}

// withQueue does something to the queue. Those whose turn has come are told then, and
// again when another's may have come by waiting alone.
func (s *Server) withQueue(do func(now time.Time)) {
	s.mu.Lock()
	now := time.Now()
	do(now)
	var calls []QueueCall
	if s.cfg.OnTurn != nil && !s.closed {
		calls = s.queue.calls(now)
		s.setAlarm(now)
	}
	s.mu.Unlock()
	for _, c := range calls {
		s.cfg.OnTurn(c)
	}
}

// setAlarm sees to it that turns that come later are told; s.mu is held.
func (s *Server) setAlarm(now time.Time) {
	at, ok := s.queue.next()
	switch {
	case !ok:
	case s.alarm == nil:
		s.alarm = time.AfterFunc(at.Sub(now)+time.Millisecond, func() { s.withQueue(func(time.Time) {}) })
	default:
		s.alarm.Reset(at.Sub(now) + time.Millisecond)
	}
}

// callOf says how a client that waits can be told that its turn has come: at the address
// that it asks from, where X-Node says that it listens there.
func callOf(r *http.Request) QueueCall {
	from := remoteAddr(r)
	for _, node := range protocol.ParseAlternates(r.Header.Get(protocol.HeaderNode)) {
		if node.Addr() == from && node.Port() != 0 {
			c := QueueCall{To: node}
			if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
				c.From = addrOfConn(local).Addr()
			}
			return c
		}
	}
	return QueueCall{}
}

func (s *Server) queueStats() queueCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.stats(time.Now())
}

// later asks a client to come again.
func (s *Server) later(w http.ResponseWriter, after time.Duration, why string) {
	s.retryAfter(w, after)
	http.Error(w, why, http.StatusServiceUnavailable)
}

func (s *Server) retryAfter(w http.ResponseWriter, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(max(after, time.Second)/time.Second)))
}

// queueVersion returns which form of queue a client knows: who asks again with
// an ID, or says queue/1.0 among its features, knows the newer one.
func queueVersion(r *http.Request) protocol.QueueVersion {
	if p, err := protocol.ParseQueuePlace(r.Header.Get(protocol.HeaderQueued)); err == nil && p.ID != "" {
		return protocol.QueuePARQ
	}
	version, _ := featureOf(r.Header, "queue")
	return max(protocol.ParseQueueVersion(r.Header.Get(protocol.HeaderQueue)), protocol.ParseQueueVersion(version))
}

// featureOf returns the version of a feature that a client names in X-Features.
func featureOf(h http.Header, feature string) (version string, ok bool) {
	for f := range strings.SplitSeq(h.Get("X-Features"), ",") {
		if name, version, _ := strings.Cut(strings.TrimSpace(f), "/"); strings.EqualFold(name, feature) {
			return version, true
		}
	}
	return "", false
}

// newQueueID returns an ID that nobody guesses.
func newQueueID() string {
	var id [16]byte
	_, _ = crand.Read(id[:]) // never fails: see crypto/rand
	return hex.EncodeToString(id[:])
}
