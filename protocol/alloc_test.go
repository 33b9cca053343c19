package protocol

import "testing"

// sinks keep the compiler from leaving out what is measured.
var (
	sinkInt   int
	sinkBytes []byte
)

// capturedPayload returns the payload of the captured message with that title.
func capturedPayload(t testing.TB, title string) []byte {
	t.Helper()
	for _, v := range readWireVectors(t) {
		if v.Title == title {
			return v.bytes(t)[HeaderSize:]
		}
	}
	t.Fatalf("no vector %q", title)
	return nil
}

const (
	titleQuery = "Query from gtkg leaf (keyword, OOB, SO+PR)"
	titleHit   = "QueryHit relayed by ultrapeer from gtkg (hops 1)"
)

func wantNoAllocs(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%s: %v allocations, want none", what, n)
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	header := Header{ID: GUID{1}, Kind: KindQuery, Size: 5}.Append(nil)
	wantNoAllocs(t, "header", func() {
		h, _ := ParseHeader(header)
		sinkInt += int(h.Size)
		Patch(header, 3, 1)
	})
	pong := capturedPayload(t, "UDP Pong with QK")
	wantNoAllocs(t, "pong", func() {
		p, _ := ParsePong(pong)
		q, _ := ParsePing(p.Ext)
		sinkInt += len(q.Ext)
		g, _ := FindGGEP(p.Ext, "QK")
		sinkInt += len(g.Raw)
	})
	query := capturedPayload(t, titleQuery)
	wantNoAllocs(t, "query", func() {
		q, _ := ParseQuery(query)
		for e := range Extensions(q.Ext) {
			sinkInt += len(e.GGEP.ID)
		}
		for u := range q.URNs() {
			sinkInt += int(u.SHA1[0])
		}
	})
	hit := capturedPayload(t, titleHit)
	wantNoAllocs(t, "hit", func() {
		h, _ := ParseQueryHit(hit)
		for r := range h.Files() {
			sinkInt += len(r.Name)
		}
		q, _ := h.QHD()
		for e := range Extensions(q.Ext()) {
			sinkInt += len(e.GGEP.Raw)
		}
	})
	push := make([]byte, pushSize)
	wantNoAllocs(t, "push", func() {
		p, _ := ParsePush(push)
		sinkInt += int(p.Index)
	})
	vendor := NewProxyRequest().Append(nil)
	wantNoAllocs(t, "vendor", func() {
		v, _ := ParseVendor(vendor)
		sinkInt += int(v.Type())
	})
	bye := []byte("\xc8\x00text")
	wantNoAllocs(t, "bye", func() {
		y, _ := ParseBye(bye)
		sinkInt += int(y.Code)
	})
}

func TestAppendAllocatesNothing(t *testing.T) {
	query := parsed[Query](t)(ParseQuery(capturedPayload(t, titleQuery)))
	hit := parsed[QueryHit](t)(ParseQueryHit(capturedPayload(t, titleHit)))
	b := make([]byte, 0, MaxPayload)
	wantNoAllocs(t, "query", func() { sinkBytes = query.Append(Header{}.Append(b)) })
	wantNoAllocs(t, "hit", func() { sinkBytes = hit.Append(Header{}.Append(b)) })
	wantNoAllocs(t, "pong", func() { sinkBytes = Pong{Addr: hit.Addr}.Append(b) })
	wantNoAllocs(t, "push", func() { sinkBytes = Push{Addr: hit.Addr}.Append(b) })
	q, _ := hit.QHD()
	wantNoAllocs(t, "trailer", func() { sinkBytes = q.Append(b) })
}
