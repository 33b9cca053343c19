package protocol

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

const someServentHex = "36be31020494b38bf3d170902b279908"

func someServent(t testing.TB) GUID {
	t.Helper()
	g, err := ParseGUID(someServentHex)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestParsePushProxyQuery(t *testing.T) {
	g := someServent(t)
	base32 := strings.TrimPrefix(PushProxyRequest{Servent: g}.URI(), PushProxyPath+"?ServerId=")
	tests := []struct {
		name, query string
		want        PushProxyRequest
		ok          bool
	}{
		{"base32", "ServerId=" + base32, PushProxyRequest{Servent: g}, true},
		{"lower case", "serverid=" + strings.ToLower(base32), PushProxyRequest{Servent: g}, true},
		{"padded and escaped", "ServerId=" + base32 + "%3D%3D%3D%3D%3D%3D", PushProxyRequest{Servent: g}, true},
		{"hex", "guid=" + someServentHex, PushProxyRequest{Servent: g}, true},
		{"file", "ServerId=" + base32 + "&file=17", PushProxyRequest{g, 17}, true},
		{"other keys", "tls=true&ServerId=" + base32, PushProxyRequest{Servent: g}, true},
		{"nobody", "file=1", PushProxyRequest{}, false},
		{"empty", "", PushProxyRequest{}, false},
		{"short", "ServerId=" + base32[1:], PushProxyRequest{}, false},
		{"no base32", "ServerId=" + base32[1:] + "1", PushProxyRequest{}, false},
		{"no hex", "guid=" + strings.Repeat("x", 32), PushProxyRequest{}, false},
		{"file past 32 bits", "ServerId=" + base32 + "&file=4294967296", PushProxyRequest{}, false},
		{"bad escape", "ServerId=%zz", PushProxyRequest{}, false},
		{"too long", "ServerId=" + base32 + "&" + strings.Repeat("x", maxProxyText), PushProxyRequest{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePushProxyQuery(tt.query)
			if (err == nil) != tt.ok || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestParsePushProxies(t *testing.T) {
	got := ParsePushProxies("1.2.3.4:7001, 5.6.7.8,nonsense,0.0.0.0:1,9.9.9.9:0,[2001:db8::1]:6346")
	want := []netip.AddrPort{
		netip.MustParseAddrPort("1.2.3.4:7001"), netip.MustParseAddrPort("5.6.7.8:6346"), netip.MustParseAddrPort("[2001:db8::1]:6346"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if again := ParsePushProxies(PushProxies(got)); !reflect.DeepEqual(again, want) {
		t.Errorf("became %v", again)
	}
	many := strings.Repeat("1.2.3.4:5,", MaxAddrs+1)
	if got := ParsePushProxies(many); len(got) != MaxAddrs {
		t.Errorf("%d addresses, want %d", len(got), MaxAddrs)
	}
}

func TestFWNodeInfo(t *testing.T) {
	text := someServentHex + ";7001:5.9.0.1;1.2.3.4:7001;5.6.7.8:6346"
	n, err := ParseFWNodeInfo(someServentHex + ";fwt/1;7001:5.9.0.1;1.2.3.4:7001;5.6.7.8") // as LimeWire has it
	if err != nil || n.String() != text || n.Addr.String() != "5.9.0.1:7001" || len(n.Proxies) != 2 {
		t.Errorf("%+v, %v", n, err)
	}
	for _, bad := range []string{"", "x;1:1.2.3.4", someServentHex + strings.Repeat(";", maxProxyText)} {
		if n, err := ParseFWNodeInfo(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, n)
		}
	}
}

// TestFirewalled: as others write it, GUIDs in hex or base32; who has no push proxy is of
// no use, and no entry is cut in two.
func TestFirewalled(t *testing.T) {
	g := someServent(t)
	in32 := strings.TrimPrefix(PushProxyRequest{Servent: g}.URI(), PushProxyPath+"?ServerId=")
	proxy := netip.MustParseAddrPort("5.6.7.8:1234")
	want := []FWNodeInfo{{Servent: g, Proxies: []netip.AddrPort{proxy}}}
	for _, s := range []string{
		someServentHex + ";5.6.7.8:1234",
		in32 + ";fwt/1.0;5.6.7.8:1234",
		"nonsense," + someServentHex + "," + someServentHex + ";x, " + someServentHex + ";5.6.7.8:1234,",
		Firewalled(want),
	} {
		if got := ParseFirewalled(s); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v", s, got)
		}
	}
	one := someServentHex + ";5.6.7.8:1234,"
	if got := ParseFirewalled(strings.Repeat(one, MaxFirewalled+1)); len(got) != MaxFirewalled {
		t.Errorf("%d servents, want %d", len(got), MaxFirewalled)
	}
	for pad := range len(one) {
		s := strings.Repeat(",", maxProxyText-2*len(one)+pad) + one + one + one
		for _, n := range ParseFirewalled(s) {
			if n.Proxies[0] != proxy {
				t.Fatalf("cut to %v", n.Proxies)
			}
		}
	}
	if got := ParsePushProxies(strings.Repeat(",", maxProxyText-len("5.6.7.8:1234")) + "5.6.7.8:1234,9"); len(got) != 1 {
		t.Errorf("just within the limit: %v", got)
	}
	if got := ParsePushProxies(strings.Repeat(",", maxProxyText-len("5.6.7.8:12")) + "5.6.7.8:1234"); len(got) > 0 {
		t.Errorf("cut to %v", got)
	}
	if got := Firewalled(make([]FWNodeInfo, MaxFirewalled+1)); strings.Count(got, ",") != MaxFirewalled-1 {
		t.Errorf("writes %d", strings.Count(got, ",")+1)
	}
}

func FuzzPushProxy(f *testing.F) {
	g := someServent(f)
	f.Add(strings.TrimPrefix(PushProxyRequest{g, 7}.URI(), PushProxyPath+"?"))
	f.Add("guid=" + someServentHex)
	f.Add(someServentHex + ";fwt/1;7001:5.9.0.1;1.2.3.4:7001")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParsePushProxyQuery(s); err == nil {
			again, err := ParsePushProxyQuery(strings.TrimPrefix(r.URI(), PushProxyPath+"?"))
			if err != nil || again != r {
				t.Errorf("%+v became %+v, %v", r, again, err)
			}
		}
		if n, err := ParseFWNodeInfo(s); err == nil {
			again, err := ParseFWNodeInfo(n.String())
			if err != nil || !reflect.DeepEqual(again, n) {
				t.Errorf("%+v became %+v, %v", n, again, err)
			}
		}
		if f := ParseFirewalled(s); !reflect.DeepEqual(ParseFirewalled(Firewalled(f)), f) && len(Firewalled(f)) <= maxProxyText {
			t.Errorf("%+v became %+v", f, ParseFirewalled(Firewalled(f)))
		}
		if p := ParsePushProxies(s); !reflect.DeepEqual(ParsePushProxies(PushProxies(p)), p) {
			t.Errorf("%v became %v", p, ParsePushProxies(PushProxies(p)))
		}
	})
}
