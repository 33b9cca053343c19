package protocol

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
)

func TestPong(t *testing.T) {
	p := Pong{Addr: netip.MustParseAddrPort("1.2.3.4:258"), Files: 5, KBytes: 6, Ext: []byte("\xc3ext")}
	b := p.Append(nil)
	wantEqual(t, "bytes", hex.EncodeToString(b), "0201"+"01020304"+"05000000"+"06000000"+"c3657874")
	got, err := ParsePong(b)
	if err != nil || got.Addr != p.Addr || got.Files != 5 || got.KBytes != 6 || !bytes.Equal(got.Ext, p.Ext) {
		t.Errorf("parsed as %+v, %v", got, err)
	}
}

// TestFixedAddress checks the four bytes of an address in a message.
func TestFixedAddress(t *testing.T) {
	for addr, want := range map[netip.AddrPort]string{
		{}:                                   "0000" + "00000000",
		netip.MustParseAddrPort("9.8.7.6:1"): "0100" + "09080706",
		netip.MustParseAddrPort("[::ffff:9.8.7.6]:1"):    "0100" + "09080706",
		netip.MustParseAddrPort("[2001:db8::1]:1"):       "0100" + "7f000000",
		netip.MustParseAddrPort("[fe80::1%eth0]:1"):      "0100" + "7f000000",
		netip.AddrPortFrom(netip.Addr{}, 1):              "0100" + "00000000",
		netip.MustParseAddrPort("255.255.255.255:65535"): "ffff" + "ffffffff",
	} {
		b := Pong{Addr: addr}.Append(nil)
		wantEqual(t, addr.String(), hex.EncodeToString(b[:6]), want)
		p, err := ParsePong(b)
		if err != nil || !p.Addr.Addr().Is4() {
			t.Errorf("%v parsed as %v, %v", addr, p.Addr, err)
		}
	}
}

func TestPongRole(t *testing.T) {
	for _, c := range []struct {
		kb              uint32
		marked          bool // as received
		leaf, ultrapeer uint32
	}{
		{0, false, 0, 8},
		{1, false, 1, 8},
		{4, false, 4, 8},
		{7, false, 7, 8},
		{8, true, 9, 8},
		{9, false, 9, 8},
		{15, false, 15, 8},
		{16, true, 17, 16},
		{1000, false, 1000, 512},
		{1 << 31, true, 1<<31 + 1, 1 << 31},
		{1<<32 - 1, false, 1<<32 - 1, 1 << 31},
	} {
		wantEqual(t, "ultrapeer by kbytes", Pong{KBytes: c.kb}.Ultrapeer(), c.marked)
		wantEqual(t, "leaf's kbytes", PongKBytes(c.kb, false), c.leaf)
		wantEqual(t, "ultrapeer's kbytes", PongKBytes(c.kb, true), c.ultrapeer)
		wantEqual(t, "leaf marked", Pong{KBytes: PongKBytes(c.kb, false)}.Ultrapeer(), false)
		wantEqual(t, "ultrapeer marked", Pong{KBytes: PongKBytes(c.kb, true)}.Ultrapeer(), true)
	}
}

func TestAddrs(t *testing.T) {
	good := netip.MustParseAddrPort("1.2.3.4:6346")
	packed := unhex(t, "01020304"+"ca18")
	list := AppendAddrs(nil, good, netip.AddrPort{}, netip.MustParseAddrPort("[2001:db8::1]:5"),
		netip.MustParseAddrPort("5.6.7.8:0"), netip.MustParseAddrPort("0.0.0.0:5"),
		netip.MustParseAddrPort("[::ffff:1.2.3.4]:6346"))
	if want := bytes.Repeat(packed, 2); !bytes.Equal(list, want) {
		t.Errorf("addresses are %x, want %x", list, want)
	}
	list = append(list, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0) // no address, no port
	list = append(list, packed[:5]...)                      // not whole
	got := ParseAddrs(list)
	if len(got) != 2 || got[0] != good || got[1] != good {
		t.Errorf("parsed as %v", got)
	}
	for _, n := range []int{MaxAddrs, MaxAddrs + 1} {
		many := make([]netip.AddrPort, n)
		for i := range many {
			many[i] = good
		}
		wantEqual(t, "bytes written", len(AppendAddrs(nil, many...)), MaxAddrs*addrSize)
		wantEqual(t, "addresses read", len(ParseAddrs(bytes.Repeat(packed, n))), MaxAddrs)
	}
}
