package portmap

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// The search is written here: goupnp's does not say who has answered, keeps any
// number of answers, and always goes to the multicast address.

// Limits of a search.
const (
	// maxSearchAnswer is the largest datagram that is read.
	maxSearchAnswer = 2048
	// maxSearchAnswers is how many datagrams are read, strangers' too.
	maxSearchAnswers = 64
	// maxLocations is how many descriptions of the router are asked for.
	maxLocations = 4
	// searchTries is how often the question goes out: datagrams get lost in the air.
	searchTries = 3
)

// searchTargets are the devices that forward ports (UPnP IGD:1 and IGD:2).
func searchTargets() []string {
	return []string{
		"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
		"urn:schemas-upnp-org:device:InternetGatewayDevice:2",
	}
}

// searchRequest is UPnP Device Architecture 1.1, 1.3.2.
func searchRequest(to netip.AddrPort, target string) []byte {
	return fmt.Appendf(nil, "M-SEARCH * HTTP/1.1\r\nHOST: %s\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n", to, target)
}

// parseSearchAnswer returns where the description of a device is, which must be on
// the machine that has answered (UPnP Device Architecture 1.1, 1.3.3).
func parseSearchAnswer(b []byte, from netip.Addr) (*url.URL, error) {
	if len(b) > maxSearchAnswer {
		return nil, errTooLarge
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
	if err != nil {
		return nil, errGarbled
	}
	defer r.Body.Close()
	location := r.Header.Get("Location")
	if r.StatusCode != http.StatusOK || location == "" {
		return nil, errGarbled
	}
	u, err := url.Parse(location)
	if err != nil {
		return nil, errGarbled
	}
	return u, on(u, from)
}

// on says whether a URL is plain HTTP on a machine, which it must name by address: a
// name could be another machine's the next time it is looked up.
func on(u *url.URL, host netip.Addr) error {
	a, err := netip.ParseAddr(u.Hostname())
	if err != nil || u.Scheme != "http" || a.Unmap() != host {
		return errElsewhere
	}
	return nil
}

// search asks to where routers are and shows try each new description on the
// gateway, until try takes one. It returns what try said of the last.
func search(ctx context.Context, gateway netip.Addr, to []netip.AddrPort, wait time.Duration, try func(*url.URL) error) error {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(towards(gateway), 0)))
	if err != nil {
		return errNoRouter
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	h := hunt{gateway: gateway, try: try, last: errSilent}
	for n := range searchTries {
		for _, a := range to {
			for _, target := range searchTargets() {
				_, _ = conn.WriteToUDPAddrPort(searchRequest(a, target), a) // a network may forbid multicast
			}
		}
		_ = conn.SetReadDeadline(time.Now().Add(wait << n))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if h.read(conn) {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return h.last
}

// hunt is one search.
type hunt struct {
	gateway netip.Addr
	try     func(*url.URL) error
	seen    []string
	count   int
	last    error
}

// read takes answers until the deadline, and says whether the search is over.
func (h *hunt) read(conn *net.UDPConn) bool {
	b := make([]byte, maxSearchAnswer+1)
	for h.count < maxSearchAnswers && len(h.seen) < maxLocations {
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil && n == 0 {
			return false
		}
		h.count++
		if from.Addr().Unmap() != h.gateway {
			continue // a stranger
		}
		u, err := parseSearchAnswer(b[:n], h.gateway)
		if err != nil {
			h.last = err
			continue
		}
		if slices.Contains(h.seen, u.String()) {
			continue
		}
		h.seen = append(h.seen, u.String())
		if h.last = h.try(u); h.last == nil {
			return true
		}
	}
	return true
}
