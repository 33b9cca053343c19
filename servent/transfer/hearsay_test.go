package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// TestHearsay: on the word of others an address is tried so often, and its host; a while
// later, or once a source there has given something, again.
func TestHearsay(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	at := func(port int) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("5.9.0.1"), uint16(port)) }
	h := newHearsay()
	try := func(now time.Time, a netip.AddrPort, want error) {
		t.Helper()
		if vain := h.vain(now, []netip.AddrPort{a}); vain != errors.Is(want, errTried) {
			t.Errorf("%s: said to be vain: %v", a, vain)
		}
		left, err := h.take(now, []netip.AddrPort{a})
		if !errors.Is(err, want) || (len(left) == 1) != (want == nil) {
			t.Errorf("%s: %v, %v, want %v", a, left, err, want)
		}
	}
	for range triesPerAddress {
		try(start, at(1), nil)
	}
	try(start, at(1), errTried)
	for n := triesPerAddress; n < triesPerHost; n++ {
		try(start, at(10+n), nil)
	}
	try(start, at(9), errTried) // another port of that host
	try(start, sourceAt(1).Addr, nil)
	if left, err := h.take(start, []netip.AddrPort{at(1), sourceAt(1).Addr}); err != nil || !slices.Equal(left, []netip.AddrPort{sourceAt(1).Addr}) {
		t.Errorf("of two: %v, %v", left, err)
	}
	try(start.Add(hearsayLife-1), at(1), errTried)
	h.forget(at(1))
	try(start, at(1), nil)
	try(start.Add(hearsayLife), at(10+triesPerAddress), nil)
	for port := range triesPerHost + 1 { // many programs are one host there
		try(start, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port+1)), nil)
	}
	if left, err := h.take(start, nil); len(left) > 0 || err != nil || h.vain(start, nil) {
		t.Errorf("without an address: %v, %v", left, err)
	}
}

// TestHearsayAtTheLimit: past what is remembered nobody is tried, until there is room again.
func TestHearsayAtTheLimit(t *testing.T) {
	h, start := newHearsay(), time.Unix(1_700_000_000, 0)
	take := func(now time.Time, n int) error {
		_, err := h.take(now, []netip.AddrPort{sourceAt(n).Addr})
		return err
	}
	for n := range maxTries / 2 { // each with its host
		if err := take(start, n); err != nil {
			t.Fatalf("number %d: %v", n, err)
		}
	}
	if err := take(start, maxTries/2); !errors.Is(err, errMaxTries) || len(h.tried) != maxTries {
		t.Errorf("one past it: %v, %d remembered", err, len(h.tried))
	}
	if err := take(start.Add(hearsayLife), maxTries/2); err != nil || len(h.tried) != 2 {
		t.Errorf("later: %v, %d remembered", err, len(h.tried))
	}
}

// TestHearsayIsSpaced: all downloads together try one each alternateEvery; who is refused, or
// gives up, takes no time from others; and one download alone waits for nobody.
func TestHearsayIsSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHearsay()
		one := func(n int) error {
			_, err := h.wait(t.Context(), []netip.AddrPort{sourceAt(n).Addr})
			return err
		}
		begin := time.Now()
		for n := range 4 { // as a download tries them
			time.Sleep(alternateEvery)
			if err := one(n); err != nil || time.Since(begin) != time.Duration(n+1)*alternateEvery {
				t.Errorf("alone, number %d after %v: %v", n, time.Since(begin), err)
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.wait(gone, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("who has given up: %v", err)
		}
		var mu sync.Mutex
		var after []time.Duration
		var all sync.WaitGroup
		begin = time.Now()
		for n := range 6 { // other downloads: number 0 to 3 may be tried once more
			all.Go(func() {
				if err := one(n % 4); err != nil && n < 4 {
					t.Errorf("number %d: %v", n, err)
				}
				mu.Lock()
				after = append(after, time.Since(begin))
				mu.Unlock()
			})
			synctest.Wait() // so that they come in this order
		}
		all.Wait()
		for n, d := range after {
			if want := time.Duration(min(n+1, 5)) * alternateEvery; d != want {
				t.Errorf("number %d after %v, want %v", n, d, want)
			}
		}
	})
}

// TestHearsayOfManyFiles: a host that the sources of many files name, itself or as a push
// proxy, is tried on their word a few times in all, and yet whenever the user names it.
func TestHearsayOfManyFiles(t *testing.T) {
	const innocent = "5.9.0.1:6346"
	var mu sync.Mutex
	asked := make(map[netip.AddrPort]int)
	cfg := quick()
	cfg.Push = func(_ context.Context, s Source) error {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range s.Proxies {
			asked[p]++
		}
		return errors.New("is not linked here")
	}
	dial := &guarded{known: map[string]string{}}
	cfg.Dial = dial
	client := NewClient(cfg)
	const files = triesPerAddress + 3
	for n := range files {
		content := noise(1<<20 + n)
		falt := protocol.FWNodeInfo{Servent: protocol.GUID{byte(n + 1)}, Proxies: someProxies[1:]}.String()
		f := &foreignSource{content: content, most: foreignRange, pace: 5 * time.Millisecond}
		f.alts = func() string { return innocent + "\r\nX-Falt: " + falt }
		source := fmt.Sprintf("5.10.0.%d:6346", n+1)
		dial.known[source] = f.serve(t).String()
		mustGet(t, client, jobFor(t, content, netip.MustParseAddrPort(source)), content)
	}
	if n := len(dial.tried(innocent)); n != triesPerAddress {
		t.Errorf("%d connections in %d files", n, files)
	}
	if n := asked[someProxies[1]]; n != triesPerAddress {
		t.Errorf("asked as a push proxy %d times in %d files", n, files)
	}
	if n := client.Stats().AlternatesTried; n < 2*(files-triesPerAddress) {
		t.Errorf("%d counted", n)
	}
	j := jobFor(t, []byte("content"), netip.MustParseAddrPort(innocent))
	if _, err := client.Get(t.Context(), j, nil); err == nil || len(dial.tried(innocent)) != triesPerAddress+1 {
		t.Errorf("named by the user: %v, %d connections", err, len(dial.tried(innocent)))
	}
}

// TestHearsayThatServes: who has given what it should is used for every file in which it is
// named, and one that a search finds is asked though others have tried it in vain.
func TestHearsayThatServes(t *testing.T) {
	named := sourceAt(1)
	s := bareSwarm(Job{URN: urnOf(nil)}, Source{})
	for range 2 * triesPerAddress {
		if _, err := s.client.hearsay.take(time.Now(), named.ways()); err != nil {
			t.Fatal(err)
		}
		c := &candidate{Source: named, trust: trustHearsay, tried: true}
		s.prove(c)
	}
	pushed := &candidate{Source: Source{Push: true, Proxies: someProxies}, tried: true}
	for range triesPerAddress {
		if _, err := s.client.hearsay.take(time.Now(), pushed.ways()); err != nil {
			t.Fatal(err)
		}
	}
	if s.prove(pushed); !s.client.hearsay.vain(time.Now(), someProxies) {
		t.Error("who was pushed vouches for push proxies that others have named")
	}
	s.all = append(s.all, &candidate{Source: named, key: keyOf(named), trust: trustHearsay, out: true, err: errTried})
	if s.addFound(named); s.all[1].out || s.all[1].trust != trustOwn {
		t.Errorf("found: %+v", s.all[1])
	}
}

// TestHearsayOfWhole: who has served a file that only the hash of all of it proves has given
// what it should, too.
func TestHearsayOfWhole(t *testing.T) {
	s, named := bareSwarm(Job{URN: urnOf(nil)}, Source{}), sourceAt(1)
	for range triesPerAddress {
		if _, err := s.client.hearsay.take(time.Now(), named.ways()); err != nil {
			t.Fatal(err)
		}
	}
	s.all = append(s.all, &candidate{Source: named, tried: true, sent: 1})
	if s.sum(new(Result)); s.client.hearsay.vain(time.Now(), named.ways()) {
		t.Error("its tries still count")
	}
}

// TestHearsayInVain: who was tried in vain becomes no source, and is asked for none as a push
// proxy, though others are.
func TestHearsayInVain(t *testing.T) {
	cfg, asked := quick(), make(chan []netip.AddrPort, 1)
	cfg.Push = func(_ context.Context, s Source) error {
		asked <- s.Proxies
		return errors.New("is not linked here")
	}
	s := newSwarm(NewClient(cfg), Job{URN: urnOf(nil), Sources: []Source{{}}}, &output{file: new(memFile)}, nil)
	for range triesPerAddress {
		if _, err := s.client.hearsay.take(time.Now(), someProxies[:1]); err != nil {
			t.Fatal(err)
		}
	}
	if s.addAlternate(Source{Addr: someProxies[0]}); len(s.all) > 1 || s.client.Stats().AlternatesTried != 1 {
		t.Fatalf("%d sources, %d counted", len(s.all), s.client.Stats().AlternatesTried)
	}
	s.addAlternate(Source{Servent: protocol.GUID{1}, Push: true, Proxies: someProxies})
	c := s.all[1]
	if _, err := s.connect(t.Context(), c, c.Source); err == nil {
		t.Fatal("connected")
	}
	if got := <-asked; !slices.Equal(got, someProxies[1:]) {
		t.Errorf("asked %v", got)
	}
}
