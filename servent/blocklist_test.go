package servent

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

const someBlockList = `# what we do without
10.1.2.3
10.2.0.0/16	# a network
Some Org, Ltd:10.3.0.5-10.3.0.9
10.3.0.8 - 10.3.0.12
2001:db8::/32
fe80::1-fe80::5
::ffff:10.4.0.0/112
`

func TestBlockList(t *testing.T) {
	spans, err := parseBlockList(strings.NewReader(someBlockList))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"10.1.2.2": false, "10.1.2.3": true, "10.1.2.4": false, "::ffff:10.1.2.3": true,
		"10.1.255.255": false, "10.2.0.0": true, "10.2.255.255": true, "10.3.0.0": false,
		"10.3.0.4": false, "10.3.0.5": true, "10.3.0.12": true, "10.3.0.13": false,
		"2001:db7:ffff::": false, "2001:db8::": true, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": true, "2001:db9::": false,
		"fe80::": false, "fe80::5": true, "fe80::6": false, "10.4.0.0": true, "10.4.255.255": true, "10.5.0.0": false,
		"0.0.0.0": false, "::": false, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": false,
	} {
		if got := spans.has(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: blocked %v", text, got)
		}
	}
	if blockSpans(nil).has(netip.MustParseAddr("10.0.0.1")) {
		t.Error("no list blocks")
	}
}

func TestWholeFamilies(t *testing.T) {
	for text, wantFour := range map[string]bool{"0.0.0.0/0": true, "::/0": true, "2000::/3": false, "fe80::/64": false} {
		spans, err := parseBlockList(strings.NewReader(text))
		if err != nil || spans.has(netip.MustParseAddr("255.1.2.3")) != wantFour {
			t.Errorf("%s: %v, %v", text, spans, err)
		}
	}
}

func TestWrongBlockLists(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1\n\nexample.org\n": "line 3: \"example.org\"",
		"10.0.0.0/33":               "line 1",
		"10.0.0.9-10.0.0.1":         "ends before it begins",
		"10.0.0.9-::1":              "ends before it begins",
		"name-10.0.0.1":             "begins with no address",
		"fe80::1%eth0":              "line 1",
		"\n" + strings.Repeat("x", maxBlockLine+1): "line 2: bufio.Scanner: token too long",
	} {
		if _, err := parseBlockList(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

// TestBlockListLimit reads as many entries as there may be, and one more.
func TestBlockListLimit(t *testing.T) {
	full := bytes.Repeat([]byte("::1\n"), maxBlockSpans)
	if spans, err := parseBlockList(bytes.NewReader(full)); err != nil || len(spans) != 1 {
		t.Errorf("at the limit: %d spans, %v", len(spans), err)
	}
	if _, err := parseBlockList(bytes.NewReader(append(full, "::1"...))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("one past it: %v", err)
	}
}

func TestBlockListReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blocked")
	one, two := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.22")
	var b blocking
	if err := b.open(path); !errors.Is(err, ErrBlockList) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("without a file: %v", err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("10.0.0.1")
	if err := b.open(path); err != nil || !b.has(one) || b.has(two) {
		t.Fatalf("read: %v", err)
	}
	if changed, err := b.reload(); changed || err != nil {
		t.Errorf("unchanged: %v, %v", changed, err)
	}
	write("nonsense")
	if changed, err := b.reload(); changed || err == nil || !b.has(one) {
		t.Errorf("after nonsense: %v, %v, the old list is gone: %v", changed, err, !b.has(one))
	}
	write("10.0.0.0/24")
	if changed, err := b.reload(); !changed || err != nil || !b.has(two) {
		t.Errorf("changed: %v, %v", changed, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if changed, err := b.reload(); changed || err == nil || !b.has(two) {
		t.Errorf("removed: %v, %v", changed, err)
	}
}

// TestBlockedAreHeardNothingOf: a blocked address gets not a byte, and is not called.
func TestBlockedAreHeardNothingOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blocked")
	if err := os.WriteFile(path, []byte("10.66.0.0/16"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := &Servent{conns: map[net.Conn]struct{}{}, guests: map[*peeked]struct{}{}}
		if err := s.blocking.open(path); err != nil {
			t.Fatal(err)
		}
		here, there := net.Pipe()
		s.take(&fromHost{here, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.66.0.1:7"))})
		if n, err := there.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
		s.cfg.dial = nil
		if _, err := s.dialTCP(t.Context(), "tcp", "10.66.0.2:7"); !errors.Is(err, errBlocked) {
			t.Errorf("dial: %v", err)
		}
		if n := s.blocking.count.Load(); n != 2 {
			t.Errorf("counted %d", n)
		}
		// A list that changes ends what is open.
		here, there = net.Pipe()
		s.conns[&fromHost{here, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.66.0.3:7"))}] = struct{}{}
		downloads, uploader := net.Pipe()
		s.cfg.dial = func(context.Context, netip.AddrPort) (net.Conn, error) {
			return &fromHost{downloads, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.66.0.4:7"))}, nil
		}
		list := s.blocking.spans.Swap(nil)
		if _, err := s.dialDownload(t.Context(), "tcp", "10.67.0.1:7"); err != nil {
			t.Fatal(err)
		}
		s.blocking.spans.Store(list)
		kept := &peeked{Conn: &fromHost{here, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.67.0.3:7"))}}
		s.guest(kept)
		if n := s.dropBlocked(); n != 2 {
			t.Errorf("%d have ended, want 2", n)
		}
		for _, c := range []net.Conn{there, uploader} {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("the connection is still open")
			}
		}
		if _, ok := s.guests[kept]; !ok || len(s.guests) != 1 {
			t.Errorf("guests %v", s.guests)
		}
		// So does one that was read while the connection came about.
		downloads, uploader = net.Pipe()
		late := &peeked{Conn: &fromHost{downloads, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.66.0.4:7"))}}
		s.guest(late)
		if _, err := uploader.Read(make([]byte, 1)); err == nil || len(s.guests) != 1 {
			t.Errorf("the connection is still open: %v", err)
		}
	})
}

func FuzzBlockList(f *testing.F) {
	f.Add([]byte(someBlockList))
	f.Add([]byte("10.0.0.1-\n/8\n-\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		spans, err := parseBlockList(bytes.NewReader(text))
		if err != nil && spans != nil {
			t.Fatal("a list and an error")
		}
		for i, s := range spans {
			if s.last.compare(s.first) < 0 || i > 0 && s.first.compare(spans[i-1].last) <= 0 {
				t.Fatalf("span %d is out of order: %v", i, spans)
			}
		}
	})
}

func BenchmarkBlocked(b *testing.B) {
	var list bytes.Buffer
	for i := range uint32(1_000_000) {
		a := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, i*4001)))
		list.WriteString(a.String() + "\n")
	}
	spans, err := parseBlockList(&list)
	if err != nil || len(spans) != 1_000_000 {
		b.Fatal(len(spans), err)
	}
	a := netip.MustParseAddr("123.45.67.89")
	b.ReportAllocs()
	for b.Loop() {
		spans.has(a)
	}
}
