package protocol

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"
)

func meetOf(addrs, proxies int) *Meet {
	m := &Meet{Token: [16]byte{1, 2}, From: GUID{3}, Answer: addrs%2 == 1}
	m.Routers = [2]MeetRouters{{Mapping: 4, Filtering: 3}, {Blocked: true}}
	for i := range addrs {
		a := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
		if i%3 == 2 {
			a = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(i)})
		}
		m.Addrs = append(m.Addrs, MeetAddr{TCP: i%2 == 0, Kind: uint8(i % 4), Addr: netip.AddrPortFrom(a, uint16(6000+i))})
	}
	for i := range proxies {
		m.Proxies = append(m.Proxies, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), uint16(7000+i)))
	}
	return m
}

// TestMeet: what is written is read again, up to the limits; past them it is left out.
func TestMeet(t *testing.T) {
	for _, n := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {3, 2}, {MaxMeetAddrs, MaxMeetProxies}} {
		want := meetOf(n[0], n[1])
		got, ok, err := FindMeet(AppendGGEP(nil, NewGGEP(GGEPEcho, nil), want.Item()))
		if err != nil || !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v, %v, %v", n, got, ok, err)
		}
	}
	full := meetOf(MaxMeetAddrs, MaxMeetProxies)
	more := meetOf(MaxMeetAddrs+1, MaxMeetProxies+1)
	more.Answer = full.Answer
	more.Addrs = append([]MeetAddr{{}}, more.Addrs...) // none
	if got, _, err := FindMeet(AppendGGEP(nil, more.Item())); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("%+v, %v", got, err)
	}
	if m, ok, err := FindMeet(nil); m != nil || ok || err != nil {
		t.Errorf("of nothing: %v, %v, %v", m, ok, err)
	}
}

func TestMeetMalformed(t *testing.T) {
	item := meetOf(2, 2).Item()
	whole, err := item.Data(1000)
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, to byte) []byte {
		b := append([]byte{}, whole...)
		b[at] = to
		return b
	}
	for what, b := range map[string][]byte{
		"nothing":          nil,
		"cut":              whole[:len(whole)-3],
		"another version":  change(0, 2),
		"too many":         change(meetFixed-1, (MaxMeetAddrs+1)<<4),
		"too many proxies": change(meetFixed-1, MaxMeetProxies+1),
		"port 0":           append(append([]byte{}, whole[:len(whole)-4]...), 0, 0, 0, 0),
	} {
		if _, _, err := FindMeet(AppendGGEP(nil, NewGGEP(GGEPMeet, b))); !errors.Is(err, ErrMeet) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := parseMeet(append(whole, 1, 2, 3)); err != nil {
		t.Errorf("what a later version adds: %v", err)
	}
	if m, err := parseMeet(whole[:len(whole)-2]); err != nil || m.Routers != [2]MeetRouters{} {
		t.Errorf("without routers: %+v, %v", m, err)
	}
}

func FuzzMeet(f *testing.F) {
	for _, n := range [][2]int{{0, 0}, {3, 2}, {MaxMeetAddrs, MaxMeetProxies}} {
		item := meetOf(n[0], n[1]).Item()
		b, err := item.Data(1000)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMeet(b)
		if err != nil {
			return
		}
		again, _, err := FindMeet(AppendGGEP(nil, m.Item()))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}

// TestMeetLimits: with as many addresses and push proxies as may be it is read, with one
// more of either not.
func TestMeetLimits(t *testing.T) {
	data := func(addrs, proxies int) []byte {
		b := make([]byte, meetFixed)
		b[0], b[meetFixed-1] = meetVersion, byte(addrs<<4|proxies)
		for range addrs + proxies {
			b = append(b, 0, 5, 9, 0, 1, 1, 1)
		}
		return b
	}
	for _, c := range []struct {
		addrs, proxies int
		ok             bool
	}{{MaxMeetAddrs, MaxMeetProxies, true}, {MaxMeetAddrs + 1, 0, false}, {0, MaxMeetProxies + 1, false}} {
		m, err := parseMeet(data(c.addrs, c.proxies))
		if (err == nil) != c.ok || c.ok && (len(m.Addrs) != c.addrs || len(m.Proxies) != c.proxies) {
			t.Errorf("%d addresses, %d proxies: %+v, %v", c.addrs, c.proxies, m, err)
		}
	}
}
