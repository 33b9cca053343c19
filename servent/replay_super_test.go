package servent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// superSessions are links of one supernode of ours at one time, captured with one
// clock: to an ultrapeer and to a leaf of gtk-gnutella's, and to a leaf of ours.
var superSessions = []struct{ name, from string }{
	{"super-beside", ""}, // we opened it
	{"super-leaf", "5.14.0.1:56653"},
	{"super-own-leaf", "5.10.0.1:47427"},
}

// passedOn lists what our supernode sent in session i of those because of what it
// got in the others, or had itself: queries and hits.
func passedOn(all [][]captured, i int) (out []captured) {
	for _, c := range all[i] {
		h, err := protocol.ParseHeader(c.bytes)
		if err != nil || c.theirs || h.Kind != protocol.KindQuery && h.Kind != protocol.KindQueryHit {
			continue
		}
		for j, other := range all {
			own := i == j && h.Kind == protocol.KindQueryHit && h.Hops == 0
			for _, from := range other {
				got, err := protocol.ParseHeader(from.bytes)
				if err != nil || !from.theirs || from.at > c.at || got.ID != h.ID {
					continue
				}
				if own && got.Kind == protocol.KindQuery || i != j && got.Kind == h.Kind && got.Hops+1 == h.Hops {
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// TestReplaySupernode: gtk-gnutella as leaf under a supernode of ours, and as
// ultrapeer beside it: searches both ways, hits both ways, by their route tables and
// ours. What was passed on when that was captured is passed on again.
func TestReplaySupernode(t *testing.T) {
	dir := t.TempDir()
	var all [][]captured
	for _, s := range superSessions {
		all = append(all, readSession(t, s.name))
		shareWhatWasFound(t, dir, all[len(all)-1])
	}
	synctest.Test(t, func(t *testing.T) {
		plays, st := playSupernode(t, all, dir)
		for i, want := range []int{14, 6, 6} {
			checkPassedOn(t, superSessions[i].name, plays[i], passedOn(all, i), want)
		}
		if st.Drops["malformed"] != 0 || st.Drops["unknown"] != 0 {
			t.Errorf("dropped: %v", st.Drops)
		}
		if st.Links["supernode"] != 1 || len(st.Closed) != 0 {
			t.Errorf("links %v, closed %v", st.Links, st.Closed)
		}
		checkLeafSpared(t, plays[1], all)
	})
}

// playSupernode plays the sessions against a supernode of ours, and returns them
// with its status at their end.
func playSupernode(t *testing.T, all [][]captured, dir string) ([]*replay, Status) {
	var plays []*replay
	for _, session := range all {
		plays = append(plays, newReplay(t, session))
	}
	linked := make(chan struct{}, 1)
	h := runHostOn(t, Config{
		Role: RoleSupernode, Network: Gnutella, Connect: []string{"5.9.0.1:6346"}, listener: newPipes(),
		resolve: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("there is nobody else") },
		dial: func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
			if plays[0].conn != nil || a.Addr() != netip.MustParseAddr("5.9.0.1") {
				return nil, errors.New("nobody is there")
			}
			here, there := net.Pipe()
			plays[0].conn = there
			linked <- struct{}{}
			return here, nil
		},
	})
	if err := h.Share(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	<-linked
	begin := time.Now()
	for i, r := range plays {
		// Our leaf answered within the millisecond that it was asked in.
		r.begin = begin.Add(time.Duration(i) * time.Millisecond)
		go func() {
			if time.Sleep(all[i][0].at); i > 0 {
				r.conn = h.pipes.knockFrom(superSessions[i].from)
			}
			r.run()
		}()
	}
	time.Sleep(all[0][len(all[0])-1].at - time.Second) // then our supernode was stopped
	synctest.Wait()
	st := h.Status()
	h.stop()
	for _, r := range plays {
		<-r.ended
	}
	return plays, st
}

// checkPassedOn says whether all that our supernode passed on to r when that was
// captured has been passed on to it again. Its own hits are not the same bytes: the
// files and the address are others.
func checkPassedOn(t *testing.T, name string, r *replay, then []captured, want int) {
	t.Helper()
	if len(then) != want {
		t.Errorf("%s: %d messages were passed on, not %d", name, len(then), want)
	}
	for _, c := range then {
		h, err := protocol.ParseHeader(c.bytes)
		if err != nil {
			t.Fatal(err)
		}
		found := h.Kind == protocol.KindQueryHit && h.Hops == 0 && r.answers[h.ID]
		for _, now := range r.all {
			found = found || bytes.Equal(now.bytes, c.bytes)
		}
		if !found {
			t.Errorf("%s: after %v: no more: %v, TTL %d, hops %d: %.60q", name, c.at, h.Kind, h.TTL, h.Hops, c.bytes[protocol.HeaderSize:])
		}
	}
}

// checkLeafSpared says whether the leaf of gtk-gnutella's was asked only for what its
// table has, as then.
func checkLeafSpared(t *testing.T, leaf *replay, all [][]captured) {
	t.Helper()
	then, known, spared := map[protocol.GUID]bool{}, map[protocol.GUID]bool{}, 0
	for _, session := range all {
		for _, c := range session {
			h, err := protocol.ParseHeader(c.bytes)
			known[h.ID] = known[h.ID] || err == nil && c.theirs && h.Kind == protocol.KindQuery
		}
	}
	for _, c := range leaf.session {
		if h, err := protocol.ParseHeader(c.bytes); err == nil && h.Kind == protocol.KindQuery {
			then[h.ID] = true
		}
	}
	for id, query := range known {
		if query && !then[id] {
			spared++
		}
	}
	if spared < 10 {
		t.Errorf("it was spared %d queries then", spared)
	}
	for _, c := range leaf.all {
		if h, err := protocol.ParseHeader(c.bytes); err != nil || h.Kind == protocol.KindQuery && !then[h.ID] {
			t.Errorf("it is asked %v %q, %v", h, c.bytes[protocol.HeaderSize:], err)
		}
	}
}

// TestReplayFirewalled: a leaf of gtk-gnutella's that nobody can connect to has our
// supernode for push proxy, which names its address and passes on pushes.
func TestReplayFirewalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, readSession(t, "super-firewalled"))
		h := runHostOn(t, Config{Role: RoleSupernode, Network: Gnutella, listener: newPipes(), dial: noDials})
		leaf, err := protocol.ParseGUID("7afe310275f49ba0541268be61cb3d82")
		if err != nil {
			t.Fatal(err)
		}
		r.conn = h.pipes.knockFrom("5.14.0.1:45529")
		go r.run()
		time.Sleep(20 * time.Second)
		c := h.pipes.knockFrom("5.30.0.1:1234")
		go fmt.Fprintf(c, "GET /gnutella/push-proxy?ServerId=%s&file=9 HTTP/1.1\r\nHost: x\r\nX-Node: 5.30.0.1:6346\r\n\r\n",
			base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(leaf[:]))
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, " 202 ") {
			t.Errorf("push proxy: %q, %v", line, err)
		}
		c.Close()
		time.Sleep(time.Minute)
		h.stop()
		<-r.ended
		ack := protocol.AppendMessage(nil, protocol.Header{ID: leaf, Kind: protocol.KindVendor, TTL: 1}, protocol.NewProxyAck(h.Addr()))
		push := protocol.Push{Servent: leaf, Index: 9, Addr: netip.MustParseAddrPort("5.30.0.1:6346")}.Append(nil)
		acks, pushes := 0, 0
		for _, m := range r.all {
			if bytes.Equal(m.bytes, ack) {
				acks++
			}
			if protocol.Kind(m.bytes[16]) == protocol.KindPush && m.bytes[17] == 1 && bytes.Equal(m.bytes[protocol.HeaderSize:], push) {
				pushes++
			}
		}
		if acks != 1 || pushes != 1 || r.bye != "" {
			t.Errorf("%d acks, %d pushes, bye %q", acks, pushes, r.bye)
		}
	})
}
