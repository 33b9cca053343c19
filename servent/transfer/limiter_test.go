package transfer

import (
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l := limiter{rate: 2, burst: 3}
	now := time.Unix(1_700_000_000, 0)
	a, b := netip.MustParseAddr("5.9.0.1"), netip.MustParseAddr("5.9.0.2")
	for range 3 { // at the limit
		if !l.allow(now, a, 1) {
			t.Fatal("refused within the burst")
		}
	}
	if l.allow(now, a, 1) || l.refused() != 1 { // one past it
		t.Errorf("allowed past the burst; counted %d", l.refused())
	}
	if !l.allow(now, b, 1) {
		t.Error("another address is refused")
	}
	if now = now.Add(time.Second); !l.allow(now, a, 2) || l.allow(now, a, 1) {
		t.Error("a second gives not two")
	}
	if now = now.Add(time.Hour); !l.allow(now, a, 3) || l.allow(now, a, 1) {
		t.Error("an hour gives not the burst")
	}
}

func TestLimiterForgets(t *testing.T) {
	l := limiter{rate: 1, burst: 1}
	now := time.Unix(1_700_000_000, 0)
	host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range maxBuckets {
		if !l.allow(now, host(i), 1) {
			t.Fatalf("address %d is refused", i)
		}
	}
	if l.allow(now, host(maxBuckets), 1) {
		t.Error("one past the limit is let in while all are busy")
	}
	if now = now.Add(time.Second); !l.allow(now, host(maxBuckets), 1) || len(l.buckets) != 1 {
		t.Errorf("%d addresses are known after all had their time", len(l.buckets))
	}
}

func TestRemoteHost(t *testing.T) {
	tests := map[string]string{
		"5.9.0.1:1":            "5.9.0.1",
		"[::ffff:5.9.0.1]:1":   "5.9.0.1",
		"[2001:db8:1:2::99]:1": "2001:db8:1:2::",
		"[::1]:1":              "::1",
		"pipe":                 "invalid IP",
	}
	for remote, want := range tests {
		if got := remoteHost(remote).String(); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}
