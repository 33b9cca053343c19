package protocol

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestGGEPLength checks the length field against the published boundary cases.
func TestGGEPLength(t *testing.T) {
	for n, want := range map[int]string{
		0: "40", 1: "41", 63: "7f", 64: "8140", 4095: "bf7f", 4096: "818040", MaxGGEPData: "bfbf7f",
	} {
		data := bytes.Repeat([]byte{'x'}, n)
		b := AppendGGEP(nil, NewGGEP("A", data))
		wantEqual(t, "block", hex.EncodeToString(b[:len(b)-n]), "c3"+"8141"+want)
		g, ok := FindGGEP(b, "A")
		if !ok || !bytes.Equal(g.Raw, data) {
			t.Errorf("%d bytes read as %d, %v", n, len(g.Raw), ok)
		}
	}
}

// TestGGEPUnwritable leaves out what has no encoding.
func TestGGEPUnwritable(t *testing.T) {
	good := NewGGEP(strings.Repeat("i", MaxGGEPID), nil)
	block := AppendGGEP(nil, good)
	wantEqual(t, "block", string(block), "\xc3\x8f"+good.ID+"\x40")
	bad := []GGEP{
		NewGGEP("", nil),
		NewGGEP(strings.Repeat("i", MaxGGEPID+1), nil),
		NewGGEP("a\x00b", nil),
		NewGGEP("A", make([]byte, MaxGGEPData+1)),
	}
	for _, g := range bad {
		wantEqual(t, "block of nothing", string(AppendGGEP([]byte("x"), g)), "x")
		wantEqual(t, "block of the rest", string(AppendGGEP(nil, g, good, g)), string(block))
	}
	wantEqual(t, "no items", len(AppendGGEP(nil)), 0)
}

func TestExtensions(t *testing.T) {
	one := string(AppendGGEP(nil, NewGGEP("A", []byte("1"))))
	two := string(AppendGGEP(nil, NewGGEP("B", []byte("\x1c\x00")), NewGGEP("C", nil)))
	for _, c := range []struct{ name, area, want string }{
		{"empty", "", ""},
		{"NUL", "\x00", ""},
		{"separators", "\x1c\x00\x1c", ""},
		{"text", "urn:x", "text urn:x"},
		{"texts", "urn:x\x1curn:y\x00", "text urn:x|text urn:y"},
		{"block", one, "A=1"},
		{"blocks", one + two, "A=1|B=\x1c\x00|C="},
		{"text and block", "urn:x\x1c" + one + "\x1curn:y", "text urn:x|A=1|text urn:y"},
		{"block and text", one + "urn:y\x00" + two, "A=1|text urn:y|B=\x1c\x00|C="},
		{"magic in text", "<\xc3\xa9>\x1c" + one, "text <\xc3\xa9>|A=1"},
		{"magic alone", "\xc3", ""},
		{"broken flags", "\xc3\x80A\x40", "text \x80A\x40"},
		{"reserved bit", "\xc3\x91A\x40", "text \x91A\x40"},
		{"id breaks off", "\xc3\x82A", "text \x82A"},
		{"id with NUL", "\xc3\x82A\x00\x40", "text \x82A\x00\x40"},
		{"no length", "\xc3\x81A", "text \x81A"},
		{"length breaks off", "\xc3\x81A\x81", "text \x81A\x81"},
		{"length of NUL", "\xc3\x81A\x00", "text \x81A\x00"},
		{"length with both bits", "\xc3\x81A\xc1x", "text \x81A\xc1x"},
		{"length of four bytes", "\xc3\x81A\x80\x80\x80\x40", "text \x81A\x80\x80\x80\x40"},
		{"data breaks off", "\xc3\x81A\x42x", "text \x81A\x42x"},
		{"no last item", "\xc3\x01A\x41x", "A=x"},
		{"broken second item", "\xc3\x01A\x41x\x01B", "A=x|text \x01B"},
		{"length that could be shorter", "\xc3\x81A\x80\x41x", "A=x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for e := range Extensions([]byte(c.area)) {
				if e.GGEP.ID == "" {
					got = append(got, "text "+string(e.Text))
				} else {
					got = append(got, e.GGEP.ID+"="+string(e.GGEP.Raw))
				}
			}
			wantEqual(t, "parts", strings.Join(got, "|"), c.want)
		})
	}
}

func TestExtensionsStop(t *testing.T) {
	for range Extensions([]byte("a\x1cb")) {
		return // must not panic
	}
	t.Error("no extensions")
}

func TestFindGGEP(t *testing.T) {
	area := AppendGGEP([]byte("B\x1c"), NewGGEP("A", []byte{1}), NewGGEP("B", []byte{2}))
	area = AppendGGEP(area, NewGGEP("B", []byte{3}), GGEP{ID: "own", COBS: true, Deflate: true})
	for id, want := range map[string]string{"A": "\x01", "B": "\x02", "own": ""} {
		g, ok := FindGGEP(area, id)
		if !ok || g.ID != id || string(g.Raw) != want || g.COBS != (id == "own") || g.Deflate != g.COBS {
			t.Errorf("%s is %+v, %v", id, g, ok)
		}
	}
	for _, id := range []string{"", "AB", "a"} {
		if g, ok := FindGGEP(area, id); ok {
			t.Errorf("%q is %+v", id, g)
		}
	}
}

func TestCOBS(t *testing.T) {
	run := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct{ plain, want string }{
		{"", "\x01"},
		{"\x00", "\x01\x01"},
		{"\x00\x00", "\x01\x01\x01"},
		{"a\x00b", "\x02a\x02b"},
		{"\x4a\xbd\x00\x6b", "\x03\x4a\xbd\x02\x6b"}, // from a captured hit
		{run(253), "\xfe" + run(253)},
		{run(254), "\xff" + run(254)},
		{run(255), "\xff" + run(254) + "\x02x"},
		{run(253) + "\x00", "\xfe" + run(253) + "\x01"},
		{run(254) + "\x00", "\xff" + run(254) + "\x01\x01"},
		{run(508), "\xff" + run(254) + "\xff" + run(254)},
	} {
		got := encodeCOBS([]byte(c.plain))
		wantEqual(t, "cobs", hex.EncodeToString(got), hex.EncodeToString([]byte(c.want)))
		plain, ok := decodeCOBS(got)
		if !ok || string(plain) != c.plain {
			t.Errorf("undone %x, %v", plain, ok)
		}
	}
	// Other encoders end a full run with an empty one.
	plain, ok := decodeCOBS([]byte("\xff" + run(254) + "\x01"))
	if !ok || string(plain) != run(254) {
		t.Errorf("undone %x, %v", plain, ok)
	}
	for _, bad := range []string{"\x00", "\x02", "\x03a", "\x02\x00", "\x02a\x00", "\x04a\x00b"} {
		if plain, ok := decodeCOBS([]byte(bad)); ok {
			t.Errorf("%x undone as %x", bad, plain)
		}
	}
}

func TestCOBSAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := slices.Concat(rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 300)).Draw(t, "data")...)
		coded := encodeCOBS(data)
		if bytes.IndexByte(coded, 0) >= 0 {
			t.Fatalf("NUL in %x", coded)
		}
		plain, ok := decodeCOBS(coded)
		if !ok || !bytes.Equal(plain, data) {
			t.Fatalf("undone %x, want %x", plain, data)
		}
	})
}

func TestGGEPForHit(t *testing.T) {
	for _, c := range []struct {
		in, want GGEP
	}{
		{NewGGEP("A", nil), NewGGEP("A", nil)},
		{NewGGEP("A", []byte("x")), NewGGEP("A", []byte("x"))},
		{NewGGEP("A", []byte("\x00x")), GGEP{ID: "A", COBS: true, Raw: []byte("\x01\x02x")}},
		{GGEP{ID: "A", Deflate: true, Raw: []byte{0}}, GGEP{ID: "A", COBS: true, Deflate: true, Raw: []byte{1, 1}}},
		{GGEP{ID: "A", COBS: true, Raw: []byte("\x01\x01")}, GGEP{ID: "A", COBS: true, Raw: []byte("\x01\x01")}},
	} {
		got := c.in.ForHit()
		wantEqual(t, "item", string(AppendGGEP(nil, got)), string(AppendGGEP(nil, c.want)))
	}
}

func TestGGEPData(t *testing.T) {
	const text = "some text \x00 some text"
	raw := []byte(text)
	packed := zlibOf(raw)
	if !bytes.Contains(packed, []byte{0}) {
		packed = append(packed, 0) // behind the stream; COBS must carry it
	}
	for name, g := range map[string]GGEP{
		"plain":            NewGGEP("A", raw),
		"cobs":             NewGGEP("A", raw).ForHit(),
		"deflate":          {ID: "A", Deflate: true, Raw: packed},
		"deflate and cobs": GGEP{ID: "A", Deflate: true, Raw: packed}.ForHit(),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := g.Data(len(text))
			if err != nil || string(got) != text {
				t.Errorf("data is %q, %v", got, err)
			}
			_, err = g.Data(len(text) - 1)
			wantFault(t, err, TooLarge)
			_, err = g.Data(-1)
			wantFault(t, err, TooLarge)
			area := AppendGGEP(nil, g)
			again, _ := FindGGEP(area, "A")
			got, err = again.Data(1 << 30)
			if err != nil || string(got) != text {
				t.Errorf("data through a block is %q, %v", got, err)
			}
		})
	}
}

func TestGGEPDataWrong(t *testing.T) {
	packed := zlibOf([]byte("some text some text some text"))
	flipped := bytes.Clone(packed)
	flipped[len(flipped)-1] ^= 1 // of the checksum
	for _, c := range []struct {
		g    GGEP
		kind ErrorKind
	}{
		{GGEP{COBS: true, Raw: []byte{5, 1}}, Malformed},
		{GGEP{COBS: true, Deflate: true, Raw: []byte{0}}, Malformed},
		{GGEP{Deflate: true}, Malformed},
		{GGEP{Deflate: true, Raw: []byte("not zlib at all")}, Malformed},
		{GGEP{Deflate: true, Raw: packed[:len(packed)-5]}, Truncated},
		{GGEP{Deflate: true, Raw: flipped}, Malformed},
	} {
		_, err := c.g.Data(1 << 10)
		wantFault(t, err, c.kind)
	}
}

// TestGGEPBomb inflates what would become very large.
func TestGGEPBomb(t *testing.T) {
	atLimit := make([]byte, MaxGGEPInflated)
	g := GGEP{ID: "A", Deflate: true, Raw: zlibOf(atLimit)}
	got, err := g.Data(1 << 40)
	if err != nil || !bytes.Equal(got, atLimit) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	g.Raw = zlibOf(append(atLimit, 0))
	_, err = g.Data(1 << 40)
	wantFault(t, err, TooLarge)

	g.Raw = zlibOf(make([]byte, 64<<20)) // about 64 KiB on the wire
	used := allocated(func() { _, err = g.Data(4 << 10) })
	wantFault(t, err, TooLarge)
	if used > 128<<10 {
		t.Errorf("%d bytes allocated for 4 KiB of a bomb", used)
	}
}
