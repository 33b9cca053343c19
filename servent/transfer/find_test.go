package transfer

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
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

// TestCalledBack: only the host that told a place may call for it, while nobody asks it.
func TestCalledBack(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	at := func(a netip.AddrPort) net.Conn { return farConn{here, net.TCPAddrFromAddrPort(a)} }
	c := NewClient(ClientConfig{})
	s := &swarm{client: c, wake: make(chan struct{}, 1)}
	waits := &candidate{Source: sourceAt(1), key: keyOf(sourceAt(1)), notBefore: time.Now().Add(time.Hour)}
	waits.place = protocol.QueuePlace{Position: 2, ID: "abc"}
	s.all = []*candidate{{Source: sourceAt(2), key: keyOf(sourceAt(2))}, waits}
	defer c.enter(s)()
	host := netip.AddrPortFrom(sourceAt(1).Addr.Addr(), 999)
	if c.CalledBack(at(sourceAt(2).Addr), "abc") || c.CalledBack(at(host), "abd") {
		t.Error("a stranger's call, or one for another place, is taken")
	}
	for _, state := range []*bool{&waits.running, &waits.out} {
		if *state = true; c.CalledBack(at(host), "abc") {
			t.Error("a call to who does not wait is taken")
		}
		*state = false
	}
	if !c.CalledBack(at(host), "abc") || !waits.notBefore.IsZero() || c.park.take(waits.key) == nil {
		t.Error("the call is not taken")
	}
}

// farConn is a connection with somebody elsewhere.
type farConn struct {
	net.Conn
	addr net.Addr
}

func (f farConn) RemoteAddr() net.Addr { return f.addr }

// FuzzQueueCall reads lines of servers that call back.
func FuzzQueueCall(f *testing.F) {
	f.Add([]byte("QUEUE 0123456789abcdef0123456789abcdef 1.2.3.4:6346\r\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		id, err := ParseQueueCall(line)
		if err == nil && (id == "" || len(id) > maxQueueID || strings.Contains(id, " ")) {
			t.Errorf("%q is the ID in %q", id, line)
		}
	})
}
