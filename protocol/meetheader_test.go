package protocol

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
)

// TestMeetHeader: a proxy hands on what it was told, with what a later version adds, up
// to the limit.
func TestMeetHeader(t *testing.T) {
	want := meetOf(MaxMeetAddrs, MaxMeetProxies)
	g, err := ParseMeetHeader(want.Header())
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := FindMeet(AppendGGEP(nil, g)); err != nil || !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	later := append(meetOf(1, 1).Item().Raw, make([]byte, maxMeetData)...)
	text := func(size int) string { return base64.RawURLEncoding.EncodeToString(later[:size]) }
	if g, err := ParseMeetHeader(text(maxMeetData)); err != nil || len(g.Raw) != maxMeetData {
		t.Errorf("at the limit: %d bytes, %v", len(g.Raw), err)
	} else if _, _, err := FindMeet(AppendGGEP(nil, g)); err != nil {
		t.Errorf("at the limit it is not read: %v", err)
	}
	whole := meetOf(1, 1).Header()
	for what, s := range map[string]string{
		"nothing":       "",
		"past it":       text(maxMeetData + 1),
		"cut":           whole[:len(whole)-4],
		"no base64":     whole[:len(whole)-1] + "!",
		"padded":        strings.TrimRight(whole, "=") + "====",
		"other version": "Ag" + whole[2:],
	} {
		if g, err := ParseMeetHeader(s); err == nil {
			t.Errorf("%s: read as %x", what, g.Raw)
		}
	}
}

func FuzzMeetHeader(f *testing.F) {
	f.Add(meetOf(0, 0).Header())
	f.Add("AX0000000000000000000000000000000000000000000AA0") // half of what is said of routers
	f.Add(meetOf(MaxMeetAddrs, MaxMeetProxies).Header())
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseMeetHeader(s)
		if err != nil {
			return
		}
		m, ok, err := FindMeet(AppendGGEP(nil, g))
		if err != nil || !ok {
			t.Fatalf("%q is passed on, and not read: %v", s, err)
		}
		if again, err := ParseMeetHeader(m.Header()); err != nil || len(again.Raw) > len(g.Raw) {
			t.Errorf("%x became %x, %v", g.Raw, again.Raw, err)
		}
	})
}
