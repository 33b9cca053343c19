package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
)

func listFile(i int) ListFile {
	f := ListFile{
		Index: uint32(i), Size: uint64(i) * 1000, Created: 1_700_000_000 + uint64(i), Type: uint8(i % 7),
		Path: fmt.Sprintf("music/album %d/track %d.ogg", i/10, i), Tags: "strauss vienna",
	}
	f.URN.HasSHA1, f.URN.HasTiger = i%2 == 0, i%3 == 0
	if f.URN.HasSHA1 {
		f.URN.SHA1[3] = byte(i)
	}
	if f.URN.HasTiger {
		f.URN.Tiger[20] = byte(i)
	}
	return f
}

func wantKind(t *testing.T, what string, err error, want ErrorKind) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestListFile(t *testing.T) {
	files := []ListFile{{}, {Index: math.MaxUint32, Size: maxFileSize, Created: maxUnixTime, Type: 15, Path: strings.Repeat("p", MaxListPath), Tags: strings.Repeat("t", MaxListTags)}}
	for i := range 12 {
		files = append(files, listFile(i))
	}
	for _, f := range files {
		b := f.Append(nil)
		got, err := ParseListFile(b)
		if err != nil || got != f {
			t.Errorf("%+v is read as %+v, %v", f, got, err)
		}
		if len(b) > MaxListRecord {
			t.Errorf("%d bytes", len(b))
		}
		for n := range min(len(b), 200) {
			if _, err := ParseListFile(b[:n]); err == nil {
				t.Fatalf("%d bytes of %d are read", n, len(b))
			}
		}
	}
	f := ListFile{Path: strings.Repeat("é", MaxListPath), Tags: strings.Repeat("é", MaxListTags)}
	if got, err := ParseListFile(f.Append(nil)); err != nil || len(got.Path) != MaxListPath || len(got.Tags) != MaxListTags {
		t.Errorf("long texts: %d and %d bytes, %v", len(got.Path), len(got.Tags), err)
	}
}

func TestBadListFile(t *testing.T) {
	head := []byte{1, 1, 1, 0}
	for what, tt := range map[string]struct {
		b    []byte
		want ErrorKind
	}{
		"nothing":        {nil, Truncated},
		"index over 32":  {[]byte{0xff, 0xff, 0xff, 0xff, 0x10}, TooLarge},
		"endless number": {bytes.Repeat([]byte{0xff}, 20), TooLarge},
		"unknown bits":   {[]byte{1, 1, 1, 0x40, 0, 0}, Malformed},
		"more behind":    {append(bytes.Clone(head), 0, 0, 0), Malformed},
		"long path":      {appendListText(bytes.Clone(head), strings.Repeat("p", MaxListPath+1)), TooLarge},
		"64 KiB of path": {appendListText(bytes.Clone(head), strings.Repeat("p", 64<<10)), TooLarge},
		"long tags":      {appendListText(append(bytes.Clone(head), 0), strings.Repeat("t", MaxListTags+1)), TooLarge},
	} {
		_, err := ParseListFile(tt.b)
		wantKind(t, what, err, tt.want)
	}
}

// TestListDigest: it tells lists apart, whatever the order in which they came about.
func TestListDigest(t *testing.T) {
	var up, down, some ListDigest
	for i := range 100 {
		up.Add(listFile(i).Append(nil))
		down.Add(listFile(99 - i).Append(nil))
		if i < 50 {
			some.Add(listFile(i).Append(nil))
		}
	}
	if up != down || up == some || up == (ListDigest{}) {
		t.Errorf("%x, %x and %x", up, down, some)
	}
	for i := 50; i < 100; i++ {
		up.Remove(listFile(i).Append(nil))
	}
	if up != some {
		t.Errorf("%x after half was taken out, want %x", up, some)
	}
	for i := range 50 {
		up.Remove(listFile(i).Append(nil))
	}
	if up != (ListDigest{}) {
		t.Errorf("%x of nothing", up)
	}
}

func TestListChanges(t *testing.T) {
	var body []byte
	var want []ListChange
	for i := range 20 {
		c := ListChange{Index: uint32(i) * 1000}
		if i%3 > 0 {
			c = ListChange{Record: listFile(i).Append(nil)}
		}
		want = append(want, c)
		body = c.Append(body)
	}
	n := 0
	for c, err := range ListChanges(body) {
		if err != nil || !bytes.Equal(c.Record, want[n].Record) || c.Index != want[n].Index {
			t.Fatalf("entry %d: %+v, %v", n, c, err)
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d entries of %d", n, len(want))
	}
	for what, tt := range map[string]struct {
		b    []byte
		want ErrorKind
	}{
		"record cut": {ListChange{Record: []byte("abc")}.Append(nil)[:3], Truncated},
		"no index":   {[]byte{0}, Truncated},
		"too long":   {ListChange{Record: make([]byte, MaxListRecord+1)}.Append(nil), TooLarge},
	} {
		var last error
		for _, err := range ListChanges(tt.b) {
			last = err
		}
		wantKind(t, what, last, tt.want)
	}
}

func TestListMessages(t *testing.T) {
	digest := ListDigest{1, 31: 9}
	offer := ListOffer{Digest: digest, Files: 70_000, Addr: netip.MustParseAddrPort("10.1.2.3:6346"), Trailer: make([]byte, MaxHitTrailer)}
	v, err := ParseVendor(offer.Vendor().Append(nil))
	got, err2 := v.ListOffer()
	if err != nil || err2 != nil || v.Type() != VendorListOffer || got.Digest != digest || got.Files != 70_000 || got.Addr != offer.Addr || len(got.Trailer) != MaxHitTrailer {
		t.Errorf("%+v, %v, %v", got, err, err2)
	}
	_, err = Vendor{Data: append(v.Data, 0)}.ListOffer()
	wantKind(t, "long trailer", err, TooLarge)
	_, err = Vendor{Data: v.Data[:listOfferHead-1]}.ListOffer()
	wantKind(t, "short offer", err, Truncated)

	answer := ListAnswer{Verdict: ListRefused, Digest: digest, Reason: strings.Repeat("r", MaxListReason)}
	v = answer.Vendor()
	if got, err := v.ListAnswer(); err != nil || got != answer {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = Vendor{Data: append(v.Data, 'r')}.ListAnswer()
	wantKind(t, "long reason", err, TooLarge)
	_, err = Vendor{Data: v.Data[:32]}.ListAnswer()
	wantKind(t, "short answer", err, Truncated)
	v.Data[0] = 4
	_, err = v.ListAnswer()
	wantKind(t, "unknown verdict", err, Malformed)
}

func TestListPart(t *testing.T) {
	body := bytes.Repeat([]byte("abcd"), MaxListBody/4)
	for _, p := range []ListPart{{}, {First: true}, {Last: true, Digest: ListDigest{7}, Files: 9}, {First: true, Last: true}, {First: true, Whole: true}} {
		p.Deflated = NewListPart(body).Deflated
		got, err := p.Vendor().ListPart()
		if err != nil || got.First != p.First || got.Last != p.Last || got.Whole != p.Whole || got.Digest != p.Digest || got.Files != p.Files {
			t.Errorf("%+v, %v", got, err)
		}
		if b, err := got.Body(); err != nil || !bytes.Equal(b, body) {
			t.Errorf("body: %d bytes, %v", len(b), err)
		}
	}
	long := NewListPart(make([]byte, MaxListBody+1))
	_, err := long.Body()
	wantKind(t, "one byte more", err, TooLarge)
	_, err = ListPart{Deflated: NewListPart(make([]byte, 30<<20)).Deflated}.Body()
	wantKind(t, "bomb", err, TooLarge)
	long.Deflated = long.Deflated[:len(long.Deflated)/2]
	_, err = long.Body()
	wantKind(t, "cut", err, Truncated)
	_, err = ListPart{Deflated: []byte{0xff, 1, 2}}.Body()
	wantKind(t, "no deflate", err, Malformed)
	for what, tt := range map[string]struct {
		b    []byte
		want ErrorKind
	}{"nothing": {nil, Truncated}, "unknown flag": {[]byte{8}, Malformed}, "whole in the middle": {[]byte{4}, Malformed}, "no digest": {make35(listLast), Truncated}} {
		_, err := Vendor{Data: tt.b}.ListPart()
		wantKind(t, what, err, tt.want)
	}
}

// make35 is one byte too short for a digest and a number behind flags.
func make35(flags byte) []byte { return append([]byte{flags}, make([]byte, 35)...) }

// FuzzList reads parts of lists, and checks that what is understood of a record
// survives.
func FuzzList(f *testing.F) {
	var body []byte
	for i := range 5 {
		body = ListChange{Record: listFile(i).Append(nil)}.Append(body)
	}
	body = ListChange{Index: 3}.Append(body)
	p := NewListPart(body)
	f.Add(p.Vendor().Data, body)
	p.Last = true
	f.Add(p.Vendor().Data, []byte{0})
	f.Fuzz(func(t *testing.T, data, body []byte) {
		v := Vendor{Data: data}
		_, _ = v.ListOffer()
		_, _ = v.ListAnswer()
		if p, err := v.ListPart(); err == nil {
			if b, err := p.Body(); err == nil {
				body = b
			}
		}
		for c, err := range ListChanges(body) {
			if err != nil {
				return
			}
			file, err := ParseListFile(c.Record)
			if err != nil {
				continue
			}
			again, err := ParseListFile(file.Append(nil))
			if err != nil || again.Index != file.Index || again.URN != file.URN || again.Size != file.Size {
				t.Fatalf("%+v is read as %+v, %v", file, again, err)
			}
		}
	})
}
