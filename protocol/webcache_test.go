package protocol

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParseWebAnswer(t *testing.T) {
	two := []netip.AddrPort{netip.MustParseAddrPort("5.9.0.1:6346"), netip.MustParseAddrPort("5.9.0.2:80")}
	six := []netip.AddrPort{netip.MustParseAddrPort("[2a01::1]:6346")}
	for _, c := range []struct {
		name, text string
		want       WebAnswer
	}{
		{"spec 1, hosts", "5.9.0.1:6346\r\n5.9.0.2:80\r\n", WebAnswer{Hosts: two}},
		{"spec 1, old line ends", "5.9.0.1:6346\r5.9.0.2:80", WebAnswer{Hosts: two}},
		{"spec 1, caches", "http://cache.example/gwc.php\n", WebAnswer{Caches: []string{"http://cache.example/gwc.php"}}},
		{
			"spec 2", "I|pong|Cache 1|gnutella\nH|5.9.0.1:6346|30\nh|5.9.0.2:80|1|x\nU|http://cache.example:8080/|7\n",
			WebAnswer{two, []string{"http://cache.example:8080/"}},
		},
		{"IPv6", "H|[2a01::1]:6346|1", WebAnswer{Hosts: six}},
		{"nothing known", "OK\n\nWARNING: slow\nPONG Cache\nX|y|z\n5.9.0.1\n0.0.0.0:1\n5.9.0.1:0\nhello", WebAnswer{}},
		{"empty", "", WebAnswer{}},
	} {
		got, err := ParseWebAnswer([]byte(c.text))
		if err != nil || !slices.Equal(got.Hosts, c.want.Hosts) || !slices.Equal(got.Caches, c.want.Caches) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestNoWebCache(t *testing.T) {
	for _, text := range []string{
		"<!DOCTYPE html><p>5.9.0.1:6346", "  \r\n<html>\n5.9.0.1:6346", "welcome\n5.9.0.1:6346\n<HTML>", "<?xml?>",
		"ERROR: you came back too early", "5.9.0.1:6346\nerror\n", strings.Repeat("x", MaxWebAnswer+1),
	} {
		var perr *Error
		if got, err := ParseWebAnswer([]byte(text)); !errors.As(err, &perr) {
			t.Errorf("%.40q: %+v, %v", text, got, err)
		}
	}
}

func TestWebAnswerLimits(t *testing.T) {
	var b strings.Builder
	for i := range MaxWebHosts + 1 {
		fmt.Fprintf(&b, "5.9.%d.%d:6346\n", i/250, i%250)
	}
	for i := range MaxWebCaches + 1 {
		fmt.Fprintf(&b, "http://c%d.example/\n", i)
	}
	got, err := ParseWebAnswer([]byte(b.String()))
	if err != nil || len(got.Hosts) != MaxWebHosts || len(got.Caches) != MaxWebCaches {
		t.Errorf("%d hosts, %d caches, %v", len(got.Hosts), len(got.Caches), err)
	}
}

func TestCanonicalCache(t *testing.T) {
	for text, want := range map[string]string{
		"http://cache.example":                         "http://cache.example/",
		"HTTP://Cache.Example:80/GWC.php":              "http://cache.example/GWC.php",
		"http://cache.example:8080/a/b.php":            "http://cache.example:8080/a/b.php",
		"http://10.0.0.1/x":                            "http://10.0.0.1/x",
		"https://cache.example/":                       "",
		"http://user@cache.example/":                   "",
		"http://cache.example/?x=1":                    "",
		"http://cache.example/?":                       "",
		"http://cache.example/#x":                      "",
		"http://cache.example/a//b":                    "",
		"http://cache.example/../b":                    "",
		"http://cache.example./":                       "",
		"http://cache.example:/":                       "",
		"http://cache.example:99999999/":               "",
		"http://cache/":                                "",
		"http://cache exa.mple/":                       "",
		"http:cache.example":                           "",
		"ftp://cache.example/":                         "",
		"http://[::1]/":                                "",
		"http://c.example/" + strings.Repeat("x", 255): "",
	} {
		if got, ok := CanonicalCache(text); got != want || ok != (want != "") {
			t.Errorf("%.60q: %q, %v, want %q", text, got, ok, want)
		}
	}
}

func FuzzParseWebAnswer(f *testing.F) {
	f.Add([]byte("5.9.0.1:6346\r\nhttp://cache.example/gwc.php\n"))
	f.Add([]byte("I|pong|x\nH|5.9.0.1:6346|30\nU|http://cache.example/|1\n"))
	f.Add([]byte("<html>"))
	f.Add([]byte("ERROR"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseWebAnswer(b)
		if err != nil {
			return
		}
		if len(got.Hosts) > MaxWebHosts || len(got.Caches) > MaxWebCaches {
			t.Errorf("%d hosts, %d caches", len(got.Hosts), len(got.Caches))
		}
		for _, u := range got.Caches {
			if again, ok := CanonicalCache(u); !ok || again != u {
				t.Errorf("%q becomes %q, %v", u, again, ok)
			}
		}
	})
}
