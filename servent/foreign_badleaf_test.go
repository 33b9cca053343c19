package servent_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// reset is a RESET of so many slots.
func reset(slots uint32, infinity byte) frame {
	return qrp(append(binary.LittleEndian.AppendUint32([]byte{0}, slots), infinity)...)
}

// part is a PATCH of 4 bits an entry.
func part(seq, of, compressor byte, data []byte) frame {
	return qrp(append([]byte{1, seq, of, compressor, 4}, data...)...)
}

// TestForeignLeafBadTables: what is no lawful route table ends the link with Bye
// 413, whose text says what was wrong; the others are served as before.
func TestForeignLeafBadTables(t *testing.T) {
	whole := make([]byte, 8192) // of 16,384 slots
	first := part(1, 3, 0, whole[:3000])
	start := usual.reset()
	for name, tt := range map[string]struct {
		words string
		sent  []frame
	}{
		"PATCH before RESET":   {"qrp patch before reset", usual.patch(nil, nil)},
		"sequence from 0":      {"qrp sequence", []frame{start, part(0, 1, 0, whole)}},
		"begins with 2":        {"qrp sequence", []frame{start, part(2, 2, 0, whole)}},
		"a part twice":         {"qrp sequence", []frame{start, first, first}},
		"a part left out":      {"qrp sequence", []frame{start, first, part(3, 3, 0, whole[:3000])}},
		"past its end":         {"qrp sequence", []frame{start, part(4, 3, 0, whole)}},
		"compressed meanwhile": {"qrp sequence", []frame{start, first, part(2, 3, 1, whole)}},
		"no slots":             {"qrp table size", []frame{reset(0, 2)}},
		"3,000 slots":          {"qrp table size", []frame{reset(3000, 2)}},
		"2^22 slots":           {"qrp table size", []frame{reset(1<<22, 2)}},
		"infinity 0":           {"qrp infinity", []frame{reset(1<<14, 0)}},
		"a short RESET":        {"qrp reset", []frame{qrp(0, 0, 64, 0, 0)}},
		"a long RESET":         {"qrp reset", []frame{qrp(0, 0, 64, 0, 0, 2, 0)}},
		"nothing":              {"qrp", []frame{qrp()}},
		"another variant":      {"qrp variant", []frame{qrp(2, 1, 1, 0, 4)}},
		"2 bits":               {"qrp entry bits", []frame{start, qrp(1, 1, 1, 0, 2, 0)}},
		"another compressor":   {"qrp compressor", []frame{start, part(1, 1, 2, whole)}},
		"too short":            {"qrp patch", []frame{start, part(1, 1, 0, whole[1:])}},
		"too long":             {"qrp patch", []frame{start, part(1, 1, 0, append(whole, 0))}},
		"no zlib":              {"qrp zlib", []frame{start, part(1, 1, 1, whole)}},
		"zlib, too short":      {"qrp patch", []frame{start, part(1, 1, 1, pack(whole[1:]))}},
		"a zlib bomb":          {"qrp patch", []frame{start, part(1, 1, 1, pack(make([]byte, 32<<20)))}},
		"all slots set":        {"matches everything", []frame{start, part(1, 1, 0, bytes.Repeat([]byte{0xff}, 8192))}},
	} {
		t.Run(name, func(t *testing.T) {
			eachForeigner(t, false, func(t *testing.T, headers []string) {
				onSupernode(t, servent.Config{}, "", func(p *party) { p.testBadTable(headers, tt.sent, tt.words) })
			})
		})
	}
}

func (p *party) testBadTable(headers []string, sent []frame, words string) {
	asker, good := p.guest(captured(p.t, "relay_ultra")), p.guest(limeHeaders(false))
	good.holds("walrus")
	bad := p.guest(headers)
	before := allocated()
	bad.sendAll(sent...)
	if grown := allocated() - before; grown > 4<<20 { // the guest's own compressor takes one
		p.t.Errorf("%d bytes were allocated", grown)
	}
	bad.wantBye("a bad table", 413, words)
	if st := p.Status(); st.Closed["413"] != 1 || st.Links["leaf"] != 1 {
		p.t.Errorf("closed %v, links %v", st.Closed, st.Links)
	}
	m := p.ask(asker, "walrus", 1)
	if got := good.only("the other leaf", kindQuery); !isCopy(got, m, 1) {
		p.t.Errorf("the other leaf hears %+v", got)
	}
	p.guest(headers).holds("walrus") // it may come again
	if n := p.Status().Links["leaf"]; n != 2 {
		p.t.Errorf("%d leaves", n)
	}
}

// TestForeignLeafRelays: a leaf that passes on what others sent is no leaf.
func TestForeignLeafRelays(t *testing.T) {
	q := query("relayed", "walrus")
	hit := frame{q.id, kindHit, 3, 0, foreignAnswer("walrus.ogg", 77, "", 1, false)}
	pong := frame{muid("pong"), kindPong, 1, 0, make([]byte, 14)}
	for name, m := range map[string]frame{"query": q, "hit": hit, "pong": pong} {
		t.Run(name, func(t *testing.T) {
			eachForeigner(t, false, func(t *testing.T, headers []string) {
				onSupernode(t, servent.Config{}, "", func(p *party) {
					asker, leaf := p.guest(captured(p.t, "out_ultra")), p.guest(headers)
					leaf.holds("walrus")
					asker.send(q)
					leaf.only("walrus", kindQuery)
					m.hops = 1
					leaf.send(m)
					leaf.wantBye("a relayed message", 414, "Leaf relays")
					if got := asker.said(kindQuery, kindHit); len(got) > 0 {
						p.t.Errorf("it was passed on: %+v", got)
					}
				})
			})
		})
	}
}

// TestForeignLeafForges: a leaf that has told its GUID answers for nobody else, and
// gets no push that is meant for another.
func TestForeignLeafForges(t *testing.T) {
	onSupernode(t, servent.Config{}, "", func(p *party) {
		asker, liar := p.guest(captured(p.t, "relay_ultra")), p.guest(captured(p.t, "out_leaf"))
		honest := p.guest(append(limeHeaders(false), "GUID: "+guidHex("honest leaf here")))
		honest.holds("walrus")
		liar.holds("walrus")
		m := p.ask(asker, "walrus", 1)
		hit := frame{m.id, kindHit, 3, 0, hitOfSize(200, "honest leaf here")}
		liar.send(hit)
		if n := len(asker.said(kindHit)); n > 0 || p.Status().Drops["forged"] != 1 {
			p.t.Errorf("%d hits in another leaf's name, %v", n, p.Status().Drops)
		}
		honest.send(hit)
		if got := asker.only("its own hit", kindHit); !isCopy(got, hit, 2) {
			p.t.Errorf("it comes as %+v", got)
		}
		push := pushFor("push", "honest leaf here", 9, p.Addr())
		push.ttl = 3
		asker.send(push)
		honest.only("the push", kindPush)
		if n := len(liar.said(kindPush)); n > 0 {
			p.t.Error("it goes to the liar, too")
		}
	})
}

// TestForeignLeafFloods: a leaf that asks all the time is answered as far as its
// share goes, and the others are served.
func TestForeignLeafFloods(t *testing.T) {
	onSupernode(t, servent.Config{}, "", func(p *party) {
		asker, flooder, good := p.guest(captured(p.t, "out_ultra")), p.guest(limeHeaders(false)), p.guest(captured(p.t, "out_leaf"))
		good.holds("walrus")
		for range 3000 {
			p.ask(flooder, "walrus song", 6)
		}
		if st := p.Status(); st.Drops["rate"] == 0 || st.Links["leaf"] != 2 {
			p.t.Errorf("dropped %v, links %v", st.Drops, st.Links)
		}
		good.said(kindQuery)
		m := p.ask(asker, "walrus", 1)
		if got := good.only("meanwhile", kindQuery); !isCopy(got, m, 1) {
			p.t.Errorf("a leaf hears %+v", got)
		}
	})
}
