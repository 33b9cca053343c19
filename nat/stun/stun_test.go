package stun

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	pion "github.com/pion/stun/v2"

	"github.com/seed282dab8e/servent/nat"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ids are as good as random ones for a test.
func ids() func() ID {
	n := uint64(0)
	return func() (id ID) {
		n++
		binary.BigEndian.PutUint64(id[:], n)
		return id
	}
}

// TestStrangers: only who was asked can answer, and only with the right id.
func TestStrangers(t *testing.T) {
	var learned nat.Classifier
	local := ap("192.168.1.2:6346")
	c := NewClient(local, []netip.AddrPort{primary, plain}, ids(), &learned)
	to, msg, _ := c.Next(begin)
	var s Server
	a, _ := s.Answer(begin, ap("203.0.113.66:666"), msg)
	if !c.Receive(begin, plain, a.Msg) || c.Strangers != 1 {
		t.Errorf("from another server: %d strangers", c.Strangers)
	}
	forged, _ := s.Answer(begin, ap("203.0.113.66:666"), NewRequest(ID{99}, 0))
	if !c.Receive(begin, to, forged.Msg) || c.Strangers != 2 {
		t.Errorf("with another id: %d strangers", c.Strangers)
	}
	if b := learned.Behaviour(begin); b.Outside.IsValid() {
		t.Errorf("a stranger was believed: %+v", b)
	}
	if c.Receive(begin, to, NewRequest(ID{7}, 0)) {
		t.Error("a request for the server is taken for an answer")
	}
	if c.Receive(begin, to, a.Msg); learned.Behaviour(begin).Outside != ap("203.0.113.66:666") {
		t.Error("who was asked is not believed")
	}
	c.Receive(begin, to, a.Msg)
	if c.Strangers != 3 {
		t.Errorf("an answer that comes twice: %d strangers", c.Strangers)
	}
}

// TestLyingServers: what no server far away can see is not believed, nor sent to.
func TestLyingServers(t *testing.T) {
	local := ap("192.168.1.2:6346")
	for _, lie := range []string{"127.0.0.1:7000", "192.168.1.2:6346", "10.0.0.1:7000", "100.64.0.1:7000", "169.254.1.1:7000", "0.0.0.0:7000", "224.0.0.1:7000", "[::1]:7000"} {
		var learned nat.Classifier
		c := NewClient(local, []netip.AddrPort{primary}, ids(), &learned)
		_, msg, _ := c.Next(begin)
		s := Server{Other: ap(lie)}
		a, _ := s.Answer(begin, ap(lie), msg)
		c.Receive(begin, primary, a.Msg)
		if b := learned.Behaviour(begin); b.Outside.IsValid() || learned.Ignored != 1 {
			t.Errorf("%s: %+v, %d ignored", lie, b, learned.Ignored)
		}
		now := begin
		for at, more := c.Deadline(); more; at, more = c.Deadline() {
			now = at
			if to, _, ok := c.Next(now); ok && to != primary {
				t.Errorf("%s: has us send to %v", lie, to)
			}
		}
		if now.Sub(begin) > 5*time.Second {
			t.Errorf("%s: ends after %v", lie, now.Sub(begin))
		}
	}
}

// TestServerWithOneAddress has a second port only: it tells whether a router lets in who
// comes from another port, no more, and never answers from where it has no socket.
func TestServerWithOneAddress(t *testing.T) {
	port := netip.AddrPortFrom(primary.Addr(), second.Port())
	s := Server{Other: port, PortOnly: true}
	for change, want := range map[Change]bool{0: false, ChangePort: true, ChangeAddress: false, ChangePort | ChangeAddress: false} {
		a, ok := s.Answer(begin, ap("198.51.100.7:53"), NewRequest(ID{1}, change))
		_, err := ParseResponse(a.Msg)
		if !ok || a.FromPort != want || a.FromAddress || (err == nil) != (want || change == 0) {
			t.Errorf("change %d: %v, from the other port %v, address %v: %v", change, ok, a.FromPort, a.FromAddress, err)
		}
	}
	if b, ok := s.AnswerElsewhere(begin, ap("198.51.100.7:53"), NewRequest(ID{1}, 0)); !ok {
		t.Error("the second port does not answer")
	} else if r, err := ParseResponse(b); err != nil || r.Other.IsValid() {
		t.Errorf("%+v, %v", r, err)
	}
	if s.Elsewhere != 2 {
		t.Errorf("%d refused", s.Elsewhere)
	}
}

// TestServerIsNoAmplifier: an address is answered a burst, and then at a rate; answers
// are small; a client of the same burst elsewhere is served.
func TestServerIsNoAmplifier(t *testing.T) {
	s := Server{Other: second}
	victim := ap("198.51.100.7:53")
	answered := 0
	for i := range 1000 {
		victim = netip.AddrPortFrom(victim.Addr(), uint16(1000+i)) // another port is the same victim
		if a, ok := s.Answer(begin, victim, NewRequest(ID{1}, 0)); ok {
			answered++
			if len(a.Msg) > AnswerSize {
				t.Fatalf("answer of %d bytes", len(a.Msg))
			}
		}
	}
	if answered != AskerBurst || s.Limited != uint64(1000-AskerBurst) {
		t.Errorf("%d answers, %d not", answered, s.Limited)
	}
	if _, ok := s.Answer(begin, ap("198.51.100.8:53"), NewRequest(ID{1}, 0)); !ok {
		t.Error("a neighbour is not served")
	}
	later := begin.Add(2 * AskerEvery)
	for i, want := range []bool{true, true, false} {
		if _, ok := s.Answer(later, victim, NewRequest(ID{1}, 0)); ok != want {
			t.Errorf("answer %d after a while: %v", i, ok)
		}
	}
	for i := range MaxAskers + 10 {
		s.Answer(begin, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1), NewRequest(ID{1}, 0))
	}
	if len(s.askers) > MaxAskers {
		t.Errorf("%d askers are remembered", len(s.askers))
	}
	if _, ok := s.Answer(begin.Add(time.Minute), ap("192.0.2.1:9"), NewRequest(ID{1}, 0)); !ok {
		t.Error("old askers are in the way for ever")
	}
}

func TestServerRefuses(t *testing.T) {
	var s Server
	from := ap("198.51.100.7:53")
	for _, msg := range [][]byte{nil, []byte("GET / HTTP/1.1\r\n\r\n12345"), make([]byte, 20), make([]byte, MaxMessage+1)} {
		if _, ok := s.Answer(begin, from, msg); ok {
			t.Errorf("%q is answered", msg)
		}
	}
	if s.Malformed != 4 {
		t.Errorf("%d malformed", s.Malformed)
	}
	a, ok := s.Answer(begin, from, NewRequest(ID{1}, ChangePort))
	m, err := parse(a.Msg)
	if !ok || err != nil || m.Type != pion.BindingError || s.Elsewhere != 1 {
		t.Errorf("asked to answer from where it is not: %v, %v", ok, err)
	}
	other := &pion.Message{TransactionID: ID{1}, Type: pion.BindingRequest}
	other.WriteHeader()
	other.Add(pion.AttrType(0x7fff), []byte("must be understood"))
	a, ok = s.Answer(begin, from, other.Raw)
	if m, err := parse(a.Msg); !ok || err != nil || m.Type != pion.BindingError {
		t.Errorf("an attribute that must be understood: %v, %v", ok, err)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add(NewRequest(ID{1}, ChangePort))
	s := Server{Other: second}
	a, _ := s.Answer(begin, primary, NewRequest(ID{0, 0, 0, 0, 0, 0, 0, 1}, 0))
	f.Add(a.Msg)
	f.Fuzz(func(t *testing.T, b []byte) {
		var learned nat.Classifier
		c := NewClient(ap("192.168.1.2:6346"), []netip.AddrPort{primary}, ids(), &learned)
		c.Next(begin)
		c.Receive(begin, primary, b)
		s := Server{Other: second}
		if a, ok := s.Answer(begin, plain, b); ok && len(a.Msg) > AnswerSize {
			t.Errorf("answer of %d bytes", len(a.Msg))
		}
	})
}
