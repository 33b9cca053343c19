package transfer

import (
	"errors"
	"net/netip"
	"testing"
)

func sourceAt(n int) Source {
	return Source{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 9, byte(n >> 8), byte(n)}), 6346)}
}

// TestFound: each source that a search finds is taken once, up to the limit, but not
// ourselves; one that was lost is asked again, a liar and one without the file are not.
func TestFound(t *testing.T) {
	c := NewClient(ClientConfig{IsSelf: func(a netip.AddrPort) bool { return a == sourceAt(0).Addr }})
	s := &swarm{client: c, log: c.cfg.Log, wake: make(chan struct{}, 1)}
	s.addFound(sourceAt(0))
	for n := 1; n <= maxSources; n++ {
		s.addFound(sourceAt(n))
		s.addFound(sourceAt(n))
		if len(s.all) != n {
			t.Fatalf("%d sources after %d were found", len(s.all), n)
		}
	}
	if s.addFound(sourceAt(maxSources + 1)); len(s.all) != maxSources {
		t.Fatalf("one past the limit: %d", len(s.all))
	}
	lost, absent, liar := s.all[0], s.all[1], s.all[2]
	for range 2 {
		s.note(lost, errors.New("connection refused"))
		s.note(absent, fault(errNotFound))
		s.note(liar, errors.New("reset"))
		liar.liar = true
		for n := 1; n <= 3; n++ {
			s.addFound(sourceAt(n))
		}
		if lost.out || !absent.out || !liar.out || lost.tries != 0 {
			t.Errorf("lost: out %v, %d tries; absent: %v; liar: %v", lost.out, lost.tries, absent.out, liar.out)
		}
	}
	s.note(lost, errors.New("connection refused"))
	s.addFound(sourceAt(1))
	s.note(lost, fault(errNotFound)) // it is there, and has it no more
	if s.addFound(sourceAt(1)); !lost.out {
		t.Error("one that was lost once is asked for ever")
	}
}
