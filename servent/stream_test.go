package servent

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// TestDeflateStream: what one end compresses in pieces of any size, the other
// end reads whole, in pieces of any other.
func TestDeflateStream(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var packed bytes.Buffer
	d := &deflater{w: &packed}
	var plain []byte
	for _, size := range []int{1, 23, 100, windowSize - 1, windowSize, windowSize + 1, 3 * windowSize, 5, 70_000} {
		b := make([]byte, size)
		for i := range b {
			b[i] = "abcdefgh"[r.IntN(8)]
		}
		if n, err := d.Write(b); n != size || err != nil {
			t.Fatalf("write %d: %d, %v", size, n, err)
		}
		if len(d.window) > windowSize {
			t.Fatalf("window of %d bytes", len(d.window))
		}
		plain = append(plain, b...)
		if got := inflateSoFar(t, packed.Bytes(), len(plain)); !bytes.Equal(got, plain) {
			t.Fatalf("after %d bytes the reader has something else", len(plain))
		}
	}
	if packed.Len() > len(plain)*3/4 {
		t.Errorf("%d bytes became %d", len(plain), packed.Len())
	}
}

// counted counts the writes that reach a connection.
type counted struct {
	net.Conn
	writes, bytes int
}

func (c *counted) Write(b []byte) (int, error) {
	c.writes++
	c.bytes += len(b)
	return len(b), nil
}

func (*counted) SetWriteDeadline(time.Time) error { return nil }

// TestDeflateWritesOnce: the compressor's many small pieces reach the
// connection as one write for each block, however well they compress.
func TestDeflateWritesOnce(t *testing.T) {
	noise := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{1, 100, blockSize} {
		var pool blocks
		block := pool.get()[:size]
		if _, err := noise.Read(block); err != nil {
			t.Fatal(err)
		}
		c := &counted{}
		w := &wire{conn: c, out: &deflater{w: c}}
		if n, err := w.send(queue{block}, &pool); n != size || err != nil {
			t.Fatalf("send %d bytes: %d, %v", size, n, err)
		}
		if c.writes != 1 || c.bytes < size {
			t.Errorf("%d bytes left as %d, in %d writes", size, c.bytes, c.writes)
		}
	}
}

// ready is a reader that nobody needs to wait for.
type ready struct{ io.Reader }

func (ready) await(func()) error { return nil }

// inflateSoFar reads what a stream has brought up to now.
func inflateSoFar(t *testing.T, packed []byte, size int) []byte {
	t.Helper()
	in := newInflater(ready{bytes.NewReader(packed)})
	defer in.close()
	got := make([]byte, size)
	if _, err := io.ReadFull(in, got); err != nil {
		t.Fatalf("inflate: %v", err)
	}
	return got
}

func TestInflateDamaged(t *testing.T) {
	for _, b := range [][]byte{{0}, {0x78}, []byte("GET / HTTP/1.1"), {0x78, 0x01, 0xff, 0xff}} {
		in := newInflater(ready{bytes.NewReader(b)})
		if _, err := io.ReadAll(in); err == nil {
			t.Errorf("% x: no error", b)
		}
		in.close()
	}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		bytes string
		want  speech
	}{
		{"GNUTELLA CONNECT/0.6\r\n", speechGnutella},
		{"GET /", speechHTTP},
		{"HEAD /", speechHTTP},
		{"GIV 0:", speechGIV},
		{"\n\n", speechConnectBack},
		{"GNUT ", speechUnknown},
		{"GETX", speechUnknown},
		{"\nG", speechUnknown},
		{"x", speechUnknown},
	} {
		a, b := net.Pipe()
		go func() {
			for i := range len(c.bytes) { // byte by byte
				if _, err := a.Write([]byte{c.bytes[i]}); err != nil {
					return
				}
			}
		}()
		p := peek(b)
		got, err := sniff(p)
		if err != nil || got != c.want {
			t.Errorf("%q: %v, %v; want %v", c.bytes, got, err, c.want)
		}
		first := make([]byte, 1)
		if _, err := p.Read(first); err != nil || first[0] != c.bytes[0] {
			t.Errorf("%q: sniffing took bytes away", c.bytes)
		}
		a.Close()
		b.Close()
	}
	a, b := net.Pipe()
	a.Close()
	if _, err := sniff(peek(b)); err == nil {
		t.Error("no error at the end of a connection that said nothing")
	}
}

// TestWireReadsAnyPieces: messages come out whole however the stream is cut,
// also those larger than the buffer that a quiet link has.
func TestWireReadsAnyPieces(t *testing.T) {
	var stream []byte
	sizes := []int{0, 1, 4073, 4074, 64 << 10, 3, 9000}
	for _, size := range sizes {
		h := protocol.Header{Kind: protocol.KindQueryHit, TTL: 1, Size: uint32(size)}
		stream = append(h.Append(stream), make([]byte, size)...)
	}
	for _, piece := range []int{1, 22, 23, 24, 1000, 1 << 20} {
		w := &wire{in: &pieces{stream, piece}, taken: make(chan struct{}, 1)}
		batches, done := make(chan batch), make(chan struct{})
		go w.read(batches, done)
		var got []int
		for b := range batches {
			for data := b.data; len(data) > 0; {
				h, err := protocol.ParseHeader(data)
				if err != nil || len(data) < protocol.HeaderSize+int(h.Size) {
					t.Fatalf("pieces of %d: torn message", piece)
				}
				got = append(got, int(h.Size))
				data = data[protocol.HeaderSize+int(h.Size):]
			}
			w.taken <- struct{}{}
			if b.err != nil {
				break
			}
		}
		if len(got) != len(sizes) {
			t.Errorf("pieces of %d: messages of %v", piece, got)
		}
	}
}

type pieces struct {
	b    []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	n := copy(b[:min(len(b), p.size)], p.b)
	p.b = p.b[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestReadLine(t *testing.T) {
	for _, c := range []struct {
		in   string
		want string
		ok   bool
	}{
		{"GIV 1:x/y\n\nrest", "GIV 1:x/y\n\n", true},
		{"GIV 1:x/y\r\n\r\nrest", "GIV 1:x/y\r\n\r\n", true},
		{"GIV 1:x/y\n", "", false},
		{"GIV " + string(bytes.Repeat([]byte("a"), 100)), "", false},
	} {
		a, b := net.Pipe()
		go func() { _, _ = io.WriteString(a, c.in); a.Close() }()
		p := peek(b)
		if err := b.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		line, err := p.readLine(50)
		if string(line) != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %q, %v", c.in, line, err)
		}
		b.Close()
	}
}
