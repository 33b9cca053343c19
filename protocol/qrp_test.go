package protocol

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// wantError checks that err is the peer's fault of that kind and field.
func wantError(t *testing.T, err error, kind ErrorKind, field string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind || e.Field != field {
		t.Errorf("error %v, want %v", err, &Error{kind, field})
	}
}

// TestHashVectors has those of the QRP document.
func TestHashVectors(t *testing.T) {
	for _, v := range []struct {
		word string
		bits uint
		slot uint32
	}{
		{"eb", 13, 6791},
		{"ndfl", 16, 58201},
		{"3nja9", 10, 581},
		{"test", 3, 2},
		{"qrp", 3, 7},
		{"test", 16, 20712},
		{"музыка", 16, 22465}, // low bytes of UTF-16
		{"東京物語", 16, 52318},
		{"TEST", 16, 20712},
		{"", 16, 0},
		{"test", 0, 0},
	} {
		if got := Hash(v.word, v.bits); got != v.slot {
			t.Errorf("Hash(%q, %d) = %d, want %d", v.word, v.bits, got, v.slot)
		}
	}
}

func TestResetLimits(t *testing.T) {
	good := Reset{Slots: 1 << MaxTableBits, Infinity: 1}
	for _, r := range []Reset{good, {Slots: 1, Infinity: 255}, {Slots: 65536, Infinity: 7}} {
		if got, err := ParseReset(r.Append(nil)); err != nil || got != r {
			t.Errorf("%+v comes back as %+v, %v", r, got, err)
		}
	}
	for _, bad := range []struct {
		payload []byte
		kind    ErrorKind
		field   string
	}{
		{nil, Truncated, "qrp reset"},
		{good.Append(nil)[:5], Truncated, "qrp reset"},
		{append(good.Append(nil), 0), Malformed, "qrp reset"},
		{RoutePatch{Data: []byte{0}}.Append(nil), Malformed, "qrp reset"},
		{Reset{Slots: 0, Infinity: 7}.Append(nil), Malformed, "qrp table size"},
		{Reset{Slots: 65535, Infinity: 7}.Append(nil), Malformed, "qrp table size"},
		{Reset{Slots: 2 << MaxTableBits, Infinity: 7}.Append(nil), TooLarge, "qrp table size"},
		{Reset{Slots: 65536, Infinity: 0}.Append(nil), Malformed, "qrp infinity"},
	} {
		_, err := ParseReset(bad.payload)
		wantError(t, err, bad.kind, bad.field)
	}
}

func TestRoutePatchLimits(t *testing.T) {
	_, err := ParseRoutePatch([]byte{1, 1, 1, 0})
	wantError(t, err, Truncated, "qrp patch")
	_, err = ParseRoutePatch([]byte{0, 1, 1, 0, 4})
	wantError(t, err, Malformed, "qrp patch")
	p, err := ParseRoutePatch([]byte{1, 2, 3, 4, 5, 6})
	if err != nil || p.Seq != 2 || p.Of != 3 || p.Compressor != 4 || p.Bits != 5 || string(p.Data) != "\x06" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// qrpVectors returns the QRP payloads among the captured messages whose titles
// begin so.
func qrpVectors(t testing.TB, title string) [][]byte {
	t.Helper()
	file, err := os.ReadFile("testdata/wire/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Title, Type, Hex string }
	if err := json.Unmarshal(file, &vectors); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for _, v := range vectors {
		if v.Type != "QRP" || !strings.HasPrefix(v.Title, title) {
			continue
		}
		message, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, message[HeaderSize:])
	}
	if len(out) == 0 {
		t.Fatalf("no captured %q", title)
	}
	return out
}

func TestCapturedQRPRoundTrip(t *testing.T) {
	for _, payload := range qrpVectors(t, "QRP") {
		var again []byte
		if r, err := ParseReset(payload); err == nil {
			again = r.Append(nil)
		} else if p, err := ParseRoutePatch(payload); err == nil {
			again = p.Append(nil)
		}
		if !bytes.Equal(again, payload) {
			t.Errorf("%x comes back as %x", payload, again)
		}
	}
}

func FuzzReset(f *testing.F) {
	for _, payload := range qrpVectors(f, "QRP RESET") {
		f.Add(payload)
	}
	f.Add([]byte{0, 0, 0, 0, 1, 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseReset(b)
		if err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Errorf("%x comes back as %x", b, r.Append(nil))
		}
		checkPeerFault(t, err)
	})
}

func FuzzRoutePatch(f *testing.F) {
	for _, payload := range qrpVectors(f, "QRP PATCH") {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseRoutePatch(b)
		if err == nil && !bytes.Equal(p.Append(nil), b) {
			t.Errorf("%x comes back as %x", b, p.Append(nil))
		}
		checkPeerFault(t, err)
	})
}

// checkPeerFault checks that err, where there is one, is an *Error.
func checkPeerFault(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Errorf("%T %v is not an *Error", err, err)
	}
}
