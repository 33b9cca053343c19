package servent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// webWorld is an internet of one web cache, at 5.9.0.1, that lives in the bubble
// of a test.
type webWorld struct {
	dialed []netip.AddrPort
	asked  []string // queries
	pipes  *pipes
}

func (w *webWorld) resolve(_ context.Context, host string) ([]netip.Addr, error) {
	addrs := map[string]string{"w.test": "5.9.0.1", "inside.test": "192.168.1.1", "self.test": "127.0.0.1"}
	if a, ok := addrs[host]; ok {
		return []netip.Addr{netip.MustParseAddr(a)}, nil
	}
	return nil, errors.New("no such host")
}

func (w *webWorld) dial(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	w.dialed = append(w.dialed, a)
	if a != netip.MustParseAddrPort("5.9.0.1:80") {
		return nil, errors.New("connection refused")
	}
	here, there := net.Pipe()
	select {
	case w.pipes.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inWebWorld asks one web cache, served by handler, for hosts.
func inWebWorld(t *testing.T, url string, handler http.HandlerFunc, check func(t *testing.T, h *host, w *webWorld)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &webWorld{pipes: newPipes()}
		server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			w.asked = append(w.asked, r.URL.RawQuery)
			handler(out, r)
		})}
		served := make(chan struct{})
		go func() { defer close(served); _ = server.Serve(w.pipes) }()
		h := runHostOn(t, Config{
			Network: Gnutella, WebCaches: []string{url}, UDPCaches: []string{"nobody.test:1"}, Version: "1",
			listener: newPipes(), resolve: w.resolve, dial: w.dial,
		})
		time.Sleep(webAfter + 2*webTimeout)
		synctest.Wait()
		check(t, h, w)
		h.stop()
		_ = server.Close()
		<-served
	})
}

func TestWebCaches(t *testing.T) {
	spec1 := func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); {
		case q.Get("hostfile") == "1":
			_, _ = io.WriteString(w, "5.9.0.7:6346\r\n192.168.0.1:6346\r\n")
		case q.Get("urlfile") == "1":
			_, _ = io.WriteString(w, "http://other.test/\r\n")
		default:
			_, _ = io.WriteString(w, "ERROR: what?\r\n")
		}
	}
	spec2 := func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("get") == "1" && q.Get("net") == "gnutella" {
			_, _ = io.WriteString(w, "I|pong|x\nH|5.9.0.7:6346|9\nH|192.168.0.1:6346|9\nU|http://other.test/|1\n")
		}
	}
	for name, c := range map[string]struct {
		handler   http.HandlerFunc
		questions int
	}{"spec 1": {spec1, 3}, "spec 2": {spec2, 1}} {
		t.Run(name, func(t *testing.T) {
			inWebWorld(t, "http://w.test/", c.handler, func(t *testing.T, h *host, w *webWorld) {
				st := h.Status()
				if r := st.Bootstrap[rungWeb]; r.Hosts != 2 || r.Answered != 1 {
					t.Errorf("%+v", r)
				}
				if st.Hosts != 1 { // not the one in a local network
					t.Errorf("%d hosts known", st.Hosts)
				}
				if st.Clock.State != "right" || st.Clock.Witnesses != 1 {
					t.Errorf("what it says of the time: %+v", st.Clock)
				}
				if len(w.asked) != c.questions {
					t.Errorf("asked %q", w.asked)
				}
				for _, q := range w.asked {
					if !strings.Contains(q, "client=SRVT") || !strings.Contains(q, "version=1") {
						t.Errorf("asked %q", q)
					}
				}
				if u := st.Bootstrap[rungUDP]; u.State != rungFailed || !strings.Contains(u.Error, "nobody.test:1: the host name cannot be resolved") {
					t.Errorf("%+v", u)
				}
			})
		})
	}
}

// TestBadWebCaches: none of them costs more than a question, and none leads
// anywhere else.
func TestBadWebCaches(t *testing.T) {
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	for _, c := range []struct {
		name, url string
		handler   http.HandlerFunc
		want      string // in the error of the rung
	}{
		{"a page", "http://w.test/", say("<html>5.9.0.7:6346"), "a page"},
		{"garbage", "http://w.test/", say("\x00\xff|\n|||\nH|x"), "no hosts"},
		{"nothing", "http://w.test/", say(""), "no hosts"},
		{"a gigabyte", "http://w.test/", func(w http.ResponseWriter, _ *http.Request) {
			chunk := bytes.Repeat([]byte("5.9.0.7:6346\n"), 5000)
			for range (1 << 30) / len(chunk) {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "web cache answer"},
		{"a drip", "http://w.test/", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "5.9.0.7:6346\n")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Second)
			}
		}, "deadline"},
		{"silence", "http://w.test/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline"},
		{"a redirect", "http://w.test/", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://self.test/", http.StatusFound)
		}, "it answers 302"},
		{"an error", "http://w.test/", http.NotFound, "it answers 404"},
		{"a name in the local network", "http://inside.test/", say(""), errNotPublic.Error()},
		{"this machine", "http://self.test/", say(""), errNotPublic.Error()},
		{"an address in the local network", "http://192.168.1.1/", say(""), "cannot be resolved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWebWorld(t, c.url, c.handler, func(t *testing.T, h *host, w *webWorld) {
				st := h.Status()
				if r := st.Bootstrap[rungWeb]; r.State != rungFailed || !strings.Contains(r.Error, c.want) {
					t.Errorf("%+v, want %q", r, c.want)
				}
				if st.Hosts != 0 || len(w.asked) > 2 {
					t.Errorf("%d hosts, %d questions", st.Hosts, len(w.asked))
				}
				for _, a := range w.dialed {
					if a != netip.MustParseAddrPort("5.9.0.1:80") {
						t.Errorf("dialled %v", a)
					}
				}
			})
		})
	}
}

// TestWebCachePace: a cache is asked once an hour, however few links there are.
func TestWebCachePace(t *testing.T) {
	none := func(http.ResponseWriter, *http.Request) {}
	inWebWorld(t, "http://w.test/", none, func(t *testing.T, h *host, w *webWorld) {
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if n := h.Status().Bootstrap[rungWeb].Asked; n < 3 || n > 4 {
			t.Errorf("asked %d times in three hours", n)
		}
	})
}

// TestTellWebCache: what a cache is told, and that it is a public address.
func TestTellWebCache(t *testing.T) {
	inWebWorld(t, "http://w.test/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK\n") },
		func(t *testing.T, h *host, w *webWorld) {
			w.asked = nil
			if err := h.tellOne(t.Context(), "http://w.test/", netip.MustParseAddrPort("10.0.0.1:6346")); !errors.Is(err, errPrivate) {
				t.Errorf("a private address: %v", err)
			}
			if err := h.tellOne(t.Context(), "http://w.test/", netip.MustParseAddrPort("5.9.0.9:6346")); err != nil {
				t.Error(err)
			}
			if len(w.asked) != 1 || !strings.Contains(w.asked[0], "ip=5.9.0.9%3A6346") || strings.Contains(w.asked[0], "get=") {
				t.Errorf("asked %q", w.asked)
			}
		})
}
