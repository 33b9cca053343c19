package protocol

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// seedPayloads adds to f the payloads of all captured messages of kind k.
func seedPayloads(f *testing.F, k Kind) {
	f.Helper()
	n := 0
	for _, v := range readWireVectors(f) {
		if msg := v.bytes(f); Kind(msg[16]) == k {
			f.Add(msg[HeaderSize:])
			n++
		}
	}
	if n == 0 && k != KindPush {
		f.Fatalf("no captured %v", k)
	}
	f.Add([]byte{})
}

// wantIdentity fails the test unless what was parsed from b gives b again, behind
// what is there before. An error must be the peer's fault.
func wantIdentity(t *testing.T, b []byte, p Payload, err error) {
	t.Helper()
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Field == "" || e.Kind == 0 {
			t.Fatalf("error %v is not the peer's fault", err)
		}
		return
	}
	got := p.Append([]byte("before"))
	if !bytes.Equal(got, append([]byte("before"), b...)) {
		t.Fatalf("%x appended as %x", b, got[len("before"):])
	}
}

// walk reads all that an extension area holds.
func walk(t *testing.T, area []byte) {
	t.Helper()
	left := len(area)
	for e := range Extensions(area) {
		left -= len(e.Text) + len(e.GGEP.ID) + len(e.GGEP.Raw)
		e.URN()
		if e.GGEP.ID == "" {
			continue
		}
		if data, err := e.GGEP.Data(64); err == nil && len(data) > 64 {
			t.Fatalf("%d bytes of data, want 64 at most", len(data))
		}
		g, ok := FindGGEP(area, e.GGEP.ID)
		if !ok || g.ID != e.GGEP.ID {
			t.Fatalf("%q is not found", e.GGEP.ID)
		}
	}
	if left < 0 {
		t.Fatalf("parts of %x are longer than it", area)
	}
}

func FuzzHeader(f *testing.F) {
	for _, v := range readWireVectors(f) {
		f.Add(v.bytes(f)[:HeaderSize])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		wantIdentity(t, b[:min(len(b), HeaderSize)], h, err)
	})
}

func FuzzPing(f *testing.F) {
	seedPayloads(f, KindPing)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePing(b)
		wantIdentity(t, b, p, err)
		walk(t, p.Ext)
	})
}

func FuzzPong(f *testing.F) {
	seedPayloads(f, KindPong)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePong(b)
		wantIdentity(t, b, p, err)
		walk(t, p.Ext)
	})
}

func FuzzQuery(f *testing.F) {
	seedPayloads(f, KindQuery)
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := ParseQuery(b)
		wantIdentity(t, b, q, err)
		walk(t, q.Ext)
		for u := range q.URNs() {
			if again, err := ParseURN(u.String()); err != nil || again != u {
				t.Fatalf("%v is %v, %v", u, again, err)
			}
		}
	})
}

func FuzzQueryHit(f *testing.F) {
	seedPayloads(f, KindQueryHit)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseQueryHit(b)
		wantIdentity(t, b, h, err)
		var records []byte
		n := 0
		for r := range h.Files() {
			records = r.Append(records)
			n++
		}
		if n != int(h.Count) || !bytes.Equal(records, h.Records) {
			t.Fatalf("%d records %x, want %d in %x", n, records, h.Count, h.Records)
		}
		if q, ok := h.QHD(); ok {
			wantIdentity(t, h.Trailer, q, nil)
			walk(t, q.Ext())
		}
	})
}

// FuzzRecord reads records, and checks that what is understood of one survives
// being sent on.
func FuzzRecord(f *testing.F) {
	for _, v := range readWireVectors(f) {
		if h, err := ParseQueryHit(v.bytes(f)[HeaderSize:]); v.Type == "QHIT" && err == nil {
			f.Add(h.Records)
		}
	}
	f.Add(fullFile().Record().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := recordSize(b)
		if err != nil {
			wantIdentity(t, b, nil, err)
			return
		}
		r := splitRecord(b[:n])
		wantIdentity(t, b[:n], r, nil)
		walk(t, r.Ext)
		file := r.File()
		wantFile(t, file, file)
	})
}

func FuzzBye(f *testing.F) {
	seedPayloads(f, KindBye)
	f.Fuzz(func(t *testing.T, b []byte) {
		y, err := ParseBye(b)
		wantIdentity(t, b, y, err)
		if r := y.Reason(); len(r) > MaxReason || strings.ContainsAny(r, "\x00\r\n\x1b") {
			t.Fatalf("reason %q", r)
		}
	})
}

func FuzzPush(f *testing.F) {
	seedPayloads(f, KindPush)
	f.Add(Push{Servent: GUID{1}, Index: 2, Ext: []byte{ggepMagic}}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePush(b)
		wantIdentity(t, b, p, err)
		walk(t, p.Ext)
	})
}

func FuzzVendor(f *testing.F) {
	seedPayloads(f, KindVendor)
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseVendor(b)
		wantIdentity(t, b, v, err)
		if typ := v.Type(); typ != VendorUnknown && typ.ID().Code != v.Code {
			t.Fatalf("%v is of type %v", v.ID(), typ.ID())
		}
		for _, c := range v.ID().String() {
			if c <= ' ' || c > '~' {
				t.Fatalf("id %q cannot be printed", v.ID())
			}
		}
		_, err = v.HopsFlow()
		wantIdentity(t, nil, wireOpaque{}, err)
		_, err = v.ConnectBack()
		wantIdentity(t, nil, wireOpaque{}, err)
		_, err = v.QueryStatus()
		wantIdentity(t, nil, wireOpaque{}, err)
		ids, err := v.Neighbours()
		wantIdentity(t, nil, wireOpaque{}, err)
		if len(ids) > MaxNeighbours {
			t.Fatalf("%d neighbours", len(ids))
		}
		_, err = v.ProxyAck()
		wantIdentity(t, nil, wireOpaque{}, err)
		_, err = v.HitsReady()
		wantIdentity(t, nil, wireOpaque{}, err)
		_, token, err := v.HitsWanted()
		wantIdentity(t, nil, wireOpaque{}, err)
		if len(token) > MaxToken {
			t.Fatalf("a token of %d bytes", len(token))
		}
		_, _, err = v.HeadPing()
		wantIdentity(t, nil, wireOpaque{}, err)
		_, err = v.HeadPong()
		wantIdentity(t, nil, wireOpaque{}, err)
		_, _, err = v.CrawlPing()
		wantIdentity(t, nil, wireOpaque{}, err)
		up, leaves, err := v.CrawlPong()
		wantIdentity(t, nil, wireOpaque{}, err)
		if max(len(up), len(leaves)) > MaxAddrs {
			t.Fatal("more neighbours than MaxAddrs")
		}
	})
}

// FuzzElection reads the messages with which supernodes are found and checked, and
// writes again what it could read.
func FuzzElection(f *testing.F) {
	f.Add(NewPlaces(200, 300).Data)
	f.Add(NewCandidate(true, time.Hour).Data)
	f.Add(NewProbe(MaxProbe).Data)
	f.Add(NewCalled(GUID{1}).Data)
	f.Add(NewHandOver([]netip.AddrPort{netip.MustParseAddrPort("1.2.3.4:5"), netip.MustParseAddrPort("[2001:db8::1]:5")}).Data)
	f.Fuzz(func(t *testing.T, b []byte) {
		v := Vendor{Data: b}
		again := func(w Vendor, size int, err error) {
			t.Helper()
			wantIdentity(t, nil, wireOpaque{}, err)
			if err == nil && !bytes.Equal(w.Data, b[:min(size, len(b))]) {
				t.Fatalf("%x is written as %x", b, w.Data)
			}
		}
		taken, total, err := v.Places()
		if err == nil && (taken > total || len(NewPlaces(taken, total).Data) != 4) {
			t.Fatalf("%d of %d places", taken, total)
		}
		size, err := v.Probe()
		again(NewProbe(size), 4, err)
		if err == nil && (size < MinProbe || size > MaxProbe) {
			t.Fatalf("a probe of %d", size)
		}
		data, err := v.ProbeData()
		again(NewProbeData(data), len(b), err)
		nonce, err := v.Called()
		again(NewCalled(nonce), 16, err)
		rate, err := v.Promote()
		again(NewPromote(rate), 4, err)
		fit, up, err := v.Candidate()
		wantIdentity(t, nil, wireOpaque{}, err)
		if w, back, _ := NewCandidate(fit, up).Candidate(); err == nil && (w != fit || back != up) {
			t.Fatalf("%t, %v", fit, up)
		}
		to, err := v.HandOver()
		again(NewHandOver(to), len(b), err)
		if len(to) > MaxSuccessors {
			t.Fatalf("%d successors", len(to))
		}
	})
}

// FuzzHosts reads what an extension area tells of hosts.
func FuzzHosts(f *testing.F) {
	seedPayloads(f, KindPong)
	f.Add(AppendGGEP(nil, HostItems(GGEPHosts, []netip.AddrPort{netip.MustParseAddrPort("1.2.3.4:5"), netip.MustParseAddrPort("[2001:db8::1]:5")})...))
	f.Add(AppendGGEP(nil, NewGGEP(GGEPCaches, []byte("a.example:1&x=1\nb.example:2"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if hosts := Hosts(b, GGEPHosts); len(hosts) > len(b)/addrSize {
			t.Fatalf("%d hosts of %d bytes", len(hosts), len(b))
		}
		if len(Caches(b)) > maxCaches {
			t.Fatal("more caches than are read")
		}
		if a, ok := Echo(b); ok {
			if again, ok := Echo(AppendGGEP(nil, NewEcho(a))); !ok || again != netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) {
				t.Fatalf("echo %v is read as %v", a, again)
			}
		}
		FullAddr(netip.MustParseAddrPort("127.0.0.0:1"), b)
	})
}

// seedVendorData adds the data of all captured vendor messages of that type.
func seedVendorData(f *testing.F, typ VendorType) {
	f.Helper()
	for _, v := range readWireVectors(f) {
		if m, err := ParseVendor(v.bytes(f)[HeaderSize:]); v.Type == "VMSG" && err == nil && m.Type() == typ {
			f.Add(m.Data)
		}
	}
	f.Add([]byte{1, 0})
}

func FuzzMessagesSupported(f *testing.F) {
	seedVendorData(f, VendorMessagesSupported)
	f.Fuzz(func(t *testing.T, b []byte) {
		ids, err := ParseMessagesSupported(b)
		list := wireOpaque(AppendMessagesSupported(nil, ids...))
		wantIdentity(t, b[:min(len(b), len(list))], list, err)
	})
}

func FuzzFeaturesSupported(f *testing.F) {
	seedVendorData(f, VendorFeaturesSupported)
	f.Fuzz(func(t *testing.T, b []byte) {
		features, err := ParseFeaturesSupported(b)
		list := wireOpaque(AppendFeaturesSupported(nil, features...))
		wantIdentity(t, b[:min(len(b), len(list))], list, err)
	})
}

// FuzzExtensions takes areas apart, and checks that the GGEP items in them survive
// being put into one block.
func FuzzExtensions(f *testing.F) {
	for _, v := range readWireVectors(f) {
		msg := v.bytes(f)
		if i := bytes.IndexByte(msg[HeaderSize:], ggepMagic); i >= 0 {
			f.Add(msg[HeaderSize+i:])
		}
	}
	f.Add([]byte("urn:sha1:" + someSHA1 + "\x1cx\x00\xc3\x01A\x40"))
	f.Fuzz(func(t *testing.T, area []byte) {
		walk(t, area)
		var items []GGEP
		for e := range Extensions(area) {
			if e.GGEP.ID != "" {
				items = append(items, e.GGEP)
			}
		}
		var again []GGEP
		for e := range Extensions(AppendGGEP(nil, items...)) {
			again = append(again, e.GGEP)
		}
		if !slices.EqualFunc(items, again, sameGGEP) {
			t.Fatalf("%v put together is %v", items, again)
		}
	})
}

func sameGGEP(a, b GGEP) bool {
	return a.ID == b.ID && a.COBS == b.COBS && a.Deflate == b.Deflate && bytes.Equal(a.Raw, b.Raw)
}

// FuzzGGEPData undoes encodings, within bounds, and does and undoes COBS.
func FuzzGGEPData(f *testing.F) {
	for _, v := range readWireVectors(f) {
		for _, r := range v.Decoded.Recs {
			for _, g := range r.Ext[1].GGEP {
				f.Add(unhex(f, g.Hex), g.COBS, false, 100)
			}
		}
	}
	f.Add(zlibOf(make([]byte, 1000)), false, true, 999)
	f.Add(encodeCOBS(zlibOf([]byte("text"))), true, true, 4)
	f.Fuzz(func(t *testing.T, raw []byte, cobs, deflate bool, limit int) {
		g := GGEP{ID: "A", COBS: cobs, Deflate: deflate, Raw: raw}
		data, err := g.Data(limit)
		wantIdentity(t, nil, wireOpaque{}, err)
		if err == nil && len(data) > limit {
			t.Fatalf("%d bytes, want %d at most", len(data), limit)
		}
		safe := NewGGEP("A", raw).ForHit()
		if bytes.IndexByte(safe.Raw, 0) >= 0 {
			t.Fatalf("NUL in %x", safe.Raw)
		}
		if data, err := safe.Data(len(raw)); err != nil || !bytes.Equal(data, raw) {
			t.Fatalf("%x for a hit is %x, %v", raw, data, err)
		}
	})
}

func FuzzURN(f *testing.F) {
	f.Add("urn:sha1:" + someSHA1)
	f.Add("urn:bitprint:" + someSHA1 + "." + someTiger)
	f.Add("urn:tree:tiger/:" + someTiger)
	f.Add("urn:ttroot:" + strings.ToLower(someTiger))
	f.Add("urn:")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURN(s)
		wantIdentity(t, nil, wireOpaque{}, err)
		if err != nil {
			if u != (URN{}) {
				t.Fatalf("%q is %v, %v", s, u, err)
			}
			return
		}
		if again, err := ParseURN(u.String()); err != nil || again != u {
			t.Fatalf("%q is %v, then %v, %v", s, u, again, err)
		}
	})
}

func FuzzMagnet(f *testing.F) {
	f.Add(someMagnet + "&dn=a+b&xl=5&xs=http%3A%2F%2Fa&as=b")
	f.Add("magnet:?xt.1=urn:bitprint:" + someSHA1 + "." + someTiger + "&xt.2=urn:btih:x&dn=%ff%00")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMagnet(s)
		wantIdentity(t, nil, wireOpaque{}, err)
		text := m.String()
		if err != nil || len(text) > MaxMagnet {
			return // escapes can make a link longer
		}
		if again, err := ParseMagnet(text); err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%q is %+v, then %+v, %v", s, m, again, err)
		}
	})
}

func FuzzGUID(f *testing.F) {
	for _, v := range readWireVectors(f) {
		f.Add(GUID(v.bytes(f)[:16]).String())
	}
	f.Add(strings.Repeat("Aa", 16))
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseGUID(s)
		wantIdentity(t, nil, wireOpaque{}, err)
		if err == nil && g.String() != strings.ToLower(s) {
			t.Fatalf("%q is %v", s, g)
		}
	})
}
