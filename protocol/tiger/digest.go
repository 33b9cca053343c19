package tiger

import (
	"encoding/base32"
	"errors"
)

// Size is the length of a digest in bytes.
const Size = 24

// textSize is the length of a digest in base32 without padding.
const textSize = 39

// ErrSyntax says that a text is not a digest of 39 base32 characters.
var ErrSyntax = errors.New("parse tiger digest: not 39 base32 characters")

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Digest is a Tiger/192 hash in the byte order of the designers' reference
// code, or the root of a tree of such hashes. It is comparable.
type Digest [Size]byte

// String gives the 39 upper-case base32 characters that Gnutella writes.
func (d Digest) String() string { return encoding.EncodeToString(d[:]) }

// Parse reads what String writes, in any case. Each digest has one text only:
// bits behind its end must be zero.
func Parse(s string) (Digest, error) {
	var d Digest
	if len(s) != textSize {
		return d, ErrSyntax
	}
	var upper [textSize]byte
	for i := range upper {
		upper[i] = s[i]
		if 'a' <= s[i] && s[i] <= 'z' {
			upper[i] -= 'a' - 'A'
		}
	}
	var out [Size + 1]byte // the decoder asks for room in whole groups
	n, err := encoding.Decode(out[:], upper[:])
	if err != nil || n != Size {
		return d, ErrSyntax
	}
	d = Digest(out[:Size])
	if d.String() != string(upper[:]) {
		return Digest{}, ErrSyntax
	}
	return d, nil
}
