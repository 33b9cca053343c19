package portmap

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return noon }

// both returns the two ways to ask one control port.
func both(at netip.AddrPort) map[string]router {
	return map[string]router{
		"NAT-PMP": &pmp{gate: gateTo(at), inside: 6346, now: fixed},
		"PCP":     &pcp{gate: gateTo(at), inside: 6346, now: fixed, nonces: [transports]nonce{{1}, {2}}},
	}
}

func TestControlMapsAndRemoves(t *testing.T) {
	c := &control{seconds: 1000}
	for name, r := range both(startControl(t, c)) {
		if err := r.probe(t.Context()); err != nil {
			t.Fatal(name, err)
		}
		m, err := r.add(t.Context(), nat.TCP, 7000)
		if err != nil || m.outside.Port() != 7000 || m.lease != ControlLease || c.holds()["TCP"] != 7000 || m.outside.Addr().As4()[0] != 25 {
			t.Fatal(name, m, err, c.holds())
		}
		if _, err := r.check(t.Context(), m); err != nil {
			t.Error(name, err)
		}
		c.restart(1)
		if _, err := r.check(t.Context(), m); !errors.Is(err, errLost) {
			t.Error(name, "restart not seen:", err)
		}
		if m, err = r.add(t.Context(), nat.TCP, 7000); err != nil {
			t.Fatal(name, err)
		}
		if _, err := r.check(t.Context(), m); err != nil {
			t.Error(name, "still lost:", err)
		}
		if err := r.remove(t.Context(), m); err != nil || len(c.holds()) != 0 {
			t.Error(name, err, c.holds())
		}
		c.restart(1000)
	}
}

// Requests, byte by byte from the figures of RFC 6886, 3.3 and RFC 6887, 7.1 and 11.1.
func TestRequests(t *testing.T) {
	got := hex.EncodeToString(pmpRequest(pmpMapTCP, 6346, 6347, Lease))
	if want := "00020000" + "18ca18cb" + "00000e10"; got != want {
		t.Errorf("NAT-PMP %s, not %s", got, want)
	}
	p := pcp{inside: 6346, nonces: [transports]nonce{nat.TCP: {0xab}}}
	got = hex.EncodeToString(p.body(nat.TCP, 6347).append(pcpRequest(pcpMap, Lease, netip.MustParseAddr("192.168.1.7"))))
	want := "02010000" + "00000e10" + "00000000000000000000ffffc0a80107" +
		"ab0000000000000000000000" + "06000000" + "18ca18cb" + "00000000000000000000ffff00000000"
	if got != want {
		t.Errorf("PCP %s, not %s", got, want)
	}
}

// What a router may answer, and what is said of it.
func TestOddAnswers(t *testing.T) {
	none := func([]byte) [][]byte { return nil }
	change := func(f func(b []byte) []byte) func([]byte) [][]byte {
		return func(b []byte) [][]byte { return [][]byte{f(slices.Clone(b))} }
	}
	for name, c := range map[string]struct {
		spoil    func([]byte) [][]byte // nil: from elsewhere
		pmp, pcp error
	}{
		"silent":            {none, errSilent, errSilent},
		"from elsewhere":    {nil, errSilent, errSilent},
		"too short":         {change(func(b []byte) []byte { return b[:len(b)-1] }), errGarbled, errGarbled},
		"empty":             {change(func([]byte) []byte { return nil }), errGarbled, errGarbled},
		"too long":          {change(func(b []byte) []byte { return append(b, make([]byte, maxDatagram+1-len(b))...) }), errGarbled, errGarbled},
		"wrong operation":   {change(func(b []byte) []byte { b[1] = answerBit | 9; return b }), errGarbled, errGarbled},
		"request come back": {change(func(b []byte) []byte { b[1] &^= answerBit; return b }), errGarbled, errGarbled},
		"version 7":         {change(func(b []byte) []byte { b[0] = 7; return b }), errGarbled, errGarbled},
		"not authorized":    {change(func(b []byte) []byte { b[3] = 2; return b }), refusal{NATPMP, 2}, refusal{PCP, 2}},
		"short refusal":     {change(func(b []byte) []byte { b[3] = 3; return b[:min(len(b), pcpHeader)] }), refusal{NATPMP, 3}, refusal{PCP, 3}},
		"NAT-PMP only":      {change(func(b []byte) []byte { b[0], b[3] = 0, 1; return b }), refusal{NATPMP, 1}, errOldRouter},
		"PCP only":          {change(func(b []byte) []byte { b[0], b[3] = 2, 1; return b }), errNewRouter, refusal{PCP, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := both(startControl(t, &control{spoil: c.spoil, stray: c.spoil == nil}))
			first := background(func() {
				if _, err := r["NAT-PMP"].add(t.Context(), nat.UDP, 6346); !errors.Is(err, c.pmp) {
					t.Errorf("NAT-PMP: %v, not %v", err, c.pmp)
				}
			})
			defer func() { <-first }()
			if _, err := r["PCP"].add(t.Context(), nat.UDP, 6346); !errors.Is(err, c.pcp) {
				t.Errorf("PCP: %v, not %v", err, c.pcp)
			}
		})
	}
}

// What is not for us does not hide what is.
func TestOddAnswersArePassedOver(t *testing.T) {
	spoil := func(b []byte) [][]byte {
		others, wrong := slices.Clone(b), slices.Clone(b)
		if b[0] == pcpVersion && len(b) == pcpMapSize {
			others[pcpHeader]++   // the nonce
			wrong[pcpHeader+12]++ // the protocol
		} else if len(b) == pmpMapSize {
			others[9]++ // the inside port
			others[11]++
			wrong[1]++
		}
		return [][]byte{{}, others, wrong, b[:3], b}
	}
	for name, r := range both(startControl(t, &control{spoil: spoil})) {
		if m, err := r.add(t.Context(), nat.UDP, 6346); err != nil || m.outside.Port() != 6346 {
			t.Error(name, m, err)
		}
	}
}

func TestPCPSaysWhoseItIs(t *testing.T) {
	for name, at := range map[string]int{"nonce": pcpHeader + 11, "protocol": pcpHeader + 12, "inside port": pcpHeader + 17} {
		asked := pcpMapping{nonce{1}, 6, 6346, netip.AddrPortFrom(netip.IPv4Unspecified(), 1)}
		b := asked.append(pcpRequest(pcpMap|answerBit, Lease, home))
		clear(b[8:24])
		if _, err := parsePCP(b, pcpMap, asked); err != nil {
			t.Fatal(err)
		}
		if _, err := parsePCP(append(b, 0), pcpMap, asked); !errors.Is(err, errOther) {
			t.Error("a message that is not of whole words is taken:", err)
		}
		for _, code := range []byte{0, 2} { // a refusal must be of ours too
			b[3] = code
			b[at]++
			if _, err := parsePCP(b, pcpMap, asked); !errors.Is(err, errOther) {
				t.Errorf("another's %s is taken with code %d: %v", name, code, err)
			}
			b[at]--
		}
	}
}

// A datagram of the largest size is read, one of a byte more is not.
func TestDatagramLimit(t *testing.T) {
	b := make([]byte, maxDatagram, maxDatagram+1)
	copy(b, []byte{pcpVersion, pcpAnnounce | answerBit})
	if _, err := parsePCP(b, pcpAnnounce, pcpMapping{}); err != nil {
		t.Error(err)
	}
	if _, err := parsePCP(append(b, 0, 0, 0, 0), pcpAnnounce, pcpMapping{}); !errors.Is(err, errOther) {
		t.Error(err)
	}
	b[0] = 0
	if _, err := parsePMP(b, pmpAddress); err != nil {
		t.Error(err)
	}
	if _, err := parsePMP(append(b, 0), pmpAddress); !errors.Is(err, errOther) {
		t.Error(err)
	}
}

func TestNoAddressOutside(t *testing.T) {
	c := &control{spoil: func(b []byte) [][]byte {
		if len(b) == pmpAddressSize {
			binary.BigEndian.PutUint32(b[8:], 0)
		}
		return [][]byte{b}
	}}
	if err := both(startControl(t, c))["NAT-PMP"].probe(t.Context()); !errors.Is(err, errNoOutside) {
		t.Error(err)
	}
}

func TestTriesAreCounted(t *testing.T) {
	c := &control{noPMP: true}
	r := both(startControl(t, c))["NAT-PMP"]
	if err := r.probe(t.Context()); !errors.Is(err, errSilent) {
		t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked != maxTries {
		t.Errorf("asked %d times", c.asked)
	}
}

func TestNobodyListens(t *testing.T) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(home, 0)))
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(conn.LocalAddr().String())
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for name, r := range both(at) {
		if err := r.probe(t.Context()); !errors.Is(err, errClosed) && !errors.Is(err, errSilent) {
			t.Error(name, err) // not every system tells
		}
	}
}

func TestAskingEndsWithTheContext(t *testing.T) {
	at := startControl(t, &control{noPMP: true, noPCP: true})
	for name, r := range both(at) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(hurry/4, cancel)
		begin := time.Now()
		if err := r.probe(ctx); !errors.Is(err, context.Canceled) {
			t.Error(name, err)
		}
		if d := time.Since(begin); d > 8*hurry { // of the 15 that it would take
			t.Error(name, "took", d)
		}
	}
}

func TestEpoch(t *testing.T) {
	for name, c := range map[string]struct {
		ours   time.Duration
		theirs uint32 // from 1000 on
		lost   bool
	}{
		"in step":                {1600 * time.Second, 2600, false},
		"restarted":              {1600 * time.Second, 5, true},
		"back by rounding":       {0, 999, false},
		"back by more":           {0, 998, true},
		"slow by an eighth":      {1600 * time.Second, 1000 + 1398, false},
		"slower":                 {1600 * time.Second, 1000 + 1397, true},
		"fast by a sixteenth":    {1500 * time.Second, 1000 + 1602, false},
		"faster":                 {1500 * time.Second, 1000 + 1604, true},
		"restarted, and far off": {time.Second, 1000000, true},
	} {
		var e epoch
		e.hear(noon, 1000)
		e.hear(noon.Add(c.ours), c.theirs)
		if (e.lost == 1) != c.lost {
			t.Errorf("%s: lost %d times", name, e.lost)
		}
	}
}
