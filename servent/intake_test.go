package servent

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// slow is a reader with nothing to give at first, each time: who awaits it is idle
// between any two reads.
type slow struct{ pieces }

func (s *slow) await(idle func()) error {
	idle()
	if len(s.b) == 0 {
		return io.EOF
	}
	return nil
}

// messages are as many as there are sizes, one after another.
func messages(sizes ...int) (stream []byte) {
	noise := rand.NewChaCha8([32]byte{3})
	for _, size := range sizes {
		h := protocol.Header{Kind: protocol.KindQueryHit, TTL: 1, Size: uint32(size)}
		at := len(stream) + protocol.HeaderSize
		stream = append(h.Append(stream), make([]byte, size)...)
		_, _ = noise.Read(stream[at:]) // never fails
	}
	return stream
}

// TestIntakeGivesBack: what comes is whole though the buffer goes after every
// piece, in which the end of a message may lack.
func TestIntakeGivesBack(t *testing.T) {
	const h = protocol.HeaderSize
	stream := messages(0, 1, smallIntake-h-1, smallIntake-h, smallIntake-h+1, protocol.MaxPayload, 3, 9000)
	for _, piece := range []int{1, h, smallIntake - 1, smallIntake, smallIntake + 1, largeIntake, 1 << 20} {
		s := &slow{pieces{stream, piece}}
		var in intake
		var got []byte
		for {
			err := in.fill(s, in.giveBack)
			whole, need, bad := cut(in.data())
			if bad != nil {
				t.Fatalf("pieces of %d: %v", piece, bad)
			}
			got = append(got, in.data()[:whole]...)
			if err != nil {
				break
			}
			in.used(whole, need)
		}
		if !bytes.Equal(got, stream) {
			t.Errorf("pieces of %d: something else came", piece)
		}
		if in.giveBack(); in.buf != nil || len(in.rest) > 0 {
			t.Errorf("pieces of %d: %d bytes are held, and %d", piece, len(in.buf), len(in.rest))
		}
	}
}

// TestIntakeSize: one read that fills the small buffer makes for a large one, and
// so many small reads for a small one again.
func TestIntakeSize(t *testing.T) {
	var in intake
	read := func(n int) int {
		if err := in.fill(ready{bytes.NewReader(make([]byte, n))}, in.giveBack); err != nil {
			t.Fatal(err)
		}
		size := len(in.buf)
		in.used(in.have, 0)
		return size
	}
	for _, c := range []struct{ times, read, size int }{
		{1, smallIntake - 1, smallIntake},
		{1, smallIntake, smallIntake},
		{1, largeIntake, largeIntake},
		{quietReads + 1, smallIntake - 1, largeIntake},
		{1, 1, smallIntake},
	} {
		for range c.times {
			if got := read(c.read); got != c.size {
				t.Fatalf("%d bytes were read with a buffer of %d, want %d", c.read, got, c.size)
			}
		}
	}
}

// TestInletAwaits: over real sockets, await returns at once where there is
// something, is idle where not, and tells of the end.
func TestInletAwaits(t *testing.T) {
	here, there := tcpPair(t)
	p := peek(here)
	write := func(s string) {
		if _, err := io.WriteString(there, s); err != nil {
			t.Fatal(err)
		}
	}
	write("hello")
	if _, err := p.r.Peek(5); err != nil {
		t.Fatal(err)
	}
	in := newInlet(p)
	idled := 0
	read := func(want string) {
		t.Helper()
		if err := in.await(func() { idled++; write(" world") }); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if n, err := in.Read(b); string(b[:n]) != want || err != nil {
			t.Fatalf("read %q, %v; want %q", b[:n], err, want)
		}
	}
	read("hello")
	if idled != 0 || in.first != nil {
		t.Errorf("idle %d times with something to read; %d bytes are kept", idled, len(in.first))
	}
	read(" world")
	if idled != 1 {
		t.Errorf("idle %d times, want once", idled)
	}
	there.Close()
	if err := in.await(func() {}); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { here.Close() })
	for err := error(nil); err == nil; err = in.await(func() {}) {
		time.Sleep(time.Millisecond)
	}
}

func tcpPair(t *testing.T) (here, there net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if there, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if here, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })
	return here, there
}
