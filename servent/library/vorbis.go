package library

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// The parser of other tags is not for Vorbis comments: it sets memory aside for
// as many bytes as a picture claims to have, up to 4 GB.

// errNoPage says that an Ogg file has no page where one belongs.
var errNoPage = errors.New("no Ogg page")

// flacTags returns the fields of a FLAC file.
func flacTags(in *tagReader) []string {
	const comment, last = 4, 0x80
	if _, err := in.Seek(int64(len("fLaC")), io.SeekStart); err != nil {
		return nil
	}
	head := make([]byte, 4)
	for {
		if _, err := io.ReadFull(in, head); err != nil {
			return nil
		}
		size := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
		switch {
		case head[0]&^last == comment && size <= maxTagRead:
			block, _ := io.ReadAll(io.LimitReader(in.ReadSeeker, int64(size)))
			return vorbisFields(block) // of what there is
		case head[0]&last != 0:
			return nil
		}
		if _, err := in.Seek(int64(size), io.SeekCurrent); err != nil {
			return nil
		}
	}
}

// oggTags returns the fields of an Ogg file: of its first comment, whatever
// stream that belongs to.
func oggTags(in io.Reader) []string {
	packets := make(map[uint32][]byte) // that have no end yet, of each stream
	var stream uint32
	for {
		page, err := readOggPage(in)
		if err != nil { // pictures in a comment may make it longer than what is read
			return packetFields(packets[stream])
		}
		stream = page.stream
		for _, n := range page.segments {
			packets[stream] = append(packets[stream], page.data[:n]...)
			page.data = page.data[n:]
			if n == 255 {
				continue // goes on in the next one
			}
			if fields := packetFields(packets[stream]); fields != nil {
				return fields
			}
			delete(packets, stream)
		}
	}
}

// oggPage is a page of an Ogg file.
type oggPage struct {
	stream   uint32
	segments []byte // their lengths
	data     []byte
}

func readOggPage(in io.Reader) (p oggPage, err error) {
	head := make([]byte, 27)
	if _, err := io.ReadFull(in, head); err != nil {
		return p, err
	}
	if string(head[:4]) != "OggS" {
		return p, errNoPage
	}
	p.stream, p.segments = binary.LittleEndian.Uint32(head[14:]), make([]byte, head[26])
	if _, err := io.ReadFull(in, p.segments); err != nil {
		return p, err
	}
	size := 0
	for _, n := range p.segments {
		size += int(n)
	}
	p.data = make([]byte, size)
	_, err = io.ReadFull(in, p.data)
	return p, err
}

// packetFields returns the fields of a packet with a comment, nil for others.
func packetFields(packet []byte) []string {
	for _, magic := range []string{"\x03vorbis", "OpusTags"} {
		if rest, ok := bytes.CutPrefix(packet, []byte(magic)); ok {
			return vorbisFields(rest)
		}
	}
	return nil
}

// vorbisFields returns what is wanted of a comment, in the order of joinTags. Of
// one that is cut, it takes what is there.
func vorbisFields(b []byte) []string {
	names := []string{"title", "artist", "album", "genre"}
	fields := make([]string, len(names))
	_, b, ok := vorbisText(b) // who made it
	if !ok || len(b) < 4 {
		return nil
	}
	for b = b[4:]; ; {
		var text []byte
		if text, b, ok = vorbisText(b); !ok {
			break
		}
		key, value, _ := strings.Cut(cutText(string(text), maxTagField), "=")
		for i, name := range names {
			if strings.EqualFold(key, name) && len(fields[i]) < maxTags {
				fields[i] = strings.TrimSpace(fields[i] + " " + value) // there may be several artists
			}
		}
	}
	return fields
}

// vorbisText takes a text with its length in front off b.
func vorbisText(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
