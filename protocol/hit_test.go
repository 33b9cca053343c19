package protocol

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
)

// hitOf returns a hit with these records.
func hitOf(records ...HitRecord) QueryHit {
	h := QueryHit{
		Addr:    netip.MustParseAddrPort("1.2.3.4:6346"),
		Speed:   350,
		Count:   uint8(len(records)),
		Servent: GUID{0xa0, 15: 0xaf},
	}
	for _, r := range records {
		h.Records = r.Append(h.Records)
	}
	return h
}

func TestQueryHit(t *testing.T) {
	h := hitOf(
		HitRecord{Index: 1, Size: 2, Name: []byte("one")},
		HitRecord{Index: 3, Size: 4, Name: []byte("two"), Ext: []byte("urn:\x1cx")},
		HitRecord{Index: 5, Size: 6},
	)
	h.Trailer = []byte("SRVT\x02\x3c\x01private")
	b := h.Append(nil)
	got, err := ParseQueryHit(b)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "count", got.Count, 3)
	wantEqual(t, "address", got.Addr, h.Addr)
	wantEqual(t, "speed", got.Speed, h.Speed)
	wantEqual(t, "servent", got.Servent, h.Servent)
	wantEqual(t, "trailer", string(got.Trailer), string(h.Trailer))
	wantEqual(t, "head", hex.EncodeToString(b[:hitHead]), "03"+"ca18"+"01020304"+"5e010000")
	var names []string
	for r := range got.Files() {
		names = append(names, string(r.Name)+"+"+string(r.Ext))
	}
	wantEqual(t, "names", strings.Join(names, "|"), "one+|two+urn:\x1cx|+")
	for r := range got.Files() {
		wantEqual(t, "first name", string(r.Name), "one")
		break
	}
	wantEqual(t, "bytes", string(got.Append(nil)), string(b))
}

// TestQueryHitWithoutTrailer reads a hit as servents before 2001 wrote it.
func TestQueryHitWithoutTrailer(t *testing.T) {
	h := hitOf(HitRecord{Index: 1, Name: []byte("old")})
	got, err := ParseQueryHit(h.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "trailer", len(got.Trailer), 0)
	wantEqual(t, "servent", got.Servent, h.Servent)
	if q, ok := got.QHD(); ok {
		t.Errorf("trailer read as %+v", q)
	}
}

// TestQueryHitCount checks that the count on the wire is that of the records. Too
// small a count leaves records to the trailer, which only its reader can refuse.
func TestQueryHitCount(t *testing.T) {
	h := hitOf(HitRecord{Index: 1, Name: []byte("one")}, HitRecord{Index: 2, Name: []byte("two")})
	for count, want := range map[uint8]int{0: 0, 1: 1, 2: 2} {
		h.Count = count
		b := h.Append(nil)
		got := parsed[QueryHit](t)(ParseQueryHit(b))
		n := 0
		for range got.Files() {
			n++
		}
		wantEqual(t, "records", n, want)
		wantEqual(t, "bytes", string(got.Append(nil)), string(b))
	}
	for _, count := range []uint8{3, 255} {
		h.Count = count
		_, err := ParseQueryHit(h.Append(nil))
		wantFault(t, err, Truncated)
	}
}

func TestQueryHitBrokenRecord(t *testing.T) {
	record := HitRecord{Name: []byte("name"), Ext: []byte("ext")}.Append(nil)
	for n := range len(record) {
		h := QueryHit{Count: 1, Records: record[:n]}
		_, err := ParseQueryHit(h.Append(nil))
		if n >= recordHead+len("name\x00") {
			// The GUID behind it supplies the NUL that is missing, but the record
			// may not reach into the GUID.
			h.Servent = GUID(bytes.Repeat([]byte{1}, 16))
			_, err = ParseQueryHit(h.Append(nil))
		}
		wantFault(t, err, Truncated)
	}
}

// TestQueryHitMany reads as many records as the count can tell.
func TestQueryHitMany(t *testing.T) {
	records := make([]HitRecord, 255)
	for i := range records {
		records[i].Index = uint32(i)
	}
	h := parsed[QueryHit](t)(ParseQueryHit(hitOf(records...).Append(nil)))
	next := uint32(0)
	for r := range h.Files() {
		wantEqual(t, "index", r.Index, next)
		next++
	}
	wantEqual(t, "records", next, 255)
}

func TestHitRecordWithNUL(t *testing.T) {
	r := HitRecord{Index: 1, Size: 2, Name: []byte("na\x00me"), Ext: []byte("ex\x00t")}
	wantEqual(t, "bytes", string(r.Append(nil)), "\x01\x00\x00\x00\x02\x00\x00\x00na\x00ex\x00")
}

func TestQHDFlags(t *testing.T) {
	for _, c := range []struct {
		open string
		want HitFlags
	}{
		{"", 0},
		{"ff", 0},
		{"ffff", HitPush | HitBusy | HitUploaded | HitMeasured | HitGGEP},
		{"0101", HitPush},
		{"0100", 0}, // value without "valid"
		{"0001", 0}, // valid and false
		{"0404", HitBusy},
		{"0400", 0}, // valid and false
		{"0004", 0}, // value without "valid"
		{"2c21", HitGGEP},
		{"2c29", HitGGEP | HitUploaded},
		{"0202", 0}, // a bit without meaning
		{"3d1d0500", HitPush | HitBusy | HitUploaded | HitMeasured},
	} {
		open := unhex(t, c.open)
		trailer := append([]byte{'L', 'I', 'M', 'E', byte(len(open))}, open...)
		q, ok := QueryHit{Trailer: trailer}.QHD()
		if !ok {
			t.Fatalf("open data %q: unreadable", c.open)
		}
		wantEqual(t, "flags of "+c.open, q.Flags, c.want)
		wantEqual(t, "bytes", string(q.Append(nil)), string(trailer))
	}
}

// TestQHDWritten writes each set of flags and reads it back.
func TestQHDWritten(t *testing.T) {
	const all = HitPush | HitBusy | HitUploaded | HitMeasured | HitGGEP
	for f := range HitFlags(0x40) {
		b := QHD{Vendor: "SRVT", Flags: f, Private: []byte{1, 2}}.Append(nil)
		q, ok := QueryHit{Trailer: b}.QHD()
		if !ok {
			t.Fatalf("flags %#x written as %x", f, b)
		}
		wantEqual(t, "vendor", q.Vendor, "SRVT")
		wantEqual(t, "flags", q.Flags, f&all)
		wantEqual(t, "private", string(q.Private), "\x01\x02")
		wantEqual(t, "push role", b[6]&0x01, 0x01)
		wantEqual(t, "other roles", b[5]&0x3c, 0x3c)
	}
	wantEqual(t, "push on the wire", hex.EncodeToString(QHD{Vendor: "SRVT", Flags: HitPush}.Append(nil)), "53525654"+"02"+"3d01")
	wantEqual(t, "short vendor", hex.EncodeToString(QHD{Vendor: "A", Open: []byte{}}.Append(nil)), "41000000"+"00")
	wantEqual(t, "long vendor", string(QHD{Vendor: "ABCDEF", Open: []byte{}}.Append(nil)), "ABCD\x00")
}

func TestQHDUnreadable(t *testing.T) {
	for _, trailer := range []string{"", "LIM", "LIME", "LIME\x01", "LIME\x02\x00", "LIME\xff\x00\x00\x00"} {
		if q, ok := (QueryHit{Trailer: []byte(trailer)}).QHD(); ok {
			t.Errorf("%q read as %+v", trailer, q)
		}
	}
}

func TestQHDExt(t *testing.T) {
	block := string(AppendGGEP(nil, NewGGEP("BH", nil)))
	const xml = "{plaintext}<?xml \xc3\xa9?>\x00"
	size := string(binary.LittleEndian.AppendUint16(nil, uint16(len(xml))))
	for _, c := range []struct{ name, open, private, want string }{
		{"nothing", "\x3c\x21", "", ""},
		{"no ggep", "\x3c\x01", "chat", ""},
		{"ggep", "\x3c\x21", block, block},
		{"chat before", "\x3c\x21", "\x01" + block, block},
		{"xml behind", "\x3c\x21" + size, "\x01" + block + xml, block},
		{"xml alone", "\x3c\x01" + size, xml, ""},
		{"xml larger than all", "\x3c\x21\xff\xff", block, ""},
	} {
		q := QHD{Vendor: "LIME", Open: []byte(c.open), Private: []byte(c.private)}
		wantEqual(t, c.name, string(q.Ext()), c.want)
		_, ok := FindGGEP(q.Ext(), "BH")
		wantEqual(t, c.name+": found", ok, c.want != "")
	}
}
