package protocol

import (
	"math"
	"net/url"
	"strconv"
	"strings"
)

// Limits of a magnet link. More sources, or more alternates, are left out.
const (
	MaxMagnet        = 8 << 10 // bytes
	MaxMagnetSources = 32
)

// schemeMagnet begins a magnet link.
const schemeMagnet = "magnet:?"

// Magnet is a link that names a file by its content, wherever it is.
type Magnet struct {
	URN        URN      // xt
	Name       string   // dn, at most MaxName bytes
	Size       uint64   // xl in bytes, 0 if not told
	Sources    []string // xs: URLs of exact sources
	Alternates []string // as: URLs that may serve
}

// ParseMagnet reads a magnet link. At least one xt must be a URN that ParseURN
// reads; parameters that are not known are ignored.
func ParseMagnet(s string) (Magnet, error) {
	if len(s) > MaxMagnet {
		return Magnet{}, &Error{TooLarge, "magnet"}
	}
	params, ok := cutPrefixFold(s, schemeMagnet)
	if !ok {
		return Magnet{}, &Error{Malformed, "magnet"}
	}
	var m Magnet
	for p := range strings.SplitSeq(params, "&") {
		key, value, _ := strings.Cut(p, "=")
		value, err := url.QueryUnescape(value)
		if err != nil {
			return Magnet{}, &Error{Malformed, "magnet escape"}
		}
		key, _, _ = strings.Cut(key, ".") // xt.1, xt.2 and so on
		if err := m.read(strings.ToLower(key), value); err != nil {
			return Magnet{}, err
		}
	}
	if m.URN == (URN{}) {
		return Magnet{}, &Error{Malformed, "magnet urn"}
	}
	return m, nil
}

// read takes over one parameter.
func (m *Magnet) read(key, value string) error {
	switch key {
	case "xt":
		u, err := ParseURN(value)
		if err != nil && namesDigest(value) {
			return err // cut off, or mistyped: what is left of it must not pass for the whole
		}
		m.URN = m.URN.merge(u)
	case "dn":
		if m.Name == "" {
			m.Name = cleanText(value, MaxName)
		}
	case "xl":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || n > math.MaxInt64 {
			return &Error{Malformed, "magnet size"}
		}
		m.Size = n
	case "xs":
		m.Sources = appendSource(m.Sources, value)
	case "as":
		m.Alternates = appendSource(m.Alternates, value)
	}
	return nil
}

// appendSource appends s to list unless that is full.
func appendSource(list []string, s string) []string {
	if s == "" || len(list) == MaxMagnetSources {
		return list
	}
	return append(list, s)
}

// String returns the link.
func (m Magnet) String() string {
	b := []byte(schemeMagnet + "xt=" + m.URN.String())
	add := func(key, value string) {
		if value != "" {
			b = append(b, "&"+key+"="...)
			b = append(b, strings.ReplaceAll(url.QueryEscape(value), "+", "%20")...)
		}
	}
	add("dn", m.Name)
	if m.Size > 0 {
		add("xl", strconv.FormatUint(m.Size, 10))
	}
	for _, s := range m.Sources {
		add("xs", s)
	}
	for _, s := range m.Alternates {
		add("as", s)
	}
	return string(b)
}
