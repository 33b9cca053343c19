package reach

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
)

// TestMeet: two that know a token find each other, though one was told a wrong address
// beside none, and learns the right one from where checks come.
func TestMeet(t *testing.T) {
	a, atA, _ := known(t)
	b, atB, _ := known(t)
	_, nobody, _ := known(t)
	token := stun.Token{1}
	asks, err := a.Meet(token, stun.Asking, protocol.GUID{})
	if err != nil {
		t.Fatal(err)
	}
	defer asks.End()
	asked, err := b.Meet(token, stun.Asked, protocol.GUID{})
	if err != nil {
		t.Fatal(err)
	}
	defer asked.End()
	type result struct {
		at  netip.AddrPort
		err error
	}
	there := make(chan result)
	go func() {
		at, err := asked.Open(t.Context(), []netip.AddrPort{atA})
		there <- result{at, err}
	}()
	if at, err := asks.Open(t.Context(), []netip.AddrPort{nobody}); err != nil || at != atB {
		t.Errorf("%v, %v: want %v", at, err, atB)
	}
	if r := <-there; r.err != nil || r.at != atA {
		t.Errorf("%v, %v: want %v", r.at, r.err, atA)
	}
	if got := a.Stats().StrayChecks + b.Stats().StrayChecks; got != 0 {
		t.Errorf("%d stray checks", got)
	}
}

// TestMeetForged: who does not know the token is answered by nothing, and what a peer
// sends back, as its own checks, is no answer.
func TestMeetForged(t *testing.T) {
	a, atA, _ := known(t)
	b, atB, _ := known(t)
	m, err := a.Meet(stun.Token{1}, stun.Asking, protocol.GUID{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.End()
	for _, forged := range [][]byte{
		stun.NewCheck(stun.ID{1}, stun.Token{2}, stun.Asked, false), // another meeting
		stun.NewCheck(stun.ID{1}, stun.Token{1}, stun.Asking, false),
		stun.NewCheck(stun.ID{1}, stun.Token{1}, stun.Asking, true), // our own
		stun.NewCheck(stun.ID{1}, stun.Token{1}, stun.Asked, true),  // to what nobody asked
	} {
		b.Send(atA, forged)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if at, err := m.Open(ctx, []netip.AddrPort{atB}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", at, err)
	}
	if s := a.Stats(); s.StrayChecks != 3 || s.Out > 4 {
		t.Errorf("%+v", s)
	}
}

// TestMeetLimit: at the limit of meetings one more is refused, until one has ended.
func TestMeetLimit(t *testing.T) {
	a, _, _ := known(t)
	var last *Meeting
	for i := range byte(maxMeetings) {
		if i == maxMeetings-keptMeetings {
			if _, err := a.Meet(stun.Token{i}, stun.Asked, protocol.GUID{}); !errors.Is(err, ErrMeetings) {
				t.Error("others take all:", err)
			}
		}
		side := stun.Asked
		if i >= maxMeetings-keptMeetings {
			side = stun.Asking
		}
		m, err := a.Meet(stun.Token{i}, side, protocol.GUID{})
		if err != nil {
			t.Fatal(err)
		}
		last = m
	}
	if _, err := a.Meet(stun.Token{255}, stun.Asking, protocol.GUID{}); !errors.Is(err, ErrMeetings) {
		t.Error(err)
	}
	last.End()
	m, err := a.Meet(stun.Token{255}, stun.Asking, protocol.GUID{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Meet(stun.Token{255}, stun.Asking, protocol.GUID{}); !errors.Is(err, ErrMeetings) {
		t.Error("twice the same:", err)
	}
	if got := a.Stats().MeetingsRefused; got != 3 {
		t.Errorf("%d counted", got)
	}
	m.End()
}

// TestMeetNobody ends in time, and says why.
func TestMeetNobody(t *testing.T) {
	a, _, _ := known(t)
	_, silent, _ := known(t)
	m, err := a.Meet(stun.Token{1}, stun.Asked, protocol.GUID{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.End()
	began := time.Now()
	if _, err := m.Open(t.Context(), []netip.AddrPort{silent}); !errors.Is(err, ErrNoMeeting) || time.Since(began) > 8*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// TestMeetManyAddresses: a peer may move, but not be admitted from ever more addresses;
// each check is answered by as many bytes.
func TestMeetManyAddresses(t *testing.T) {
	a, atA, _ := known(t)
	m, err := a.Meet(stun.Token{1}, stun.Asking, protocol.GUID{5})
	if err != nil {
		t.Fatal(err)
	}
	defer m.End()
	for i := range nat.MaxLearned + 2 {
		b, _, _ := known(t)
		b.Send(atA, stun.NewCheck(stun.ID{byte(i)}, stun.Token{1}, stun.Asked, false))
		waitFor(t, func() bool { return a.Stats().Out == uint64(i+1) })
	}
	a.streams.mu.Lock()
	defer a.streams.mu.Unlock()
	if n := len(a.streams.admit); n != nat.MaxLearned {
		t.Errorf("%d addresses are admitted", n)
	}
}

// waitFor waits until it is so.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it has not come to this in ten seconds")
		}
	}
}
