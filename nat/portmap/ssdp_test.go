package portmap

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"testing"
)

// Strangers may answer the search before the router does.
func TestStrangersAreNotBelieved(t *testing.T) {
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	if err != nil {
		t.Skip("this system has one loopback address only")
	}
	defer stranger.Close()
	good := &igdRouter{}
	startIGD(t, good)
	for name, c := range map[string]struct {
		strangers int
		want      error
	}{
		"none":                {0, nil},
		"as many as are read": {maxSearchAnswers - 1, nil},
		"more":                {maxSearchAnswers, errSilent},
	} {
		first := true
		at := serveUDP(t, func(conn *net.UDPConn, from netip.AddrPort, _ []byte) {
			if !first {
				return
			}
			first = false
			for range c.strangers {
				_, _ = stranger.WriteToUDPAddrPort(searchAnswer("http://127.0.0.2/"), from)
			}
			_, _ = conn.WriteToUDPAddrPort(searchAnswer(good.url+"/root.xml"), from)
		})
		u := &upnp{gateway: home, inside: 6346, ask: []netip.AddrPort{at}, wait: hurry}
		if err := u.probe(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, not %v", name, err, c.want)
		}
	}
}

// The router may name several descriptions; only so many are asked for.
func TestLocationsAreCounted(t *testing.T) {
	good := &igdRouter{}
	startIGD(t, good)
	for bad, want := range map[int]error{maxLocations - 1: nil, maxLocations: errElsewhere} {
		at := serveUDP(t, func(conn *net.UDPConn, from netip.AddrPort, _ []byte) {
			for i := range bad {
				_, _ = conn.WriteToUDPAddrPort(searchAnswer(fmt.Sprintf("http://127.0.0.1:1/%d", i)), from)
			}
			_, _ = conn.WriteToUDPAddrPort(searchAnswer(good.url+"/root.xml"), from)
		})
		tried := 0
		err := search(t.Context(), home, []netip.AddrPort{at}, hurry, func(u *url.URL) error {
			if tried++; u.Port() == "1" {
				return errElsewhere
			}
			return nil
		})
		if !errors.Is(err, want) || tried != maxLocations {
			t.Errorf("%d bad: %v after %d", bad, err, tried)
		}
	}
}

func TestSearchAnswerLimit(t *testing.T) {
	b := searchAnswer("http://127.0.0.1/")
	b = append(b, make([]byte, maxSearchAnswer-len(b))...)
	if _, err := parseSearchAnswer(b, home); err != nil {
		t.Error(err)
	}
	if _, err := parseSearchAnswer(append(b, 0), home); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}
