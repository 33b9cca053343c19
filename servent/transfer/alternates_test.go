package transfer

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

var someProxies = []netip.AddrPort{netip.MustParseAddrPort("5.9.0.1:6346"), netip.MustParseAddrPort("5.9.0.2:1234")}

// TestAlternates: a source that gives half of a file names another, to whom nobody can
// connect; it is asked by its push proxies for the rest, and named to who comes after.
func TestAlternates(t *testing.T) {
	files, content := newFolder(t), noise(200_000)
	f := files.add(t, "file.bin", content)
	id := protocol.GUID{1, 2, 3}
	server, backlog := firewalled(t, files, id)
	var me netip.AddrPort
	pushed := make(chan Source, 4)
	cfg := quick()
	cfg.PushTimeout = patience
	cfg.Push = func(ctx context.Context, s Source) error {
		pushed <- s
		return server.DialBack(ctx, &net.Dialer{}, backlog, protocol.Push{Servent: s.Servent, Addr: me})
	}
	client := NewClient(cfg)
	me = port(t, client.Accept)
	falt := protocol.Firewalled([]protocol.FWNodeInfo{{Servent: id, Proxies: someProxies}})
	features := make(chan string, 16)
	half := rogue(t, func(conn net.Conn, r *http.Request) bool {
		features <- r.Header.Get("X-Features")
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nX-Falt: %s\r\nContent-Length: %d\r\n\r\n%s", falt, len(content), content[:100_000])
		return false
	})
	j := jobFor(t, content, half)
	mustGet(t, client, j, content)
	if s := <-pushed; s.Servent != id || !s.Push || s.Addr.IsValid() || !slices.Equal(s.Proxies, someProxies) {
		t.Errorf("pushed %+v", s)
	}
	if said := <-features; !strings.Contains(said, "fwalt/") {
		t.Errorf("X-Features: %s", said)
	}
	known := client.Alternates(f.URN.SHA1)
	if len(known) != 1 || known[0].Servent != id || !slices.Equal(known[0].Proxies, someProxies) {
		t.Fatalf("remembers %+v", known)
	}
	giver := NewServer(ServerConfig{Files: files, Alternates: client.Alternates})
	for features, want := range map[string]string{"": "", "queue/1.0": "", "browse/1.0, FWALT/0.1": falt} {
		r := httptest.NewRequest("HEAD", "/uri-res/N2R?"+f.URN.SHA1URN(), nil)
		r.Header.Set("X-Features", features)
		w := httptest.NewRecorder()
		giver.Handler().ServeHTTP(w, r)
		if got := w.Header().Get("X-Falt"); w.Code != 200 || got != want {
			t.Errorf("to %q: %d, %q", features, w.Code, got)
		}
	}
}

// TestAlternatesAreBounded: a source that names servents without end is believed
// maxAlternates, and these are asked one after the other.
func TestAlternatesAreBounded(t *testing.T) {
	s := bareSwarm(Job{URN: urnOf(nil)}, Source{Servent: protocol.GUID{99}})
	name := func(ids ...byte) http.Header {
		h := http.Header{}
		for _, id := range ids {
			proxy := netip.AddrPortFrom(netip.AddrFrom4([4]byte{5, 9, 1, id}), 6346)
			h.Add("X-Falt", protocol.FWNodeInfo{Servent: protocol.GUID{id}, Proxies: []netip.AddrPort{proxy}}.String())
		}
		return h
	}
	s.learn(s.all[0], blindLink(t), name(0, 99, 1, 2, 3, 4, 1, 2)) // nobody, itself, and some twice
	for id := range byte(maxAlternates) {
		s.learn(s.all[0], blindLink(t), name(id+1))
	}
	if len(s.all) != 1+maxAlternates || s.client.Stats().AlternatesOver != 0 {
		t.Errorf("%d candidates, %d left out", len(s.all), s.client.Stats().AlternatesOver)
	}
	for i, c := range s.all[2:] {
		if gap := c.notBefore.Sub(s.all[i+1].notBefore); gap < alternateEvery {
			t.Errorf("number %d is tried %v after the one before", i+2, gap)
		}
	}
	s.learn(s.all[0], blindLink(t), name(maxAlternates+1))
	if len(s.all) != 1+maxAlternates || s.client.Stats().AlternatesOver != 1 {
		t.Errorf("past it: %d candidates, %d left out", len(s.all), s.client.Stats().AlternatesOver)
	}
	s = bareSwarm(Job{Name: "no hash"}, Source{})
	if s.learn(s.all[0], blindLink(t), name(1)); len(s.all) > 1 {
		t.Error("an alternate that cannot be asked by hash")
	}
}

// TestNamedHosts: of the hosts that a source names, those are never tried that only this
// machine or its network reaches, unless the source is there, too.
func TestNamedHosts(t *testing.T) {
	for _, tt := range []struct {
		from, alt string
		takes     bool
	}{
		{"5.9.0.9", "5.9.0.1:6346", true},
		{"5.9.0.9", "127.0.0.1:6346", false},
		{"5.9.0.9", "192.168.1.1:80", false},
		{"5.9.0.9", "0.0.0.0:6346", false},
		{"5.9.0.9", "5.9.0.1:0", false},
		{"192.168.1.7", "192.168.1.1:80", true},
		{"192.168.1.7", "127.0.0.1:80", false},
		{"127.0.0.1", "127.0.0.1:6346", true},
	} {
		s := bareSwarm(Job{URN: urnOf(nil)}, Source{})
		s.learnMesh(netip.MustParseAddr(tt.from), http.Header{"X-Alt": {tt.alt}})
		if (len(s.all) == 2) != tt.takes {
			t.Errorf("%s names %s: %d candidates", tt.from, tt.alt, len(s.all))
		}
	}
}

// bareSwarm is a swarm that nobody has begun.
func bareSwarm(job Job, sources ...Source) *swarm {
	job.Sources = sources
	return newSwarm(NewClient(quick()), job, &output{file: new(memFile)}, nil)
}

// blindLink is a link without an address.
func blindLink(t *testing.T) *link {
	t.Helper()
	conn, other := net.Pipe()
	t.Cleanup(func() { conn.Close(); other.Close() })
	return &link{conn: conn}
}

// TestKnownAlternates: the latest of a file, for an hour; the eldest of all makes room.
func TestKnownAlternates(t *testing.T) {
	var a alternates
	start := time.Unix(1_700_000_000, 0)
	file := protocol.SHA1{1}
	source := func(id byte) Source { return Source{Servent: protocol.GUID{id}, Push: true, Proxies: someProxies} }
	for _, s := range []Source{{Push: true, Proxies: someProxies}, {Servent: protocol.GUID{1}, Push: true}, {Servent: protocol.GUID{1}, Proxies: someProxies}} {
		if a.note(start, file, s); len(a.known) > 0 {
			t.Errorf("remembers %+v", s)
		}
	}
	for id := range byte(maxGiven + 1) {
		a.note(start, file, source(id+1))
	}
	a.note(start, file, source(2)) // again
	got := a.of(start, file)
	if len(got) != maxGiven || got[0].Servent != (protocol.GUID{2}) || got[maxGiven-1].Servent != (protocol.GUID{3}) {
		t.Errorf("gives %v", got)
	}
	if got := a.of(start.Add(alternateLife-1), file); len(got) != maxGiven {
		t.Errorf("just before an hour is over: %v", got)
	}
	if got := a.of(start.Add(alternateLife), file); len(got) > 0 {
		t.Errorf("after an hour: %v", got)
	}
	for i := range maxKnown {
		a.note(start, protocol.SHA1{2, byte(i), byte(i >> 8)}, source(7))
	}
	if len(a.known) != maxKnown || len(a.of(start, file)) > 0 {
		t.Errorf("%d known, %v of the first file", len(a.known), a.of(start, file))
	}
	if a.note(start.Add(alternateLife), file, source(1)); len(a.known) != 1 {
		t.Errorf("%d known after an hour", len(a.known))
	}
}

// TestProxiesAreRenewed: a servent that nobody can connect to tells its push proxies with
// each answer, in any spelling; those of others are none of its own.
func TestProxiesAreRenewed(t *testing.T) {
	s := bareSwarm(Job{}, Source{})
	info := protocol.FWNodeInfo{Servent: protocol.GUID{1}, Proxies: someProxies[:1]}.String()
	other := protocol.FWNodeInfo{Servent: protocol.GUID{2}, Proxies: someProxies[:1]}.String()
	for _, tt := range []struct{ name, value, want string }{
		{"X-Push-Proxy", "5.9.0.1:6346,5.9.0.2:1234", "[5.9.0.1:6346 5.9.0.2:1234]"},
		{"X-Push-Proxies", "5.9.0.2:1234", "[5.9.0.2:1234]"},
		{"X-Pushproxies", "5.9.0.2", "[5.9.0.2:6346]"},
		{"X-FW-Node-Info", info, "[5.9.0.1:6346]"},
		{"X-FW-Node-Info", other, "[9.9.9.9:9]"},
		{"X-FW-Node-Info", "nonsense", "[9.9.9.9:9]"},
		{"X-Else", "5.9.0.1", "[9.9.9.9:9]"},
	} {
		c := &candidate{Source: Source{Servent: protocol.GUID{1}, Proxies: []netip.AddrPort{netip.MustParseAddrPort("9.9.9.9:9")}}}
		h := http.Header{}
		h.Set(tt.name, tt.value)
		if s.learn(c, blindLink(t), h); fmt.Sprint(c.Proxies) != tt.want {
			t.Errorf("%s: %s: %v, want %s", tt.name, tt.value, c.Proxies, tt.want)
		}
	}
}
