package protocol

import (
	"slices"
	"strings"
	"testing"
)

func TestQuery(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          Query
	}{
		{"plain", "\x80\x00zebra\x00", Query{FlagMarker, []byte("zebra"), nil}},
		{"no text", "\x80\x00\x00", Query{FlagMarker, nil, nil}},
		{"speed", "\x00\x38x\x00", Query{56, []byte("x"), nil}},
		{"second NUL", "\xe0\x05x\x00\x00", Query{FlagMarker | FlagFirewalled | FlagXML | 5, []byte("x"), []byte{0}}},
		{"not UTF-8", "\x80\x00\xff\xfe\x00\xff", Query{FlagMarker, []byte("\xff\xfe"), []byte("\xff")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := ParseQuery([]byte(c.payload))
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, "flags", q.Flags, c.want.Flags)
			wantEqual(t, "text", string(q.Text), string(c.want.Text))
			wantEqual(t, "extensions", string(q.Ext), string(c.want.Ext))
			wantEqual(t, "bytes", string(q.Append(nil)), c.payload)
			wantEqual(t, "bytes of the same query", string(c.want.Append(nil)), c.payload)
		})
	}
	_, err := ParseQuery([]byte("\x80\x00without end"))
	wantFault(t, err, Truncated)
	wantEqual(t, "text with NUL", string(Query{Text: []byte("a\x00b")}.Append(nil)), "\x00\x00a\x00")
}

func TestQueryFlags(t *testing.T) {
	all := []QueryFlags{FlagFirewalled, FlagXML, FlagLeafGuided, FlagGGEPH, FlagOOB, FlagFWT, FlagSRUDP}
	for i, f := range all {
		wantEqual(t, "bit", f, 1<<(14-i))
		wantEqual(t, "has without marker", f.Has(f), false)
		wantEqual(t, "has with marker", (FlagMarker | f).Has(f), true)
		wantEqual(t, "has another", (FlagMarker &^ f).Has(f), false)
	}
	wantEqual(t, "has both of one", (FlagMarker | FlagOOB).Has(FlagOOB|FlagFWT), false)
	wantEqual(t, "hits wanted", QueryFlags(0x81ff).MaxHits(), 255)
	wantEqual(t, "hits wanted", QueryFlags(0x8102).MaxHits(), 2)
	wantEqual(t, "hits wanted by a speed", QueryFlags(56).MaxHits(), 0)
}

func TestQueryURNs(t *testing.T) {
	sha1 := URN{SHA1: SHA1{1}, HasSHA1: true}
	other := URN{SHA1: SHA1{2}, HasSHA1: true}
	item := NewGGEP("H", append([]byte{1}, other.SHA1[:]...))
	area := "urn:\x1c" + strings.ToLower(sha1.String()) + "\x1c<?xml?>\x1curn:sha1:short\x1c"
	q := Query{Text: []byte("\\"), Ext: AppendGGEP([]byte(area), NewGGEP("SO", nil), item)}
	got := slices.Collect(q.URNs())
	if !slices.Equal(got, []URN{sha1, other}) {
		t.Errorf("urns are %v", got)
	}
	for u := range q.URNs() {
		wantEqual(t, "first urn", u, sha1)
		break
	}
}
