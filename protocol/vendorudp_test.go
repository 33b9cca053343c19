package protocol

import (
	"bytes"
	"net/netip"
	"testing"
)

// TestDatagramMessages checks that the vendor messages that go over UDP are read
// as they were written, and refused when they are cut short.
func TestDatagramMessages(t *testing.T) {
	hosts := []netip.AddrPort{netip.MustParseAddrPort("5.10.0.1:7001"), netip.MustParseAddrPort("5.11.0.1:7003")}
	sha, err := ParseURN("urn:sha1:B5AS6RCAM5TO6E4DYL2FM5BGZKIR7TUJ")
	if err != nil {
		t.Fatal(err)
	}
	again := func(v Vendor) Vendor {
		back, err := ParseVendor(v.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "type", back.Type(), v.Type())
		return back
	}

	count, err := again(NewHitsReady(255, true)).HitsReady()
	wantEqual(t, "error", err, nil)
	wantEqual(t, "hits ready", count, 255)
	count, token, err := again(NewHitsWanted(7, []byte("secret"))).HitsWanted()
	wantEqual(t, "error", err, nil)
	wantEqual(t, "hits wanted", count, 7)
	wantEqual(t, "token", string(token), "secret")
	u, want, err := again(NewHeadPing(sha, HeadRanges|HeadPushes)).HeadPing()
	wantEqual(t, "error", err, nil)
	wantEqual(t, "urn", u, sha)
	wantEqual(t, "parts", want, HeadRanges|HeadPushes)
	ups, leaves, err := again(NewCrawlPing(3, 255)).CrawlPing()
	wantEqual(t, "error", err, nil)
	wantEqual(t, "wanted", [2]uint8{ups, leaves}, [2]uint8{3, 255})
	up, down, err := again(NewCrawlPong(hosts[:1], hosts[1:])).CrawlPong()
	wantEqual(t, "error", err, nil)
	wantEqual(t, "neighbours", [2]netip.AddrPort{up[0], down[0]}, [2]netip.AddrPort(hosts))

	for _, v := range []Vendor{VendorHitsReady.with(), VendorHitsWanted.with(), VendorHeadPing.with(), VendorHeadPong.with(0, 1, 'G', 'T', 'K', 'G'), VendorCrawlPing.with(1), VendorCrawlPong.with(1, 1)} {
		_, a := v.HitsReady()
		_, _, b := v.HitsWanted()
		_, _, c := v.HeadPing()
		_, d := v.HeadPong()
		_, _, e := v.CrawlPing()
		_, _, f := v.CrawlPong()
		errs := map[VendorType]error{VendorHitsReady: a, VendorHitsWanted: b, VendorHeadPing: c, VendorHeadPong: d, VendorCrawlPing: e, VendorCrawlPong: f}
		if errs[v.Type()] == nil {
			t.Errorf("%v of %d bytes is taken", v.ID(), len(v.Data))
		}
	}
}

// TestHeadPingWithGGEP: a firewalled servent is named behind the URN.
func TestHeadPingWithGGEP(t *testing.T) {
	v := VendorHeadPing.with(byte(headGGEP | headRUDP))
	v.Data = append(v.Data, "urn:sha1:B5AS6RCAM5TO6E4DYL2FM5BGZKIR7TUJ"...)
	v.Data = AppendGGEP(v.Data, NewGGEP(GGEPProxies, make([]byte, 16)))
	u, want, err := v.HeadPing()
	wantEqual(t, "error", err, nil)
	wantEqual(t, "parts", want, 0)
	wantEqual(t, "urn", u.SHA1URN(), "urn:sha1:B5AS6RCAM5TO6E4DYL2FM5BGZKIR7TUJ")
}

// TestQueryAddr: the id of a query says where hits go out of band.
func TestQueryAddr(t *testing.T) {
	a := netip.MustParseAddrPort("5.9.0.1:6346")
	id := GUID{}.Marked().WithAddr(a)
	wantEqual(t, "bytes", bytes.Equal(id[:4], []byte{5, 9, 0, 1}) && id[13] == 0xca && id[14] == 0x18, true)
	wantEqual(t, "address", id.Addr(), a)
	wantEqual(t, "mark", id[8], 0xff)
	wantEqual(t, "id without IPv4", id.WithAddr(netip.MustParseAddrPort("[2001:db8::1]:6346")), id)
}

func TestHosts(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("5.9.0.1:6346"), netip.MustParseAddrPort("[2001:db8::1]:6346")
	area := AppendGGEP(nil, HostItems(GGEPHosts, []netip.AddrPort{v6, v4, netip.AddrPortFrom(v4.Addr(), 0)})...)
	got := Hosts(area, GGEPHosts)
	wantEqual(t, "number", len(got), 2)
	wantEqual(t, "IPv4", got[0], v4)
	wantEqual(t, "IPv6", got[1], v6)
	wantEqual(t, "none", len(HostItems(GGEPHosts, nil)), 0)

	many := make([]netip.AddrPort, MaxAddrs+1)
	for i := range many {
		many[i] = netip.AddrPortFrom(v6.Addr(), uint16(i+1))
	}
	wantEqual(t, "at the limit", len(ParseAddrs6(AppendAddrs6(nil, many[1:]...))), MaxAddrs)
	wantEqual(t, "one past it", len(AppendAddrs6(nil, many...)), MaxAddrs*addrSize6)
	wantEqual(t, "cut short", len(ParseAddrs6(AppendAddrs6(nil, v6)[:addrSize6-1])), 0)

	echo, ok := Echo(AppendGGEP(nil, NewEcho(v6)))
	wantEqual(t, "echo", ok && echo == v6, true)
	names := Caches(AppendGGEP(nil, NewGGEP(GGEPCaches, []byte("a.example:6346&lkng=1\r\nb.example:1\n\n"))))
	wantEqual(t, "caches", len(names) == 2 && names[0] == "a.example:6346" && names[1] == "b.example:1", true)
}

// TestFullAddr: 127.0.0.0 in the IPv4 field says that GGEP 6 holds the address.
func TestFullAddr(t *testing.T) {
	v6 := netip.MustParseAddrPort("[2001:db8::1]:6346")
	p, err := ParsePong(Pong{Addr: v6, Ext: AppendGGEP(nil, AddrItem(v6.Addr())...)}.Append(nil))
	wantEqual(t, "error", err, nil)
	wantEqual(t, "address", FullAddr(p.Addr, p.Ext), v6)
	v4 := netip.MustParseAddrPort("5.9.0.1:6346")
	wantEqual(t, "IPv4", FullAddr(v4, p.Ext), v4)
	wantEqual(t, "none told", FullAddr(p.Addr, nil), p.Addr)
	wantEqual(t, "nothing beside IPv4", len(AddrItem(v4.Addr())), 0)
}
