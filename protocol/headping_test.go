package protocol

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// wantHeadPong checks what was read against its limits, and that it survives being written
// and read again.
func wantHeadPong(t *testing.T, p HeadPong, err error) {
	t.Helper()
	if err != nil {
		return
	}
	if len(p.Ranges) > MaxRanges || len(p.Pushes) > MaxAddrs || len(p.Alternates) > MaxAddrs {
		t.Fatalf("%d ranges, %d pushes, %d alternates", len(p.Ranges), len(p.Pushes), len(p.Alternates))
	}
	if len(p.Ranges) == 0 {
		p.Ranges = nil
	}
	const room = 64 << 10 // MaxRanges and all the others take less
	if again, err := NewHeadPong(p, room).HeadPong(); err != nil || !reflect.DeepEqual(again, p) {
		t.Fatalf("%+v became %+v, %v", p, again, err)
	}
}

func fullPong(n int) HeadPong {
	p := HeadPong{Partial: true, Firewalled: true, Downloading: true, Vendor: [4]byte{'S', 'R', 'V', 'T'}, Queue: -3}
	for i := range n {
		first := uint64(i) << 20
		p.Ranges = append(p.Ranges, Range{first, first + 1<<18})
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 1, 2, byte(i)}), 6346)
		p.Alternates = append(p.Alternates, a)
		p.Pushes = append(p.Pushes, FWNodeInfo{Servent: GUID{byte(i)}, Proxies: []netip.AddrPort{a, a}})
	}
	return p
}

// TestHeadPongRoom: whatever room there is, a pong takes no more, has the first of
// each list, and says which parts it has.
func TestHeadPongRoom(t *testing.T) {
	full := fullPong(20)
	for room := range 1200 {
		v := NewHeadPong(full, room)
		if len(v.Data) > max(room, headPongLen) {
			t.Fatalf("%d bytes in room for %d", len(v.Data), room)
		}
		p, err := v.HeadPong()
		if err != nil {
			t.Fatal(err)
		}
		r, u, a := len(p.Ranges), len(p.Pushes), len(p.Alternates)
		if !slices.Equal(p.Ranges, full.Ranges[:r]) || !slices.Equal(p.Alternates, full.Alternates[:a]) ||
			u > 0 && !reflect.DeepEqual(p.Pushes, full.Pushes[:u]) {
			t.Errorf("room for %d bytes: not the first of each list: %+v", room, p)
		}
		if room == 42 && (r != 1 || a != 3) || room == 1199 && (r != 20 || u != 17 || a != 20) {
			t.Errorf("room for %d bytes: %d ranges, %d pushes, %d alternates", room, r, u, a)
		}
	}
	if v := NewHeadPong(HeadPong{Queue: -1, Alternates: full.Alternates}, 1000); !bytes.Equal(v.Data, []byte{0, 0}) {
		t.Errorf("of a file that is not there: % x", v.Data)
	}
}

// TestForeignHeadPong reads pongs as they are described for LimeWire and gtk-gnutella: big-endian
// ranges with both ends in them, then who must be pushed, then addresses with little-endian ports.
func TestForeignHeadPong(t *testing.T) {
	const guid = "00112233445566778899aabbccddeeff"
	a, b := netip.MustParseAddrPort("1.2.3.4:6346"), netip.MustParseAddrPort("5.6.7.8:80")
	id := GUID{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	lime := HeadPong{Complete: true, Vendor: [4]byte{'L', 'I', 'M', 'E'}, Queue: 5}
	with := func(change func(p *HeadPong)) *HeadPong {
		p := lime
		change(&p)
		return &p
	}
	for name, tt := range map[string]struct {
		data string
		want *HeadPong // nil: an error
	}{
		"gtk-gnutella, not there": {"02 00", &HeadPong{}},
		"LimeWire, all of it":     {"00 01 4c494d45 05", &lime},
		"alternates":              {"02 01 4c494d45 05 000c 01020304ca18 050607085000", with(func(p *HeadPong) { p.Alternates = []netip.AddrPort{a, b} })},
		"ranges": {
			"01 0a 4c494d45 7f 0010 00000000000003ff 00001000ffffffff",
			with(func(p *HeadPong) {
				p.Complete, p.Partial, p.Downloading, p.Queue = false, true, true, QueueBusy
				p.Ranges = []Range{{0, 1024}, {4096, 1 << 32}}
			}),
		},
		"who must be pushed, with RUDP and without": {
			"06 05 4c494d45 fe 0034" + "0a" + guid + "09090909ca18 01020304ca18 050607085000" + "00" + guid + "0006 01020304ca18",
			with(func(p *HeadPong) {
				p.Firewalled, p.Queue = true, -2
				p.Pushes = []FWNodeInfo{{Servent: id, Proxies: []netip.AddrPort{a, b}}, {Servent: id}}
				p.Alternates = []netip.AddrPort{a}
			}),
		},
		"a push of a form that is not known": {"04 01 4c494d45 05 0012 80" + guid + "00", &lime},
		"a push that is cut":                 {"04 01 4c494d45 05 0011 01" + guid, &lime},
		"nothing":                            {"02", nil},
		"no queue":                           {"00 01 4c494d45", nil},
		"a length that is cut":               {"02 01 4c494d45 05 00", nil},
		"longer than it is":                  {"02 01 4c494d45 05 0007 01020304ca18", nil},
		"the second part is missing":         {"03 01 4c494d45 05 0000", nil},
	} {
		data, err := hex.DecodeString(strings.ReplaceAll(tt.data, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		p, err := VendorHeadPong.with(data...).HeadPong()
		if (err == nil) != (tt.want != nil) || tt.want != nil && !reflect.DeepEqual(p, *tt.want) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	v := VendorHeadPong.with(0, 1, 'L', 'I', 'M', 'E', 5)
	v.Version = 2
	if _, err := v.HeadPong(); err == nil {
		t.Error("version 2 is taken")
	}
}

// FuzzHeadPong reads pongs, and writes again what it could read.
func FuzzHeadPong(f *testing.F) {
	f.Add(NewHeadPong(fullPong(3), 1000).Data)
	f.Add([]byte{2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := VendorHeadPong.with(data...).HeadPong()
		wantIdentity(t, nil, wireOpaque{}, err)
		wantHeadPong(t, p, err)
	})
}
