package servent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

const (
	// webTimeout bounds one question to a web cache with all of its answer.
	webTimeout    = 15 * time.Second
	webHeaderSize = 16 << 10
	// webClient is how web caches know this program (docs/protocol.md 24).
	webClient = "SRVT"
)

// newWebClient makes a client that goes nowhere but to the cache it is sent to:
// no redirects, no proxy, no private address.
func (s *Servent) newWebClient() *http.Client {
	return &http.Client{
		Timeout:       webTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            s.dialPublic,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: webHeaderSize,
		},
	}
}

// dialPublic connects to the first address of a name that answers and that this
// node may dial.
func (s *Servent) dialPublic(ctx context.Context, _, name string) (c net.Conn, err error) {
	addrs, err := s.resolvePublic(ctx, name)
	for _, a := range addrs {
		if c, err = s.dial(ctx, a); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// askWebCache asks a web cache for hosts and other caches, by spec 2, or by
// spec 1 where it knows that only.
func (s *Servent) askWebCache(ctx context.Context, cache string) {
	s.call(func(l *loop) { l.boot.asked(rungWeb) })
	answer, err := s.webGet(ctx, cache, url.Values{"get": {"1"}, "net": {"gnutella"}})
	if ctx.Err() == nil && (errors.Is(err, errNoHosts) || isPeerFault(err)) {
		if answer, err = s.webGet(ctx, cache, url.Values{"hostfile": {"1"}}); err == nil {
			caches, _ := s.webGet(ctx, cache, url.Values{"urlfile": {"1"}}) // none is fine
			answer.Caches = append(answer.Caches, caches.Caches...)
		}
	}
	s.call(func(l *loop) {
		if err != nil {
			l.boot.web.failed(cache)
			l.boot.failed(rungWeb, cache, err)
			return
		}
		l.boot.answered(rungWeb, len(answer.Hosts))
		l.boot.web.answered(cache)
		for _, u := range answer.Caches {
			l.boot.web.hear(u)
		}
		l.step(overlay.Heard{Addrs: answer.Hosts})
	})
}

// isPeerFault says whether a cache answered, but nothing that can be read.
func isPeerFault(err error) bool {
	_, fault := asProtocolError(err)
	return fault
}

var (
	errNoHosts = errors.New("it knows no hosts")
	errPrivate = errors.New("the address of this servent is not known to be public")
)

// webGet asks a web cache one thing. An answer without hosts is errNoHosts.
func (s *Servent) webGet(ctx context.Context, cache string, query url.Values) (protocol.WebAnswer, error) {
	query.Set("client", webClient)
	query.Set("version", s.cfg.Version)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cache+"?"+query.Encode(), nil)
	if err != nil {
		return protocol.WebAnswer{}, err
	}
	req.Header.Set("User-Agent", s.cfg.agent())
	resp, err := s.web.Do(req)
	if err != nil {
		var uerr *url.Error
		if errors.As(err, &uerr) {
			err = uerr.Err // the cache is named beside it
		}
		return protocol.WebAnswer{}, err
	}
	defer resp.Body.Close()
	s.clock.hear(time.Now(), req.URL.Host, resp.Header.Get("Date"))
	if resp.StatusCode != http.StatusOK {
		return protocol.WebAnswer{}, fmt.Errorf("it answers %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, protocol.MaxWebAnswer+1))
	if err != nil {
		return protocol.WebAnswer{}, err
	}
	answer, err := protocol.ParseWebAnswer(body)
	if err == nil && len(answer.Hosts) == 0 {
		err = errNoHosts
	}
	return answer, err
}

// tellWebCache tells one web cache of this servent, where that helps others: it
// can be reached, takes links, and has been up for long.
func (s *Servent) tellWebCache(ctx context.Context) {
	if s.Role() == RoleLeaf || time.Since(s.started) < tellAfter {
		return
	}
	var caches []string
	var self netip.AddrPort
	s.call(func(l *loop) {
		if tcp, _ := l.node.Reachable(); tcp == overlay.ReachYes {
			self = l.node.Addr()
			caches = l.boot.tellDue(time.Now())
		}
	})
	for _, cache := range caches {
		if err := s.tellOne(ctx, cache, self); err != nil {
			s.call(func(l *loop) { l.boot.web.failed(cache) })
		}
	}
}

// tellOne tells a web cache of this servent, in the words of both specs.
func (s *Servent) tellOne(ctx context.Context, cache string, self netip.AddrPort) error {
	if !s.node.MayDial(self.Addr(), false) {
		return errPrivate
	}
	_, err := s.webGet(ctx, cache, url.Values{"update": {"1"}, "ip": {self.String()}, "net": {"gnutella"}})
	if errors.Is(err, errNoHosts) {
		return nil // its answer is an OK, and that names no hosts
	}
	return err
}
