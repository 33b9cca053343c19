package main

import (
	"bufio"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// leaf says what a leaf does besides being there.
type leaf struct {
	table    bool // sends a route table
	list     bool // is one of our kind, and gives a list of one file
	deflated bool // both ways
}

const (
	// leafTableBits is the size of the table, of which leafTableFill is set.
	leafTableBits = 16
	leafTableFill = 1. / 3
	// A deflated link is as old ones are: both ends remember all that the format
	// allows, which takes so many pings of so many bytes.
	talkPings, talkBytes = 160, 300
)

// join hangs the leaf with that number on the supernode at addr. It returns when
// all that the leaf says of itself has been used.
func (f leaf) join(addr string, number int) (idler, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	c := &leafLink{Conn: conn, in: bufio.NewReaderSize(conn, 512), out: conn}
	binary.BigEndian.PutUint32(c.id[12:], uint32(number)+1)
	err = conn.SetDeadline(time.Now().Add(patience))
	if err == nil {
		err = f.shakeHands(c)
	}
	if err == nil {
		err = f.introduce(c, number)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("join the supernode: %w", err)
	}
	return c, nil
}

func (f leaf) shakeHands(c *leafLink) error {
	hello := protocol.Group{Connect: true, Version: "0.6"}
	for _, h := range [][2]string{
		{"User-Agent", "bench/1.0"},
		{"X-Ultrapeer", "False"},
		{"X-Query-Routing", "0.2"},
		{"Listen-IP", c.LocalAddr().String()},
		{"Remote-IP", "127.0.0.1"},
		{"GGEP", "0.5"},
		{"Vendor-Message", "0.2"},
		{"Bye-Packet", "0.1"},
		{"GUID", c.id.String()},
	} {
		hello.Headers.Add(h[0], h[1])
	}
	if f.deflated {
		hello.Headers.Add("Accept-Encoding", "deflate")
	}
	if f.list {
		hello.Headers.Add("X-Servent", "0.1; role=leaf")
	}
	if _, err := c.Write(hello.Append(nil)); err != nil {
		return err
	}
	answer, err := readGroup(c)
	if err != nil {
		return err
	}
	if answer.Code != 200 {
		return fmt.Errorf("refused: %d %s", answer.Code, answer.Text)
	}
	final := protocol.Group{Version: "0.6", Code: 200, Text: "OK"}
	if f.deflated {
		if answer.Headers.Get("Content-Encoding") != "deflate" {
			return errors.New("the supernode does not deflate")
		}
		final.Headers.Add("Content-Encoding", "deflate")
	}
	if _, err = c.Write(final.Append(nil)); err != nil || !f.deflated {
		return err
	}
	c.deflate()
	return nil
}

// introduce says what the leaf has to say, and waits until it has been heard.
func (f leaf) introduce(c *leafLink, number int) error {
	if f.table {
		for _, payload := range leafTables()[number%differentTables] {
			msg := protocol.AppendMessage(nil, protocol.Header{ID: c.id, Kind: protocol.KindQRP, TTL: 1}, plain(payload))
			if _, err := c.out.Write(msg); err != nil {
				return err
			}
		}
	}
	if f.list {
		if err := c.giveList(number); err != nil {
			return fmt.Errorf("give a list: %w", err)
		}
	}
	talk := 0
	if f.deflated {
		talk = talkPings
	}
	noise := rand.NewChaCha8([32]byte{byte(number), byte(number >> 8)})
	ext := make([]byte, talkBytes)
	for range talk {
		_, _ = noise.Read(ext) // never fails
		if err := c.ping(ext); err != nil {
			return err
		}
	}
	if err := c.ping(nil); err != nil {
		return err
	}
	for pongs := 0; pongs <= talk; {
		h, _, err := c.next()
		if err != nil {
			return err
		}
		if h.Kind == protocol.KindPong && h.ID == c.id {
			pongs++
		}
	}
	return nil
}

// plain is a payload that is encoded already.
type plain []byte

func (p plain) Append(b []byte) []byte { return append(b, p...) }

// differentTables is how many different route tables the leaves have between them.
const differentTables = 32

// leafTables are the payloads of tables that are as full as said, of words made up.
var leafTables = sync.OnceValue(func() (out [differentTables][][]byte) {
	n := &names{rnd: rand.New(rand.NewPCG(seed, 2))}
	for i := range out {
		t := protocol.NewRouteTable(leafTableBits)
		for t.Fill() < leafTableFill {
			for range 100 {
				t.Add(n.invent())
			}
		}
		out[i] = t.AppendPatch(nil, nil, 7)
	}
	return out
})

// leafLink is a leaf's end of a link.
type leafLink struct {
	net.Conn
	id  protocol.GUID
	in  io.Reader
	out io.Writer
}

// deflate turns to compressed streams, from here on.
func (c *leafLink) deflate() {
	c.out = &deflatedPieces{to: c.Conn}
	c.in = &lateInflater{from: c.in}
}

// ping pings the supernode alone, with ext as extension.
func (c *leafLink) ping(ext []byte) error {
	h := protocol.Header{ID: c.id, Kind: protocol.KindPing, TTL: 1}
	_, err := c.out.Write(protocol.AppendMessage(nil, h, protocol.Ping{Ext: ext}))
	return err
}

// giveList gives a list of one file. That it is held comes later: a supernode tells
// its index of many at once.
func (c *leafLink) giveList(number int) error {
	file := protocol.ListFile{Index: 1, Size: 1000, Path: fmt.Sprintf("album/track %d.ogg", number)}
	file.URN.HasSHA1 = true
	binary.BigEndian.PutUint32(file.URN.SHA1[:], uint32(number))
	record := file.Append(nil)
	part := protocol.NewListPart(protocol.ListChange{Record: record}.Append(nil))
	part.First, part.Whole, part.Last, part.Files = true, true, true, 1
	part.Digest.Add(record)
	offer := protocol.ListOffer{Digest: part.Digest, Files: 1, Addr: netip.MustParseAddrPort(c.LocalAddr().String())}
	offer.Trailer = protocol.QHD{Vendor: "SRVT"}.Append(nil)
	supported := protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, protocol.VendorListAnswer.ID())}
	for _, v := range []protocol.Vendor{supported, offer.Vendor()} {
		if err := c.say(v); err != nil {
			return err
		}
	}
	for {
		a, err := c.listAnswer()
		switch {
		case err != nil:
			return err
		case a.Verdict == protocol.ListHeld:
			return nil
		case a.Verdict == protocol.ListRefused:
			return errors.New(a.Reason)
		case a.Verdict == protocol.ListSend:
			return c.say(part.Vendor())
		}
	}
}

func (c *leafLink) say(v protocol.Vendor) error {
	_, err := c.out.Write(protocol.AppendMessage(nil, protocol.Header{ID: c.id, Kind: protocol.KindVendor, TTL: 1}, v))
	return err
}

// listAnswer waits for what the supernode says of the list.
func (c *leafLink) listAnswer() (protocol.ListAnswer, error) {
	for {
		h, payload, err := c.next()
		if err != nil {
			return protocol.ListAnswer{}, err
		}
		if v, err := protocol.ParseVendor(payload); h.Kind == protocol.KindVendor && err == nil && v.Type() == protocol.VendorListAnswer {
			return v.ListAnswer()
		}
	}
}

// answer sends a pong for every ping.
func (c *leafLink) answer() error {
	for {
		if _, _, err := c.next(); err != nil {
			return err
		}
	}
}

// next takes a message, and answers it if it is a ping.
func (c *leafLink) next() (h protocol.Header, payload []byte, err error) {
	var b [protocol.HeaderSize]byte
	if _, err := io.ReadFull(c.in, b[:]); err != nil {
		return h, nil, err
	}
	if h, err = protocol.ParseHeader(b[:]); err == nil {
		payload = make([]byte, h.Size)
		_, err = io.ReadFull(c.in, payload)
	}
	if err == nil && h.Kind == protocol.KindPing {
		pong := protocol.Pong{Addr: netip.MustParseAddrPort(c.LocalAddr().String())}
		_, err = c.out.Write(protocol.AppendMessage(nil, protocol.Header{ID: h.ID, Kind: protocol.KindPong, TTL: 1}, pong))
	}
	return h, payload, err
}

// deflatedPieces writes a zlib stream of pieces that do not refer to one another,
// so that thousands of leaves share one compressor.
type deflatedPieces struct {
	to    io.Writer
	begun bool
}

var compressors = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is one that there is
	}
	return w
}}

func (d *deflatedPieces) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		if _, err := io.WriteString(d.to, "\x78\x01"); err != nil {
			return 0, err
		}
	}
	w := compressors.Get().(*flate.Writer)
	defer compressors.Put(w)
	w.Reset(d.to)
	_, err := w.Write(b)
	if err == nil {
		err = w.Flush()
	}
	return len(b), err
}

// lateInflater begins to read a zlib stream when it is first asked to: the head
// may not be there before.
type lateInflater struct {
	from io.Reader
	z    io.ReadCloser
}

func (l *lateInflater) Read(b []byte) (n int, err error) {
	if l.z == nil {
		if l.z, err = zlib.NewReader(l.from); err != nil {
			return 0, err
		}
	}
	return l.z.Read(b)
}
