package reach

import (
	"bytes"
	"compress/zlib"
	"errors"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// gnutella is a message with that payload.
func gnutella(ttl uint8, payload []byte) []byte {
	h := protocol.Header{ID: protocol.GUID{1}, Kind: protocol.KindPong, TTL: ttl, Size: uint32(len(payload))}
	return append(h.Append(nil), payload...)
}

func pack(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestClassify(t *testing.T) {
	msg := gnutella(1, []byte("abc"))
	for _, c := range []struct {
		name string
		b    []byte
		want speech
	}{
		{"message", msg, speechGnutella},
		{"no payload", gnutella(1, nil), speechGnutella},
		{"a byte short", msg[:len(msg)-1], speechUnknown},
		{"a byte more", append(bytes.Clone(msg), 0), speechUnknown},
		{"half a header", msg[:22], speechUnknown},
		{"empty", nil, speechUnknown},
		{"stun", append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...), speechSTUN},
		{"stun, a byte more", append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 13)...), speechUnknown},
	} {
		if got := classify(c.b); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestInflate(t *testing.T) {
	const most = MaxMessage - protocol.HeaderSize
	for _, c := range []struct {
		name  string
		plain int
		err   error
	}{
		{"one byte", 1, nil},
		{"at the limit", most, nil},
		{"one past it", most + 1, errTooLarge},
		{"a bomb", 10 << 20, errTooLarge},
		{"nothing", 0, errEmpty},
	} {
		plain := bytes.Repeat([]byte{'x'}, c.plain)
		got, err := message(gnutella(1|deflated, pack(t, plain)))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		if err == nil && !bytes.Equal(got, gnutella(1, plain)) {
			t.Errorf("%s: %d bytes came out, or other ones", c.name, len(got))
		}
	}
	if _, err := message(gnutella(1|deflated, []byte("not zlib"))); err == nil {
		t.Error("garbage inflates")
	}
}

// FuzzMessage: whatever a datagram holds, what comes of it is one whole message.
func FuzzMessage(f *testing.F) {
	f.Add(gnutella(1, []byte("abc")))
	f.Add(gnutella(1|deflated, pack(f, []byte("abc"))))
	f.Add(gnutella(1|deflated, pack(f, make([]byte, 1<<20))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if classify(b) != speechGnutella {
			return
		}
		msg, err := message(b)
		if err != nil {
			return
		}
		if classify(msg) != speechGnutella || len(msg) > max(MaxMessage, len(b)) || msg[atTTL]&deflated != 0 {
			t.Errorf("%x became %x", b, msg)
		}
	})
}
