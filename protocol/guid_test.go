package protocol

import (
	"strings"
	"testing"
)

func TestGUID(t *testing.T) {
	const text = "000102030405060708090a0b0c0d0eff"
	want := GUID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}
	for _, s := range []string{text, strings.ToUpper(text)} {
		g, err := ParseGUID(s)
		if err != nil || g != want {
			t.Errorf("%q is %v, %v", s, g, err)
		}
	}
	wantEqual(t, "text", want.String(), text)
	for _, s := range []string{"", text[:31], text + "0", text[:31] + "g", strings.Repeat("é", 16)} {
		g, err := ParseGUID(s)
		wantFault(t, err, Malformed)
		wantEqual(t, "guid of "+s, g, GUID{})
	}
}

func TestGUIDMarked(t *testing.T) {
	g := GUID{0: 1, 7: 2, 8: 3, 9: 4, 14: 5, 15: 6}
	wantEqual(t, "marked", g.Marked(), GUID{0: 1, 7: 2, 8: 0xff, 9: 4, 14: 5, 15: 0})
	wantEqual(t, "guid itself", g[8], 3)
	wantEqual(t, "marked twice", g.Marked().Marked(), g.Marked())
}
