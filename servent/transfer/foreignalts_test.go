package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// guarded dials none but those whom a test knows, wherever they really are, and counts
// the others: no packet leaves this machine.
type guarded struct {
	known map[string]string // addresses, and where they are

	mu        sync.Mutex
	strangers map[string][]time.Time
}

// tried is when an address was dialled that the test does not know.
func (g *guarded) tried(addr string) []time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.strangers[addr]
}

func (g *guarded) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if at, ok := g.known[addr]; ok {
		conn, err := new(net.Dialer).DialContext(ctx, network, at)
		if err != nil {
			return nil, err
		}
		return guestConn{conn, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))}, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.strangers == nil {
		g.strangers = make(map[string][]time.Time)
	}
	g.strangers[addr] = append(g.strangers[addr], time.Now())
	return nil, errors.New("nobody is there")
}

// TestAlternatesSpareInnocents: a source somewhere on the internet that names thousands
// of hosts, which have nothing to do with it, cannot have them attacked, nor what only
// this machine reaches; be they asked with HEAD pings before, which they do not answer.
func TestAlternatesSpareInnocents(t *testing.T) {
	t.Run("connections", func(t *testing.T) { spareInnocents(t, quick(), 3*time.Millisecond) })
	t.Run("HEAD pings", func(t *testing.T) {
		var mu sync.Mutex
		pinged := make(map[netip.AddrPort]int)
		cfg := quick()
		cfg.Head = func(ctx context.Context, a netip.AddrPort, _ protocol.URN) (protocol.HeadPong, error) {
			mu.Lock()
			pinged[a]++
			mu.Unlock()
			<-ctx.Done()
			return protocol.HeadPong{}, ctx.Err()
		}
		spareInnocents(t, cfg, 14*time.Millisecond) // for longer than headWait
		mu.Lock()
		defer mu.Unlock()
		if len(pinged) != maxHeaded {
			t.Errorf("%d hosts were pinged, want %d", len(pinged), maxHeaded)
		}
		for a, times := range pinged {
			if times > 1 || !a.Addr().IsGlobalUnicast() || a.Port() == 0 {
				t.Errorf("%s was pinged %d times", a, times)
			}
		}
	})
}

// spareInnocents downloads from a source that names ever more hosts, with so long between
// two pieces of the file.
func spareInnocents(t *testing.T, cfg ClientConfig, pace time.Duration) {
	const each = 100 // alternates of one answer
	content := noise(32*foreignRange + 4711)
	var named atomic.Int32
	never := []string{"127.0.0.1:6346", "127.9.9.9:80", "0.0.0.0:6346", "224.0.0.1:6346", "255.255.255.255:6346", "198.51.100.7:0"}
	f := &foreignSource{content: content, most: foreignRange, pace: pace, alts: func() string {
		list := append([]string{}, never...)
		for range each {
			n := named.Add(1)
			list = append(list, fmt.Sprintf("5.9.%d.%d:%d", n>>8, n&0xff, 1024+n))
		}
		return strings.Join(append(list, list[len(list)-1]), ",") // one of them twice
	}}
	dial := &guarded{known: map[string]string{"5.10.0.1:6346": f.serve(t).String()}}
	cfg.Dial = dial
	mustGet(t, NewClient(cfg), jobFor(t, content, netip.MustParseAddrPort("5.10.0.1:6346")), content)
	if named.Load() < 10*maxAlternates {
		t.Fatalf("only %d hosts were named", named.Load())
	}
	dial.mu.Lock()
	defer dial.mu.Unlock()
	var all []time.Time
	for addr, times := range dial.strangers {
		if all = append(all, times...); len(times) > 1 {
			t.Errorf("%s was tried %d times", addr, len(times))
		}
	}
	for _, addr := range never {
		if len(dial.strangers[addr]) > 0 {
			t.Errorf("%s was tried", addr)
		}
	}
	if n := len(all); n < 3 || n > maxAlternates {
		t.Errorf("%d hosts were tried that a source named, want 3 to %d", n, maxAlternates)
	}
	slices.SortFunc(all, time.Time.Compare)
	for i := range all {
		for j := i + 2; j < len(all); j++ { // one may have come late
			if gap, want := all[j].Sub(all[i]), time.Duration(j-i-1)*alternateEvery; gap < want {
				t.Fatalf("numbers %d to %d of %d were tried within %v, want %v", i+1, j+1, len(all), gap, want)
			}
		}
	}
}

// TestGetFromNamedSource: one that has a part of a file names another that has the rest
// (X-Alt), and that one is used.
func TestGetFromNamedSource(t *testing.T) {
	content := noise(2<<20 + 4711)
	whole := &foreignSource{content: content}
	wholeAt := whole.serve(t)
	part := &foreignSource{content: content, have: []span{{0, 1 << 20}}, alts: func() string { return "5.9.0.1:6346" }}
	cfg := quick()
	cfg.Dial = &guarded{known: map[string]string{"5.10.0.1:6346": part.serve(t).String(), "5.9.0.1:6346": wholeAt.String()}}
	mustGet(t, NewClient(cfg), jobFor(t, content, netip.MustParseAddrPort("5.10.0.1:6346")), content)
	if len(whole.log().sent) == 0 {
		t.Error("who was named was not used")
	}
}
