package transfer

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// ProxiedPush is what a push proxy is asked for over HTTP: that a servent which is
// linked with it shall connect to To, or meet who asks half way.
type ProxiedPush struct {
	protocol.PushProxyRequest
	To   netip.AddrPort // not valid: nowhere
	Meet protocol.GGEP  // without an ID: none
}

// passPush is a push proxy's answer (section 15): a servent that is linked with
// us, and that nobody can connect to, is told to connect to who asks. A web page
// cannot make a browser ask this: X-Node is none of the headers that it may set.
func (s *Server) passPush(w http.ResponseWriter, r *http.Request) {
	p, err := parseProxiedPush(r)
	if err != nil {
		s.refuse(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !s.pushes.allow(time.Now(), remoteHost(r.RemoteAddr), 1) {
		s.tooOften(w)
		return
	}
	if s.cfg.PushProxy == nil || !s.cfg.PushProxy(r.Context(), p) {
		s.pushesVain.Add(1)
		http.Error(w, "that servent is not connected here", http.StatusGone)
		return
	}
	s.pushesSent.Add(1)
	w.WriteHeader(http.StatusAccepted)
}

var errNode = errors.New("X-Node must be your own address and port")

// parseProxiedPush reads a request. One that asks for a meeting may leave X-Node out.
func parseProxiedPush(r *http.Request) (p ProxiedPush, err error) {
	if p.PushProxyRequest, err = protocol.ParsePushProxyQuery(r.URL.RawQuery); err != nil {
		return p, err
	}
	node, meet := r.Header.Get(protocol.HeaderNode), r.Header.Get(protocol.HeaderMeet)
	if meet != "" {
		if p.Meet, err = protocol.ParseMeetHeader(meet); err != nil || node == "" {
			return p, err
		}
	}
	to, err := netip.ParseAddrPort(node)
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // not valid: from is nobody's address
	if err != nil || !mayBePushedTo(from.Addr(), to) {
		return p, errNode
	}
	p.To = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	return p, nil
}

// mayBePushedTo reports whether who asks from one address may have others
// connect to an address: to its own. A neighbour of ours, whose own address is
// none that the world can use, may name the one that the world sees.
func mayBePushedTo(from netip.Addr, to netip.AddrPort) bool {
	from, target := from.Unmap().WithZone(""), to.Addr().Unmap()
	switch {
	case to.Port() == 0 || !from.IsValid() || target.Zone() != "":
		return false
	case from == target:
		return true
	}
	near := from.IsPrivate() || from.IsLoopback() || from.IsLinkLocalUnicast()
	return near && target.IsGlobalUnicast() && !target.IsPrivate()
}
