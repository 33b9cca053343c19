package servent

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

func publicBootstrap() bootstrap {
	cfg := Config{Network: Gnutella, UDPCaches: []string{"u.test:1"}, WebCaches: []string{"http://w.test/"}}
	return newBootstrap(&cfg)
}

var cacheAddr = netip.MustParseAddrPort("5.9.0.1:1")

// TestLadderOrder: each rung has its time before the next one is tried.
func TestLadderOrder(t *testing.T) {
	start := time.Now()
	b := publicBootstrap()
	for _, step := range []struct {
		at           time.Duration
		links, hosts int
		udp, web     int
		why          string
	}{
		{0, 1, 9, 0, 0, "the hosts that are known come first"},
		{udpAfter - 1, 1, 9, 0, 0, "they still have time"},
		{udpAfter, 1, 9, 1, 0, "now the host caches"},
		{webAfter - 1, 1, 9, 0, 0, "which were asked just now"},
		{webAfter, 1, 9, 0, 1, "now the web caches"},
		{udpCacheEvery + udpAfter, 1, 9, 1, 0, "the host caches may be asked again"},
		{2 * udpCacheEvery, fewLinks, 9, 0, 0, "there are enough links"},
		{3 * udpCacheEvery, 1, 9, 0, 0, "a link was lost: it begins anew"},
		{3*udpCacheEvery + udpAfter, 1, 9, 1, 0, "and goes on"},
		{3*udpCacheEvery + webCacheEvery, 0, 0, 1, 1, "an hour later"},
	} {
		c := b.next(start.Add(step.at), step.links, step.hosts)
		if len(c.udp) != step.udp || len(c.web) != step.web {
			t.Errorf("%v, %s: asks %v", step.at, step.why, c)
		}
	}
	empty := publicBootstrap()
	if c := empty.next(start, 0, 0); len(c.udp) != 1 || len(c.web) != 0 {
		t.Errorf("who knows nobody asks %v", c)
	}
}

// TestPublicRungs: nobody public is asked but on the public network.
func TestPublicRungs(t *testing.T) {
	for _, cfg := range []Config{{Network: LAN}, {Network: LAN, ConnectOnly: true}, {Network: Gnutella, ConnectOnly: true}} {
		cfg.UDPCaches, cfg.WebCaches = []string{"u.test:1"}, []string{"http://w.test/"}
		b := newBootstrap(&cfg)
		b.next(time.Now(), 0, 0)
		if c := b.next(time.Now().Add(24*time.Hour), 0, 0); len(c.udp)+len(c.web) != 0 {
			t.Errorf("%s, connect only %v: asks %v", cfg.Network, cfg.ConnectOnly, c)
		}
		for _, r := range b.info()[rungUDP:] {
			if r.State != rungOff {
				t.Errorf("%+v", r)
			}
		}
	}
}

func TestCacheAnswers(t *testing.T) {
	start := time.Now()
	b := publicBootstrap()
	b.await(start, "u.test:1", cacheAddr)
	b.cacheAnswered(&overlay.Action{Addr: netip.MustParseAddrPort("5.9.9.9:1"), Limit: 5, Text: "evil.test:1"})
	if r := b.info()[rungUDP]; r.State != rungAsking || r.Hosts != 0 || len(b.udp.list) != 1 {
		t.Errorf("after the answer of somebody else: %+v", r)
	}
	b.cacheAnswered(&overlay.Action{Addr: cacheAddr, Limit: 5, Text: "more.test:2\nno port\n more.test:0\nmore.test:2\n"})
	if r := b.info()[rungUDP]; r.State != rungOK || r.Answered != 1 || r.Hosts != 5 {
		t.Errorf("%+v", r)
	}
	if len(b.udp.list) != 2 || b.udp.list[1].name != "more.test:2" {
		t.Errorf("caches %v", b.udp.list)
	}
}

// TestSilentCaches: one that does not answer is left alone after some tries, and
// forgotten where the user did not name it.
func TestSilentCaches(t *testing.T) {
	now := time.Now()
	b := publicBootstrap()
	b.udp.hear("heard.test:1")
	for range maxCacheFails {
		names := b.next(now, 0, 0).udp
		if len(names) != 2 {
			t.Fatalf("asks %v", names)
		}
		for i, name := range names {
			b.await(now, name, netip.AddrPortFrom(cacheAddr.Addr(), uint16(i+1)))
		}
		now = now.Add(udpCacheWait)
		b.next(now, 0, 0)
		if r := b.info()[rungUDP]; r.State != rungFailed || !strings.Contains(r.Error, "no answer within 20s") {
			t.Errorf("%+v", r)
		}
		now = now.Add(udpCacheEvery - udpCacheWait)
	}
	if len(b.udp.list) != 1 {
		t.Errorf("caches %v", b.udp.list)
	}
	if c := b.next(now, 0, 0); len(c.udp) != 0 {
		t.Errorf("asks %v", c.udp)
	}
	if c := b.next(now.Add(cacheRest), 0, 0); len(c.udp) != 1 {
		t.Errorf("after its rest asks %v", c.udp)
	}
}

func TestCacheBookBounds(t *testing.T) {
	b := newCacheBook(nil, time.Minute)
	for i := range maxCaches + 1 {
		b.hear(fmt.Sprintf("c%d.test:1", i))
	}
	if len(b.list) != maxCaches {
		t.Errorf("%d caches", len(b.list))
	}
}

// TestCachesOnDisk: who starts again does not ask again at once; a clock that
// was put back since then does not keep it from asking.
func TestCachesOnDisk(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	udp, web := newCacheBook([]string{"u.test:1"}, udpCacheEvery), newCacheBook(nil, webCacheEvery)
	web.hear("http://w.test/")
	udp.due(now, 1)
	web.due(now, 1)
	if err := saveCaches(dir, &udp, &web); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		at   time.Time
		want int
	}{
		{"just now", now.Add(time.Second), 0},
		{"an hour later", now.Add(time.Hour + time.Second), 1},
		{"the clock was put back a year", now.AddDate(-1, 0, 0), 1},
		{"the clock was put on ten years", now.AddDate(10, 0, 0), 1},
	} {
		udp, web := newCacheBook([]string{"u.test:1"}, udpCacheEvery), newCacheBook(nil, webCacheEvery)
		loadCaches(dir, &udp, &web)
		if n := len(udp.due(c.at, 9)); n != c.want {
			t.Errorf("%s: asks %d host caches", c.name, n)
		}
		if n := len(web.due(c.at, 9)); n != c.want {
			t.Errorf("%s: asks %d web caches", c.name, n)
		}
	}
}

func TestBadCachesFile(t *testing.T) {
	dir := t.TempDir()
	text := "u.test:1 x\nu.test 5\nhttp://W.test/ 5\n\x00\x01 5\nfine.test:1 99999999999999\nalso.test:1 -5\n" + strings.Repeat("z", 1<<20)
	if err := os.WriteFile(filepath.Join(dir, cachesFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var udp, web cacheBook
	loadCaches(dir, &udp, &web)
	var names []string
	for _, c := range udp.list {
		names = append(names, c.name)
	}
	if !slices.Equal(names, []string{"fine.test:1", "also.test:1"}) || len(web.list) != 0 {
		t.Errorf("%v, %v", names, web.list)
	}
	if n := len(udp.due(time.Now(), 9)); n != 2 {
		t.Errorf("%d may be asked", n)
	}
}

func TestRungErrors(t *testing.T) {
	b := publicBootstrap()
	b.failed(rungWeb, "http://w.test/", errors.New("it answers 404"))
	if r := b.info()[rungWeb]; r.State != rungFailed || r.Error != "http://w.test/: it answers 404" {
		t.Errorf("%+v", r)
	}
	b.answered(rungWeb, 3)
	if r := b.info()[rungWeb]; r.State != rungOK || r.Error != "" || r.Hosts != 3 {
		t.Errorf("%+v", r)
	}
}
