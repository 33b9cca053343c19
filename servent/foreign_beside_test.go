package servent_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// heldTable is what an ultrapeer knows of our node's route table.
type heldTable struct {
	bits   int
	here   []bool
	data   []byte // of the sequence under way
	resets int
}

// take reads QRP messages, which must be as others read them: 4 bits, zlib over
// the whole sequence, TTL 1.
func (h *heldTable) take(t *testing.T, all []frame) {
	t.Helper()
	for _, m := range all {
		p := m.payload
		if m.ttl != 1 || m.hops != 0 {
			t.Errorf("QRP with ttl %d, hops %d", m.ttl, m.hops)
		}
		if p[0] == 0 {
			h.bits, h.resets = 0, h.resets+1
			for 1<<h.bits < binary.LittleEndian.Uint32(p[1:]) {
				h.bits++
			}
			h.here = make([]bool, 1<<h.bits)
			continue
		}
		if p[1] == 1 {
			h.data = nil
		}
		if h.data = append(h.data, p[5:]...); p[1] == p[2] {
			h.apply(t)
		}
		if p[3] != 1 || p[4] != 4 {
			t.Fatalf("PATCH % x", p[:5])
		}
	}
}

func (h *heldTable) apply(t *testing.T) {
	t.Helper()
	z, err := zlib.NewReader(bytes.NewReader(h.data))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := io.ReadAll(z)
	if err != nil || len(entries) != len(h.here)/2 {
		t.Fatalf("%d bytes of entries for %d slots, %v", len(entries), len(h.here), err)
	}
	for i, e := range entries {
		for j, delta := range []byte{e >> 4, e & 15} {
			if delta != 0 {
				h.here[2*i+j] = delta >= 8
			}
		}
	}
}

func (h *heldTable) wants(t *testing.T, when string, in, out []string) {
	t.Helper()
	for _, w := range append(slices.Clone(in), out...) {
		if got := h.here[slotOf(w, h.bits)]; got != slices.Contains(in, w) {
			t.Errorf("%s: %q is in the table: %t", when, w, got)
		}
	}
}

// TestForeignUltrapeerIsTold: our node's route table, with its leaves' in it, goes
// out to an ultrapeer with the link, and what changes after that.
func TestForeignUltrapeerIsTold(t *testing.T) {
	dir, _, _ := shareFile(t, "papaya giraffe.txt", 500)
	eachForeigner(t, true, func(t *testing.T, headers []string) {
		onSupernode(t, servent.Config{}, dir, func(p *party) {
			leaf := p.guest(limeHeaders(false))
			leaf.holds("walrus")
			time.Sleep(time.Minute)
			up, table := p.guest(headers), &heldTable{}
			table.take(p.t, up.said(kindQRP))
			table.wants(p.t, "at first", []string{"papaya", "giraffe", "walrus"}, []string{"danube"})
			second := p.guest(captured(p.t, "out_leaf"))
			second.holds("danube")
			time.Sleep(11 * time.Second)
			table.take(p.t, up.said(kindQRP))
			table.wants(p.t, "with one more", []string{"papaya", "walrus", "danube"}, []string{"song"})
			if table.resets != 1 {
				p.t.Errorf("%d RESETs for a change", table.resets)
			}
			leaf.conn.Close()
			time.Sleep(11 * time.Second)
			table.take(p.t, up.said(kindQRP))
			table.wants(p.t, "with one less", []string{"papaya", "danube"}, []string{"walrus"})
			large := p.guest(limeHeaders(false))
			big := handTable{bits: 21, infinity: 7, width: 4, packed: true, parts: 1}
			large.send(big.reset())
			large.sendAll(big.patch([]string{"song"}, nil)...)
			time.Sleep(11 * time.Second)
			table.take(p.t, up.said(kindQRP))
			table.wants(p.t, "with a large one", []string{"papaya", "danube", "song"}, []string{"walrus"})
			if table.bits != 17 {
				p.t.Errorf("a table of 2^%d slots for an ultrapeer", table.bits)
			}
			if n := len(large.said(kindQRP)); n > 0 {
				p.t.Errorf("a leaf is sent %d parts of a table", n)
			}
		})
	})
}

// TestForeignUltrapeerIsNotTold: who does not say X-Ultrapeer-Query-Routing gets no table.
func TestForeignUltrapeerIsNotTold(t *testing.T) {
	onSupernode(t, servent.Config{}, "", func(p *party) {
		up := p.guest(slices.DeleteFunc(limeHeaders(true), func(h string) bool { return strings.HasPrefix(h, "X-Ultrapeer-Query-Routing") }))
		time.Sleep(time.Minute)
		if n := len(up.said(kindQRP)); n > 0 {
			p.t.Errorf("it gets %d parts of a table", n)
		}
	})
}

// TestForeignUltrapeerIsAsked: before its table everything; then on the last hop
// only what matches, and further all the same.
func TestForeignUltrapeerIsAsked(t *testing.T) {
	for name, table := range map[string]handTable{
		"gtk-gnutella's": {bits: 16, infinity: 2, width: 4, packed: true, parts: 2},
		"LimeWire's":     {bits: 17, infinity: 7, width: 4, packed: true, parts: 3},
	} {
		eachForeigner(t, true, func(t *testing.T, headers []string) {
			onSupernode(t, servent.Config{}, "", func(p *party) {
				asker, up := p.guest(captured(p.t, "relay_ultra")), p.guest(headers)
				asks := func(when, text string, ttl byte, want bool) {
					p.t.Helper()
					m := p.ask(asker, text, ttl)
					switch got := up.said(kindQuery); {
					case !want && len(got) > 0:
						p.t.Errorf("%s, %s: it is asked for %q with ttl %d", name, when, text, got[0].ttl)
					case want && (len(got) != 1 || !isCopy(got[0], m, ttl-1)):
						p.t.Errorf("%s, %s: asked for %q it hears %+v", name, when, text, got)
					}
				}
				asks("without a table", "walrus", 2, true)
				up.send(table.reset())
				asks("after a RESET", "walrus", 2, true)
				up.sendAll(table.patch([]string{"walrus", "song"}, nil)...)
				asks("with all words", "walrus song", 2, true)
				asks("with one of two", "walrus danube", 2, false)
				asks("on the way", "danube", 3, true)
				asks("at its end", "walrus", 1, false)
				m := p.ask(asker, "walrus", 2)
				up.said(kindQuery)
				hit := frame{m.id, kindHit, 4, 1, foreignAnswer("walrus.ogg", 77, "", 1, false)}
				up.send(hit)
				if got := asker.only("a hit", kindHit); !isCopy(got, hit, 3) {
					p.t.Errorf("a hit comes as %+v", got)
				}
			})
		})
	}
}

// TestForeignUltrapeerTableSize: up to 131,072 slots, and none more.
func TestForeignUltrapeerTableSize(t *testing.T) {
	eachForeigner(t, true, func(t *testing.T, headers []string) {
		onSupernode(t, servent.Config{}, "", func(p *party) {
			up := p.guest(headers)
			up.send(reset(1<<17, 7))
			if up.said(); up.over {
				p.t.Fatal("the largest is refused")
			}
			up.send(reset(1<<18, 7))
			up.wantBye("a larger one", 413, "QRP table too large")
		})
	})
}

// TestForeignUltrapeerTTL: nothing goes further than it says in X-Max-TTL, or than
// its kind relays; of copies only one, unless the asker asks further (X-Ext-Probes).
func TestForeignUltrapeerTTL(t *testing.T) {
	onSupernode(t, servent.Config{}, "", func(p *party) {
		asker, gtkg, lime := p.guest(captured(p.t, "out_ultra")), p.guest(captured(p.t, "relay_ultra")), p.guest(limeHeaders(true))
		m := p.ask(asker, "walrus", 7)
		if a, b := gtkg.only("walrus", kindQuery), lime.only("walrus", kindQuery); !isCopy(a, m, 4) || !isCopy(b, m, 3) {
			p.t.Errorf("they hear %+v, %+v", a, b)
		}
		for _, from := range []*guest{asker, gtkg, lime} {
			from.send(m)
		}
		m = p.ask(asker, "danube", 2)
		gtkg.only("danube", kindQuery)
		m.ttl = 3
		asker.send(m)
		if got := gtkg.only("danube, further", kindQuery); !isCopy(got, m, 2) {
			p.t.Errorf("it hears %+v", got)
		}
		if n := p.Status().Messages["query"].Duplicate; n != 3 {
			p.t.Errorf("%d duplicates", n)
		}
	})
}

// TestForeignUltrapeerIsGreeted: first of all our node says which vendor messages
// it acts upon, to who knows vendor messages.
func TestForeignUltrapeerIsGreeted(t *testing.T) {
	onSupernode(t, servent.Config{}, "", func(p *party) {
		up := p.guest(captured(p.t, "out_ultra"))
		up.said()
		m := up.kept[0]
		list := m.payload[8:]
		if m.kind != kindVendor || m.ttl != 1 || m.hops != 0 || !bytes.Equal(m.payload[:8], make([]byte, 8)) {
			p.t.Fatalf("first comes %+v", m)
		}
		if n := int(binary.LittleEndian.Uint16(list)); len(list) != 2+8*n {
			p.t.Errorf("%d entries in %d bytes", n, len(list))
		}
		for _, want := range []string{"BEAR\x04\x00", "BEAR\x07\x00", "BEAR\x0b\x00", "BEAR\x0c\x00", "LIME\x15\x00"} {
			if !bytes.Contains(list, []byte(want+"\x01\x00")) && !bytes.Contains(list, []byte(want+"\x02\x00")) {
				p.t.Errorf("%q is not among them", want)
			}
		}
		old := p.guest(slices.DeleteFunc(limeHeaders(true), func(h string) bool { return strings.HasPrefix(h, "Vendor") }))
		if n := len(old.said(kindVendor)); n > 0 {
			p.t.Errorf("%d vendor messages to who does not know them", n)
		}
	})
}

// TestForeignUltrapeerIsSilent: it is pinged after a minute, and gone after 127 s;
// one that answers stays.
func TestForeignUltrapeerIsSilent(t *testing.T) {
	eachForeigner(t, true, func(t *testing.T, headers []string) {
		onSupernode(t, servent.Config{}, "", func(p *party) {
			silent, alive := p.guest(headers), p.guest(captured(p.t, "relay_ultra"))
			alive.said(kindPing)
			for range 12 {
				time.Sleep(10 * time.Second)
				for _, ping := range alive.said(kindPing) {
					alive.send(frame{ping.id, kindPong, 1, 0, make([]byte, 14)})
				}
			}
			pings := silent.said(kindPing)
			if !slices.ContainsFunc(pings, func(m frame) bool { return m.ttl == 1 && m.hops == 0 && len(m.payload) == 0 }) || silent.over {
				p.t.Errorf("after two minutes: %d pings, over %t", len(pings), silent.over)
			}
			time.Sleep(8 * time.Second)
			silent.wantBye("silence", 406, "No reply to alive ping")
			if alive.said(); alive.over {
				p.t.Error("the one that answers is gone, too")
			}
		})
	})
}

// TestForeignUltrapeerByes: a Bye ends the link, and nothing is said any more; when
// our node stops it says so to who knows Bye.
func TestForeignUltrapeerByes(t *testing.T) {
	var left []*guest
	var began time.Time
	eachForeigner(t, true, func(t *testing.T, headers []string) {
		onSupernode(t, servent.Config{}, "", func(p *party) {
			began = time.Now()
			up := p.guest(headers)
			up.said(kindVendor, kindQRP, kindPing)
			up.send(frame{muid("bye"), kindBye, 1, 0, []byte("\xc8\x00Servent shutdown\x00")})
			if up.said(); !up.over || len(up.kept) > 0 || time.Since(began) > 0 {
				p.t.Errorf("after %v: over %t, said %+v", time.Since(began), up.over, up.kept)
			}
			if st := p.Status(); st.Links["supernode"] != 0 {
				p.t.Errorf("links %v", st.Links)
			}
			left = []*guest{p.guest(headers), p.guest(limeHeaders(false)), p.guest(captured(p.t, "leaf_session"))}
			p.stop()
			for _, g := range left {
				g.wantBye("our node stops", 200, "Servent stops")
			}
		})
	})
}

// TestForeignUltrapeerNeedsLeaves: an ultrapeer that would rather have our node for a
// leaf (X-Ultrapeer-Needed: False, LimeWire's habit) has an ultrapeer beside it.
func TestForeignUltrapeerNeedsLeaves(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir, content, urn := shareFile(t, "papaya giraffe.txt", 5000)
	start(t, servent.Config{Role: servent.RoleSupernode, Connect: []string{l.Addr().String()}}, dir)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	f := newForeign(t, conn)
	f.group()
	if f.head["x-ultrapeer"] != "True" {
		t.Fatalf("X-Ultrapeer: %q", f.head["x-ultrapeer"])
	}
	f.say("GNUTELLA/0.6 200 OK", append(limeHeaders(true), "X-Ultrapeer-Needed: False", "Content-Encoding: deflate")...)
	if line := f.group(); !strings.HasPrefix(line, "GNUTELLA/0.6 200") || f.head["x-ultrapeer"] != "True" {
		t.Fatalf("it ends with %q, X-Ultrapeer: %q", line, f.head["x-ultrapeer"])
	}
	f.stream(true)
	f.send(query("beside", "papaya giraffe"))
	hits := parseHit(t, f.want(kindHit).payload)
	if len(hits) != 1 || hits[0].urn != urn {
		t.Fatalf("hits %+v", hits)
	}
	fetchRanges(t, hits[0], content)
}
