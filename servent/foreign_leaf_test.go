package servent_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// ask lets from ask for words, and returns the query.
func (p *party) ask(from *guest, text string, ttl byte) frame {
	p.t.Helper()
	p.last++
	m := query(fmt.Sprintf("ask %d", p.last), text)
	m.ttl = ttl
	from.send(m)
	return m
}

// isCopy says whether got is what a relay makes of m.
func isCopy(got, m frame, ttl byte) bool {
	return got.id == m.id && got.ttl == ttl && got.hops == m.hops+1 && bytes.Equal(got.payload, m.payload)
}

// TestForeignLeafTables: a leaf with nothing but a route table, in every form that
// there is, gets the questions that match it, once it is whole, and no others.
func TestForeignLeafTables(t *testing.T) {
	for name, table := range map[string]handTable{
		"gtk-gnutella's":     usual,
		"LimeWire's":         {bits: 16, infinity: 7, width: 4, packed: true, parts: 3},
		"8 bits, plain":      {bits: 14, infinity: 7, width: 8, parts: 5},
		"8 bits, infinity 2": {bits: 16, infinity: 2, width: 8, packed: true, parts: 2},
		"4 bits, plain":      {bits: 16, infinity: 2, width: 4, parts: 9},
		"1 bit":              {bits: 16, infinity: 2, width: 1, packed: true, parts: 1},
		"1 bit, infinity 7":  {bits: 14, infinity: 7, width: 1, parts: 4},
		"the largest":        {bits: 21, infinity: 7, width: 4, packed: true, parts: 6},
	} {
		t.Run(name, func(t *testing.T) {
			eachForeigner(t, false, func(t *testing.T, headers []string) {
				onSupernode(t, servent.Config{}, "", func(p *party) { p.testLeafTable(headers, table) })
			})
		})
	}
}

func (p *party) testLeafTable(headers []string, table handTable) {
	asker, leaf := p.guest(captured(p.t, "out_ultra")), p.guest(headers)
	asks := func(when, text string, want bool) {
		p.t.Helper()
		for ttl := byte(1); ttl <= 3; ttl += 2 { // the last hop, and on the way
			m := p.ask(asker, text, ttl)
			switch got := leaf.said(kindQuery); {
			case !want && len(got) > 0:
				p.t.Errorf("%s: it is asked for %q", when, text)
			case want && (len(got) != 1 || !isCopy(got[0], m, 1)):
				p.t.Errorf("%s: asked for %q it hears %v", when, text, got)
			}
		}
	}
	const urn = "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB"
	asks("without a table", "walrus", false)
	leaf.send(table.reset())
	asks("after a RESET", "walrus", false)
	seq := table.patch([]string{"walrus", "song", strings.ToLower(urn)}, nil)
	leaf.sendAll(seq[:len(seq)-1]...)
	asks("before the last PATCH", "walrus", false)
	leaf.send(seq[len(seq)-1])
	asks("with one word", "walrus", true)
	asks("with all words", "Walrus SONG", true)
	asks("with one of two", "walrus danube", false)
	asks("with none", "danube", false)
	asks("with the hash", "\\\x00"+urn, true)
	asks("with another hash", "\\\x00"+strings.Replace(urn, "PLST", "AAAA", 1), false)
	leaf.sendAll(table.patch([]string{"danube"}, []string{"walrus"})...)
	asks("after a change", "danube song", true)
	asks("after a change", "walrus", false)
	if p.Status().Drops["not_wanted"] == 0 {
		p.t.Error("what a leaf is spared is not counted")
	}
}

// leafQueries are the questions of a leaf as they were captured, or after LimeWire.
var leafQueries = map[string]frame{
	"gtk-gnutella": {muid("leafask"), kindQuery, 4, 0, []byte("\xbd\x00papaya giraffe\x00\xc3\x02SO\x40\x82PR\x40")},
	"LimeWire":     {muid("leafask"), kindQuery, 6, 0, []byte("\xe0\x00papaya giraffe\x00\xc3\x02NP\x40\x82PR\x40")},
	"plain":        {muid("leafask"), kindQuery, 1, 0, []byte("\x80\x00papaya giraffe\x00")},
}

// TestForeignLeafAsks: what a leaf asks is answered here, goes to the leaves that
// match, and to other ultrapeers by and by; answers come back with its own id.
func TestForeignLeafAsks(t *testing.T) {
	dir, _, urn := shareFile(t, "papaya giraffe.txt", 500)
	for name, q := range leafQueries {
		t.Run(name, func(t *testing.T) {
			eachForeigner(t, false, func(t *testing.T, headers []string) {
				onSupernode(t, servent.Config{}, dir, func(p *party) { p.testLeafAsks(headers, q, urn) })
			})
		})
	}
}

func (p *party) testLeafAsks(headers []string, q frame, urn string) {
	t := p.t
	leaf, other, shut := p.guest(headers), p.guest(captured(p.t, "leaf_session")), p.guest(limeHeaders(false))
	other.holds("papaya", "giraffe")
	shut.holds("papaya")
	ups := p.ultrapeers(6)
	ups[0].holds("papaya", "giraffe")
	for _, up := range ups[1:] {
		up.holds("walrus")
	}
	leaf.send(q)
	own := leaf.only("our own file", kindHit)
	if hits := parseHit(t, own.payload); own.id != q.id || own.hops != 0 || len(hits) != 1 || hits[0].urn != urn {
		t.Errorf("hit %q: %+v", own.id, hits)
	}
	if got := other.only("a leaf that matches", kindQuery); !isCopy(got, q, 1) {
		t.Errorf("it hears %+v", got)
	}
	if n := len(shut.said(kindQuery)); n > 0 {
		t.Errorf("a leaf without the words is asked %d times", n)
	}
	if got := ups[0].only("an ultrapeer that matches", kindQuery); !isCopy(got, q, 1) {
		t.Errorf("it hears %+v", got)
	}
	if asked := p.asked(ups[1:], q); len(asked) != 2 || asked[0].ttl != 2 || asked[1].ttl != 2 {
		t.Errorf("probes: %+v", asked)
	}
	ups[0].send(frame{q.id, kindHit, 3, 0, foreignAnswer("papaya giraffe.ogg", 77, urn, 1, false)})
	if got := leaf.only("a hit", kindHit); got.id != q.id || got.ttl != 2 || got.hops != 1 || !bytes.Contains(got.payload, []byte("FRGN")) {
		t.Errorf("a hit comes as %+v", got)
	}
	time.Sleep(4700 * time.Millisecond) // two hops of 2.4 s
	if asked := p.asked(ups, q); len(asked) != 0 {
		t.Errorf("before the probes could answer: %+v", asked)
	}
	time.Sleep(200 * time.Millisecond)
	if asked := p.asked(ups, q); len(asked) != 1 {
		t.Errorf("then: %+v", asked)
	}
	time.Sleep(time.Minute)
	if asked := p.asked(ups[1:], q); len(asked) != 2 {
		t.Errorf("in the end: %+v", asked)
	}
	if asked := p.asked(ups[:1], q); len(asked) != 1 || asked[0].ttl <= 1 {
		t.Errorf("who was asked for itself alone, and takes it again: %+v", asked)
	}
}

// ultrapeers are so many guests; the X-Max-TTL of half of them is 3, of others 4.
func (p *party) ultrapeers(n int) (ups []*guest) {
	for i := range n {
		headers := limeHeaders(true)
		if i%2 == 0 {
			headers = captured(p.t, "relay_ultra")
		}
		ups = append(ups, p.guest(headers))
	}
	return ups
}

// asked returns the first copies of m that our node has sent to ups. Who was asked
// for itself alone may be asked again, and further.
func (p *party) asked(ups []*guest, m frame) (all []frame) {
	p.t.Helper()
	for _, up := range ups {
		got := up.said(kindQuery)
		for _, c := range got {
			if !isCopy(c, m, c.ttl) || c.ttl < 1 || c.ttl > 4 {
				p.t.Errorf("a copy of %+v is %+v", m, c)
			}
		}
		if len(got) > 2 || len(got) == 2 && (got[0].ttl != 1 || got[1].ttl <= 1) {
			p.t.Errorf("one ultrapeer is asked with %+v", got)
		}
		all = append(all, got[:min(len(got), 1)]...)
	}
	return all
}

// TestForeignLeafHasEnough: no more are asked once fifty files have come, or once a
// leaf says that it has enough (BEAR/11, 12).
func TestForeignLeafHasEnough(t *testing.T) {
	q := leafQueries["gtk-gnutella"]
	for name, tt := range map[string]struct {
		hits int
		kept uint16
		more int // that are asked later
	}{"few": {49, 49, 3}, "fifty": {50, 50, 0}, "kept few": {50, 1, 3}, "enough": {1, 0xffff, 0}} {
		t.Run(name, func(t *testing.T) {
			onSupernode(t, servent.Config{}, "", func(p *party) {
				leaf, ups := p.guest(captured(p.t, "out_leaf")), p.ultrapeers(6)
				leaf.send(supports("BEAR", 11))
				for _, up := range ups {
					up.holds("walrus")
				}
				leaf.send(q)
				if asked := p.asked(ups, q); len(asked) != 3 {
					t.Fatalf("probes: %+v", asked)
				}
				for i := range tt.hits {
					hit := foreignAnswer("papaya giraffe.ogg", 77, "", 1, false)
					hit[11] = byte(i) // the file's index
					ups[0].send(frame{q.id, kindHit, 3, 0, hit})
				}
				if n := len(leaf.said(kindHit)); n != tt.hits {
					t.Errorf("%d hits arrive, want %d", n, tt.hits)
				}
				leaf.said(kindVendor)
				if tt.kept != uint16(tt.hits) {
					leaf.send(frame{q.id, kindVendor, 1, 0, vendorPayload("BEAR", 12, byte(tt.kept), byte(tt.kept>>8))})
				}
				time.Sleep(5 * time.Second)
				guided := leaf.said(kindVendor)
				time.Sleep(time.Minute)
				if asked := p.asked(ups, q); len(asked) != tt.more {
					t.Errorf("%d more are asked, want %d", len(asked), tt.more)
				}
				if tt.more > 0 && (len(guided) != 1 || guided[0].id != q.id || !bytes.Equal(guided[0].payload, vendorPayload("BEAR", 11))) {
					t.Errorf("it is asked how many it has kept with %+v", guided)
				}
			})
		})
	}
}

// supports is a MessagesSupported with one entry.
func supports(vendor string, selector byte) frame {
	list := append([]byte{1, 0}, vendorPayload(vendor, uint16(selector))...)
	return frame{muid("supports"), kindVendor, 1, 0, append(make([]byte, 8), list...)}
}

// TestForeignLeafIsFound: the hits of a leaf go back to who asked, up to 16 KiB
// each, and pushes to the leaf.
func TestForeignLeafIsFound(t *testing.T) {
	eachForeigner(t, false, func(t *testing.T, headers []string) {
		onSupernode(t, servent.Config{}, "", func(p *party) {
			asker, leaf := p.guest(captured(p.t, "out_ultra")), p.guest(headers)
			leaf.holds("walrus")
			push := pushFor("push", guidIn(headers), 9, netip.MustParseAddrPort("5.1.1.1:7"))
			push.ttl = 3
			asker.send(push)
			if n := len(leaf.said(kindPush)); n > 0 {
				p.t.Error("pushed before it is known where the servent is")
			}
			p.ask(asker, "walrus", 1)
			q := leaf.only("walrus", kindQuery)
			for size, relayed := range map[int]bool{200: true, 16 << 10: true, 16<<10 + 1: false, 60 << 10: false, 64 << 10: false} {
				hit := frame{q.id, kindHit, 5, 0, hitOfSize(size, guidIn(headers))}
				leaf.send(hit)
				if got := asker.said(kindHit); relayed != (len(got) == 1) || relayed && !isCopy(got[0], hit, 4) {
					p.t.Errorf("of a hit of %d bytes come %d", size, len(got))
				}
			}
			asker.send(push)
			if got := leaf.only("push", kindPush); !isCopy(got, push, 2) {
				p.t.Errorf("a push comes as %+v", got)
			}
			leaf.send(frame{muid("nobody asks so"), kindHit, 5, 0, hitOfSize(200, guidIn(headers))})
			if n := len(asker.said(kindHit)); n > 0 || p.Status().Drops["no_route"] != 2 {
				p.t.Errorf("%d hits that nobody asked for, %v", n, p.Status().Drops)
			}
			leaf.begin(frame{q.id, kindHit, 5, 0, nil}, 64<<10+1)
			leaf.wantBye("the head of a hit over 64 KiB", 400, "framing")
		})
	})
}

// guidIn is the GUID that headers tell, or any where they tell none.
func guidIn(headers []string) string {
	for _, h := range headers {
		if digits, ok := strings.CutPrefix(h, "GUID: "); ok {
			guid, _ := hex.DecodeString(digits) // which is as captured
			return string(guid)
		}
	}
	return "0123456789abcdef"
}

// begin sends the head of a message that is to have so many bytes.
func (f *foreign) begin(m frame, size uint32) {
	f.t.Helper()
	head := append([]byte(m.id), m.kind, m.ttl, m.hops)
	if _, err := f.w.Write(binary.LittleEndian.AppendUint32(head, size)); err != nil {
		f.t.Fatal(err)
	}
}

// hitOfSize is a servent's QueryHit of one record that is as long as that.
func hitOfSize(size int, guid string) []byte {
	const urn = "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB"
	bare := len(foreignAnswer("", 77, urn, 1, false))
	hit := foreignAnswer(strings.Repeat("w", size-bare), 77, urn, 1, false)
	copy(hit[size-len(guid):], guid)
	return hit
}

// TestForeignLeafPings: a leaf's ping is answered by our node, which tells what it
// is and how many slots it has left (GGEP UP, VC), and by what others said.
func TestForeignLeafPings(t *testing.T) {
	eachForeigner(t, false, func(t *testing.T, headers []string) {
		onSupernode(t, servent.Config{MaxLeaves: 5}, "", func(p *party) {
			leaf := p.guest(headers)
			p.guest(captured(p.t, "out_ultra"))
			for _, ping := range []frame{
				{muid("alive"), kindPing, 1, 0, nil},
				{muid("hosts"), kindPing, 4, 0, []byte{0xc3, 0x83, 'S', 'C', 'P', 0x41, 0x02}},
			} {
				leaf.send(ping)
				got := leaf.said(kindPong)
				if len(got) == 0 || got[0].id != ping.id || got[0].hops != 0 || got[0].ttl != 1 {
					t.Fatalf("%q is answered with %+v", ping.id, got)
				}
				wantOwnPong(t, got[0].payload)
			}
		})
	})
}

// wantOwnPong reads the pong of a supernode at 10.0.0.1:6346 that has room for 4
// leaves and 31 ultrapeers.
func wantOwnPong(t *testing.T, pong []byte) {
	t.Helper()
	kb := uint32(pong[10]) | uint32(pong[11])<<8 | uint32(pong[12])<<16 | uint32(pong[13])<<24
	if !bytes.HasPrefix(pong, []byte{0xca, 0x18, 10, 0, 0, 1}) || kb < 8 || kb&(kb-1) != 0 {
		t.Errorf("pong % x", pong[:14])
	}
	ext := pong[14:]
	if !bytes.Contains(ext, []byte("\x02UP\x43\x00\x04\x1f")) || !bytes.Contains(ext, []byte("VC\x45SRVT")) || ext[0] != 0xc3 {
		t.Errorf("it says of itself %q", ext)
	}
}

// TestForeignLeafIsWelcome: the headers that a leaf must see, or it leaves again.
func TestForeignLeafIsWelcome(t *testing.T) {
	eachForeigner(t, false, func(t *testing.T, headers []string) {
		onSupernode(t, servent.Config{}, "", func(p *party) {
			leaf := p.guest(headers)
			for name, want := range map[string]string{
				"x-ultrapeer": "True", "x-query-routing": "0.2", "x-ultrapeer-query-routing": "0.1", "x-dynamic-querying": "0.1",
				"x-degree": "32", "x-max-ttl": "4", "x-ext-probes": "0.1", "ggep": "0.5", "pong-caching": "0.1", "bye-packet": "0.1",
				"remote-ip": "5.10.1.1", "accept-encoding": "deflate",
			} {
				if want != leaf.head[name] {
					t.Errorf("%s: %q, want %q", name, leaf.head[name], want)
				}
			}
			if n := len(leaf.said(kindQRP)); n > 0 {
				t.Errorf("a leaf is sent %d parts of a table", n)
			}
		})
	})
}

// TestForeignLeafIsRefused: past the slots there are none, but other hosts to try.
func TestForeignLeafIsRefused(t *testing.T) {
	onSupernode(t, servent.Config{MaxLeaves: 2}, "", func(p *party) {
		p.guest(append(captured(t, "relay_ultra"), "GUID: 00112233445566778899aabbccddeeff"))
		p.guest(limeHeaders(false))
		p.guest(captured(p.t, "out_leaf"))
		third := p.arrive()
		third.say("GNUTELLA CONNECT/0.6", limeHeaders(false)...)
		if line := third.group(); line != "GNUTELLA/0.6 503 No leaf slots" || !strings.Contains(third.head["x-try-ultrapeers"], "5.13.0.1:7802") {
			t.Errorf("%q, try %q", line, third.head["x-try-ultrapeers"])
		}
		synctest.Wait()
		if st := p.Status(); st.Links["leaf"] != 2 || st.Edge.Refused != 1 {
			t.Errorf("%v, refused %d", st.Links, st.Edge.Refused)
		}
	})
}
