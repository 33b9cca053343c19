package protocol

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParseAlternates(t *testing.T) {
	tests := []struct{ in, want string }{
		{"1.2.3.4:5,6.7.8.9", "1.2.3.4:5,6.7.8.9:6346"},
		{" 1.2.3.4 ,, 5.6.7.8:9 ", "1.2.3.4:6346,5.6.7.8:9"},
		{"tls=F8,1.2.3.4:5", "1.2.3.4:5"},
		{"1.2.3.4:5,K7GDLP6IYLOCOIOAGD2QLOOFEE;5.6.7.8:9;1.1.1.1:1,6.6.6.6:6", "1.2.3.4:5,6.6.6.6:6"},
		{"[2001:db8::1]:7,[2001:db8::2],2001:db8::3,[::ffff:1.2.3.4]:5", "[2001:db8::1]:7,[2001:db8::2]:6346,[2001:db8::3]:6346,1.2.3.4:5"},
		{"1.2.3.4:0,0.0.0.0:5,[::]:5,[::ffff:0.0.0.0]:5,[fe80::1%eth0]:5,1.2.3.4:65536,1.2.3:5,host.example:5,[1.2.3.4", ""},
		{"http://1.2.3.4:5/uri-res/N2R?urn:sha1:3NYGYKMRV6ZNDXK6KFUOKCGDFEFAFGG5 2002-04-09T22:15:00Z, HTTP://5.6.7.8/get/2/a", "1.2.3.4:5,5.6.7.8:80"},
		{"http://host.example:5/,ftp://1.2.3.4:5/,http://", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := Alternates(ParseAlternates(tt.in)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestAlternatesAtTheLimit reads and writes as many as that, and one more, and as
// long a text, and one byte more.
func TestAlternatesAtTheLimit(t *testing.T) {
	const one = "1.2.3.4:5678"
	for n, want := range map[int]int{MaxAddrs: MaxAddrs, MaxAddrs + 1: MaxAddrs} {
		if got := ParseAlternates(strings.Repeat(one+",", n)); len(got) != want {
			t.Errorf("%d of %d are read", len(got), n)
		}
		if got := Alternates(slices.Repeat([]netip.AddrPort{netip.MustParseAddrPort(one)}, n)); strings.Count(got, one) != want {
			t.Errorf("%d of %d are written", strings.Count(got, one), n)
		}
	}
	for extra, want := range map[int]int{0: 1, 1: 0} {
		s := strings.Repeat(",", maxAlternatesText-len(one)+extra) + one
		if got := ParseAlternates(s); len(got) != want {
			t.Errorf("%d of a text of %d bytes: %v", want, len(s), got)
		}
	}
}

func FuzzAlternates(f *testing.F) {
	f.Add("tls=8,1.2.3.4:5,6.7.8.9,[2001:db8::1]:7")
	f.Add("http://1.2.3.4:5/uri-res/N2R?urn:sha1:3NYGYKMRV6ZNDXK6KFUOKCGDFEFAFGG5 2002-04-09T22:15:00Z")
	f.Fuzz(func(t *testing.T, s string) {
		addrs := ParseAlternates(s)
		for _, a := range addrs {
			if a.Port() == 0 || a.Addr().IsUnspecified() || a.Addr().Is4In6() || a.Addr().Zone() != "" {
				t.Errorf("%q gives %v", s, a)
			}
		}
		if again := ParseAlternates(Alternates(addrs)); !slices.Equal(again, addrs) {
			t.Errorf("%v became %v", addrs, again)
		}
	})
}
