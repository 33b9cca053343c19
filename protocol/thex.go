package protocol

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// Limits of a tree that is read (section 21): 16,384 nodes are fourteen levels.
const (
	MaxTHEX    = 512 << 10 // of the whole message
	maxTHEXXML = 8 << 10
)

// The names that a THEX document is made of.
const (
	thexMedia        = "text/xml"
	thexTiger        = "http://open-content.net/spec/digest/tiger"
	thexBreadthFirst = "http://open-content.net/spec/thex/breadthfirst"
)

// THEX is the upper part of a file's tiger tree, as servents hand it out. With
// it each part of the file can be verified as it comes.
type THEX struct {
	Size   uint64 // of the file
	Levels tiger.Nodes
}

// Append writes the tree as a DIME message to the end of b. There is at least
// the root.
func (x THEX) Append(b []byte) []byte {
	root := x.Levels[0][0]
	uuid := fmt.Sprintf("uuid:%x-%x-%x-%x-%x", root[:4], root[4:6], root[6:8], root[8:10], root[10:16])
	text := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE hashtree SYSTEM "http://open-content.net/spec/thex/thex.dtd">
<hashtree>
<file size="%d" segmentsize="%d"/>
<digest algorithm="%s" outputsize="%d"/>
<serializedtree depth="%d" type="%s" uri="%s"/>
</hashtree>
`, x.Size, tiger.LeafSize, thexTiger, tiger.Size, len(x.Levels)-1, thexBreadthFirst, uuid)
	var nodes []byte
	for _, level := range x.Levels {
		for _, d := range level {
			nodes = append(nodes, d[:]...)
		}
	}
	return AppendDIME(b,
		DIMERecord{Form: DIMEMedia, Type: thexMedia, Data: []byte(strings.ReplaceAll(text, "\n", "\r\n"))},
		DIMERecord{Form: DIMEURI, Type: thexBreadthFirst, ID: uuid, Data: nodes},
	)
}

// ParseTHEX reads the tree of a file whose size and root are known, and
// believes nothing that does not follow from the root.
func ParseTHEX(b []byte, size uint64, root tiger.Digest) (THEX, error) {
	if len(b) > MaxTHEX {
		return THEX{}, &Error{TooLarge, "thex"}
	}
	records, err := ParseDIME(b)
	if err != nil {
		return THEX{}, err
	}
	if len(records) < 2 {
		return THEX{}, &Error{Truncated, "thex"}
	}
	uri, err := parseTHEXText(records[0].Data, size)
	if err != nil {
		return THEX{}, err
	}
	for _, r := range records[1:] {
		if r.ID != uri {
			continue
		}
		levels, err := splitLevels(r.Data, size)
		if err == nil && !levels.Fit(root) {
			err = &Error{Malformed, "thex root"}
		}
		if err != nil {
			return THEX{}, err
		}
		return THEX{Size: size, Levels: levels}, nil
	}
	return THEX{}, &Error{Malformed, "thex uri"}
}

// thexText is what the XML part says. Its depth is not looked at: some count
// the root's level, some do not, and the nodes tell by their number.
type thexText struct {
	XMLName xml.Name `xml:"hashtree"`
	File    struct {
		Size    uint64 `xml:"size,attr"`
		Segment uint64 `xml:"segmentsize,attr"`
	} `xml:"file"`
	Digest struct {
		Algorithm string `xml:"algorithm,attr"`
		Size      int    `xml:"outputsize,attr"`
	} `xml:"digest"`
	Tree struct {
		Type string `xml:"type,attr"`
		URI  string `xml:"uri,attr"`
	} `xml:"serializedtree"`
}

// parseTHEXText returns the ID of the record with the nodes.
func parseTHEXText(b []byte, size uint64) (uri string, err error) {
	if len(b) > maxTHEXXML {
		return "", &Error{TooLarge, "thex xml"}
	}
	var t thexText
	if xml.Unmarshal(b, &t) != nil {
		return "", &Error{Malformed, "thex xml"}
	}
	switch {
	case t.File.Size != size:
		return "", &Error{Malformed, "thex file size"}
	case t.File.Segment != tiger.LeafSize || t.Digest.Algorithm != thexTiger || t.Digest.Size != tiger.Size:
		return "", &Error{Malformed, "thex digest"}
	case t.Tree.Type != thexBreadthFirst:
		return "", &Error{Malformed, "thex type"}
	}
	return t.Tree.URI, nil
}

// splitLevels cuts breadth-first nodes into the levels that a tree over size
// bytes has.
func splitLevels(b []byte, size uint64) (tiger.Nodes, error) {
	var widths []uint64
	for n := max(size/tiger.LeafSize+min(size%tiger.LeafSize, 1), 1); ; n = (n + 1) / 2 {
		widths = append(widths, n)
		if n == 1 {
			break
		}
	}
	var levels tiger.Nodes
	for len(b) > 0 {
		if len(levels) == len(widths) {
			return nil, &Error{TooLarge, "thex nodes"}
		}
		n := widths[len(widths)-1-len(levels)]
		if uint64(len(b)) < n*tiger.Size {
			return nil, &Error{Truncated, "thex nodes"}
		}
		level := make([]tiger.Digest, n)
		for i := range level {
			level[i] = tiger.Digest(b[i*tiger.Size:])
		}
		levels, b = append(levels, level), b[n*tiger.Size:]
	}
	if levels == nil {
		return nil, &Error{Truncated, "thex nodes"}
	}
	return levels, nil
}
