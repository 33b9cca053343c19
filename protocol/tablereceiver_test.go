package protocol

import (
	"bytes"
	"compress/zlib"
	"testing"

	"pgregory.net/rapid"
)

// sequence is how another servent might write what turns one table into
// another: any entry width and compressor, parts of any length.
type sequence struct {
	bits, compressor, infinity uint8
	chunk                      int
}

// entries writes the deltas from prev (nil: an empty table) to table, straight
// from the words of section 10.
func (s sequence) entries(table, prev *RouteTable) []byte {
	out := make([]byte, (table.size()*int(s.bits)+7)/8)
	for i := range table.size() {
		hash := uint32(i) << table.shift
		is, was := table.Has(hash), prev != nil && prev.Has(hash)
		if is == was {
			continue
		}
		entry := s.infinity - 1
		if is {
			entry = 1 - s.infinity
		}
		switch s.bits {
		case 8:
			out[i] = entry
		case 4:
			out[i/2] |= entry & 0xf << (4 - 4*(i%2))
		case 1:
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// parts cuts data into at most 255 PATCHes.
func (s sequence) parts(data []byte) [][]byte {
	if s.compressor == PatchZlib {
		data = zlibOf(data)
	}
	chunk := max(s.chunk, (len(data)+254)/255)
	of := (len(data) + chunk - 1) / chunk
	var out [][]byte
	for seq := range of {
		p := RoutePatch{uint8(seq + 1), uint8(of), s.compressor, s.bits, data[:min(chunk, len(data))]}
		out = append(out, p.Append(nil))
		data = data[len(p.Data):]
	}
	return out
}

func zlibOf(data []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}

// drawSequence makes any lawful one.
func drawSequence(t *rapid.T) sequence {
	return sequence{
		bits:       rapid.SampledFrom([]uint8{1, 4, 8}).Draw(t, "entry bits"),
		compressor: rapid.SampledFrom([]uint8{PatchPlain, PatchZlib}).Draw(t, "compressor"),
		infinity:   rapid.Uint8Range(2, 8).Draw(t, "infinity"),
		chunk:      rapid.IntRange(1, 600).Draw(t, "chunk"),
	}
}

type failer interface{ Fatal(args ...any) }

// receive hands payloads over and expects no complaint; it spoils each payload
// afterwards, since a receiver must not keep any.
func receive(t failer, r *TableReceiver, payloads ...[]byte) {
	for _, p := range payloads {
		p := bytes.Clone(p)
		if err := r.Receive(p); err != nil {
			t.Fatal(err)
		}
		for i := range p {
			p[i] = 0xee
		}
	}
}

// TestReceiverTakesAnySequence walks one receiver through tables of any size in
// sequences of any kind; without a RESET in between only changes are sent.
func TestReceiverTakesAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r TableReceiver
		var prev *RouteTable
		for range rapid.IntRange(1, 4).Draw(t, "tables") {
			s := drawSequence(t)
			if prev == nil || rapid.Bool().Draw(t, "reset") {
				before := r.Table()
				prev = newRouteTable(rapid.UintRange(0, 13).Draw(t, "bits"))
				receive(t, &r, Reset{Slots: uint32(prev.size()), Infinity: s.infinity}.Append(nil))
				if r.Table() != before {
					t.Fatal("a RESET alone replaced the table")
				}
			}
			table := drawTable(t, prev.Bits())
			last := r.Table()
			var kept *RouteTable
			if last != nil {
				kept = last.clone()
			}
			receive(t, &r, s.parts(s.entries(table, prev))...)
			if !r.Table().Equal(table) {
				t.Fatalf("received %v, want %v", slotsOf(r.Table()), slotsOf(table))
			}
			if last != nil && !last.Equal(kept) {
				t.Fatal("a table that was handed out has changed")
			}
			prev = table
		}
	})
}

func TestAppendPatchReachesReceiver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r TableReceiver
		var prev *RouteTable
		infinity := rapid.Uint8().Draw(t, "infinity")
		for range rapid.IntRange(1, 4).Draw(t, "tables") {
			table := drawTable(t, rapid.UintRange(MinTableBits, MinTableBits+1).Draw(t, "bits"))
			if prev != nil && rapid.Bool().Draw(t, "forget") {
				prev = nil
			}
			payloads := table.AppendPatch(nil, prev, infinity)
			afresh := prev == nil || prev.Bits() != table.Bits()
			if !afresh && prev.Equal(table) != (len(payloads) == 0) {
				t.Fatalf("%d payloads for a table that has changed: %v", len(payloads), !prev.Equal(table))
			}
			if afresh != (len(payloads) > 0 && payloads[0][0] == variantReset) {
				t.Fatalf("a RESET first? want %v", afresh)
			}
			receive(t, &r, payloads...)
			if !r.Table().Equal(table) {
				t.Fatalf("received %v, want %v", slotsOf(r.Table()), slotsOf(table))
			}
			prev = table
		}
	})
}

// TestCapturedTables checks what running servents and the probe, whose table
// gtk-gnutella honoured, have sent.
func TestCapturedTables(t *testing.T) {
	var probe TableReceiver
	receive(t, &probe, qrpVectors(t, "QRP RESET sent by probe")...)
	receive(t, &probe, qrpVectors(t, "QRP PATCH sent by probe")...)
	for _, word := range []string{"purple", "elephant", "song", "probefile"} {
		if !probe.Table().Has(WordHash(word)) {
			t.Errorf("the probe's table lacks %q", word)
		}
	}
	if probe.Table().Has(WordHash("giraffe")) || probe.Table().Bits() != 16 || probe.Table().Fill() > 0.001 {
		t.Errorf("the probe's table: %d bits, fill %v", probe.Table().Bits(), probe.Table().Fill())
	}

	var leaf TableReceiver
	receive(t, &leaf, qrpVectors(t, "QRP RESET leaf")...)
	receive(t, &leaf, qrpVectors(t, "QRP PATCH leaf")...)
	if !leaf.Table().Has(WordHash("txt")) { // what it shared ended in .txt
		t.Error("the leaf's table lacks txt")
	}
	if leaf.Table().Bits() != 14 || leaf.Table().Fill() == 0 || leaf.Table().Fill() > 0.01 {
		t.Errorf("the leaf's table: %d bits, fill %v", leaf.Table().Bits(), leaf.Table().Fill())
	}
}
