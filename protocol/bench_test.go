package protocol

import "testing"

func BenchmarkParseHeader(b *testing.B) {
	msg := Header{ID: GUID{1}, Kind: KindQuery, Size: 5}.Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		h, _ := ParseHeader(msg)
		sinkInt += int(h.Size)
	}
}

func BenchmarkParseQuery(b *testing.B) {
	payload := capturedPayload(b, titleQuery)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		q, _ := ParseQuery(payload)
		sinkInt += len(q.Text)
	}
}

func BenchmarkAppendQuery(b *testing.B) {
	payload := capturedPayload(b, titleQuery)
	q, err := ParseQuery(payload)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 1<<10)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		sinkBytes = AppendMessage(buf, Header{Kind: KindQuery}, q)
	}
}

// hitOfTwenty returns the payload of a hit with twenty records.
func hitOfTwenty() []byte {
	records := make([]HitRecord, 20)
	for i := range records {
		records[i] = fullFile().Record()
	}
	h := hitOf(records...)
	h.Trailer = QHD{Vendor: "SRVT", Flags: HitGGEP, Private: AppendGGEP(nil, NewGGEP("BH", nil))}.Append(nil)
	return h.Append(nil)
}

func BenchmarkParseQueryHit(b *testing.B) {
	payload := hitOfTwenty()
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		h, _ := ParseQueryHit(payload)
		for r := range h.Files() {
			sinkInt += len(r.Name)
		}
	}
}

func BenchmarkAppendQueryHit(b *testing.B) {
	payload := hitOfTwenty()
	h, err := ParseQueryHit(payload)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, MaxPayload)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		sinkBytes = AppendMessage(buf, Header{Kind: KindQueryHit}, h)
	}
}

func BenchmarkReadFileRecord(b *testing.B) {
	r := fullFile().Record()
	b.ReportAllocs()
	for b.Loop() {
		sinkInt += int(r.File().Size)
	}
}

func BenchmarkWriteFileRecord(b *testing.B) {
	f := fullFile()
	b.ReportAllocs()
	for b.Loop() {
		sinkInt += len(f.Record().Ext)
	}
}
