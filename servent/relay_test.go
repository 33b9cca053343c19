package servent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/nat/stun"
)

// side joins a relay and returns the end that the relay does not have.
func side(t *testing.T, r *relay, token byte, of stun.Side, linked bool) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _ = near.Close() })
	go serve(t.Context(), r, stun.Token{token}.Name(of), &relaySide{conn: peek(far), linked: linked, other: make(chan *peeked, 1)})
	synctest.Wait()
	return near
}

// serve does with a side what a servent does.
func serve(ctx context.Context, r *relay, name stun.Name, s *relaySide) {
	if other := r.join(ctx, name, s); other != nil {
		r.relay(ctx, s, other)
	}
}

// ended says whether a connection has been closed by its other end.
func ended(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe)
}

// TestRelayPair: what one side says the other hears, no faster than the rate, until one
// of them ends it.
func TestRelayPair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(100_000)
		a, b := side(t, r, 1, stun.Asking, true), side(t, r, 1, stun.Asked, false)
		const size = 500_000
		go func() {
			_, _ = a.Write(make([]byte, size))
			_, _ = io.WriteString(a, "and back")
		}()
		began := time.Now()
		if _, err := io.ReadFull(b, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 3*time.Second || took > 6*time.Second {
			t.Errorf("500 kB at 100 kB/s took %v", took)
		}
		if _, err := io.ReadFull(b, make([]byte, len("and back"))); err != nil {
			t.Error(err)
		}
		go func() { _, _ = io.WriteString(b, "yes") }()
		if _, err := io.ReadFull(a, make([]byte, 3)); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if i := r.info(); i.Active != 1 || i.Pairs != 1 || i.Bytes != size+11 || i.Rate != 100_000 {
			t.Errorf("%+v", i)
		}
		_ = a.Close()
		synctest.Wait()
		if !ended(b) || r.info().Active != 0 {
			t.Errorf("goes on: %+v", r.info())
		}
	})
}

// TestRelaySilence: a pair between which nothing passes is given up.
func TestRelaySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(1)
		a, b := side(t, r, 1, stun.Asking, true), side(t, r, 1, stun.Asked, true)
		time.Sleep(relayIdle + time.Second)
		synctest.Wait()
		if !ended(a) || !ended(b) || r.info().Active != 0 {
			t.Errorf("%+v", r.info())
		}
	})
}

// TestRelayRefuses: who offers nothing, knows neither side, is asked twice for the same
// side, or is left alone closes the connection, and counts it.
func TestRelayRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if r := newRelay(0); !ended(side(t, r, 1, stun.Asking, true)) || r.info().Refused != 1 {
			t.Error("relays without an offer")
		}
		r := newRelay(1000)
		stranger := side(t, r, 1, stun.Asking, false)
		if !ended(side(t, r, 1, stun.Asked, false)) {
			t.Error("relays for strangers")
		}
		if !ended(side(t, r, 1, stun.Asking, true)) {
			t.Error("one side may come twice")
		}
		if i := r.info(); i.Refused != 2 || i.Active != 0 {
			t.Errorf("%+v", i)
		}
		if ended(stranger) {
			t.Error("who waits was sent away")
		}
		time.Sleep(relayWait)
		synctest.Wait()
		if !ended(stranger) || r.info().Lonely != 1 || len(r.waiting) != 0 {
			t.Errorf("waits for ever: %+v", r.info())
		}
	})
}

// TestRelayLimits: one more than may wait, and one pair more than is relayed, are refused.
func TestRelayLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(1000)
		for i := range MaxRelays + 1 {
			side(t, r, byte(i), stun.Asking, true)
			if other := side(t, r, byte(i), stun.Asked, true); ended(other) != (i == MaxRelays) {
				t.Errorf("pair %d of %d", i+1, MaxRelays)
			}
		}
		for i := len(r.waiting); i <= maxRelayWaits/2; i++ {
			if c := side(t, r, byte(50+i), stun.Asking, false); ended(c) != (i == maxRelayWaits/2) {
				t.Errorf("the %dth stranger of %d that wait", i+1, maxRelayWaits/2)
			}
		}
		for i := len(r.waiting); i <= maxRelayWaits; i++ {
			if c := side(t, r, byte(100+i), stun.Asking, true); ended(c) != (i == maxRelayWaits) {
				t.Errorf("the %dth of %d that wait", i+1, maxRelayWaits)
			}
		}
		if i := r.info(); i.Active != MaxRelays || i.Refused != 3 {
			t.Errorf("%+v", i)
		}
	})
}

// TestRelayMakesRoom: where there is no room, of those between which nothing passes the
// one that is silent for the longest time is given up; none that was used just now.
func TestRelayMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(1 << 20)
		var asking, asked []net.Conn
		pair := func() (refused bool) {
			n := byte(len(asking))
			asking = append(asking, side(t, r, n, stun.Asking, true))
			asked = append(asked, side(t, r, n, stun.Asked, true))
			return ended(asked[n])
		}
		for range MaxRelays {
			pair()
			time.Sleep(time.Millisecond)
		}
		use := func(i int) {
			t.Helper()
			go func() { _, _ = io.WriteString(asking[i], "x") }()
			_ = asked[i].SetReadDeadline(time.Time{}) // ended has set one
			if _, err := io.ReadFull(asked[i], make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(relaySpare - 100*time.Millisecond)
		if !pair() {
			t.Error("a pair is given up too soon")
		}
		use(0)
		time.Sleep(100 * time.Millisecond)
		if pair() || !ended(asking[1]) || !ended(asked[1]) {
			t.Error("no room is made, or not that of the pair that is silent for the longest time")
		}
		use(0)
		if i := r.info(); i.Active != MaxRelays || i.Refused != 1 {
			t.Errorf("%+v", i)
		}
	})
}

// TestRelayEnds: at its end a servent waits for no pair.
func TestRelayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(1000)
		ctx, cancel := context.WithCancel(t.Context())
		for _, of := range []stun.Side{stun.Asking, stun.Asked} {
			near, far := net.Pipe()
			defer near.Close()
			go serve(ctx, r, stun.Token{}.Name(of), &relaySide{conn: peek(far), linked: true, other: make(chan *peeked, 1)})
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		if r.info().Active != 0 {
			t.Error("goes on")
		}
	})
}

// TestRelayOpening: what is no proper opening of a meeting or a relay is closed and counted.
func TestRelayOpening(t *testing.T) {
	for _, first := range []string{
		relayMark + "x\n\n", relayMark + fmt.Sprintf("%018d", 0) + "\n\n", meetMark + "0\n\n", meetMark + stun.Token{}.Name(stun.Asking).String() + "\n\n",
		meetMark + stun.Token{}.Name(stun.Asking).String() + "00\n\n",
	} {
		inBubble(t, func(t *testing.T, h *host) {
			c := h.pipes.knock()
			go func() { _, _ = io.WriteString(c, first) }()
			if took, _ := untilClosed(c); took != 0 {
				t.Errorf("%q: closed after %v", first, took)
			}
			if e := h.Status().Edge; e.UnknownSpeech+e.UnwantedMeets != 1 {
				t.Errorf("%q: %+v", first, e)
			}
		})
	}
}

// TestRelayIsSettled: a pair that is relayed for takes no place of those that have just
// connected.
func TestRelayIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{RelayRate: 1000})
		defer h.stop()
		const peer = "5.9.0.1:1"
		defer h.pipes.knockFrom(peer).Close()
		link := h.pipes.knockFrom(peer)
		defer link.Close()
		linkOver(t, link)
		var ends []net.Conn
		for _, of := range []stun.Side{stun.Asking, stun.Asked} {
			c := h.pipes.knockFrom(peer)
			defer c.Close()
			if _, err := io.WriteString(c, relayMark+stun.Token{1}.Name(of).String()+"\n\n"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			ends = append(ends, c)
		}
		h.mu.Lock()
		pending := h.pending
		h.mu.Unlock()
		if i := h.relays.info(); i.Active != 1 || pending != 1 {
			t.Errorf("%d connections are pending, of %+v: want one, which says nothing", pending, i)
		}
		go func() { _, _ = io.WriteString(ends[0], "over") }()
		if _, err := io.ReadFull(ends[1], make([]byte, 4)); err != nil {
			t.Error(err)
		}
	})
}
