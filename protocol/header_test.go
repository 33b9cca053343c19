package protocol

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// wantFault fails the test unless err is an *Error of that kind.
func wantFault(t *testing.T, err error, kind ErrorKind) {
	t.Helper()
	var e *Error
	switch {
	case !errors.As(err, &e):
		t.Errorf("error is %v, want an *Error that says %v", err, kind)
	case e.Kind != kind || e.Field == "":
		t.Errorf("error is %v, want %v", err, kind)
	}
}

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want string
	}{
		{Error{Truncated, "query text"}, "query text: truncated"},
		{Error{TooLarge, "header size"}, "header size: too large"},
		{Error{Malformed, "guid"}, "guid: malformed"},
		{Error{OutOfOrder, "qrp patch"}, "qrp patch: out of order"},
		{Error{0, "thing"}, "thing: wrong"},
	} {
		wantEqual(t, "text", c.err.Error(), c.want)
	}
}

func TestHeader(t *testing.T) {
	h := Header{ID: GUID{1, 2, 15: 9}, Kind: KindQueryHit, TTL: 4, Hops: 3, Size: 0x0103}
	b := h.Append([]byte("x"))
	want := append([]byte("x\x01\x02"), bytes.Repeat([]byte{0}, 13)...)
	want = append(want, 9, 0x81, 4, 3, 0x03, 0x01, 0, 0)
	if !bytes.Equal(b, want) {
		t.Errorf("appended as %x, want %x", b, want)
	}
	got, err := ParseHeader(append(b[1:], "payload"...))
	if err != nil || got != h {
		t.Errorf("parsed as %+v, %v; want %+v", got, err, h)
	}
	Patch(b[1:], 200, 255)
	h.TTL, h.Hops = 200, 255
	if got, err := ParseHeader(b[1:]); err != nil || got != h {
		t.Errorf("after patch parsed as %+v, %v; want %+v", got, err, h)
	}
}

func TestHeaderLimits(t *testing.T) {
	_, err := ParseHeader(make([]byte, HeaderSize-1))
	wantFault(t, err, Truncated)
	_, err = ParseHeader(Header{Size: MaxPayload}.Append(nil))
	if err != nil {
		t.Errorf("payload of %d bytes: %v", MaxPayload, err)
	}
	for _, size := range []uint32{MaxPayload + 1, 1 << 31, 1<<32 - 1} {
		h, err := ParseHeader(Header{Kind: KindBye, Size: size}.Append(nil))
		wantFault(t, err, TooLarge)
		wantEqual(t, "kind of the header refused", h.Kind, KindBye)
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{
		KindPing: "ping", KindPong: "pong", KindBye: "bye", KindQRP: "qrp", KindVendor: "vendor",
		KindVendorStd: "standard", KindPush: "push", KindRUDP: "rudp", KindDHT: "dht",
		KindQuery: "query", KindQueryHit: "query_hit", KindHSEP: "hsep", 0x05: "0x05", 0xff: "0xff",
	} {
		wantEqual(t, "name", k.String(), want)
	}
}

// TestPayloadLimits parses every kind at its smallest and largest size, and one
// byte beyond each.
func TestPayloadLimits(t *testing.T) {
	parsers := []struct {
		kind     Kind
		min, max int
		parse    func(b []byte) error
	}{
		{KindPing, 0, 40 << 10, func(b []byte) error { _, err := ParsePing(b); return err }},
		{KindPong, 14, 40 << 10, func(b []byte) error { _, err := ParsePong(b); return err }},
		{KindBye, 2, 4 << 10, func(b []byte) error { _, err := ParseBye(b); return err }},
		{KindPush, 26, 40 << 10, func(b []byte) error { _, err := ParsePush(b); return err }},
		{KindVendor, 8, 40 << 10, func(b []byte) error { _, err := ParseVendor(b); return err }},
		{KindQuery, 3, 1 << 10, func(b []byte) error { _, err := ParseQuery(b); return err }},
		{KindQueryHit, 27, 64 << 10, func(b []byte) error { _, err := ParseQueryHit(b); return err }},
	}
	for _, p := range parsers {
		t.Run(p.kind.String(), func(t *testing.T) {
			wantEqual(t, "largest size", int(MaxSize(p.kind)), p.max)
			b := make([]byte, p.max+1)
			for _, n := range []int{p.min, p.max} {
				if err := p.parse(b[:n]); err != nil {
					t.Errorf("%d bytes: %v", n, err)
				}
			}
			if p.min > 0 {
				wantFault(t, p.parse(b[:p.min-1]), Truncated)
			}
			wantFault(t, p.parse(b), TooLarge)
			if err := p.parse(b); !strings.HasPrefix(err.Error(), p.kind.String()) {
				t.Errorf("error %q does not name the %v", err, p.kind)
			}
		})
	}
	for _, k := range []Kind{KindQRP, KindVendorStd, KindRUDP, KindDHT, KindHSEP, 0x77} {
		wantEqual(t, "largest "+k.String(), MaxSize(k), 40<<10)
	}
}

func TestAppendMessageWithoutPayload(t *testing.T) {
	h := Header{ID: GUID{7}, Kind: KindPing, TTL: 1, Size: 99}
	b := AppendMessage(nil, h, nil)
	h.Size = 0
	if !bytes.Equal(b, h.Append(nil)) {
		t.Errorf("appended as %x", b)
	}
}
