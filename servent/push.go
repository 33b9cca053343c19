package servent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/transfer"
)

const (
	// pushHTTPAfter is how long a push over the links and over UDP has for its
	// connection, before push proxies are asked over HTTP. Where it is known that no
	// datagram comes through they are asked at once.
	pushHTTPAfter = time.Second
	// proxyTimeout bounds one such question.
	proxyTimeout = 3 * time.Second
	// maxProxies is how many push proxies of one source are remembered and asked.
	maxProxies = 4
)

// errOwn: others may name this servent as a source.
var errOwn = errors.New("that is this servent itself")

// push asks a source to connect to us (docs/protocol.md 15): over the links
// that its hit came by, at its push proxies over UDP, and, where that brings
// nothing soon, at the proxies over HTTP. It returns early when ctx ends, as it
// does once the source has connected.
func (s *Servent) push(ctx context.Context, src transfer.Source) error {
	if src.Servent == s.GUID() {
		return errOwn
	}
	proxies := s.askable(src)
	in, err := s.invite(ctx, src.Servent)
	if err != nil {
		in = &invitation{} // without, then
	}
	err = s.pushRouted(src, proxies, in.meet)
	if errors.Is(err, errStopped) || err != nil && len(proxies) == 0 {
		return err
	}
	asked := make(chan error, 1)
	if len(proxies) > 0 {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		ask := proxyAsk{PushProxyRequest: protocol.PushProxyRequest{Servent: src.Servent, Index: src.Index}, meet: in.meet}
		s.call(func(l *loop) { ask.node = l.node.Addr() })
		s.wg.Go(func() { asked <- s.askProxies(ctx, ask, proxies) })
	}
	for { // what has gone out may still bring it
		select {
		case <-ctx.Done():
			return nil
		case err := <-in.vain:
			return err
		case failed := <-asked:
			if err != nil && failed != nil {
				return fmt.Errorf("%w; its push proxies: %w", err, failed)
			}
		}
	}
}

// askable are the push proxies of a source that this node may connect to.
func (s *Servent) askable(src transfer.Source) []netip.AddrPort {
	near := src.Addr.Addr().IsLoopback()
	var proxies []netip.AddrPort
	s.call(func(l *loop) {
		proxies = slices.DeleteFunc(slices.Clone(src.Proxies), func(a netip.AddrPort) bool {
			return a.Port() == 0 || !l.node.MayAsk(a.Addr(), near)
		})
	})
	return proxies[:min(len(proxies), maxProxies)]
}

// pushRouted pushes through the node. errNoRoute: it knows no link to the
// source; the proxies have been asked over UDP all the same.
func (s *Servent) pushRouted(src transfer.Source, proxies []netip.AddrPort, meet *protocol.Meet) error {
	answer := make(chan error, 1)
	asked := s.call(func(l *loop) {
		l.pushes[src.Servent] = answer
		l.step(overlay.UserPush{Servent: src.Servent, Index: src.Index, Proxies: proxies, Meet: meet})
		delete(l.pushes, src.Servent)
	})
	if !asked {
		return errStopped
	}
	select {
	case err := <-answer:
		return err
	default:
		return nil
	}
}

// pushed answers a push that failed at once.
func (l *loop) pushed(id protocol.GUID, err error) {
	if answer := l.pushes[id]; answer != nil {
		answer <- err
	}
}

// proxyAsk is what push proxies are asked over HTTP: that a servent shall connect to node,
// where that is known, or meet us, where meet is not nil.
type proxyAsk struct {
	protocol.PushProxyRequest
	node netip.AddrPort
	meet *protocol.Meet
}

// httpAfter is how long push proxies are not asked over HTTP.
func httpAfter(udp nat.Behaviour) time.Duration {
	if udp.Blocked == nat.Yes {
		return 0
	}
	return pushHTTPAfter
}

// askProxies waits whether links and UDP bring what is asked for, which ends ctx, and then
// asks one push proxy after the other over HTTP until one has passed it on. It returns what
// each said.
func (s *Servent) askProxies(ctx context.Context, ask proxyAsk, proxies []netip.AddrPort) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(httpAfter(s.udp.Behaviour())):
	}
	client := http.Client{
		Timeout:       proxyTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: s.dialTCP, DisableKeepAlives: true, MaxResponseHeaderBytes: webHeaderSize,
		},
	}
	var failed error
	for _, p := range proxies {
		err := s.askProxy(ctx, &client, p, ask)
		switch {
		case err == nil || ctx.Err() != nil:
			return nil
		case failed == nil:
			failed = fmt.Errorf("%s: %w", p, err)
		default:
			failed = fmt.Errorf("%w; %s: %w", failed, p, err)
		}
	}
	return failed
}

// askProxy asks one, unless it has refused lately.
func (s *Servent) askProxy(ctx context.Context, c *http.Client, proxy netip.AddrPort, ask proxyAsk) error {
	k := refusal{ask.Servent, proxy, ask.node.IsValid()}
	if err := s.refusals.of(time.Now(), k); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+proxy.String()+ask.URI(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", s.cfg.agent())
	if ask.node.IsValid() && !ask.node.Addr().IsUnspecified() {
		req.Header.Set(protocol.HeaderNode, ask.node.String())
	}
	if ask.meet != nil {
		req.Header.Set(protocol.HeaderMeet, ask.meet.Header())
	}
	resp, err := c.Do(req)
	if err != nil {
		var uerr *url.Error
		if errors.As(err, &uerr) {
			err = uerr.Err // the proxy is named beside it
		}
		if ctx.Err() == nil {
			s.refusals.note(time.Now(), k, err, silentLife)
		}
		return err
	}
	_ = resp.Body.Close() // its words do not matter
	switch resp.StatusCode {
	case http.StatusAccepted:
		return nil
	case http.StatusGone:
		err = errors.New("the servent is not linked there any more")
	default:
		err = fmt.Errorf("it answers %d", resp.StatusCode)
	}
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		s.refusals.note(time.Now(), k, err, refusedLife)
	}
	return err
}

// proxyTexts and proxiesOf write and read push proxies for who uses the API.
func proxyTexts(proxies []netip.AddrPort) (texts []string) {
	for _, p := range proxies {
		texts = append(texts, p.String())
	}
	return texts
}

func proxiesOf(texts []string) (proxies []netip.AddrPort) {
	for _, t := range texts[:min(len(texts), maxProxies)] {
		if a, err := netip.ParseAddrPort(t); err == nil {
			proxies = append(proxies, a)
		}
	}
	return proxies
}
