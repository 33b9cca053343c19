package servent

import (
	"bufio"
	"bytes"
	"io"
	"runtime/metrics"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// maxFuzz bounds what a target takes where it looks at every prefix.
const maxFuzz = 2 << 10

// FuzzCut: whatever comes, it falls into whole messages and a rest without one,
// and the same comes out of it in pieces.
func FuzzCut(f *testing.F) {
	ping := protocol.Header{Kind: protocol.KindPing, TTL: 1}.Append(nil)
	hit := append(protocol.Header{Kind: protocol.KindQueryHit, TTL: 1, Size: 5}.Append(nil), "12345"...)
	f.Add([]byte{})
	f.Add(ping)
	f.Add(append(bytes.Clone(ping), hit...))
	f.Add(append(bytes.Clone(hit), ping[:22]...))
	f.Add(append(bytes.Clone(ping), bytes.Repeat([]byte{0xff}, 23)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), maxFuzz)]
		whole, need, err := cut(b)
		if whole < 0 || whole > len(b) {
			t.Fatalf("%d of %d bytes are whole", whole, len(b))
		}
		if need != 0 && (err != nil || need <= len(b)-whole || need > largeIntake) {
			t.Fatalf("needs %d, has %d, %v", need, len(b)-whole, err)
		}
		if again, need, err := cut(b[:whole:whole]); again != whole || need != 0 || err != nil {
			t.Fatalf("the whole part of %d: %d, %d, %v", whole, again, need, err)
		}
		if more, _, again := cut(b[whole:]); more != 0 || (again == nil) != (err == nil) {
			t.Fatalf("the rest: %d, %v; before %v", more, again, err)
		}
		start, bad := 0, error(nil)
		for end := 0; end <= len(b) && bad == nil; end++ { // byte by byte
			var n int
			n, _, bad = cut(b[start:end])
			start += n
		}
		if start != whole || (bad == nil) != (err == nil) {
			t.Fatalf("byte by byte %d, %v; at once %d, %v", start, bad, whole, err)
		}
	})
}

// fed returns b as a connection would bring it: at once, and byte by byte.
func fed(b []byte) (whole, single *peeked) {
	buffered := func(r io.Reader) *peeked { return &peeked{r: bufio.NewReaderSize(r, 4<<10)} }
	return buffered(bytes.NewReader(b)), buffered(iotest.OneByteReader(bytes.NewReader(b)))
}

// FuzzSniff: the speech does not hang on the pieces, and nothing is taken.
func FuzzSniff(f *testing.F) {
	for _, o := range openings {
		f.Add([]byte(o.bytes))
		f.Add([]byte(o.bytes[:1]))
		f.Add([]byte(o.bytes[:1] + "?"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, single := fed(b)
		a, aerr := sniff(whole)
		z, zerr := sniff(single)
		if a != z || (aerr == nil) != (zerr == nil) {
			t.Fatalf("at once %v, %v; byte by byte %v, %v", a, aerr, z, zerr)
		}
		if a != speechUnknown && !opens(b, a) {
			t.Fatalf("%v of %q", a, b)
		}
		for _, p := range []*peeked{whole, single} {
			if rest, err := io.ReadAll(p.r); err != nil || !bytes.Equal(rest, b) {
				t.Fatalf("%q is left of %q, %v", rest, b, err)
			}
		}
	})
}

func opens(b []byte, s speech) bool {
	for _, o := range openings {
		if o.speech == s && bytes.HasPrefix(b, []byte(o.bytes)) {
			return true
		}
	}
	return false
}

// FuzzReadLine: a line does not hang on the pieces, keeps to its limit, and
// leaves what follows.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte("GIV 1:x/y\n\nrest"))
	f.Add([]byte("GIV 1:x/y\r\n\r\nrest"))
	f.Add([]byte("\n\r\n"))
	f.Add([]byte(strings.Repeat("a", 200)))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 100
		whole, single := fed(b)
		a, aerr := whole.readLine(limit)
		z, zerr := single.readLine(limit)
		if !bytes.Equal(a, z) || (aerr == nil) != (zerr == nil) {
			t.Fatalf("at once %q, %v; byte by byte %q, %v", a, aerr, z, zerr)
		}
		if aerr != nil {
			return
		}
		if len(a) > limit || !bytes.HasPrefix(b, a) || !bytes.HasSuffix(a, []byte("\n")) {
			t.Fatalf("line %q of %q", a, b)
		}
		rest, err := io.ReadAll(whole.r)
		if err != nil || len(a)+len(rest) != len(b) {
			t.Fatalf("%d bytes are left of %d after %d, %v", len(rest), len(b), len(a), err)
		}
		if g, err := transfer.ParseGIV(a); err == nil && len(g.Append(nil)) > transfer.MaxGIVLine+2 {
			t.Fatalf("giv %+v", g)
		}
	})
}

// FuzzInflater: arbitrary bytes end in an error or at their end, take no more
// memory than the state does, and leave no trace on the next stream; and what
// the deflater makes of them comes back.
func FuzzInflater(f *testing.F) {
	var good bytes.Buffer
	if _, err := (&deflater{w: &good}).Write([]byte("hello hello hello")); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(good.Bytes()[:good.Len()-3])
	f.Add([]byte{0x78, 0x01, 0xff, 0xff})
	f.Add(bytes.Repeat([]byte{0}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		const (
			most = 1 << 20 // bytes read of a stream that goes on and on
			room = 1 << 20 // bytes that may be allocated for it
		)
		buf := make([]byte, 4<<10)
		before := allocatedBytes()
		in := newInflater(ready{bytes.NewReader(b)})
		var err error
		for total := 0; err == nil && total < most; {
			var n int
			n, err = in.Read(buf)
			total += n
		}
		if grown := allocatedBytes() - before; grown > room {
			t.Fatalf("%d bytes were allocated for %d", grown, len(b))
		}
		in.close()
		var packed bytes.Buffer
		d := &deflater{w: &packed}
		for _, part := range [][]byte{b[:len(b)/3], b[len(b)/3:]} {
			if _, err := d.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if got := inflateSoFar(t, packed.Bytes(), len(b)); !bytes.Equal(got, b) {
			t.Fatalf("%d bytes became %d others", len(b), len(got))
		}
	})
}

func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// FuzzDownloadsFile: whatever lies there, what is read of it can be written down and
// is read again as the same.
func FuzzDownloadsFile(f *testing.F) {
	f.Add([]byte(`{"downloads":[{"id":"PLSTHI","request":{"magnet":"urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB","dir":"/tmp"},"phase":"paused","error":"x","part":"/tmp/x.part"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, _, err := readDownloads(text)
		if err != nil {
			return
		}
		for _, d := range list {
			k := d.kept()
			again, err := k.read()
			if err != nil || again.id != d.id || again.phase != d.phase || again.priority != d.priority {
				t.Errorf("%+v: read again as %+v, %v", d, again, err)
			}
		}
	})
}
