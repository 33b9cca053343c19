package protocol

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"testing"
)

// wireVector is one captured message of testdata/wire/vectors.json.
type wireVector struct {
	Title, From, Type, Hex string
	Decoded                wireFields
}

// wireFields is what an independent decoder read in a message.
type wireFields struct {
	Port  uint16
	IP    string
	Files uint32
	KB    uint32
	Ext   []wireExt

	Variant    string
	TableLen   uint32 `json:"table_len"`
	Infinity   uint8
	Seq        uint8
	SeqSize    uint8 `json:"seq_size"`
	Compressor uint8
	EntryBits  uint8 `json:"entry_bits"`
	DataLen    int   `json:"data_len"`

	Vendor    string
	ID, Ver   uint16
	Data      string
	Supported []string

	Flags, Query string

	N           uint8
	Speed       uint32
	Recs        []wireRecord
	GUID        string
	TrailerHex  string `json:"trailer_hex"`
	Open, Priv  string
	PrivPre     string     `json:"priv_pre"`
	TrailerGGEP []wireGGEP `json:"trailer_ggep"`

	Code uint16
	Msg  string
}

type wireRecord struct {
	Index, Size uint32
	Name        string
	Ext         []wireExt
}

// wireExt is one HUGE text or one GGEP block.
type wireExt struct {
	Text string
	GGEP []wireGGEP
}

func (e *wireExt) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &e.Text)
	}
	return json.Unmarshal(b, &struct{ GGEP *[]wireGGEP }{&e.GGEP})
}

type wireGGEP struct {
	ID            string
	COBS, Deflate bool
	Hex, ASCII    string // the data, with COBS undone
}

// readWireVectors reads all vectors and insists that each of their fields is one
// that the tests know.
func readWireVectors(t testing.TB) []wireVector {
	t.Helper()
	text, err := os.ReadFile("testdata/wire/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var vectors []wireVector
	if err := d.Decode(&vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

// bytes returns the whole message.
func (v wireVector) bytes(t testing.TB) []byte {
	t.Helper()
	return unhex(t, v.Hex)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wireKinds names the kinds as the vectors do, with the check of each.
var wireKinds = map[string]struct {
	kind  Kind
	check func(t *testing.T, f wireFields, payload []byte) Payload
}{
	"PING":  {KindPing, checkWirePing},
	"PONG":  {KindPong, checkWirePong},
	"BYE":   {KindBye, checkWireBye},
	"QRP":   {KindQRP, checkWireQRP},
	"VMSG":  {KindVendor, checkWireVendor},
	"QUERY": {KindQuery, checkWireQuery},
	"QHIT":  {KindQueryHit, checkWireHit},
	"HSEP":  {KindHSEP, checkWireOpaque},
}

func TestWireVectors(t *testing.T) {
	vectors := readWireVectors(t)
	if len(vectors) != 26 {
		t.Fatalf("%d vectors, want 26", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Title, func(t *testing.T) {
			msg := v.bytes(t)
			h, err := ParseHeader(msg)
			if err != nil {
				t.Fatal(err)
			}
			k, ok := wireKinds[v.Type]
			if !ok || h.Kind != k.kind || int(h.Size) != len(msg)-HeaderSize {
				t.Fatalf("header %+v of a %s of %d bytes", h, v.Type, len(msg))
			}
			if got := h.Append(nil); !bytes.Equal(got, msg[:HeaderSize]) {
				t.Errorf("header appended as %x, want %x", got, msg[:HeaderSize])
			}
			p := k.check(t, v.Decoded, msg[HeaderSize:])
			h.Size = 0
			if got := AppendMessage([]byte("before"), h, p); !bytes.Equal(got, append([]byte("before"), msg...)) {
				t.Errorf("appended as\n%x, want\n%x", got[len("before"):], msg)
			}
		})
	}
}

// parsed fails the test if a parser did.
func parsed[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func (f wireFields) addr() netip.AddrPort {
	return netip.MustParseAddrPort(fmt.Sprintf("%s:%d", f.IP, f.Port))
}

func checkWirePing(t *testing.T, f wireFields, b []byte) Payload {
	p := parsed[Ping](t)(ParsePing(b))
	checkWireExt(t, p.Ext, f.Ext, false)
	return p
}

func checkWirePong(t *testing.T, f wireFields, b []byte) Payload {
	p := parsed[Pong](t)(ParsePong(b))
	wantEqual(t, "address", p.Addr, f.addr())
	wantEqual(t, "files", p.Files, f.Files)
	wantEqual(t, "kbytes", p.KBytes, f.KB)
	wantEqual(t, "ultrapeer", p.Ultrapeer(), true)
	checkWireExt(t, p.Ext, f.Ext, false)
	return p
}

func checkWireBye(t *testing.T, f wireFields, b []byte) Payload {
	y := parsed[Bye](t)(ParseBye(b))
	wantEqual(t, "code", y.Code, f.Code)
	wantEqual(t, "text", string(y.Text), f.Msg)
	wantEqual(t, "reason", y.Reason(), f.Msg)
	return y
}

func checkWireQRP(t *testing.T, f wireFields, b []byte) Payload {
	if f.Variant == "RESET" {
		r := parsed[Reset](t)(ParseReset(b))
		wantEqual(t, "slots", r.Slots, f.TableLen)
		wantEqual(t, "infinity", r.Infinity, f.Infinity)
		return r
	}
	p := parsed[RoutePatch](t)(ParseRoutePatch(b))
	wantEqual(t, "variant", "PATCH", f.Variant)
	wantEqual(t, "sequence number", p.Seq, f.Seq)
	wantEqual(t, "sequence size", p.Of, f.SeqSize)
	wantEqual(t, "compressor", p.Compressor, f.Compressor)
	wantEqual(t, "entry bits", p.Bits, f.EntryBits)
	wantEqual(t, "data length", len(p.Data), f.DataLen)
	return p
}

func checkWireVendor(t *testing.T, f wireFields, b []byte) Payload {
	v := parsed[Vendor](t)(ParseVendor(b))
	wantEqual(t, "vendor", string(v.Code[:]), f.Vendor)
	wantEqual(t, "selector", v.Selector, f.ID)
	wantEqual(t, "version", v.Version, f.Ver)
	wantEqual(t, "data", hex.EncodeToString(v.Data), f.Data)
	switch v.Type() {
	case VendorMessagesSupported:
		ids := parsed[[]MessageID](t)(ParseMessagesSupported(v.Data))
		wantEqual(t, "number of messages", len(ids), len(f.Supported))
		for i, m := range ids {
			wantEqual(t, "message", m.String(), f.Supported[i])
		}
		wantEqual(t, "messages", hex.EncodeToString(AppendMessagesSupported(nil, ids...)), f.Data)
	case VendorFeaturesSupported:
		features := parsed[[]Feature](t)(ParseFeaturesSupported(v.Data))
		wantEqual(t, "number of features", len(features), 5)
		wantEqual(t, "features", hex.EncodeToString(AppendFeaturesSupported(nil, features...)), f.Data)
	}
	return v
}

func checkWireQuery(t *testing.T, f wireFields, b []byte) Payload {
	q := parsed[Query](t)(ParseQuery(b))
	wantEqual(t, "flags", fmt.Sprintf("%#04x", uint16(q.Flags)), f.Flags)
	wantEqual(t, "text", string(q.Text), f.Query)
	checkWireExt(t, q.Ext, f.Ext, false)
	return q
}

func checkWireHit(t *testing.T, f wireFields, b []byte) Payload {
	h := parsed[QueryHit](t)(ParseQueryHit(b))
	wantEqual(t, "count", h.Count, f.N)
	wantEqual(t, "address", h.Addr, f.addr())
	wantEqual(t, "speed", h.Speed, f.Speed)
	wantEqual(t, "servent", h.Servent.String(), f.GUID)
	wantEqual(t, "trailer", hex.EncodeToString(h.Trailer), f.TrailerHex)
	var records []byte
	n := 0
	for r := range h.Files() {
		want := f.Recs[n]
		wantEqual(t, "index", r.Index, want.Index)
		wantEqual(t, "size", r.Size, want.Size)
		wantEqual(t, "name", string(r.Name), want.Name)
		checkWireExt(t, r.Ext, want.Ext, true)
		checkWireFile(t, r, want)
		records = r.Append(records)
		n++
	}
	wantEqual(t, "number of records", n, len(f.Recs))
	wantEqual(t, "records", hex.EncodeToString(records), hex.EncodeToString(h.Records))
	checkWireTrailer(t, h, f)
	return h
}

func checkWireTrailer(t *testing.T, h QueryHit, f wireFields) {
	q, ok := h.QHD()
	if !ok {
		t.Fatal("no trailer")
	}
	wantEqual(t, "vendor", q.Vendor, f.Vendor)
	wantEqual(t, "open data", hex.EncodeToString(q.Open), f.Open)
	wantEqual(t, "private data", hex.EncodeToString(q.Private), f.Priv)
	wantEqual(t, "private data before ggep", len(q.Private)-len(q.Ext()), len(f.PrivPre)/2)
	checkWireExt(t, q.Ext(), []wireExt{{GGEP: f.TrailerGGEP}}, false)
	wantEqual(t, "appended trailer", hex.EncodeToString(q.Append(nil)), f.TrailerHex)
	wantEqual(t, "ggep flag", q.Flags&HitGGEP, HitGGEP)
	wantEqual(t, "push flag", q.Flags&HitPush, 0)
	wantEqual(t, "uploaded flag", q.Flags&HitUploaded != 0, f.Open == "2c29")
}

func checkWireOpaque(_ *testing.T, _ wireFields, b []byte) Payload { return wireOpaque(b) }

// wireOpaque is a payload of which only the header is understood.
type wireOpaque []byte

func (o wireOpaque) Append(b []byte) []byte { return append(b, o...) }

// checkWireExt compares an extension area with what was decoded, and builds it
// again from its parts, and from their data.
func checkWireExt(t *testing.T, area []byte, want []wireExt, inHit bool) {
	t.Helper()
	var got []Extension
	for e := range Extensions(area) {
		got = append(got, e)
	}
	var rebuilt []byte
	for i, w := range want {
		if i > 0 {
			rebuilt = append(rebuilt, 0x1c)
		}
		if w.GGEP == nil {
			if len(got) == 0 || got[0].GGEP.ID != "" || string(got[0].Text) != w.Text {
				t.Fatalf("extensions %v, want %q", got, w.Text)
			}
			rebuilt, got = append(rebuilt, got[0].Text...), got[1:]
			continue
		}
		if len(got) < len(w.GGEP) {
			t.Fatalf("extensions %v, want %v", got, w.GGEP)
		}
		rebuilt = append(rebuilt, checkWireGGEP(t, got[:len(w.GGEP)], w.GGEP, inHit)...)
		got = got[len(w.GGEP):]
	}
	if len(got) > 0 {
		t.Errorf("extensions too many: %v", got)
	}
	if !bytes.Equal(rebuilt, area) {
		t.Errorf("extensions built again are %x, want %x", rebuilt, area)
	}
}

// checkWireGGEP compares the items of one block and returns the block built from
// them.
func checkWireGGEP(t *testing.T, got []Extension, want []wireGGEP, inHit bool) []byte {
	t.Helper()
	var items, fresh []GGEP
	for i, w := range want {
		g := got[i].GGEP
		wantEqual(t, "ggep id", g.ID, w.ID)
		wantEqual(t, "cobs", g.COBS, w.COBS)
		wantEqual(t, "deflate", g.Deflate, w.Deflate)
		data := parsed[[]byte](t)(g.Data(1 << 10))
		wantEqual(t, "ggep data", hex.EncodeToString(data), w.Hex)
		wantEqual(t, "ggep ascii", wireASCII(data), w.ASCII)
		items = append(items, g)
		f := NewGGEP(w.ID, data)
		if inHit {
			f = f.ForHit()
		}
		fresh = append(fresh, f)
	}
	block := AppendGGEP(nil, items...)
	if made := AppendGGEP(nil, fresh...); !bytes.Equal(made, block) {
		t.Errorf("ggep made from data is %x, want %x", made, block)
	}
	return block
}

// wireASCII shows data as the vectors do.
func wireASCII(data []byte) string {
	s := bytes.Clone(data)
	for i, c := range s {
		if c < ' ' || c > '~' {
			s[i] = '.'
		}
	}
	return string(s)
}

// checkWireFile compares what a record says with its parts, and checks that we
// write the same record for the same file.
func checkWireFile(t *testing.T, r HitRecord, want wireRecord) {
	f := r.File()
	wantEqual(t, "file name", f.Name, want.Name)
	wantEqual(t, "file size", f.Size, uint64(want.Size))
	wantEqual(t, "file urn", f.URN.SHA1URN(), want.Ext[0].Text)
	wantEqual(t, "file tiger", hex.EncodeToString(f.URN.Tiger[:]), want.Ext[1].GGEP[0].Hex)
	wantEqual(t, "file time", f.Created.Year(), 2026)
	wantEqual(t, "record", hex.EncodeToString(f.Record().Append(nil)), hex.EncodeToString(r.Append(nil)))
}
