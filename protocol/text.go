package protocol

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// nul ends texts on the wire.
var nul = []byte{0}

// appendUntilNUL writes text to the end of b, up to its first NUL.
func appendUntilNUL(b, text []byte) []byte {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	return append(b, text...)
}

// cleanText returns s as valid UTF-8 without NUL, cut to at most limit bytes.
func cleanText(s string, limit int) string {
	s = strings.ToValidUTF8(cutText(s, limit), "\ufffd")
	return cutText(strings.ReplaceAll(s, "\x00", ""), limit)
}

// cleanBytes is cleanText of b, of which it copies little more than limit bytes.
func cleanBytes(b []byte, limit int) string {
	return cleanText(string(b[:min(len(b), limit+1)]), limit)
}

// cutText cuts s to at most limit bytes, between two runes.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for n := limit; n > max(0, limit-utf8.UTFMax); n-- {
		if utf8.RuneStart(s[n]) {
			return s[:n]
		}
	}
	return s[:limit]
}

// knownName returns the name in b without allocating when it is one that is
// common on the wire.
func knownName(b []byte) string {
	switch string(b) {
	case "SRVT":
		return "SRVT"
	case "GTKG":
		return "GTKG"
	case "LIME":
		return "LIME"
	case "BEAR":
		return "BEAR"
	case "H":
		return "H"
	case "u":
		return "u"
	case "TT":
		return "TT"
	case "CT":
		return "CT"
	case "LF":
		return "LF"
	case "ALT":
		return "ALT"
	case "PATH":
		return "PATH"
	case "BH":
		return "BH"
	case "PUSH":
		return "PUSH"
	case "GTKGV":
		return "GTKGV"
	case "SO":
		return "SO"
	case "PR":
		return "PR"
	case "NP":
		return "NP"
	case "QK":
		return "QK"
	case "SCP":
		return "SCP"
	case "VC":
		return "VC"
	case "UP":
		return "UP"
	case "DU":
		return "DU"
	case "GUE":
		return "GUE"
	case "IPP":
		return "IPP"
	case "IP":
		return "IP"
	}
	return string(b)
}
