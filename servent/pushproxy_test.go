package servent_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestPushByHTTPProxy: no link leads to a source, but one of its push proxies
// passes on over HTTP that it shall connect.
func TestPushByHTTPProxy(t *testing.T) {
	_, content, urn := shareFile(t, "walrus.ogg", 5000)
	s := start(t, servent.Config{})
	guid := guidHex("0123456789abcdef") // whom serveOnce is
	nodes := make(chan string, 4)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/gnutella/push-proxy" || r.URL.Query().Get("ServerId") != "GAYTEMZUGU3DOOBZMFRGGZDFMY" {
			t.Errorf("asked for %s", r.URL)
		}
		w.WriteHeader(http.StatusAccepted)
		nodes <- r.Header.Get("X-Node")
	}))
	defer proxy.Close()
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	defer gone.Close()
	source := servent.FoundSource{Addr: "127.0.0.1:1", GUID: guid, Push: true, Proxies: []string{
		"203.0.113.9:1", // where this node may not dial
		strings.TrimPrefix(gone.URL, "http://"), strings.TrimPrefix(proxy.URL, "http://"),
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 2*foreignWait)
	defer cancel()
	dir, done := t.TempDir(), make(chan struct{})
	go func() {
		defer close(done)
		got, err := s.Get(ctx, servent.GetRequest{Magnet: urn, Dir: dir, Sources: []servent.FoundSource{source}}, func(servent.GetProgress) {})
		if err != nil || !got.Verified {
			t.Errorf("%+v, %v", got, err)
		}
	}()
	select {
	case node := <-nodes:
		if node != s.Addr().String() {
			t.Errorf("X-Node %q", node)
		}
		serveOnce(t, node, content)
		<-done
	case <-done:
		t.Error("the proxy was not asked")
	}
	if len(nodes) != 0 {
		t.Error("the proxy was asked again")
	}
}

// TestPushNowhere: the error says what was tried.
func TestPushNowhere(t *testing.T) {
	s, req := pushInVain(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	ctx, cancel := context.WithTimeout(t.Context(), 3*foreignWait)
	defer cancel()
	begin := time.Now()
	if _, err := s.Get(ctx, req, func(servent.GetProgress) {}); err == nil || !strings.Contains(err.Error(), "not linked there any more") {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}

// TestPushRefused: a proxy that refuses is not asked again for that servent; one that has
// no time is.
func TestPushRefused(t *testing.T) {
	for code, want := range map[int]int32{
		http.StatusGone: 1, http.StatusBadRequest: 1, http.StatusTooManyRequests: 2, http.StatusServiceUnavailable: 2,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			var asks atomic.Int32
			s, req := pushInVain(t, func(w http.ResponseWriter, _ *http.Request) {
				asks.Add(1)
				w.WriteHeader(code)
			})
			for range 2 {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second/2)
				_, _ = s.Get(ctx, req, func(servent.GetProgress) {}) // there is nobody
				cancel()
			}
			if asks.Load() != want {
				t.Errorf("asked %d times, want %d", asks.Load(), want)
			}
		})
	}
}

// TestPushSelf: who is named itself as a source asks nobody to push it.
func TestPushSelf(t *testing.T) {
	var asks atomic.Int32
	s, req := pushInVain(t, func(http.ResponseWriter, *http.Request) { asks.Add(1) })
	req.Sources[0].GUID = s.GUID().String()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second/2)
	defer cancel()
	if _, err := s.Get(ctx, req, func(servent.GetProgress) {}); err == nil || asks.Load() > 0 {
		t.Errorf("asked %d times, %v", asks.Load(), err)
	}
}

// pushInVain asks for a file from a source whose push proxy answers like that.
func pushInVain(t *testing.T, answer http.HandlerFunc) (*servent.Servent, servent.GetRequest) {
	t.Helper()
	_, _, urn := shareFile(t, "walrus.ogg", 5000)
	proxy := httptest.NewServer(answer)
	t.Cleanup(proxy.Close)
	source := servent.FoundSource{
		Addr: "127.0.0.1:1", GUID: guidHex("0123456789abcdef"), Push: true,
		Proxies: []string{strings.TrimPrefix(proxy.URL, "http://")},
	}
	return start(t, servent.Config{}), servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{source}}
}
