package servent_test

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// Verdicts on a list.
const (
	listHeld = iota
	listSend
	listMore
	listRefused
)

// lister is a leaf that gives its list, made by hand from docs/protocol.md 11.
type lister struct {
	*guest
	guid string
}

func (p *party) lister(name string) *lister {
	p.t.Helper()
	return &lister{p.guest(listerHeaders(name)), muid(name)}
}

func listerHeaders(name string) []string {
	return append(plain(limeHeaders(false)), "Bye-Packet: 0.1", "X-Servent: 1", "GUID: "+guidHex(muid(name)))
}

// offer says that it has a list.
func (l *lister) offer(digest []byte, files uint32) {
	l.t.Helper()
	b := append(vendorPayload("SRVT", 2), digest...)
	b = binary.LittleEndian.AppendUint32(b, files)
	b = append(b, 0xca, 0x18, 5, 9, 9, 9)
	l.send(frame{muid("offer"), kindVendor, 1, 0, append(b, "FRGN\x02\x00\x01"...)})
}

// part sends a part of its list; with digest it is the last.
func (l *lister) part(first bool, digest []byte, files uint32, body []byte) {
	l.t.Helper()
	b := append(vendorPayload("SRVT", 4), 0)
	flags := &b[len(b)-1]
	if first {
		*flags |= 1
	}
	if digest != nil {
		*flags |= 2
		b = binary.LittleEndian.AppendUint32(append(b, digest...), files)
	}
	l.send(frame{muid("part"), kindVendor, 1, 0, append(b, deflated(body)...)})
}

func deflated(body []byte) []byte {
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, flate.BestSpeed) // a level that there is
	_, _ = z.Write(body)                         // to memory
	_ = z.Close()
	return b.Bytes()
}

// wantAnswer checks the last that our node has said of its list.
func (l *lister) wantAnswer(what string, verdict byte, words string) {
	l.t.Helper()
	got := slices.DeleteFunc(l.said(kindVendor), func(m frame) bool { return !bytes.HasPrefix(m.payload, vendorPayload("SRVT", 3)) })
	if len(got) == 0 {
		l.t.Fatalf("%s: no answer", what)
	}
	a := got[len(got)-1].payload[8:]
	if a[0] != verdict || !bytes.Contains(a[33:], []byte(words)) {
		l.t.Errorf("%s: verdict %d, %q; want %d, %q", what, a[0], a[33:], verdict, words)
	}
}

// record is a file in a list, of a path that is as long as size says.
func record(index uint64, size uint64, path string) []byte {
	b := binary.AppendUvarint(nil, index)
	b = append(b, 9, 1, 1) // bytes, date, audio
	b = binary.AppendUvarint(b, size)
	return append(append(b, path...), 0) // no further words
}

// put is the entry of a part that puts a record.
func put(record []byte) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(record))), record...)
}

// digestOf is the sum of their hashes.
func digestOf(records ...[]byte) []byte {
	sum := new(big.Int)
	for _, r := range records {
		h := sha256.Sum256(r)
		slices.Reverse(h[:])
		sum.Add(sum, new(big.Int).SetBytes(h[:]))
	}
	sum.Mod(sum, new(big.Int).Lsh(big.NewInt(1), 256))
	out := sum.FillBytes(make([]byte, 32))
	slices.Reverse(out)
	return out
}

// gives has it give a list of one file.
func (l *lister) gives(path string) {
	l.t.Helper()
	r := record(1, uint64(len(path)), path)
	l.offer(digestOf(r), 1)
	l.wantAnswer("an offer", listSend, "")
	l.part(true, digestOf(r), 1, put(r))
	time.Sleep(2 * time.Second)
	l.wantAnswer("its list", listHeld, "")
}

// wantFound checks that a lister's file is found.
func (p *party) wantFound(asker *guest, text string, l *lister) {
	p.t.Helper()
	asker.said(kindHit)
	p.ask(asker, text, 1)
	got := asker.said(kindHit)
	if len(got) != 1 || parseHit(p.t, got[0].payload)[0].guid != l.guid {
		p.t.Errorf("%s: %d hits, want one of %q", text, len(got), l.guid)
	}
}

// served has test done to a supernode that takes lists of up to 5,000 files, while
// another leaf comes before it and one after it, who are served all the same. It
// returns how many lists were refused.
func served(t *testing.T, test func(p *party)) (refused map[string]uint64) {
	t.Helper()
	onSupernode(t, servent.Config{MaxLeafFiles: 5000}, "", func(p *party) {
		asker, before := p.guest(captured(p.t, "out_ultra")), p.lister("before")
		before.gives("walrus.ogg")
		test(p)
		p.wantFound(asker, "walrus", before)
		after := p.lister("after")
		after.gives("danube.ogg")
		p.wantFound(asker, "danube", after)
		refused = p.Status().Lists.Refused
		if n := p.Status().Lists.Files; n != 2 {
			p.t.Errorf("%d files are held", n)
		}
	})
	return refused
}

func wantRefused(t *testing.T, got map[string]uint64, why string, want uint64) {
	t.Helper()
	for reason, n := range got {
		if n != want && reason == why || n > 0 && reason != why {
			t.Errorf("refused: %v; want %d for %s", got, want, why)
		}
	}
}

// TestForeignLeafMillionFiles: who offers a million files is told that they are too
// many, and so is who sends them without having said so.
func TestForeignLeafMillionFiles(t *testing.T) {
	refused := served(t, func(p *party) {
		frank, liar := p.lister("frank"), p.lister("liar")
		frank.offer(make([]byte, 32), 1_000_000)
		frank.wantAnswer("a million", listRefused, "1,000,000 files; this supernode holds lists of up to 5,000")
		frank.holds("papaya") // a table will do
		p.ask(p.guest(captured(t, "relay_ultra")), "papaya", 1)
		frank.only("papaya", kindQuery)

		liar.offer(make([]byte, 32), 1)
		liar.wantAnswer("a list that is not here", listHeld, "") // of nothing
		liar.offer(digestOf([]byte("one")), 1)
		liar.wantAnswer("one file", listSend, "")
		sent := uint64(0)
		for sent < 1_000_000 && !liar.over {
			var body []byte
			for range 1000 {
				sent++
				body = append(body, put(record(sent, 6, "papaya"))...)
			}
			liar.part(sent == 1000, nil, 0, body)
			liar.said()
		}
		liar.wantAnswer("a million", listRefused, "more changes than the two lists have files")
		liar.wantBye("it goes on", 505, "List parts that nobody asked for")
		if sent > 50_000 {
			t.Errorf("%d files were taken", sent)
		}
	})
	wantRefused(t, refused, "files", 2)
}

// TestForeignLeafLongNames: who says that names are longer than they may be is told
// so.
func TestForeignLeafLongNames(t *testing.T) {
	for name, body := range map[string][]byte{
		"64 KiB":                 put(record(1, 64<<10, strings.Repeat("x", 64<<10))),
		"64 KiB, and is not":     put(record(1, 64<<10, "walrus")),
		"4 KiB and one":          put(record(1, 4<<10+1, strings.Repeat("x", 4<<10+1))),
		"a record of 64 KiB":     append(binary.AppendUvarint(nil, 64<<10), record(1, 6, "walrus")...),
		"more than there can be": put(record(1, 1<<63, "walrus")),
	} {
		t.Run(name, func(t *testing.T) {
			refused := served(t, func(p *party) {
				l := p.lister("longwinded")
				l.offer(digestOf([]byte("one")), 1)
				l.wantAnswer("an offer", listSend, "")
				l.part(true, digestOf([]byte("one")), 1, body)
				l.wantAnswer("a long name", listRefused, "list")
			})
			wantRefused(t, refused, "malformed", 1)
		})
	}
}

// TestForeignLeafWrongDigest: who sends another list than it says is asked once more,
// then it is refused.
func TestForeignLeafWrongDigest(t *testing.T) {
	refused := served(t, func(p *party) {
		l := p.lister("liar")
		digest := digestOf([]byte("one"))
		l.offer(digest, 1)
		l.wantAnswer("an offer", listSend, "")
		for _, verdict := range []byte{listSend, listRefused} {
			l.part(true, digest, 1, put(record(1, 6, "papaya")))
			l.wantAnswer("another list", verdict, map[byte]string{listRefused: "not the list that its digest names"}[verdict])
		}
	})
	wantRefused(t, refused, "digest", 1)
}

// TestForeignLeafReconnects: who connects ten times a second is welcome a few times,
// then told that this is too often.
func TestForeignLeafReconnects(t *testing.T) {
	served(t, func(p *party) {
		answers := map[string]int{}
		const times = 100
		for range times {
			f := newForeign(p.t, p.knock("5.77.0.1:6346"))
			f.say("GNUTELLA CONNECT/0.6", listerHeaders("restless")...)
			line := f.group()
			if answers[line]++; line == "GNUTELLA/0.6 200 OK" {
				f.say(line)
			}
			f.conn.Close()
			time.Sleep(time.Second / 10)
		}
		welcome, tooOften := answers["GNUTELLA/0.6 200 OK"], answers["GNUTELLA/0.6 429 Connects too often"]
		if welcome < 5 || welcome > 7 || welcome+tooOften != times || p.Status().Edge.Refused != uint64(tooOften) {
			t.Errorf("%v, refused %d", answers, p.Status().Edge.Refused)
		}
	})
}

// TestForeignLeafGivesUp: who gives a list and then a table, or what cannot be read,
// takes no place in answers any more, however well its files suit.
func TestForeignLeafGivesUp(t *testing.T) {
	for name, tt := range map[string]struct {
		state  string // what peers tells of the liar
		giveUp func(l *lister)
	}{
		"a table":         {"table", func(l *lister) { l.holds("papaya") }},
		"a table at once": {"table", func(l *lister) { l.change(); l.holds("papaya") }},
		"an unread part": {"refused", func(l *lister) {
			l.change()
			l.send(frame{muid("part"), kindVendor, 1, 0, append(vendorPayload("SRVT", 4), 0xff)})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			onSupernode(t, servent.Config{}, "", func(p *party) {
				asker, liar, honest := p.guest(captured(p.t, "out_ultra")), p.lister("liar"), p.lister("honest")
				liar.givesMany("papaya", 500)
				honest.gives("papaya song.ogg")
				tt.giveUp(liar)
				p.wantFound(asker, "papaya", honest)
				if n := p.Status().Lists.Leaves; n != 1 {
					p.t.Errorf("%d lists are held", n)
				}
				var states []string
				for _, peer := range p.Peers() {
					if peer.List != nil {
						states = append(states, peer.List.State)
					}
				}
				if want := []string{tt.state, "held"}; !slices.Equal(states, want) {
					p.t.Errorf("lists are %q, want %q", states, want)
				}
			})
		})
	}
}

// givesMany has it give a list of so many files that hold a word.
func (l *lister) givesMany(word string, files int) {
	l.t.Helper()
	var records [][]byte
	var body []byte
	for i := range files {
		path := fmt.Sprintf("%s %04d.ogg", word, i)
		r := record(uint64(i+1), uint64(len(path)), path)
		records, body = append(records, r), append(body, put(r)...)
	}
	l.offer(digestOf(records...), uint32(files))
	l.wantAnswer("an offer", listSend, "")
	l.part(true, digestOf(records...), uint32(files), body)
	time.Sleep(2 * time.Second)
	l.wantAnswer("its list", listHeld, "")
}

// change offers another list.
func (l *lister) change() {
	l.t.Helper()
	l.offer(digestOf([]byte("another")), 1)
	l.wantAnswer("another list", listSend, "")
}
