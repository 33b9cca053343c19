package stun

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	pion "github.com/pion/stun/v2"
)

// padded is a binding request of a size, which is a multiple of four.
func padded(size int) []byte {
	m := new(pion.Message)
	m.Type = pion.BindingRequest
	m.WriteHeader()
	if rest := size - headerSize; rest > 0 {
		m.Add(pion.AttrSoftware, make([]byte, rest-4))
	}
	return m.Raw
}

// TestReadMessage: one whole message is read, up to the limit, and nothing behind it.
func TestReadMessage(t *testing.T) {
	for _, tt := range []struct {
		what string
		in   []byte
		ok   bool
	}{
		{"empty", padded(headerSize), true},
		{"at the limit", padded(MaxMessage), true},
		{"past it", padded(MaxMessage + 4), false},
		{"cut", padded(100)[:99], false},
		{"without a cookie", append([]byte{0, 1, 0, 0}, make([]byte, 16)...), false},
		{"http", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), false},
		{"nothing", nil, false},
	} {
		r := bytes.NewReader(append(bytes.Clone(tt.in), "more"...))
		if tt.what == "cut" || tt.what == "nothing" {
			r = bytes.NewReader(tt.in)
		}
		b, err := ReadMessage(r)
		if (err == nil) != tt.ok || tt.ok && (!bytes.Equal(b, tt.in) || r.Len() != len("more")) {
			t.Errorf("%s: %d bytes, %v", tt.what, len(b), err)
		}
	}
}

// TestAsk: what is answered to another transaction is no answer.
func TestAsk(t *testing.T) {
	var s Server
	for _, id := range []ID{{1}, {2}} {
		a, ok := s.Answer(begin, ap("81.2.69.5:7000"), NewRequest(id, 0))
		if !ok {
			t.Fatal("not answered")
		}
		r, err := Ask(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(a.Msg), io.Discard}, ID{1})
		if (id == ID{1}) != (err == nil && r.Outside == ap("81.2.69.5:7000")) {
			t.Errorf("id %d: %+v, %v", id[0], r, err)
		}
	}
}

// TestNames: the names of a meeting's sides differ in the side alone, and their text is
// read again; nothing else is.
func TestNames(t *testing.T) {
	a, b := Token{1}.Name(Asking), Token{1}.Name(Asked)
	if a.Other() != b || b.Other() != a || a == b || a.Side() != Asking || b.Side() != Asked {
		t.Errorf("%v, %v", a, b)
	}
	for _, n := range []Name{a, b} {
		if got, err := ParseName(n.String()); err != nil || got != n {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, text := range []string{"", a.String()[2:], a.String() + "61", "zz" + a.String()[2:], a.String()[:16] + "63"} {
		if n, err := ParseName(text); !errors.Is(err, ErrNoCheck) {
			t.Errorf("%q: %v, %v", text, n, err)
		}
	}
}

// FuzzStream: what is read is one message, and names that are read are written the same.
func FuzzStream(f *testing.F) {
	f.Add(padded(headerSize))
	f.Add(padded(MaxMessage))
	f.Add([]byte(Token{1}.Name(Asking).String()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := ReadMessage(bytes.NewReader(b)); err == nil &&
			(!Is(got) || len(got) > MaxMessage || len(got) != headerSize+int(binary.BigEndian.Uint16(b[2:])) || !bytes.HasPrefix(b, got)) {
			t.Errorf("%x of %x", got, b)
		}
		if n, err := ParseName(string(b)); err == nil && n.String() != string(bytes.ToLower(b)) {
			t.Errorf("%s of %q", n, b)
		}
	})
}
