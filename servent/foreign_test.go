package servent_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// foreign is the other end of a link as another vendor's servent would be it:
// written from the protocol's text alone, byte by byte, without our codec.
type foreign struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader // after the handshake: plain messages
	w    io.Writer
	head map[string]string // headers that our node sent, names in lower case
	// slots is the size of the route table that our node sends.
	slots int
	byes  bool // it takes Bye
}

const foreignWait = 10 * time.Second

func newForeign(t *testing.T, conn net.Conn) *foreign {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(foreignWait)); err != nil {
		t.Fatal(err)
	}
	return &foreign{t: t, conn: conn, r: bufio.NewReader(conn), w: conn, head: map[string]string{}}
}

func dialForeign(t *testing.T, to netip.AddrPort) *foreign {
	t.Helper()
	conn, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	return newForeign(t, conn)
}

var ultrapeerHeaders = []string{
	"User-Agent: Foreign/1.0", "X-Ultrapeer: True", "X-Query-Routing: 0.1",
	"X-Ultrapeer-Query-Routing: 0.1", "X-Dynamic-Querying: 0.1", "X-Degree: 32", "X-Max-TTL: 4",
	"GGEP: 0.5", "Vendor-Message: 0.2", "Pong-Caching: 0.1", "Bye-Packet: 0.1",
}

// connect opens a link as ultrapeer.
func (f *foreign) connect(deflate bool) {
	f.t.Helper()
	offer := ultrapeerHeaders
	if deflate {
		offer = append(offer[:len(offer):len(offer)], "Accept-Encoding: deflate")
	}
	f.connectAs(offer)
}

// connectAs opens a link with these headers, and compresses where they offer it.
func (f *foreign) connectAs(headers []string) {
	f.t.Helper()
	f.say("GNUTELLA CONNECT/0.6", headers...)
	if line := f.group(); !strings.HasPrefix(line, "GNUTELLA/0.6 200") {
		f.t.Fatalf("answer to CONNECT: %q", line)
	}
	deflate := slices.Contains(headers, "Accept-Encoding: deflate")
	if deflate {
		f.say("GNUTELLA/0.6 200 OK", "Content-Encoding: deflate")
	} else {
		f.say("GNUTELLA/0.6 200 OK")
	}
	f.byes = slices.Contains(headers, "Bye-Packet: 0.1")
	f.stream(deflate)
}

// accept answers our node's CONNECT as an ultrapeer.
func (f *foreign) accept(deflate bool) {
	f.t.Helper()
	if line := f.group(); !strings.HasPrefix(line, "GNUTELLA CONNECT/0.6") {
		f.t.Fatalf("our node opens with %q", line)
	}
	answer := ultrapeerHeaders
	if deflate {
		answer = append(answer[:len(answer):len(answer)], "Accept-Encoding: deflate", "Content-Encoding: deflate")
	}
	f.say("GNUTELLA/0.6 200 OK", answer...)
	if line := f.group(); !strings.HasPrefix(line, "GNUTELLA/0.6 200") {
		f.t.Fatalf("our node ends the handshake with %q", line)
	}
	f.stream(deflate)
}

// stream turns to messages. With deflate, our node must have said that it
// compresses.
func (f *foreign) stream(deflate bool) {
	f.t.Helper()
	if got := f.head["content-encoding"] == "deflate"; got != deflate {
		f.t.Fatalf("our node compresses: %v, want %v", got, deflate)
	}
	if !deflate {
		return
	}
	f.w = &flushing{zlib.NewWriter(f.conn)}
	f.r = bufio.NewReader(&lateInflate{src: f.r})
}

type flushing struct{ z *zlib.Writer }

func (w *flushing) Write(b []byte) (int, error) {
	n, err := w.z.Write(b)
	if err != nil {
		return n, err
	}
	return n, w.z.Flush()
}

// lateInflate opens the zlib stream when its first bytes are wanted.
type lateInflate struct {
	src *bufio.Reader
	z   io.Reader
}

func (l *lateInflate) Read(b []byte) (int, error) {
	if l.z == nil {
		z, err := zlib.NewReader(l.src)
		if err != nil {
			return 0, err
		}
		l.z = z
	}
	return l.z.Read(b)
}

func (f *foreign) say(line string, headers ...string) {
	f.t.Helper()
	text := line + "\r\n" + strings.Join(headers, "\r\n")
	if len(headers) > 0 {
		text += "\r\n"
	}
	if _, err := io.WriteString(f.conn, text+"\r\n"); err != nil {
		f.t.Fatal(err)
	}
}

// group reads one header group and returns its first line.
func (f *foreign) group() string {
	f.t.Helper()
	first := ""
	for {
		line, err := f.r.ReadString('\n')
		if err != nil {
			f.t.Fatalf("handshake: %v after %q", err, first)
		}
		line = strings.TrimRight(line, "\r\n")
		switch name, value, ok := strings.Cut(line, ":"); {
		case line == "":
			return first
		case first == "":
			first = line
		case ok:
			f.head[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
}

// frame is one message as it stands on the wire.
type frame struct {
	id        string // 16 bytes
	kind      byte
	ttl, hops byte
	payload   []byte
}

const (
	kindPing, kindPong, kindBye, kindQRP, kindVendor = 0x00, 0x01, 0x02, 0x30, 0x31
	kindPush, kindQuery, kindHit                     = 0x40, 0x80, 0x81
)

func (f *foreign) send(m frame) {
	f.t.Helper()
	b := append([]byte(m.id), m.kind, m.ttl, m.hops)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.payload)))
	if _, err := f.w.Write(append(b, m.payload...)); err != nil {
		f.t.Fatal(err)
	}
}

// want reads messages until one of that kind comes.
func (f *foreign) want(kind byte) frame {
	f.t.Helper()
	for {
		m, err := f.next()
		if err != nil {
			f.t.Fatalf("wait for message 0x%02x: %v", kind, err)
		}
		if m.kind == kind {
			return m
		}
		if m.kind == kindBye {
			f.t.Fatalf("bye: %q", m.payload)
		}
	}
}

func (f *foreign) next() (frame, error) {
	var head [23]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return frame{}, err
	}
	m := frame{id: string(head[:16]), kind: head[16], ttl: head[17], hops: head[18]}
	m.payload = make([]byte, binary.LittleEndian.Uint32(head[19:]))
	_, err := io.ReadFull(f.r, m.payload)
	return m, err
}

func muid(s string) string { return fmt.Sprintf("%-16s", s)[:16] }

func query(id, text string) frame {
	return frame{muid(id), kindQuery, 3, 0, append([]byte{0x80, 0x00}, text+"\x00"...)}
}

// foreignHit is a QueryHit taken apart by hand.
type foreignHit struct {
	addr      string
	index     uint32
	size      uint32
	name, urn string
	vendor    string
	guid      string
}

func parseHit(t *testing.T, p []byte) []foreignHit {
	t.Helper()
	count, body := int(p[0]), p[11:len(p)-16]
	common := foreignHit{guid: string(p[len(p)-16:])}
	common.addr = fmt.Sprintf("%d.%d.%d.%d:%d", p[3], p[4], p[5], p[6], binary.LittleEndian.Uint16(p[1:]))
	var hits []foreignHit
	for range count {
		h := common
		h.index, h.size = binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[4:])
		name, rest, ok := bytes.Cut(body[8:], []byte{0})
		ext, after, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 {
			t.Fatalf("record without its two NULs: %q", body)
		}
		h.name, body = string(name), after
		for _, part := range bytes.Split(ext, []byte{0x1c}) {
			if bytes.HasPrefix(part, []byte("urn:sha1:")) {
				h.urn = string(part)
			}
		}
		hits = append(hits, h)
	}
	if len(body) < 5 {
		t.Fatalf("no trailer: %q", body)
	}
	for i := range hits {
		hits[i].vendor = string(body[:4])
	}
	return hits
}

func pushFor(id, guid string, index uint32, to netip.AddrPort) frame {
	p := append([]byte(guid), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(p[16:], index)
	ip := to.Addr().As4()
	p = append(p, ip[:]...)
	return frame{muid(id), kindPush, 1, 0, binary.LittleEndian.AppendUint16(p, to.Port())}
}

// slotOf is the QRP hash, from the formula in the proposal.
func slotOf(word string, bits int) int {
	var x uint32
	for i := range len(word) {
		x ^= uint32(word[i]) << (8 * (i % 4))
	}
	return int((x * 0x4F1BBCDC) >> (32 - bits))
}

// foreignTable receives a whole route table: RESET, then PATCHes in order.
func (f *foreign) foreignTable() (present func(word string) bool) {
	f.t.Helper()
	reset := f.want(kindQRP).payload
	if reset[0] != 0 || len(reset) != 6 {
		f.t.Fatalf("want RESET first, got % x", reset)
	}
	return f.afterReset(reset)
}

func (f *foreign) afterReset(reset []byte) func(string) bool {
	f.t.Helper()
	f.slots = int(binary.LittleEndian.Uint32(reset[1:]))
	return f.patchOnly(f.want(kindQRP).payload)
}

// patchOnly receives a sequence of PATCHes that begins with p.
func (f *foreign) patchOnly(p []byte) func(string) bool {
	f.t.Helper()
	var data []byte
	packed, width := p[3], int(p[4])
	for seq := 1; ; seq++ {
		if p[0] != 1 || int(p[1]) != seq {
			f.t.Fatalf("want PATCH %d, got % x", seq, p[:5])
		}
		data = append(data, p[5:]...)
		if p[1] == p[2] {
			break
		}
		p = f.want(kindQRP).payload
	}
	if packed == 1 {
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			f.t.Fatal(err)
		}
		if data, err = io.ReadAll(z); err != nil {
			f.t.Fatal(err)
		}
	}
	if width != 4 || len(data) != f.slots/2 {
		f.t.Fatalf("%d slots of %d bits in %d bytes", f.slots, width, len(data))
	}
	bits := 0
	for 1<<bits < f.slots {
		bits++
	}
	return func(word string) bool {
		slot := slotOf(word, bits)
		nibble := data[slot/2] >> 4
		if slot%2 == 1 {
			nibble = data[slot/2] & 15
		}
		return nibble >= 8 // a negative delta: nearer than infinity
	}
}

func guidHex(guid string) string { return hex.EncodeToString([]byte(guid)) }
