package protocol

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

const someMagnet = "magnet:?xt=urn:sha1:" + someSHA1

func TestMagnet(t *testing.T) {
	sha1, err := ParseURN("urn:sha1:" + someSHA1)
	if err != nil {
		t.Fatal(err)
	}
	both, err := ParseURN("urn:bitprint:" + someSHA1 + "." + someTiger)
	if err != nil {
		t.Fatal(err)
	}
	url := "http://1.2.3.4:6346/uri-res/N2R?urn:sha1:" + someSHA1
	for _, c := range []struct {
		name, text string
		want       Magnet
		out        string // "" if as text
	}{
		{"least", someMagnet, Magnet{URN: sha1}, ""},
		{
			"all", "magnet:?xt=" + both.String() + "&dn=a%20b%26%3D%2B%C3%A9&xl=24&xs=http%3A%2F%2Fa%2F&xs=http%3A%2F%2Fb%2F&as=c",
			Magnet{both, "a b&=+é", 24, []string{"http://a/", "http://b/"}, []string{"c"}},
			"",
		},
		{
			"as others write it", "MAGNET:?XT.1=" + strings.ToLower(sha1.String()) + "&dn=a+b&xs=" + url + "&kt=x&&dn&tr=y",
			Magnet{URN: sha1, Name: "a b", Sources: []string{url}},
			someMagnet + "&dn=a%20b&xs=http%3A%2F%2F1.2.3.4%3A6346%2Furi-res%2FN2R%3Furn%3Asha1%3A" + someSHA1,
		},
		{
			"several names", "magnet:?xt=urn:btih:0&xt.1=urn:tree:tiger/:" + someTiger + "&xt.2=urn:sha1:" + someSHA1,
			Magnet{URN: both},
			"magnet:?xt=" + both.String(),
		},
		{"escaped name", "magnet:?xt=urn%3Asha1%3A" + someSHA1, Magnet{URN: sha1}, someMagnet},
		{"largest size", someMagnet + "&xl=9223372036854775807", Magnet{URN: sha1, Size: math.MaxInt64}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseMagnet(c.text)
			if err != nil || !reflect.DeepEqual(m, c.want) {
				t.Fatalf("is %+v, %v\nwant %+v", m, err, c.want)
			}
			out := c.out
			if out == "" {
				out = c.text
			}
			wantEqual(t, "text", m.String(), out)
		})
	}
}

func TestMagnetWrong(t *testing.T) {
	for _, s := range []string{
		"", "magnet:", "magnet", "http://x/?xt=urn:sha1:" + someSHA1, "magnet:?", "magnet:?dn=x",
		"magnet:?xt=urn:btih:0", "magnet:?xt=urn:sha1:short", someMagnet + "&dn=%zz", someMagnet + "&xl=-1",
		someMagnet + "&xt=urn:tree:tiger/:" + someTiger[1:], someMagnet + "&xt=urn:TTRoot:", someMagnet + "&xt=urn:bitprint:" + someSHA1,
		someMagnet + "&xl=", someMagnet + "&xl=9223372036854775808", someMagnet + "&xl=1e3",
	} {
		m, err := ParseMagnet(s)
		wantFault(t, err, Malformed)
		if !reflect.DeepEqual(m, Magnet{}) {
			t.Errorf("%q is %+v", s, m)
		}
	}
}

func TestMagnetLimits(t *testing.T) {
	pad := someMagnet + "&x=" + strings.Repeat("y", MaxMagnet-len(someMagnet)-3)
	if _, err := ParseMagnet(pad); err != nil {
		t.Errorf("%d bytes: %v", len(pad), err)
	}
	_, err := ParseMagnet(pad + "y")
	wantFault(t, err, TooLarge)

	for _, n := range []int{MaxMagnetSources, MaxMagnetSources + 1} {
		m, err := ParseMagnet(someMagnet + strings.Repeat("&xs=a", n) + strings.Repeat("&as=b", n))
		if err != nil || len(m.Sources) != MaxMagnetSources || len(m.Alternates) != MaxMagnetSources {
			t.Errorf("%d sources, %d alternates, %v", len(m.Sources), len(m.Alternates), err)
		}
	}
	for _, n := range []int{MaxName, MaxName + 1} {
		m, err := ParseMagnet(someMagnet + "&dn=" + strings.Repeat("n", n))
		if err != nil || len(m.Name) != MaxName {
			t.Errorf("name of %d bytes, %v", len(m.Name), err)
		}
	}
}
