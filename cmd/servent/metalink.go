package main

import (
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent"
)

// Metalinks (RFC 5854) name files by hashes and say where to load them from.

const (
	metalinkSpace = "urn:ietf:params:xml:ns:metalink"
	metalinkSHA1  = "sha-1"
	// Limits of a metalink that is read. URLs past the limit of a file are passed over.
	maxMetalink      = 16 << 20 // bytes
	maxMetalinkFiles = 10_000
)

type (
	metalink struct {
		XMLName   xml.Name       `xml:"urn:ietf:params:xml:ns:metalink metalink"`
		Generator string         `xml:"generator,omitempty"`
		Files     []metalinkFile `xml:"file"`
	}
	metalinkFile struct {
		Name   string          `xml:"name,attr"`
		Size   string          `xml:"size,omitempty"`
		Hashes []metalinkHash  `xml:"hash"`
		Pieces *metalinkPieces `xml:"pieces,omitempty"`
		URLs   []metalinkURL   `xml:"url"`
	}
	metalinkHash struct {
		Type  string `xml:"type,attr"`
		Value string `xml:",chardata"`
	}
	metalinkPieces struct {
		Length uint64   `xml:"length,attr"`
		Type   string   `xml:"type,attr"`
		Hashes []string `xml:"hash"`
	}
	metalinkURL struct {
		Priority int    `xml:"priority,attr,omitempty"`
		Value    string `xml:",chardata"`
	}
)

// metalinkOf describes a file with its sources, each host:port, and its pieces, if
// they are known.
func metalinkOf(m protocol.Magnet, sources []string, sums *servent.Sums) metalinkFile {
	f := metalinkFile{Name: m.Name, Hashes: []metalinkHash{{metalinkSHA1, hex.EncodeToString(m.URN.SHA1[:])}}}
	if f.Name == "" {
		f.Name = m.URN.SHA1.String()
	}
	if m.Size > 0 || sums != nil {
		f.Size = strconv.FormatUint(m.Size, 10)
	}
	if sums != nil && len(sums.Pieces) > 0 {
		f.Pieces = &metalinkPieces{Length: sums.PieceSize, Type: metalinkSHA1}
		for _, p := range sums.Pieces {
			f.Pieces.Hashes = append(f.Pieces.Hashes, hex.EncodeToString(p[:]))
		}
	}
	for _, s := range sources {
		f.URLs = append(f.URLs, metalinkURL{1, "http://" + s + "/uri-res/N2R?" + m.URN.SHA1URN()})
	}
	return f
}

// write writes a metalink as a whole document.
func (m *metalink) write(w io.Writer) error {
	text, err := xml.MarshalIndent(m, "", "  ")
	if err == nil {
		_, err = w.Write([]byte(xml.Header + string(text) + "\n"))
	}
	return err
}

// passed counts what of a metalink is of no use here.
type passed struct {
	files   int // without a SHA-1
	mirrors int // that no servent answers at
}

// readMetalink reads which files a metalink names.
func readMetalink(r io.Reader) ([]wanted, passed, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMetalink+1))
	switch {
	case err != nil:
		return nil, passed{}, err
	case len(text) > maxMetalink:
		return nil, passed{}, fmt.Errorf("larger than %s", byteText(maxMetalink))
	}
	var m metalink
	if err := xml.Unmarshal(text, &m); err != nil {
		return nil, passed{}, fmt.Errorf("no metalink as RFC 5854 describes it: %w", err)
	}
	if len(m.Files) > maxMetalinkFiles {
		return nil, passed{}, fmt.Errorf("names %s files, more than %s", numberText(len(m.Files)), numberText(maxMetalinkFiles))
	}
	var files []wanted
	var p passed
	for i := range m.Files {
		w, mirrors, ok := m.Files[i].wanted()
		if !ok {
			p.files++
			continue
		}
		p.mirrors += mirrors
		files = append(files, w)
	}
	if len(files) == 0 {
		return nil, p, errors.New("names no file with a SHA-1, without which none can be found or checked")
	}
	return files, p, nil
}

// wanted is what to download; false: the file has no SHA-1. mirrors are those that are
// passed over.
func (f *metalinkFile) wanted() (w wanted, mirrors int, ok bool) {
	m := protocol.Magnet{Name: path.Base("/" + strings.TrimSpace(f.Name))}
	for _, h := range f.Hashes {
		sum, err := hex.DecodeString(strings.TrimSpace(h.Value))
		if strings.EqualFold(strings.TrimSpace(h.Type), metalinkSHA1) && err == nil && len(sum) == len(m.URN.SHA1) {
			m.URN = protocol.URN{SHA1: protocol.SHA1(sum), HasSHA1: true}
		}
	}
	if !m.URN.HasSHA1 {
		return wanted{}, 0, false
	}
	if m.Name == "/" {
		m.Name = ""
	}
	if n, err := strconv.ParseUint(strings.TrimSpace(f.Size), 10, 64); err == nil && n <= math.MaxInt64 {
		m.Size = n
	}
	for _, u := range f.URLs {
		source := sourceOfURL(strings.TrimSpace(u.Value))
		if source == "" || len(m.Sources) == protocol.MaxMagnetSources {
			mirrors++
			continue
		}
		m.Sources = append(m.Sources, source)
	}
	read, err := protocol.ParseMagnet(m.String()) // as if it had come as a link
	if err != nil {
		read = protocol.Magnet{URN: m.URN, Size: m.Size}
	}
	w = wanted{label: read.Name, size: read.Size, req: servent.GetRequest{Magnet: read.String()}}
	if w.label == "" {
		w.label = m.URN.SHA1URN()
	}
	if dir := path.Dir(path.Clean("/" + strings.TrimSpace(f.Name))); dir != "/" && len(dir) < maxMetalinkFolder {
		w.req.Folder = dir[1:] // made safe by the servent
	}
	return w, mirrors, true
}

// maxMetalinkFolder is how long the folder of a file may be, in bytes; a longer one is
// left out.
const maxMetalinkFolder = 1 << 10

// sourceOfURL is the source that an HTTP URL with an address and a port names, "" where
// it names none: it is asked by hash.
func sourceOfURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" {
		return ""
	}
	addr, err := netip.ParseAddrPort(u.Host)
	if err != nil || addr.Port() == 0 {
		return ""
	}
	return "http://" + addr.String() + "/"
}
