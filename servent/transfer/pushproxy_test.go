package transfer

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// leaves is the push proxy of one leaf.
type leaves struct {
	leaf protocol.GUID
	last ProxiedPush
	to   []netip.AddrPort
}

func (l *leaves) push(_ context.Context, p ProxiedPush) bool {
	if p.Servent != l.leaf {
		return false
	}
	l.last = p
	l.to = append(l.to, p.To)
	return true
}

func askProxy(s *Server, method, uri, from, node string) int {
	r := httptest.NewRequest(method, uri, nil)
	r.RemoteAddr = from
	if node != "" {
		r.Header.Set("X-Node", node)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Code
}

func TestPushProxy(t *testing.T) {
	l := &leaves{leaf: protocol.GUID{1, 2, 3}}
	s := NewServer(ServerConfig{PushProxy: l.push})
	uri := protocol.PushProxyRequest{Servent: l.leaf, Index: 7}.URI()
	stranger := protocol.PushProxyRequest{Servent: protocol.GUID{9}}.URI()
	hex := "/gnet/push-proxy?guid=" + l.leaf.String()
	tests := []struct {
		name, method, uri, from, node string
		code                          int
	}{
		{"get", "GET", uri, "5.9.0.1:4000", "5.9.0.1:6346", 202},
		{"head", "HEAD", uri, "5.9.0.2:4000", "5.9.0.2:6346", 202},
		{"gtk-gnutella's other name", "GET", hex, "5.9.0.3:4000", "5.9.0.3:6346", 202},
		{"who is not linked", "GET", stranger, "5.9.0.4:4000", "5.9.0.4:6346", 410},
		{"no servent", "GET", "/gnutella/push-proxy", "5.9.0.5:4000", "5.9.0.5:6346", 400},
		{"no X-Node", "GET", uri, "5.9.0.6:4000", "", 400},
		{"no port", "GET", uri, "5.9.0.7:4000", "5.9.0.7:0", 400},
		{"somebody else's address", "GET", uri, "5.9.0.8:4000", "5.9.9.9:6346", 400},
		{"a private address, from outside", "GET", uri, "5.9.0.9:4000", "192.168.1.1:80", 400},
		{"loopback, from outside", "GET", uri, "5.9.0.10:4000", "127.0.0.1:22", 400},
		{"loopback, from the network", "GET", uri, "192.168.1.5:4000", "127.0.0.1:22", 400},
		{"another of the network", "GET", uri, "192.168.1.6:4000", "192.168.1.1:80", 400},
		{"a neighbour by its outside address", "GET", uri, "192.168.1.7:4000", "5.9.0.1:6346", 202},
		{"loopback, from there", "GET", uri, "127.0.0.1:4000", "127.0.0.1:6346", 202},
		{"all of them", "GET", uri, "192.168.1.8:4000", "224.0.0.1:6346", 400},
	}
	for _, tt := range tests {
		if code := askProxy(s, tt.method, tt.uri, tt.from, tt.node); code != tt.code {
			t.Errorf("%s: %d, want %d", tt.name, code, tt.code)
		}
	}
	if len(l.to) != 5 || l.to[0].String() != "5.9.0.1:6346" {
		t.Errorf("leaf was told of %v", l.to)
	}
	if st := s.Stats(); st.Pushes != 5 || st.PushesVain != 1 || st.Refused != 9 {
		t.Errorf("stats: %+v", st)
	}
	if code := askProxy(NewServer(ServerConfig{}), "GET", uri, "5.9.0.1:4000", "5.9.0.1:6346"); code != 410 {
		t.Errorf("no push proxy at all: %d", code)
	}
}

func TestPushProxyRate(t *testing.T) {
	l := &leaves{leaf: protocol.GUID{1}}
	s := NewServer(ServerConfig{PushProxy: l.push})
	uri := protocol.PushProxyRequest{Servent: l.leaf}.URI()
	for range pushBurst { // at the limit
		if code := askProxy(s, "GET", uri, "5.9.0.1:4000", "5.9.0.1:6346"); code != 202 {
			t.Fatalf("within the limit: %d", code)
		}
	}
	if code := askProxy(s, "GET", uri, "5.9.0.1:4001", "5.9.0.1:6346"); code != 429 || s.Stats().TooOften != 1 {
		t.Errorf("one past it: %d", code)
	}
	if code := askProxy(s, "GET", uri, "5.9.0.2:4000", "5.9.0.2:6346"); code != 202 {
		t.Errorf("another address: %d", code)
	}
}
