package protocol

import "strings"

// Limits of what a GroupReader takes.
const (
	MaxGroupBytes = 16 << 10 // a whole group with all line ends
	MaxHeaderLine = 4 << 10  // a line without its end, or a folded header put together
	MaxHeaders    = 64
)

// GroupReader parses one header group, fed in pieces of any size; how it was
// cut makes no difference. Lines may end in LF alone, and may be folded. Its
// zero value is ready to use, holds MaxGroupBytes and some at most, and is good
// for one group.
type GroupReader struct {
	group Group
	line  []byte // the line under way
	size  int    // bytes taken
	lines int    // whole lines taken
	done  bool
	err   error // sticks
}

// Feed takes bytes up to and including the blank line that ends the group, and
// tells how many; what follows belongs to somebody else. It keeps nothing of b.
// Its error is always an *Error, and comes again if more is fed.
func (r *GroupReader) Feed(b []byte) (n int, done bool, err error) {
	for n < len(b) && !r.done && r.err == nil {
		r.err = r.take(b[n])
		n++
	}
	return n, r.done, r.err
}

// Group returns the group that was read, once Feed has said that it is done.
func (r *GroupReader) Group() Group { return r.group }

// take takes one byte.
func (r *GroupReader) take(c byte) error {
	r.size++
	full := len(r.line) - MaxHeaderLine
	switch {
	case r.size > MaxGroupBytes:
		return &Error{TooLarge, "handshake"}
	case c == '\n':
		line := strings.TrimSuffix(string(r.line), "\r")
		r.line = r.line[:0]
		r.lines++
		return r.endLine(line)
	case full > 0 || full == 0 && c != '\r': // a full line may still end in CR LF
		return &Error{TooLarge, "handshake line"}
	}
	r.line = append(r.line, c)
	return nil
}

// endLine takes one line without its end.
func (r *GroupReader) endLine(line string) error {
	for i := range len(line) {
		if isControl(line[i]) {
			return &Error{Malformed, "handshake line"}
		}
	}
	switch {
	case r.lines == 1:
		var err error
		r.group, err = parseStatus(line)
		return err
	case line == "":
		r.done = true
		return nil
	case strings.IndexByte(blanks, line[0]) >= 0:
		return r.unfold(line)
	}
	return r.header(line)
}

// header takes the first or only line of a header.
func (r *GroupReader) header(line string) error {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, blanks)
	if !ok || !isHeaderName(name) {
		return &Error{Malformed, "handshake header"}
	}
	if r.group.Headers.Len() == MaxHeaders {
		return &Error{TooLarge, "handshake headers"}
	}
	r.group.Headers.Add(name, strings.Trim(value, blanks))
	return nil
}

// unfold puts a line that begins with a blank behind the header before it.
func (r *GroupReader) unfold(line string) error {
	lines := r.group.Headers.lines
	if len(lines) == 0 {
		return &Error{Malformed, "handshake header"}
	}
	more := strings.Trim(line, blanks)
	if more == "" {
		return nil
	}
	last := &lines[len(lines)-1]
	value := strings.TrimLeft(last.value+" "+more, blanks)
	if len(last.name)+len(":")+len(value) > MaxHeaderLine {
		return &Error{TooLarge, "handshake line"}
	}
	last.value = value
	return nil
}

// isHeaderName reports whether s is visible ASCII, and not nothing.
func isHeaderName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}
