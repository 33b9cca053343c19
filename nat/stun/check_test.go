package stun

import (
	"errors"
	"testing"
)

// TestChecks: a check and its answer are known by their token, are of the size that is
// promised, and say of which side they are.
func TestChecks(t *testing.T) {
	token := Token{1, 2, 3}
	for _, answer := range []bool{false, true} {
		b := NewCheck(ID{7}, token, Asking, answer)
		if len(b) != CheckSize || !Is(b) {
			t.Fatalf("%d bytes, want %d", len(b), CheckSize)
		}
		c, err := ParseCheck(b)
		if err != nil || c.ID != (ID{7}) || c.Answer != answer || c.Name != token.Name(Asking) || c.Name == token.Name(Asked) || !c.By(token) {
			t.Errorf("%+v, %v", c, err)
		}
		if c.By(Token{1, 2, 4}) {
			t.Error("another token does as well")
		}
		for i := range b { // nothing in it can be changed
			other := append([]byte{}, b...)
			other[i] ^= 1
			if c, err := ParseCheck(other); err == nil && c.By(token) {
				t.Errorf("byte %d is other, and it is the same check", i)
			}
		}
	}
}

// TestNoChecks: other STUN messages are not checks, and checks are no requests that a
// server would have to guess at.
func TestNoChecks(t *testing.T) {
	for _, b := range [][]byte{nil, NewRequest(ID{}, 0), NewRequest(ID{}, ChangePort), NewCheck(ID{}, Token{}, Asked, false)[:CheckSize-1]} {
		if _, err := ParseCheck(b); err == nil {
			t.Errorf("%x is taken for a check", b)
		}
	}
	if _, err := ParseCheck(NewRequest(ID{}, 0)); !errors.Is(err, ErrNoCheck) {
		t.Error(err)
	}
	if Asking.Other() != Asked || Asked.Other() != Asking {
		t.Error("each side is the other's other")
	}
}

func FuzzParseCheck(f *testing.F) {
	f.Add(NewCheck(ID{1}, Token{2}, Asking, false))
	f.Add(NewCheck(ID{1}, Token{2}, Asked, true))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCheck(b)
		if err == nil && c.By(Token{3}) {
			t.Errorf("%x proves a token that it cannot have", b)
		}
	})
}
