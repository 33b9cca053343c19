package protocol

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"
)

// Limits of a web cache's answer (section 24). What follows is left out.
const (
	MaxWebHosts  = 500
	MaxWebCaches = 200
	// MaxWebAnswer is how much of an answer is read.
	MaxWebAnswer = 64 << 10

	maxWebURL = 255
)

// WebAnswer is what a web cache knows.
type WebAnswer struct {
	Hosts  []netip.AddrPort
	Caches []string // of others, as CanonicalCache writes them
}

// ParseWebAnswer reads what a web cache (GWebCache) answers, of spec 1 or 2: lines
// of host:port and URLs, or of H|host:port and U|URL. Lines that it does not
// know are skipped; an error of the cache and an HTML page are errors.
func ParseWebAnswer(b []byte) (WebAnswer, error) {
	if len(b) > MaxWebAnswer {
		return WebAnswer{}, &Error{TooLarge, "web cache answer"}
	}
	if b = bytes.TrimSpace(b); isMarkup(b) {
		return WebAnswer{}, &Error{Malformed, "web cache answer: a page"}
	}
	var answer WebAnswer
	for line := range strings.FieldsFuncSeq(string(b), isLineEnd) {
		line = strings.Trim(line, blanks)
		if len(line) >= 5 && strings.EqualFold(line[:5], "ERROR") {
			return WebAnswer{}, &Error{Malformed, "web cache answer: an error"}
		}
		answer.add(line)
	}
	return answer, nil
}

func isLineEnd(r rune) bool { return r == '\n' || r == '\r' }

// isMarkup says whether b is an HTML page or anything like it.
func isMarkup(b []byte) bool {
	return bytes.HasPrefix(b, []byte("<")) || bytes.Contains(bytes.ToLower(b), []byte("<html"))
}

// add takes in one line. In spec 2 a letter says what it holds, and more may
// follow it, as its age.
func (w *WebAnswer) add(line string) {
	value := line
	if letter, rest, ok := strings.Cut(line, "|"); ok {
		if letter = strings.ToUpper(letter); letter != "H" && letter != "U" {
			return
		}
		value, _, _ = strings.Cut(rest, "|")
	}
	if a, err := netip.ParseAddrPort(value); err == nil {
		if len(w.Hosts) < MaxWebHosts && a.Port() != 0 && !a.Addr().IsUnspecified() && a.Addr().Zone() == "" {
			w.Hosts = append(w.Hosts, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
		}
		return
	}
	if u, ok := CanonicalCache(value); ok && len(w.Caches) < MaxWebCaches {
		w.Caches = append(w.Caches, u)
	}
}

// CanonicalCache writes the URL of a web cache in the one way that it is known
// by: plain http, the host in lower case, no port where it is 80. What holds more than
// host, port and a clean path is no web cache's.
func CanonicalCache(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxWebURL || !strings.EqualFold(u.Scheme, "http") || u.Opaque != "" || u.User != nil {
		return "", false
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsRune(text, '#') {
		return "", false
	}
	host, path := strings.ToLower(u.Host), u.EscapedPath()
	if path == "" {
		path = "/"
	}
	host = strings.TrimSuffix(host, ":80")
	if !isHostName(host) || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return "", false
	}
	return "http://" + host + path, true
}

// isHostName says whether s is a name with dots in it, or an IPv4 address, and
// maybe a port.
func isHostName(s string) bool {
	name, port, _ := strings.Cut(s, ":")
	if len(port) > 5 || strings.Trim(port, "0123456789") != "" || strings.HasSuffix(s, ":") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return strings.Contains(name, ".")
}
