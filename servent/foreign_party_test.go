package servent_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// party is a supernode of ours under virtual time, on the public network, for
// foreign servents to come to.
type party struct {
	*servent.Servent
	t     *testing.T
	knock func(from string) net.Conn
	last  int // guest, and message id
	stop  func()
}

// onSupernode runs test in a bubble. The supernode shares the folder share, if
// one is named.
func onSupernode(t *testing.T, cfg servent.Config, share string, test func(p *party)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.Role, cfg.Network = servent.RoleSupernode, servent.Gnutella
		knock := servent.Piped(&cfg)
		s, err := servent.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		stop := sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		defer time.Sleep(time.Minute) // the guests see that it is over
		defer stop()
		if share != "" {
			if err := s.Share(ctx, share); err != nil {
				t.Fatal(err)
			}
		}
		test(&party{Servent: s, t: t, knock: knock, stop: stop})
	})
}

// guest is a foreign servent whose link is up. What our node says to it is kept
// until the test asks.
type guest struct {
	*foreign
	heard chan frame // closed when the link has ended
	kept  []frame
	over  bool
}

// arrive connects from an address of its own.
func (p *party) arrive() *foreign {
	p.t.Helper()
	p.last++
	f := newForeign(p.t, p.knock(fmt.Sprintf("5.%d.%d.1:6346", 10+p.last/250, p.last%250)))
	if err := f.conn.SetDeadline(time.Time{}); err != nil {
		p.t.Fatal(err)
	}
	return f
}

// guest connects with these headers, which say how it compresses.
func (p *party) guest(headers []string) *guest {
	p.t.Helper()
	g := &guest{foreign: p.arrive(), heard: make(chan frame, 1<<12)}
	g.connectAs(headers)
	go func() {
		defer close(g.heard)
		for {
			m, err := g.next()
			if err != nil {
				return
			}
			g.heard <- m
		}
	}()
	synctest.Wait()
	return g
}

// said returns what our node has said of these kinds and was not asked for yet.
func (g *guest) said(kinds ...byte) (out []frame) {
	synctest.Wait()
	for !g.over {
		select {
		case m, ok := <-g.heard:
			if ok {
				g.kept = append(g.kept, m)
			}
			g.over = !ok
			continue
		default:
		}
		break
	}
	g.kept = slices.DeleteFunc(g.kept, func(m frame) bool {
		of := slices.Contains(kinds, m.kind)
		if of {
			out = append(out, m)
		}
		return of
	})
	return out
}

// only returns the one message of a kind that our node has said.
func (g *guest) only(what string, kind byte) frame {
	g.t.Helper()
	all := g.said(kind)
	if len(all) != 1 {
		g.t.Fatalf("%s: %d messages 0x%02x, want one", what, len(all), kind)
	}
	return all[0]
}

// wantBye checks that the link has ended with a Bye of that code, whose text has
// these words. A peer without Bye-Packet sees it end, and no more.
func (g *guest) wantBye(what string, code uint16, words string) {
	g.t.Helper()
	byes := g.said(kindBye)
	time.Sleep(2 * time.Second) // it lingers for a second
	g.said()
	if !g.over {
		g.t.Errorf("%s: the link goes on", what)
	}
	if !g.byes {
		if len(byes) > 0 {
			g.t.Errorf("%s: %q to who does not know Bye", what, byes[0].payload)
		}
		return
	}
	if len(byes) != 1 {
		g.t.Errorf("%s: %d byes", what, len(byes))
		return
	}
	b := byes[0]
	if got := binary.LittleEndian.Uint16(b.payload); got != code || !bytes.Contains(b.payload, []byte(words)) || b.ttl != 1 || b.hops != 0 {
		g.t.Errorf("%s: bye %d %q, ttl %d, hops %d; want %d %q", what, got, b.payload[2:], b.ttl, b.hops, code, words)
	}
}

// captured returns the headers that a captured handshake opens with
// (protocol/testdata/wire): gtk-gnutella's.
func captured(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile("../protocol/testdata/wire/" + name + ".handshake.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, group, _ := strings.Cut(string(text), "GNUTELLA CONNECT/0.6\r\n")
	group, _, ok := strings.Cut(group, "\r\n\r\n")
	if !ok {
		t.Fatalf("%s: no header group", name)
	}
	return strings.Split(group, "\r\n")
}

// limeHeaders are made by hand after LimeWire's: no Bye-Packet, X-Query-Routing
// 0.1, another order.
func limeHeaders(ultrapeer bool) []string {
	role := "X-Ultrapeer: False"
	if ultrapeer {
		role = "X-Ultrapeer: true"
	}
	return []string{
		"X-Max-TTL: 3", "X-Dynamic-Querying: 0.1", "X-Version: 5.5", "X-Query-Routing: 0.1", "User-Agent: Foreign/5.5",
		"Vendor-Message: 0.1", "X-Ultrapeer-Query-Routing: 0.1", "GGEP: 0.5", "Listen-IP: 5.99.0.1:6346",
		"Accept-Encoding: deflate", "Pong-Caching: 0.1", "X-Guess: 0.1", role, "X-Degree: 32", "X-Locale-Pref: en", "X-Requeries: false",
	}
}

// plain takes the offer to compress out of headers.
func plain(headers []string) []string {
	return slices.DeleteFunc(slices.Clone(headers), func(h string) bool { return strings.HasPrefix(h, "Accept-Encoding") })
}

// eachForeigner runs test with the headers of gtk-gnutella and of LimeWire, as leaf
// or as ultrapeer, on compressed and on plain links.
func eachForeigner(t *testing.T, ultrapeer bool, test func(t *testing.T, headers []string)) {
	t.Helper()
	file := "out_leaf"
	if ultrapeer {
		file = "out_ultra"
	}
	for name, headers := range map[string][]string{"gtk-gnutella": captured(t, file), "LimeWire": limeHeaders(ultrapeer)} {
		t.Run(name, func(t *testing.T) { test(t, headers) })
		t.Run(name+", plain", func(t *testing.T) { test(t, plain(headers)) })
	}
}

// handTable is the form of a route table that is made by hand.
type handTable struct {
	bits     int // it has 2^bits slots
	infinity byte
	width    int  // bits an entry
	packed   bool // zlib
	parts    int  // PATCHes of a sequence, about
}

func (h handTable) reset() frame {
	return qrp(append(binary.LittleEndian.AppendUint32([]byte{0}, 1<<h.bits), h.infinity)...)
}

// patch is a sequence that makes these words appear and those vanish.
func (h handTable) patch(in, out []string) (seq []frame) {
	data := make([]byte, (1<<h.bits)*h.width/8)
	for _, w := range in {
		h.put(data, w, 1-int(h.infinity))
	}
	for _, w := range out {
		h.put(data, w, int(h.infinity)-1)
	}
	if h.packed {
		data = pack(data)
	}
	parts := slices.Collect(slices.Chunk(data, (len(data)+h.parts-1)/h.parts))
	for i, part := range parts {
		seq = append(seq, qrp(append([]byte{1, byte(i + 1), byte(len(parts)), h.compressor(), byte(h.width)}, part...)...))
	}
	return seq
}

func (h handTable) compressor() byte {
	if h.packed {
		return 1
	}
	return 0
}

func (h handTable) put(data []byte, word string, delta int) {
	switch slot := slotOf(word, h.bits); h.width {
	case 8:
		data[slot] = byte(delta)
	case 4:
		data[slot/2] |= byte(delta) & 15 << (4 * (1 - slot%2)) // the even slot is the high nibble
	case 1:
		data[slot/8] ^= 0x80 >> (slot % 8)
	}
}

func pack(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data) // to memory
	_ = z.Close()
	return b.Bytes()
}

func qrp(payload ...byte) frame { return frame{muid("qrp"), kindQRP, 1, 0, payload} }

// usual is the table of gtk-gnutella's leaves.
var usual = handTable{bits: 14, infinity: 2, width: 4, packed: true, parts: 1}

// holds sends a table with these words.
func (g *guest) holds(words ...string) {
	g.t.Helper()
	g.sendAll(usual.reset())
	g.sendAll(usual.patch(words, nil)...)
}

// send waits until our node has dealt with m.
func (g *guest) send(m frame) {
	g.t.Helper()
	g.foreign.send(m)
	synctest.Wait()
}

func (g *guest) sendAll(all ...frame) {
	g.t.Helper()
	for _, m := range all {
		g.send(m)
	}
}
