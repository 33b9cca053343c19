package reach

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// opened is a socket at address and what it runs on, closed at the end.
func opened(t *testing.T, address string) (*Socket, netip.AddrPort) {
	t.Helper()
	s, at, _ := owned(t, address)
	return s, at
}

// owned is such a socket, and whose it is.
func owned(t *testing.T, address string) (*Socket, netip.AddrPort, protocol.GUID) {
	t.Helper()
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Listen(tcp)
	if err != nil {
		t.Fatal(err)
	}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := NewSocket(c, key)
	ended := make(chan struct{})
	go func() { s.Run(); close(ended) }()
	t.Cleanup(func() {
		s.Close()
		<-ended
	})
	return s, c.LocalAddr().(*net.UDPAddr).AddrPort(), GUIDOf(public)
}

func TestThereAndBack(t *testing.T) {
	for _, loopback := range []string{"127.0.0.1", "[::1]"} {
		t.Run(loopback, func(t *testing.T) {
			if l, err := net.ListenPacket("udp", loopback+":0"); err != nil {
				t.Skip("this machine has no ", loopback)
			} else {
				_ = l.Close() // it was only looked at
			}
			dual, at := opened(t, ":0") // hears both
			one, from := opened(t, loopback+":0")
			to := netip.AddrPortFrom(from.Addr(), at.Port())
			one.Send(to, gnutella(1, []byte("there")))
			m := <-dual.Messages()
			if m.From != from || !bytes.Equal(m.Msg, gnutella(1, []byte("there"))) {
				t.Fatalf("%v: %q", m.From, m.Msg)
			}
			dual.Send(m.From, gnutella(1, []byte("back")))
			if m := <-one.Messages(); m.From != to || !bytes.Equal(m.Msg, gnutella(1, []byte("back"))) {
				t.Fatalf("%v: %q", m.From, m.Msg)
			}
		})
	}
}

// fake is a Conn in memory.
type fake struct {
	in    chan any // []byte that arrive, or an error
	out   chan []byte
	ended chan struct{}
}

func newFake() *fake { return &fake{make(chan any), make(chan []byte), make(chan struct{})} }

var somebody = netip.MustParseAddrPort("[::ffff:10.0.0.2]:6346")

func (f *fake) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case x := <-f.in:
		if err, bad := x.(error); bad {
			return 0, netip.AddrPort{}, err
		}
		return copy(b, x.([]byte)), somebody, nil
	case <-f.ended:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (f *fake) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	select {
	case f.out <- b:
		return len(b), nil
	case <-f.ended:
		return 0, net.ErrClosed
	}
}

func (f *fake) Close() error { close(f.ended); return nil }

// onFake runs test in a bubble, with a socket whose Run has ended afterwards.
func onFake(t *testing.T, test func(t *testing.T, s *Socket, f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := NewSocket(f, nil)
		go s.Run()
		test(t, s, f)
		s.Close()
		s.Close()
	})
}

func TestFullQueue(t *testing.T) {
	onFake(t, func(t *testing.T, s *Socket, f *fake) {
		for range maxIn + 1 {
			f.in <- gnutella(1, nil)
		}
		synctest.Wait()
		if st := s.Stats(); st.In != maxIn || st.InDropped != 1 {
			t.Fatalf("%+v", st)
		}
		if m := <-s.Messages(); m.From != netip.MustParseAddrPort("10.0.0.2:6346") {
			t.Errorf("from %v", m.From)
		}
		f.in <- gnutella(1, nil)
		synctest.Wait()
		if st := s.Stats(); st.In != maxIn+1 || st.InDropped != 1 {
			t.Errorf("there was room: %+v", st)
		}
	})
}

// TestSlowSystem: who sends never waits.
func TestSlowSystem(t *testing.T) {
	onFake(t, func(t *testing.T, s *Socket, f *fake) {
		s.Send(somebody, gnutella(1, nil)) // sits in the system
		synctest.Wait()
		for range maxOut + 1 {
			s.Send(somebody, gnutella(1, nil))
		}
		if st := s.Stats(); st.OutDropped != 1 {
			t.Errorf("%+v", st)
		}
		for range maxOut + 1 {
			<-f.out
		}
		synctest.Wait()
		if st := s.Stats(); st.Out != maxOut+1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestBadDatagrams(t *testing.T) {
	onFake(t, func(t *testing.T, s *Socket, f *fake) {
		f.in <- []byte("hello")
		f.in <- gnutella(1, make([]byte, MaxMessage))
		f.in <- gnutella(1|deflated, pack(t, make([]byte, 1<<20)))
		f.in <- gnutella(1, make([]byte, MaxMessage-23))
		synctest.Wait()
		if st := s.Stats(); st.Foreign != 1 || st.Bad != 2 || st.In != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestReadErrors: they are outlasted, and not in a hurry.
func TestReadErrors(t *testing.T) {
	onFake(t, func(t *testing.T, s *Socket, f *fake) {
		start := time.Now()
		for range 3 {
			f.in <- errors.New("connection refused")
		}
		f.in <- gnutella(1, nil)
		<-s.Messages()
		if took := time.Since(start); took != 3*errorRest {
			t.Errorf("heard again after %v", took)
		}
	})
}

func TestDeafSocket(t *testing.T) {
	s := NewSocket(nil, nil)
	s.Send(somebody, gnutella(1, nil))
	s.Close()
	s.Run()
	if st := s.Stats(); st.OutDropped != 1 {
		t.Errorf("%+v", st)
	}
}

// TestSpoofedFlood: datagrams that nobody takes cost a bounded memory.
func TestSpoofedFlood(t *testing.T) {
	s, at := opened(t, "127.0.0.1:0")
	c, err := net.Dial("udp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	msg := gnutella(1, make([]byte, 1000))
	for range 20_000 {
		_, _ = c.Write(msg) // what the system drops is not ours to count
	}
	if n := len(s.Messages()); n > maxIn {
		t.Errorf("%d wait", n)
	}
	for range len(s.Messages()) {
		<-s.Messages()
	}
}
