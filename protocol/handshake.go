package protocol

import (
	"strconv"
	"strings"
)

// What the first line of a group begins with (section 2).
const (
	connectPrefix = "GNUTELLA CONNECT/"
	answerPrefix  = "GNUTELLA/"
)

const (
	blanks     = " \t"
	minCode    = 100
	codeDigits = 3
	maxVersion = 16 // bytes of a version number
)

// Group is one of the three header groups of a handshake.
type Group struct {
	Connect bool   // the first group: GNUTELLA CONNECT/Version
	Version string // "0.6"; two numbers with a dot between them
	Code    int    // 200, 503, ...; 0 in the first group
	Text    string // what follows the code
	Headers Headers
}

// Append writes g with the blank line behind it to the end of b. Whatever the
// strings of g hold, it is one group: control characters become blanks.
func (g Group) Append(b []byte) []byte {
	if g.Connect {
		b = appendLine(b, connectPrefix, g.Version)
	} else {
		status := g.Version + " " + strconv.Itoa(g.Code) + " " + g.Text
		b = appendLine(b, answerPrefix, strings.TrimRight(status, blanks))
	}
	for name, value := range g.Headers.All() {
		b = appendLine(b, name, ": ", value)
	}
	return append(b, "\r\n"...)
}

// appendLine appends the parts and a line end.
func appendLine(b []byte, parts ...string) []byte {
	for _, part := range parts {
		for i := range len(part) {
			c := part[i]
			if isControl(c) {
				c = ' '
			}
			b = append(b, c)
		}
	}
	return append(b, "\r\n"...)
}

// isControl reports whether c may not stand within a line.
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// parseStatus reads the first line of a group.
func parseStatus(line string) (Group, error) {
	bad := &Error{Malformed, "handshake line"}
	if version, ok := strings.CutPrefix(line, connectPrefix); ok {
		version = strings.TrimRight(version, blanks)
		if !isVersion(version) {
			return Group{}, bad
		}
		return Group{Connect: true, Version: version}, nil
	}
	rest, ok := strings.CutPrefix(line, answerPrefix)
	if !ok {
		return Group{}, bad
	}
	version, rest := cutBlank(rest)
	code, text := cutBlank(rest)
	n, err := strconv.ParseUint(code, 10, 16)
	if !isVersion(version) || err != nil || len(code) != codeDigits || n < minCode {
		return Group{}, bad
	}
	return Group{Version: version, Code: int(n), Text: text}, nil
}

// cutBlank splits s at its first blanks and drops those around the rest.
func cutBlank(s string) (word, rest string) {
	i := strings.IndexAny(s, blanks)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.Trim(s[i:], blanks)
}

// isVersion reports whether s is two numbers with a dot between them. How high
// they are is not our business here: a newer peer speaks 0.6 too.
func isVersion(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	return ok && len(s) <= maxVersion && isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
