package protocol

import (
	"bytes"
	"iter"
)

// extSeparator stands between extensions of the older kind (HUGE).
const extSeparator = 0x1c

// Extension is one part of an extension area: a GGEP item if GGEP.ID is not
// empty, else Text.
type Extension struct {
	GGEP GGEP
	Text []byte // a HUGE string such as "urn:sha1:…", or bytes that are not understood
}

// Extensions returns the parts of an extension area in their order. A GGEP block
// that breaks off is returned as Text from the broken item on, and ends the area.
// What it returns aliases area.
func Extensions(area []byte) iter.Seq[Extension] {
	return func(yield func(Extension) bool) {
		for p := (extParser{rest: area}); p.next(); {
			e := Extension{Text: p.text}
			if p.text == nil {
				e.GGEP = p.item.item(knownName(p.item.id))
			}
			if !yield(e) {
				return
			}
		}
	}
}

// FindGGEP returns the first GGEP item with that id in an extension area.
func FindGGEP(area []byte, id string) (GGEP, bool) {
	for p := (extParser{rest: area}); p.next(); {
		if p.text == nil && string(p.item.id) == id {
			return p.item.item(id), true
		}
	}
	return GGEP{}, false
}

// extParser walks over an extension area.
type extParser struct {
	rest    []byte
	inBlock bool
	item    rawGGEP
	text    []byte // what is not an item; nil where item holds
}

// next finds the next item or text; false at the end.
func (p *extParser) next() bool {
	p.text = nil
	if !p.inBlock {
		p.skipSeparators()
		if len(p.rest) == 0 {
			return false
		}
		if p.rest[0] != ggepMagic {
			p.nextText()
			return true
		}
		p.rest = p.rest[1:]
	}
	rest, ok := p.item.cut(p.rest)
	if !ok {
		p.text, p.rest, p.inBlock = p.rest, nil, false
		return len(p.text) > 0
	}
	p.rest = rest
	p.inBlock = p.item.flags&ggepLast == 0
	return true
}

// skipSeparators steps over what stands between parts.
func (p *extParser) skipSeparators() {
	for len(p.rest) > 0 && (p.rest[0] == extSeparator || p.rest[0] == 0) {
		p.rest = p.rest[1:]
	}
}

// nextText takes what goes up to the next separator.
func (p *extParser) nextText() {
	end := bytes.IndexAny(p.rest, "\x00\x1c")
	if end < 0 {
		end = len(p.rest)
	}
	p.text, p.rest = p.rest[:end:end], p.rest[end:]
}

// URN returns the URN that the extension names, as HUGE text or as GGEP H, u or
// TT.
func (e Extension) URN() (URN, bool) {
	switch e.GGEP.ID {
	case ggepHash, ggepURN, ggepTiger:
		return e.GGEP.urn()
	}
	return textURN(e.Text)
}

// urn is Extension.URN of the part that next has found. It makes no Extension,
// since most parts are something else, and every query is asked.
func (p *extParser) urn() (URN, bool) {
	if p.text != nil {
		return textURN(p.text)
	}
	switch string(p.item.id) {
	case ggepHash, ggepURN, ggepTiger:
		return p.item.item(knownName(p.item.id)).urn()
	}
	return URN{}, false
}

// textURN reads a HUGE string.
func textURN(text []byte) (URN, bool) {
	if len(text) > maxURN || len(text) < len(schemeURN) {
		return URN{}, false
	}
	if string(bytes.ToLower(text[:len(schemeURN)])) != schemeURN {
		return URN{}, false
	}
	u, err := ParseURN(string(text))
	return u, err == nil
}
