package protocol

import (
	"bytes"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// fullFile is a file of which everything is known.
func fullFile() FileRecord {
	return FileRecord{
		Index:   7,
		Size:    1 << 33,
		Name:    "schöner Tag.ogg",
		Path:    "Musik/2004",
		URN:     URN{SHA1: SHA1{1, 0, 2}, HasSHA1: true, Tiger: tiger.Digest{3, 0, 0, 4}, HasTiger: true},
		Created: time.Unix(1_700_000_000, 0).UTC(),
		Alternates: []netip.AddrPort{
			netip.MustParseAddrPort("1.2.0.4:256"),
			netip.MustParseAddrPort("5.6.7.8:6346"),
		},
	}
}

// wantFile writes f as a record and reads it again, and checks that no NUL gets
// between.
func wantFile(t *testing.T, f, want FileRecord) {
	t.Helper()
	b := f.Record().Append(nil)
	if n := bytes.Count(b[recordHead:], []byte{0}); n != 2 {
		t.Errorf("%d NUL in %q, want 2", n, b[recordHead:])
	}
	size, err := recordSize(b)
	if err != nil || size != len(b) {
		t.Fatalf("record of %d bytes, %v; want %d", size, err, len(b))
	}
	if got := splitRecord(b).File(); !reflect.DeepEqual(got, want) {
		t.Errorf("read as %+v\nwant %+v", got, want)
	}
}

func TestFileRecord(t *testing.T) {
	f := fullFile()
	wantFile(t, f, f)
	var ids []string
	for e := range Extensions(f.Record().Ext) {
		ids = append(ids, e.GGEP.ID+string(e.Text))
	}
	wantEqual(t, "extensions", strings.Join(ids, " "), f.URN.SHA1URN()+" TT LF CT PATH ALT")

	wantFile(t, FileRecord{}, FileRecord{})
	wantEqual(t, "bytes of nothing", string(FileRecord{}.Record().Append(nil)), strings.Repeat("\x00", 10))
	onlySHA1 := FileRecord{URN: URN{SHA1: SHA1{9}, HasSHA1: true}}
	wantFile(t, onlySHA1, onlySHA1)
	wantEqual(t, "sha1 alone", string(onlySHA1.Record().Ext), onlySHA1.URN.SHA1URN())
	onlyTiger := FileRecord{URN: URN{Tiger: tiger.Digest{9}, HasTiger: true}}
	wantFile(t, onlyTiger, onlyTiger)
}

func TestFileRecordSize(t *testing.T) {
	for _, c := range []struct {
		size  uint64
		field uint32
		lf    bool
	}{
		{0, 0, false},
		{math.MaxInt32, math.MaxInt32, false},
		{math.MaxInt32 + 1, math.MaxInt32 + 1, true},
		{math.MaxUint32 - 1, math.MaxUint32 - 1, true},
		{math.MaxUint32, math.MaxUint32, true},
		{math.MaxUint32 + 1, math.MaxUint32, true},
		{1 << 40, math.MaxUint32, true},
		{math.MaxInt64, math.MaxUint32, true},
	} {
		r := FileRecord{Size: c.size}.Record()
		_, lf := FindGGEP(r.Ext, "LF")
		wantEqual(t, "size field", r.Size, c.field)
		wantEqual(t, "LF", lf, c.lf)
		wantFile(t, FileRecord{Size: c.size}, FileRecord{Size: c.size})
	}
	// What no file can have is not believed.
	wantFile(t, FileRecord{Size: math.MaxInt64 + 1}, FileRecord{Size: math.MaxUint32})
}

func TestFileRecordTime(t *testing.T) {
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct{ in, want time.Time }{
		{time.Time{}, time.Time{}},
		{time.Unix(-1, 0), time.Time{}},
		{time.Unix(0, 0), time.Time{}},
		{time.Unix(1, 5).In(time.FixedZone("x", 3600)), time.Unix(1, 0).UTC()},
		{time.Unix(256, 0), time.Unix(256, 0).UTC()},
		{last, last},
		{last.Add(time.Second), time.Time{}},
	} {
		wantFile(t, FileRecord{Created: c.in}, FileRecord{Created: c.want})
		_, told := FindGGEP(FileRecord{Created: c.in}.Record().Ext, "CT")
		wantEqual(t, "CT", told, !c.want.IsZero())
	}
}

// TestFileRecordText checks names and folders at their limit and past it.
func TestFileRecordText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a\x00b\x00", "ab"},
		{"\x1cx\xc3", "\x1cx\ufffd"},
		{strings.Repeat("a", MaxName), strings.Repeat("a", MaxName)},
		{strings.Repeat("a", MaxName+1), strings.Repeat("a", MaxName)},
		{strings.Repeat("a", MaxName-1) + "é", strings.Repeat("a", MaxName-1)},
		{strings.Repeat("a", MaxName-2) + "é", strings.Repeat("a", MaxName-2) + "é"},
		{strings.Repeat("\x80", MaxName+1), "\ufffd"},
		{strings.Repeat("\xffa", MaxName), strings.Repeat("\ufffda", MaxName/4)},
	} {
		wantFile(t, FileRecord{Name: c.in}, FileRecord{Name: c.want})
	}
	long := strings.Repeat("d/", MaxPath/2)
	wantFile(t, FileRecord{Path: long}, FileRecord{Path: long})
	wantFile(t, FileRecord{Path: long + "d"}, FileRecord{Path: long})
	wantFile(t, FileRecord{Path: "a\x00b"}, FileRecord{Path: "ab"})

	// A name on the wire that is too long, by half of a rune.
	name := []byte(strings.Repeat("a", MaxName-1) + "é")
	wantEqual(t, "long name", HitRecord{Name: name}.File().Name, string(name[:MaxName-1]))

	// A folder on the wire that is too long, or holds NUL by way of COBS.
	item := NewGGEP("PATH", bytes.Repeat([]byte("x"), MaxPath+1))
	wantEqual(t, "long folder", HitRecord{Ext: AppendGGEP(nil, item)}.File().Path, "")
	item = NewGGEP("PATH", []byte("a/\x00b")).ForHit()
	wantEqual(t, "folder with NUL", HitRecord{Ext: AppendGGEP(nil, item)}.File().Path, "a/b")
}

func TestFileRecordAlternates(t *testing.T) {
	many := make([]netip.AddrPort, MaxAddrs+1)
	for i := range many {
		many[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{1, 2, 3, byte(i)}), 6346)
	}
	wantFile(t, FileRecord{Alternates: many[:MaxAddrs]}, FileRecord{Alternates: many[:MaxAddrs]})
	wantFile(t, FileRecord{Alternates: many}, FileRecord{Alternates: many[:MaxAddrs]})
	wantFile(t, FileRecord{Alternates: []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:1")}}, FileRecord{})
}

// TestFileRecordForms reads the other forms in which servents tell the digests.
func TestFileRecordForms(t *testing.T) {
	u := fullFile().URN
	sha1 := URN{SHA1: u.SHA1, HasSHA1: true}
	root := URN{Tiger: u.Tiger, HasTiger: true}
	h1 := NewGGEP("H", append([]byte{1}, u.SHA1[:]...)).ForHit()
	h2 := NewGGEP("H", append(append([]byte{2}, u.SHA1[:]...), u.Tiger[:]...)).ForHit()
	tt := NewGGEP("TT", u.Tiger[:]).ForHit()
	packed := NewGGEP("TT", zlibOf(u.Tiger[:])).ForHit()
	packed.Deflate = true
	for _, c := range []struct {
		name string
		ext  []byte
		want URN
	}{
		{"bitprint text", []byte(u.String()), u},
		{"lower case", []byte(strings.ToLower(u.String())), u},
		{"tiger text", []byte("urn:ttroot:" + u.Tiger.String()), root},
		{"texts and xml", []byte("<?xml?>\x1c" + u.SHA1URN() + "\x1curn:md5:x"), sha1},
		{"H sha1", AppendGGEP(nil, h1), sha1},
		{"H bitprint", AppendGGEP(nil, h2), u},
		{"H sha1 and TT", AppendGGEP(nil, h1, tt), u},
		{"two blocks", AppendGGEP(AppendGGEP(nil, h1), tt), u},
		{"u", AppendGGEP(nil, NewGGEP("u", []byte(u.String()[4:]))), u},
		{"first wins", AppendGGEP([]byte(sha1.String()+"\x1c"), NewGGEP("H", append([]byte{1}, make([]byte, 20)...))), sha1},
		{"H of another type", AppendGGEP(nil, NewGGEP("H", append([]byte{3}, u.SHA1[:]...))), URN{}},
		{"H too short", AppendGGEP(nil, NewGGEP("H", []byte{1, 2, 3})), URN{}},
		{"H empty", AppendGGEP(nil, NewGGEP("H", nil)), URN{}},
		{"TT too short", AppendGGEP(nil, NewGGEP("TT", u.Tiger[:23])), URN{}},
		{"TT too long", AppendGGEP(nil, NewGGEP("TT", append(u.Tiger[:], 1))), URN{}},
		{"u of another scheme", AppendGGEP(nil, NewGGEP("u", []byte("md5:x"))), URN{}},
		{"COBS that is none", AppendGGEP(nil, GGEP{ID: "TT", COBS: true, Raw: []byte{9}}), URN{}},
		{"compressed", AppendGGEP(nil, packed), URN{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := HitRecord{Ext: c.ext}.File()
			wantEqual(t, "urn", f.URN, c.want)
		})
	}
}

// TestFileRecordNumbers reads sizes and times as they should not be.
func TestFileRecordNumbers(t *testing.T) {
	for _, data := range [][]byte{nil, {0}, bytes.Repeat([]byte{1}, 9), bytes.Repeat([]byte{0xff}, 8)} {
		area := AppendGGEP(nil, NewGGEP("LF", data).ForHit(), NewGGEP("CT", data).ForHit())
		f := HitRecord{Size: 5, Ext: area}.File()
		wantEqual(t, "size", f.Size, 5)
		wantEqual(t, "time", f.Created, time.Time{})
	}
	area := AppendGGEP(nil, NewGGEP("LF", []byte{1, 0, 0, 0, 0, 0, 0, 1}).ForHit())
	wantEqual(t, "size of eight bytes", HitRecord{Ext: area}.File().Size, 1<<56+1)
}
