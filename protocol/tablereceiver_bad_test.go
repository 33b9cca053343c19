package protocol

import (
	"bytes"
	"runtime"
	"testing"
)

// ready returns a receiver that has had a RESET of 2^bits slots.
func ready(t testing.TB, bits uint) *TableReceiver {
	var r TableReceiver
	receive(t, &r, Reset{Slots: 1 << bits, Infinity: 7}.Append(nil))
	return &r
}

func TestReceiverRefuses(t *testing.T) {
	half, whole := make([]byte, 256), make([]byte, 512) // of 1024 slots at 4 bits
	zipped := zlibOf(whole)
	for name, c := range map[string]struct {
		kind  ErrorKind
		field string
		parts []RoutePatch // all but the last are good
	}{
		"sequence from 0":       {Malformed, "qrp sequence", []RoutePatch{{0, 1, 0, 4, whole}}},
		"sequence of 0":         {Malformed, "qrp sequence", []RoutePatch{{1, 0, 0, 4, whole}}},
		"sequence past its end": {Malformed, "qrp sequence", []RoutePatch{{2, 1, 0, 4, whole}}},
		"begins with 2":         {OutOfOrder, "qrp sequence", []RoutePatch{{2, 2, 0, 4, half}}},
		"part twice":            {OutOfOrder, "qrp sequence", []RoutePatch{{1, 3, 0, 4, half}, {1, 3, 0, 4, half}}},
		"part left out":         {OutOfOrder, "qrp sequence", []RoutePatch{{1, 3, 0, 4, half}, {3, 3, 0, 4, half}}},
		"another length":        {OutOfOrder, "qrp sequence", []RoutePatch{{1, 3, 0, 4, half}, {2, 2, 0, 4, half}}},
		"another compressor":    {OutOfOrder, "qrp sequence", []RoutePatch{{1, 2, 0, 4, half}, {2, 2, 1, 4, half}}},
		"another entry width":   {OutOfOrder, "qrp sequence", []RoutePatch{{1, 2, 0, 4, half}, {2, 2, 0, 8, half}}},
		"unknown compressor":    {Malformed, "qrp compressor", []RoutePatch{{1, 1, 2, 4, whole}}},
		"entries of 2 bits":     {Malformed, "qrp entry bits", []RoutePatch{{1, 1, 0, 2, whole}}},
		"entries of 0 bits":     {Malformed, "qrp entry bits", []RoutePatch{{1, 1, 0, 0, whole}}},
		"plain: one short":      {Truncated, "qrp patch", []RoutePatch{{1, 2, 0, 4, half}, {2, 2, 0, 4, half[1:]}}},
		"plain: one over":       {TooLarge, "qrp patch", []RoutePatch{{1, 2, 0, 4, whole}, {2, 2, 0, 4, half[:1]}}},
		"plain: nothing":        {Truncated, "qrp patch", []RoutePatch{{1, 1, 0, 4, nil}}},
		"zlib: not a stream":    {Malformed, "qrp zlib stream", []RoutePatch{{1, 1, 1, 4, whole}}},
		"zlib: nothing":         {Malformed, "qrp zlib stream", []RoutePatch{{1, 1, 1, 4, nil}}},
		"zlib: bad checksum":    {Malformed, "qrp zlib stream", []RoutePatch{{1, 1, 1, 4, append(zipped[:len(zipped)-1:len(zipped)-1], 99)}}},
		"zlib: bad block":       {Malformed, "qrp zlib stream", []RoutePatch{{1, 1, 1, 4, []byte("\x78\x01\x07")}}},
		"zlib: one short":       {Truncated, "qrp patch", []RoutePatch{{1, 1, 1, 4, zlibOf(whole[1:])}}},
		"zlib: one over":        {TooLarge, "qrp patch", []RoutePatch{{1, 1, 1, 4, zlibOf(make([]byte, 513))}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := ready(t, 10)
			last := len(c.parts) - 1
			for _, p := range c.parts[:last] {
				receive(t, r, p.Append(nil))
			}
			wantError(t, r.Receive(c.parts[last].Append(nil)), c.kind, c.field)
			if r.Table() != nil {
				t.Error("there is a table")
			}
			receive(t, r, RoutePatch{1, 1, 0, 4, whole}.Append(nil)) // nothing of the bad one is left
			if r.Table() == nil || r.Table().Fill() != 0 {
				t.Error("the next sequence is spoilt")
			}
		})
	}
}

func TestReceiverRefusesOtherPayloads(t *testing.T) {
	var r TableReceiver
	wantError(t, r.Receive(nil), Truncated, "qrp")
	wantError(t, r.Receive([]byte{2, 1, 1, 0, 4, 0}), Malformed, "qrp variant")
	wantError(t, r.Receive(RoutePatch{1, 1, 0, 4, make([]byte, 512)}.Append(nil)), OutOfOrder, "qrp patch before reset")
	wantError(t, r.Receive([]byte{0, 1}), Truncated, "qrp reset")
	wantError(t, r.Receive([]byte{1, 1}), Truncated, "qrp patch")
}

// TestReceiverTakesStreamWithoutEnd: some servents flush a zlib stream where
// they ought to end it.
func TestReceiverTakesStreamWithoutEnd(t *testing.T) {
	table := NewRouteTable(10)
	table.Add("submarine")
	s := sequence{bits: 4, compressor: PatchZlib, infinity: 7}
	stream := zlibOf(s.entries(table, nil))
	r := ready(t, 10)
	receive(t, r, RoutePatch{1, 1, PatchZlib, 4, stream[:len(stream)-4]}.Append(nil))
	if !r.Table().Equal(table) {
		t.Error("another table")
	}
}

// TestReset drops a sequence under way, and the next one starts from an empty
// table.
func TestResetInSequence(t *testing.T) {
	table := NewRouteTable(10)
	table.Add("submarine")
	r := ready(t, 10)
	payloads := table.AppendPatch(nil, nil, 7)
	receive(t, r, payloads...)
	receive(t, r, RoutePatch{1, 2, 0, 4, make([]byte, 300)}.Append(nil), payloads[0])
	if !r.Table().Equal(table) {
		t.Error("the table is gone before another is whole")
	}
	receive(t, r, RoutePatch{1, 1, 0, 4, make([]byte, 512)}.Append(nil))
	if r.Table().Fill() != 0 {
		t.Error("slots of before the RESET are still there")
	}
}

// TestReceiverKeepsLittle feeds data that would need much: compressed parts up
// to the limit and one byte past it, and a stream that inflates to a gigabyte.
func TestReceiverKeepsLittle(t *testing.T) {
	const part = 4096
	r := ready(t, MaxTableBits)
	data := make([]byte, part)
	for i := range MaxPatchData / part {
		receive(t, r, RoutePatch{uint8(i + 1), 255, PatchZlib, 4, data}.Append(nil))
	}
	if len(r.data) != MaxPatchData {
		t.Errorf("%d bytes kept", len(r.data))
	}
	over := RoutePatch{MaxPatchData/part + 1, 255, PatchZlib, 4, data[:1]}
	wantError(t, r.Receive(over.Append(nil)), TooLarge, "qrp patch")
	if r.data != nil {
		t.Error("a refused sequence is still kept")
	}

	bomb := RoutePatch{1, 1, PatchZlib, 8, zlibOf(make([]byte, 64<<20))}.Append(nil)
	r = ready(t, 10)
	if n := allocated(func() { wantError(t, r.Receive(bomb), TooLarge, "qrp patch") }); n > 512<<10 {
		t.Errorf("%d bytes allocated for a table of 128", n)
	}
}

func TestResetAllocatesNothing(t *testing.T) {
	var r TableReceiver
	payload := Reset{Slots: 1 << MaxTableBits, Infinity: 7}.Append(nil)
	if n := testing.AllocsPerRun(100, func() { receive(t, &r, payload) }); n > 1 { // the test's own copy
		t.Errorf("%v allocations", n)
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzTableReceiver hands over payloads cut out of one input, each behind its
// length, after a RESET and without.
func FuzzTableReceiver(f *testing.F) {
	framed := func(payloads ...[]byte) (out []byte) {
		for _, p := range payloads {
			out = append(append(out, byte(len(p)), byte(len(p)>>8)), p...)
		}
		return out
	}
	for _, payload := range qrpVectors(f, "QRP") {
		f.Add(framed(payload))
	}
	table := NewRouteTable(10)
	table.Add("submarine")
	f.Add(framed(table.AppendPatch(nil, nil, 7)...))
	for _, width := range []uint8{1, 4, 8} {
		s := sequence{bits: width, infinity: 7, chunk: 400}
		f.Add(framed(append([][]byte{{0, 0, 4, 0, 0, 7}}, s.parts(s.entries(table, nil))...)...))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var r TableReceiver
		for len(in) > 2 {
			n := min(int(in[0])|int(in[1])<<8, len(in)-2)
			payload := in[2 : 2+n]
			in = in[2+n:]
			had := r.Table()
			err := r.Receive(bytes.Clone(payload))
			checkPeerFault(t, err)
			if err != nil && r.Table() != had {
				t.Fatal("a bad payload has changed the table")
			}
			if len(r.data) > MaxPatchData || r.Table() != nil && r.Table().Bits() > MaxTableBits {
				t.Fatalf("%d bytes kept", len(r.data))
			}
		}
		checkTable(t, r.Table())
	})
}

// checkTable checks that our own appender can hand on a received table.
func checkTable(t *testing.T, table *RouteTable) {
	if table == nil {
		return
	}
	var again TableReceiver
	receive(t, &again, table.AppendPatch(nil, nil, 7)...)
	if !again.Table().Equal(table) {
		t.Fatal("a received table does not come back")
	}
}
