package servent

import (
	"bytes"
	stdzlib "compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// flushing compresses, and flushes after each piece.
type flushing struct{ *stdzlib.Writer }

func (f flushing) Write(b []byte) (int, error) {
	n, err := f.Writer.Write(b)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}

// segments is a stream that comes in pieces, with a rest after each.
type segments struct{ now bytes.Buffer }

func (s *segments) Read(b []byte) (int, error) { return s.now.Read(b) }

func (s *segments) await(idle func()) error {
	if s.now.Len() == 0 {
		idle()
	}
	return nil
}

// TestInflaterParks: a stream goes on after each rest, refers to what came before
// as far back as it may, and holds nothing but that while it rests.
func TestInflaterParks(t *testing.T) {
	for name, writer := range map[string]func(io.Writer) io.Writer{
		"ours": func(w io.Writer) io.Writer { return &deflater{w: w} },
		"zlib": func(w io.Writer) io.Writer { return flushing{stdzlib.NewWriter(w)} },
		"zlib, stored": func(w io.Writer) io.Writer {
			z, err := stdzlib.NewWriterLevel(w, stdzlib.NoCompression)
			if err != nil {
				t.Fatal(err)
			}
			return flushing{z}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s segments
			w, in := writer(&s.now), newInflater(&s)
			defer in.close()
			var plain []byte
			noise := rand.NewChaCha8([32]byte{4})
			for _, size := range []int{1, 23, 1000, 4096, inflateWindow - 1, inflateWindow + 1, 70_000, 5} {
				part := make([]byte, size)
				_, _ = noise.Read(part[:(size+1)/2]) // never fails
				copy(part[(size+1)/2:], plain[max(0, len(plain)-inflateWindow):])
				plain = append(plain, part...)
				if _, err := w.Write(part); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 0, size+1)
				for len(got) < size {
					n, err := in.Read(got[len(got):cap(got)])
					if err != nil {
						t.Fatalf("%d bytes: %v", size, err)
					}
					got = got[:len(got)+n]
				}
				if !bytes.Equal(got, part) {
					t.Fatalf("%d bytes became others", size)
				}
				idled := false
				if err := in.await(func() { idled = true }); err != nil || !idled || in.state != nil {
					t.Fatalf("after %d bytes: %v, idle: %v, parked: %v", size, err, idled, in.state == nil)
				}
				if len(in.past.ring) != min(inflateWindow, len(plain)) || cap(in.past.ring) > inflateWindow {
					t.Fatalf("%d of %d bytes are kept, with room for %d", len(in.past.ring), len(plain), cap(in.past.ring))
				}
			}
		})
	}
}

// storedBlock begins a stream with a block of 40,000 bytes, stored, of which those
// before the end of the first window look like a flush.
func storedBlock() []byte {
	const size = 40_000
	b := append([]byte("\x78\x01\x00"), size&0xff, size>>8, ^size&0xff, ^size>>8&0xff)
	return append(append(b, make([]byte, inflateWindow-len(flushMark))...), flushMark...)
}

// TestInflaterStaysAwake: a rest anywhere else than behind a flush leaves the state
// where it is.
func TestInflaterStaysAwake(t *testing.T) {
	var s segments
	var packed bytes.Buffer
	if _, err := (&deflater{w: &packed}).Write([]byte(strings.Repeat("blue danube ", 100))); err != nil {
		t.Fatal(err)
	}
	in := newInflater(&s)
	defer in.close()
	idle := func() { t.Error("waits where Read may have something") }
	s.now.Write(packed.Bytes())
	for range 2 {
		if n, err := in.Read(make([]byte, 500)); n != 500 || err != nil {
			t.Fatal(n, err)
		}
		if err := in.await(idle); err != nil || in.state == nil {
			t.Fatalf("%v, parked: %v", err, in.state == nil)
		}
	}
	if n, err := in.Read(make([]byte, 500)); n != 200 || err != nil {
		t.Fatal(n, err)
	}
	s.now.WriteString("\x00\x01") // the next block begins
	in.tail[0] = 1
	if err := in.await(idle); err != nil || in.state == nil {
		t.Fatalf("%v, parked: %v", err, in.state == nil)
	}
}

// TestInflaterFalseFlush: what only looks like a flush ends the stream with an
// error, and never with other bytes.
func TestInflaterFalseFlush(t *testing.T) {
	var s segments
	in := newInflater(&s)
	defer in.close()
	s.now.Write(storedBlock())
	for got := 0; got < inflateWindow; {
		n, err := in.Read(make([]byte, 5000))
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
	if err := in.await(func() {}); !errors.Is(err, errNoFlush) {
		t.Errorf("await: %v", err)
	}
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, errNoFlush) {
		t.Errorf("read: %v", err)
	}
}

// TestHistory: the last bytes stay, in order, however they come.
func TestHistory(t *testing.T) {
	var h history
	var all []byte
	for i, size := range []int{0, 1, 100, inflateWindow - 102, 1, 1, 5000, inflateWindow - 1, inflateWindow, inflateWindow + 1, 3 * inflateWindow, 7} {
		part := bytes.Repeat([]byte{byte(i)}, size)
		h.add(part)
		all = append(all, part...)
		if got, want := h.append(nil), all[max(0, len(all)-inflateWindow):]; !bytes.Equal(got, want) {
			t.Fatalf("after %d bytes more, %d are kept, want %d", size, len(got), len(want))
		}
	}
}
