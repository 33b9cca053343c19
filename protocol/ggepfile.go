package protocol

// Ids of the GGEP items that describe a file (section 9).
const (
	ggepHash       = "H"    // digests in binary, led by their type
	ggepURN        = "u"    // a URN without "urn:"
	ggepTiger      = "TT"   // root of the tiger tree
	ggepSize       = "LF"   // size of a large file
	ggepCreated    = "CT"   // time of creation in seconds
	ggepPath       = "PATH" // folder
	ggepAlternates = "ALT"  // addresses of other sources
)

// Types of digest in GGEP H.
const (
	hashSHA1     = 1
	hashBitprint = 2
)

// plain returns up to limit bytes that g holds, unless they are compressed.
func (g GGEP) plain(limit int) ([]byte, bool) {
	if g.Deflate {
		return nil, false
	}
	b, err := g.Data(limit)
	return b, err == nil
}

// uint returns the number that g holds: little-endian, up to eight bytes, zero
// bytes at the end left out.
func (g GGEP) uint() (uint64, bool) {
	b, ok := g.plain(8)
	if !ok {
		return 0, false
	}
	var n uint64
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	return n, true
}

// appendUint writes n in the form that GGEP.uint reads to the end of b.
func appendUint(b []byte, n uint64) []byte {
	for ; n > 0; n >>= 8 {
		b = append(b, byte(n))
	}
	return b
}

// urn returns the URN in a GGEP item u, TT or H.
func (g GGEP) urn() (URN, bool) {
	b, ok := g.plain(maxURN)
	if !ok {
		return URN{}, false
	}
	switch g.ID {
	case ggepURN:
		u, err := ParseURN(schemeURN + string(b))
		return u, err == nil
	case ggepTiger:
		return tigerURN(b)
	}
	return hashURN(b)
}

// tigerURN reads what GGEP TT holds.
func tigerURN(b []byte) (URN, bool) {
	var u URN
	if len(b) != len(u.Tiger) {
		return u, false
	}
	copy(u.Tiger[:], b)
	u.HasTiger = true
	return u, true
}

// hashURN reads what GGEP H holds.
func hashURN(b []byte) (URN, bool) {
	var u URN
	if len(b) == 0 {
		return u, false
	}
	kind, b := b[0], b[1:]
	switch {
	case kind == hashSHA1 && len(b) == len(u.SHA1):
		u.HasSHA1 = true
	case kind == hashBitprint && len(b) == len(u.SHA1)+len(u.Tiger):
		u.HasSHA1, u.HasTiger = true, true
		copy(u.Tiger[:], b[len(u.SHA1):])
	default:
		return u, false
	}
	copy(u.SHA1[:], b)
	return u, true
}
