package protocol

import (
	"encoding/base32"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// SHA1 is the SHA-1 of a whole file.
type SHA1 [20]byte

// sha1Text is the length of a SHA-1 as text.
const sha1Text = 32

// maxURN is the length of the longest URN that is looked at.
const maxURN = 128

// String returns 32 upper-case base32 characters.
func (h SHA1) String() string { return base32.StdEncoding.EncodeToString(h[:]) }

// ParseSHA1 reads 32 base32 characters, in either case.
func ParseSHA1(s string) (SHA1, error) {
	var h SHA1
	if len(s) != sha1Text {
		return SHA1{}, &Error{Malformed, "sha1"}
	}
	var upper [sha1Text]byte
	for i := range upper {
		upper[i] = s[i]
		if 'a' <= s[i] && s[i] <= 'z' {
			upper[i] -= 'a' - 'A'
		}
	}
	n, err := base32.StdEncoding.Decode(h[:], upper[:])
	if err != nil || n != len(h) {
		return SHA1{}, &Error{Malformed, "sha1"}
	}
	return h, nil
}

// URN names the content of a file by its digests. Two are equal as values when
// they hold the same digests. The zero value names nothing.
type URN struct {
	SHA1              SHA1
	Tiger             tiger.Digest // root of the tiger tree
	HasSHA1, HasTiger bool
}

// The schemes of URNs that are read.
const (
	schemeURN      = "urn:"
	schemeSHA1     = "urn:sha1:"
	schemeBitprint = "urn:bitprint:"
	schemeTiger    = "urn:tree:tiger/:"
	schemeTigerOld = "urn:tree:tiger:"
	schemeTTRoot   = "urn:ttroot:"
)

// tigerSchemes are those of a tiger root alone.
var tigerSchemes = [...]string{schemeTiger, schemeTigerOld, schemeTTRoot}

// ParseURN reads a urn:sha1:, urn:bitprint: or urn:tree:tiger/: name, in either
// case. The tiger root may also be named urn:tree:tiger: or urn:ttroot:, as older
// servents write it.
func ParseURN(s string) (URN, error) {
	if len(s) > maxURN {
		return URN{}, &Error{TooLarge, "urn"}
	}
	if rest, ok := cutPrefixFold(s, schemeSHA1); ok {
		h, err := ParseSHA1(rest)
		return URN{SHA1: h, HasSHA1: err == nil}, err
	}
	if rest, ok := cutPrefixFold(s, schemeBitprint); ok {
		return parseBitprint(rest)
	}
	for _, scheme := range tigerSchemes {
		if rest, ok := cutPrefixFold(s, scheme); ok {
			return parseTiger(rest)
		}
	}
	return URN{}, &Error{Malformed, "urn"}
}

// namesDigest says whether ParseURN knows the scheme of s: where it refuses s then, that
// is not a name of another kind.
func namesDigest(s string) bool {
	return slices.ContainsFunc(append(tigerSchemes[:], schemeSHA1, schemeBitprint), func(scheme string) bool {
		_, ok := cutPrefixFold(s, scheme)
		return ok
	})
}

// parseBitprint reads a SHA-1 and a tiger root with a dot between them.
func parseBitprint(s string) (URN, error) {
	first, second, ok := strings.Cut(s, ".")
	if !ok {
		return URN{}, &Error{Malformed, "urn bitprint"}
	}
	u, err := parseTiger(second)
	if err != nil {
		return URN{}, err
	}
	if u.SHA1, err = ParseSHA1(first); err != nil {
		return URN{}, err
	}
	u.HasSHA1 = true
	return u, nil
}

// parseTiger reads a tiger root.
func parseTiger(s string) (URN, error) {
	d, err := tiger.Parse(s)
	if err != nil {
		return URN{}, &Error{Malformed, "urn tiger"}
	}
	return URN{Tiger: d, HasTiger: true}, nil
}

// cutPrefixFold cuts an ASCII prefix off s, whatever its case.
func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// String returns the URN with all that is known: urn:bitprint: for both digests,
// else urn:sha1: or urn:tree:tiger/:, and "" for the zero value.
func (u URN) String() string {
	switch {
	case u.HasSHA1 && u.HasTiger:
		return schemeBitprint + u.SHA1.String() + "." + u.Tiger.String()
	case u.HasTiger:
		return schemeTiger + u.Tiger.String()
	}
	return u.SHA1URN()
}

// SHA1URN returns the urn:sha1: name, which every servent understands, or "" when
// the SHA-1 is not known.
func (u URN) SHA1URN() string {
	if !u.HasSHA1 {
		return ""
	}
	return schemeSHA1 + u.SHA1.String()
}

// merge adds the digests of v that u lacks.
func (u URN) merge(v URN) URN {
	if !u.HasSHA1 {
		u.SHA1, u.HasSHA1 = v.SHA1, v.HasSHA1
	}
	if !u.HasTiger {
		u.Tiger, u.HasTiger = v.Tiger, v.HasTiger
	}
	return u
}
