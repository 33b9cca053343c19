package overlay

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// TestLocalHits: they go back by the query's way, at most 32 files and about
// 4 KiB in each hit, and reach one step further than the way is long.
func TestLocalHits(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	h := flood(1, 5)
	h.ID = b.newID()
	b.receive(2, h, query("blue"))
	files := make([]protocol.FileRecord, 100)
	for i := range files {
		files[i] = protocol.FileRecord{Index: uint32(i + 1), Name: "blue.ogg", Size: 1}
	}
	out := b.step(LocalHits{ID: h.ID, Files: files})
	var counts []int
	next := uint32(1)
	for _, a := range out {
		q, err := protocol.ParseQueryHit(a.Msg[protocol.HeaderSize:])
		if err != nil || a.Link != 2 || a.TTL != 7 || a.Hops != 0 || header(a).ID != h.ID || q.Servent != testConfig().ID || q.Addr != b.n.Addr() {
			t.Fatalf("hit %+v on link %d with TTL %d: %v", q, a.Link, a.TTL, err)
		}
		if d, ok := q.QHD(); !ok || d.Vendor != VendorCode || d.Flags&protocol.HitPush != 0 {
			t.Errorf("trailer %+v", d)
		}
		for r := range q.Files() {
			if r.Index != next {
				t.Errorf("file %d comes where %d should", r.Index, next)
			}
			next++
		}
		counts = append(counts, int(q.Count))
	}
	if !slices.Equal(counts, []int{32, 32}) { // MaxHits is 64
		t.Errorf("hits of %v files", counts)
	}
	if out := b.step(LocalHits{ID: h.ID}); len(out) != 0 {
		t.Errorf("no files give %v", out)
	}
	if out := b.step(LocalHits{ID: protocol.GUID{77}, Files: files}); len(out) != 0 {
		t.Errorf("an unknown query gives %v", out)
	}
}

// TestLargeRecords: hits stay within 4 KiB of records, and are not smaller than
// need be.
func TestLargeRecords(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	h := flood(1, 0)
	h.ID = b.newID()
	b.receive(1, h, query("blue"))
	files := make([]protocol.FileRecord, 40)
	for i := range files {
		files[i] = protocol.FileRecord{Index: uint32(i), Name: strings.Repeat("n", 200)}
	}
	each := len(files[0].Record().Append(nil))
	total := 0
	out := b.step(LocalHits{ID: h.ID, Files: files})
	for i, a := range out {
		q, err := protocol.ParseQueryHit(a.Msg[protocol.HeaderSize:])
		if err != nil {
			t.Fatal(err)
		}
		total += int(q.Count)
		if n := len(q.Records); n > maxHitSize || i < len(out)-1 && n+each <= maxHitSize {
			t.Errorf("a hit has %d bytes of records", n)
		}
	}
	if total != len(files) || len(out) < 2 {
		t.Errorf("%d files in %d hits", total, len(out))
	}
}

// TestFirewalledHitsSayPush: who cannot be connected to says so.
func TestFirewalledHitsSayPush(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Listen = netip.AddrPort{} })
	b.links(1)
	h := flood(1, 0)
	h.ID = b.newID()
	b.receive(1, h, query("blue"))
	out := b.step(LocalHits{ID: h.ID, Files: []protocol.FileRecord{{Index: 1, Name: "blue"}}})
	if len(out) != 1 {
		t.Fatalf("hits %v", out)
	}
	q, err := protocol.ParseQueryHit(out[0].Msg[protocol.HeaderSize:])
	if d, ok := q.QHD(); err != nil || !ok || d.Flags&protocol.HitPush == 0 || q.Addr.Port() != 0 {
		t.Errorf("hit at %s with flags %x: %v", q.Addr, d.Flags, err)
	}
}

// TestHitsGoBack: by the way of the query, one step at a time, and leave a way
// for a Push.
func TestHitsGoBack(t *testing.T) {
	b := newBench(t, nil)
	b.links(3)
	servent := protocol.GUID{0x55}
	q := flood(4, 1)
	q.ID = b.newID()
	b.receive(1, q, query("blue"))
	h := protocol.Header{ID: q.ID, Kind: protocol.KindQueryHit, TTL: 3, Hops: 1}
	out := b.receive(3, h, hitOf(servent))
	if len(out) != 1 || out[0].Link != 1 || out[0].TTL != 2 || out[0].Hops != 2 {
		t.Fatalf("the hit goes %v", out)
	}
	push := protocol.Header{Kind: protocol.KindPush, TTL: 4}
	out = b.receive(2, push, protocol.Push{Servent: servent, Addr: hostAddr(1)})
	if len(out) != 1 || out[0].Link != 3 || out[0].TTL != 3 || out[0].Hops != 1 {
		t.Fatalf("the push goes %v", out)
	}
	// The newest hit says where the servent is.
	b.receive(2, h, hitOf(servent))
	if out = b.receive(1, push, protocol.Push{Servent: servent, Addr: hostAddr(1)}); len(out) != 1 || out[0].Link != 2 {
		t.Fatalf("after another hit the push goes %v", out)
	}
}
