package transfer

import (
	"bytes"
	"strconv"

	"github.com/seed282dab8e/servent/protocol"
)

// MaxGIVLine bounds the first line of a GIV; its end of line is not counted.
const MaxGIVLine = 1024

const givWord = "GIV "

// GIV is the line with which a pushed servent opens the connection on which it
// offers a file (section 15). The servent is what counts: Index may be 0 and
// Name "file", whatever was asked for.
type GIV struct {
	Index   uint32
	Servent protocol.GUID
	Name    string
}

// ParseGIV reads a GIV line with or without its end of line.
func ParseGIV(line []byte) (GIV, error) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > MaxGIVLine {
		return GIV{}, &protocol.Error{Kind: protocol.TooLarge, Field: "giv"}
	}
	rest, ok := bytes.CutPrefix(line, []byte(givWord))
	if !ok {
		return GIV{}, badGIV("giv")
	}
	index, rest, ok := bytes.Cut(rest, []byte(":"))
	if !ok {
		return GIV{}, badGIV("giv index")
	}
	i, err := strconv.ParseUint(string(index), 10, 32)
	if err != nil {
		return GIV{}, badGIV("giv index")
	}
	hex, name, ok := bytes.Cut(rest, []byte("/"))
	if !ok {
		return GIV{}, badGIV("giv name")
	}
	id, err := protocol.ParseGUID(string(hex))
	if err != nil {
		return GIV{}, badGIV("giv servent id")
	}
	if bytes.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return GIV{}, badGIV("giv name")
	}
	return GIV{Index: uint32(i), Servent: id, Name: string(name)}, nil
}

// Append writes the line and the empty line behind it to the end of b. What
// cannot stand in a name is left out, and a long one is cut.
func (g GIV) Append(b []byte) []byte {
	start := len(b)
	b = append(b, givWord...)
	b = strconv.AppendUint(b, uint64(g.Index), 10)
	b = append(b, ':')
	b = append(b, g.Servent.String()...)
	b = append(b, '/')
	for i := 0; i < len(g.Name) && len(b)-start < MaxGIVLine; i++ {
		if g.Name[i] >= ' ' {
			b = append(b, g.Name[i])
		}
	}
	return append(b, "\n\n"...)
}

func badGIV(field string) error {
	return &protocol.Error{Kind: protocol.Malformed, Field: field}
}
