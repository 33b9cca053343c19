package portmap

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"testing"
	"time"
)

func FuzzParsePMP(f *testing.F) {
	f.Add([]byte{0, 128, 0, 0, 0, 0, 3, 232, 25, 0, 0, 1}, byte(pmpAddress))
	f.Add(append([]byte{0, 129, 0, 0, 0, 0, 3, 232}, pmpRequest(pmpMapUDP, 6346, 7000, Lease)[4:]...), byte(pmpMapUDP))
	f.Add([]byte{0, 130, 0, 2}, byte(pmpMapTCP))
	f.Fuzz(func(t *testing.T, b []byte, op byte) {
		op %= 3
		a, err := parsePMP(b, op)
		if err != nil || op == pmpAddress {
			return
		}
		// What is read is what a request of the same values says.
		if again := pmpRequest(op, a.inPort, a.outPort, a.lease); string(again[4:]) != string(b[8:pmpMapSize]) || b[1] != op|answerBit {
			t.Errorf("%x became %x", b, again)
		}
	})
}

func FuzzParsePCP(f *testing.F) {
	asked := pcpMapping{nonce{1, 2, 3}, 17, 6346, netip.MustParseAddrPort("25.0.0.1:7000")}
	good := asked.append(pcpRequest(pcpMap|answerBit, Lease, home))
	f.Add(good)
	f.Add(good[:pcpHeader])
	f.Add([]byte{0, 129, 0, 1, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parsePCP(b, pcpMap, asked)
		if err != nil {
			return
		}
		if a.nonce != asked.nonce || a.inside != asked.inside || a.lease < 0 {
			t.Errorf("%x is not of the request", b)
		}
		again := a.append(nil)
		if back := parsePCPMapping(again); back != a.pcpMapping {
			t.Errorf("%+v became %+v", a.pcpMapping, back)
		}
	})
}

func FuzzParseRoutes(f *testing.F) {
	f.Add([]byte(routeHead + "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := parseRoutes(bytes.NewReader(b)); (err == nil) != a.Is4() || err == nil && a.IsUnspecified() {
			t.Error(a, err)
		}
	})
}

func FuzzParseSearchAnswer(f *testing.F) {
	f.Add(searchAnswer("http://127.0.0.1:5000/root.xml"))
	f.Add(searchAnswer("http://127.0.0.1@127.0.0.9/root.xml"))
	f.Add([]byte("NOTIFY * HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if u, err := parseSearchAnswer(b, home); err == nil {
			mustBeHome(t, u)
		}
	})
}

func FuzzParseDevice(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(description, "", "/ctl")))
	f.Add([]byte(fmt.Sprintf(description, "<URLBase>http://127.0.0.1:9/</URLBase>", "http://127.0.0.9/ctl")))
	f.Add([]byte("<root/>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := parseDevice(b, &url.URL{Scheme: "http", Host: "127.0.0.1:5000"}, home)
		if (err == nil) != (len(found) > 0) || len(found) > maxServices {
			t.Error(len(found), err)
		}
	})
}

func FuzzParseOutside(f *testing.F) {
	f.Add("25.0.0.1")
	f.Add(" ::ffff:1.2.3.4\n")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := parseOutside(s); (err == nil) != (a.Is4() && !a.IsUnspecified()) {
			t.Error(a, err)
		}
	})
}

func FuzzEpoch(f *testing.F) {
	f.Add(uint32(1000), uint32(2600), int64(1600))
	f.Fuzz(func(t *testing.T, before, after uint32, passed int64) {
		var e epoch
		e.hear(noon, before)
		e.hear(noon.Add(time.Duration(passed)), after)
		if int64(after) < int64(before)-1 && e.lost != 1 {
			t.Error("a clock that went back was not seen")
		}
	})
}

// mustBeHome fails when a URL leads to another machine, as net/http understands it.
func mustBeHome(t *testing.T, u *url.URL) {
	t.Helper()
	if a, err := netip.ParseAddr(u.Hostname()); err != nil || a.Unmap() != home || u.Scheme != "http" {
		t.Error(u, errors.Join(err, errElsewhere))
	}
}
