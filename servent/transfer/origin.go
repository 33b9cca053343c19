package transfer

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// isCrossOrigin reports whether a browser says that a page of another site made
// the request: by Origin, or by Sec-Fetch-Site where it is no click on a link.
func isCrossOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		return err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// isOwnName reports whether the name under which we are asked can be ours: an
// address, or a name of this machine or its network. A site of the internet
// whose name was led to our address could else read our pages in the user's
// browser.
func isOwnName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for _, end := range []string{".localhost", ".local", ".lan", ".home.arpa", ".internal"} {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return !strings.Contains(host, ".")
}
