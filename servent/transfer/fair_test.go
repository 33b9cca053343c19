package transfer

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol"
)

// TestSharersFirst serves a crowd that keeps to what it is told, of whom half share: everybody is
// served in the end, nobody who does not share is passed by more often than agreed, and those who
// share wait less.
func TestSharersFirst(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		ids := 0
		q := &uploadQueue{slots: 3, perHost: 2, perSlot: 1, max: 64, pace: 30 * time.Second, hold: 10 * time.Second, newID: func() string {
			ids++
			return strconv.Itoa(ids)
		}}
		type client struct {
			upload
			came, next, ends time.Time
			served           bool
		}
		var all []*client
		now := time.Unix(1_700_000_000, 0)
		var wait [2]time.Duration
		for n := 0; n < 200; now = now.Add(time.Second) {
			if len(all) < 200 && r.IntN(20) == 0 {
				all = append(all, &client{
					upload: upload{host: netip.AddrFrom4([4]byte{5, 0, 0, byte(len(all))}), size: 1000, shares: len(all)%2 == 0},
					came:   now, next: now,
				})
			}
			for _, c := range all {
				switch {
				case c.served && c.ends.Equal(now):
					q.done(now, c.upload, piece{})
				case !c.served && !now.Before(c.next):
					v := q.ask(now, c.upload, "")
					if v.lane == nil {
						c.next = now.Add((v.retry + time.Second - 1).Truncate(time.Second))
						continue
					}
					n++
					c.served, c.ends = true, now.Add(time.Duration(60+r.IntN(60))*time.Second)
					i := 1
					if c.shares {
						i = 0
					}
					wait[i] += now.Sub(c.came)
				}
			}
			if now.Unix() > 1_700_000_000+100_000 {
				t.Fatalf("seed %d: %d of 200 are served after 100,000 s", seed, n)
			}
		}
		if wait[0]*5 > wait[1]*4 {
			t.Errorf("seed %d: who shares waits %s, others %s", seed, wait[0]/100, wait[1]/100)
		}
	}
}

// TestWeightedTurn: three who share go before one who does not, whoever came first, and in each
// group as they came. Letters in capitals share.
func TestWeightedTurn(t *testing.T) {
	tests := []struct {
		name, waiting string
		ahead         int
		want          string
	}{
		{"each third", "abcdABCDEFGH", 0, "ABCaDEFbGHcd"},
		{"in the middle of it", "abABCD", 2, "AaBCDb"},
		{"the turn of one who does not", "abABCD", 3, "aABCbD"},
		{"nobody shares", "abc", 3, "abc"},
		{"all share", "ABCDE", 1, "ABCDE"},
	}
	for _, tt := range tests {
		q := uploadQueue{ahead: tt.ahead}
		for _, c := range tt.waiting {
			q.places = append(q.places, place{upload: upload{file: protocol.SHA1{byte(c)}, shares: c < 'a'}})
		}
		at := q.arrange(len(q.places) - 1)
		got := ""
		for _, p := range q.places {
			got += string(rune(p.file[0]))
		}
		if got != tt.want || q.places[at].file[0] != tt.waiting[len(tt.waiting)-1] {
			t.Errorf("%s: %s, want %s; the last is at %d", tt.name, got, tt.want, at)
		}
	}
}

// TestTurnsWhereNobodyElseWaits: those who share use up no turns while nobody waits for one.
func TestTurnsWhereNobodyElseWaits(t *testing.T) {
	q := &uploadQueue{slots: 1, perHost: 1, perSlot: 1, max: 64, pace: 30 * time.Second, newID: func() string { return "1" }}
	now := time.Unix(1_700_000_000, 0)
	who := func(n byte, shares bool) upload {
		return upload{host: netip.AddrFrom4([4]byte{5, 0, 0, n}), shares: shares}
	}
	ask := func(n byte, shares bool) int { return q.ask(now, who(n, shares), "").place.Position }
	for n := range byte(sharersFirst + 2) {
		ask(n, true)
	}
	for n := range byte(sharersFirst + 1) {
		q.done(now, who(n, true), piece{})
		now = now.Add(30 * time.Second)
		if at := ask(n+1, true); at != 0 {
			t.Fatalf("who shares as all do is at place %d in its turn", at)
		}
	}
	if other, sharer := ask(51, false), ask(52, true); other != 1 || sharer != 1 {
		t.Errorf("places %d, %d; want the first each", other, sharer)
	}
}

// TestGhostsHaveTheirTurn: who shares and does not come again keeps nobody away for ever.
func TestGhostsHaveTheirTurn(t *testing.T) {
	q := &uploadQueue{slots: 1, perHost: 1, perSlot: 1, max: 64, pace: 30 * time.Second, newID: func() string { return "1" }}
	now := time.Unix(1_700_000_000, 0)
	ghosts := 0
	ghost := func() {
		ghosts++
		q.ask(now, upload{host: netip.AddrFrom4([4]byte{6, 0, byte(ghosts >> 8), byte(ghosts)}), shares: true}, "")
	}
	runs := upload{host: netip.MustParseAddr("5.0.0.1")}
	q.ask(now, runs, "")
	for range sharersFirst + 1 {
		ghost()
	}
	honest := upload{host: netip.MustParseAddr("5.0.0.2")}
	next := now
	q.done(now, runs, piece{})
	for i := 0; ; i++ {
		if i > 3600 {
			t.Fatal("has waited for an hour")
		}
		now = now.Add(time.Second)
		if i%20 == 0 {
			ghost()
		}
		if now.Before(next) {
			continue
		}
		v := q.ask(now, honest, "")
		if v.lane != nil {
			return
		}
		next = now.Add(v.retry)
	}
}

// TestETA: what is told is what it takes at the speed of those that run.
func TestETA(t *testing.T) {
	q := &uploadQueue{slots: 2, perHost: 2, perSlot: 1, max: 64, pace: 30 * time.Second, newID: func() string { return "1" }}
	now := time.Unix(1_700_000_000, 0)
	who := func(n byte, size uint64) upload {
		return upload{host: netip.AddrFrom4([4]byte{5, 0, 0, n}), size: size}
	}
	a, b := q.ask(now, who(1, 10_000), ""), q.ask(now, who(2, 50_000), "")
	if got := q.ask(now, who(3, 1000), "").place.ETA; got != 30*time.Second {
		t.Errorf("nothing is known yet: %s, want the time to ask again", got)
	}
	a.lane.sent.Store(1)
	if got := q.eta(now.Add(measured-1), 0); got != 30*time.Second {
		t.Errorf("hardly begun: %s", got)
	}
	if got := q.eta(now.Add(measured), 0); got == 30*time.Second {
		t.Error("is not measured")
	}
	now = now.Add(10 * time.Second)
	a.lane.sent.Store(1500)
	b.lane.sent.Store(500) // 100 bytes a second of each, so 85 s and 495 s are left
	for i, want := range []time.Duration{86, 96, 1096} {
		size := []uint64{1000, 100_000, 1}[i]
		if got := q.ask(now, who(byte(3+i), size), "").place.ETA; got != want*time.Second && i < 2 {
			t.Errorf("place %d: %s, want %s", i+1, got, want*time.Second)
		}
	}
	q.taken[0].size, q.taken[1].size = 1<<62, 1<<62
	if got := q.eta(now, 0); got != maxETA+time.Second {
		t.Errorf("the longest: %s", got)
	}
	a.lane.sent.Store(1 << 62)
	b.lane.sent.Store(1 << 62)
	if got := q.eta(now, 0); got != time.Second {
		t.Errorf("the shortest: %s", got)
	}
}

// TestFairRate: 8 bodies under one limit get the same, but for a quarter, and who has many
// connections gets no more with them than who has one.
func TestFairRate(t *testing.T) {
	for name, connections := range map[string][]int{"one each": {1, 1, 1, 1, 1, 1, 1, 1}, "one has many": {8, 1, 1, 1}} {
		t.Run(name, func(t *testing.T) {
			inHall(t, ServerConfig{Rate: rate.NewLimiter(20_000, 2000), MaxPerAddr: 1}, func(h *hall) {
				h.server.queue.slots = 8
				for i, n := range connections {
					for range n {
						g := h.guest(fmt.Sprintf("10.0.0.%d", i))
						go func() { _, _ = io.Copy(io.Discard, g.want(200, h.paths[0]).Body) }() // until the server closes
					}
				}
				time.Sleep(15 * time.Second)
				synctest.Wait()
				h.server.mu.Lock()
				defer h.server.mu.Unlock()
				least, most := uint64(1<<63), uint64(0)
				for _, s := range h.server.queue.taken {
					least, most = min(least, s.lane.sent.Load()), max(most, s.lane.sent.Load())
				}
				if most*4 > least*5 || least*uint64(len(connections)) < 250_000 {
					t.Errorf("from %d to %d bytes each", least, most)
				}
			})
		})
	}
}

// TestConnectionsOfOneHost: curl and aria2 with many connections have one slot for all of them;
// what is too many may come again and loses nothing.
func TestConnectionsOfOneHost(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		var open []*guest
		for i := range 8 { // at the limit
			g := h.guest("10.0.0.1")
			g.want(206, h.paths[0], fmt.Sprintf("Range: bytes=%d-%d", 10_000*i, 10_000*i+9999))
			open = append(open, g)
		}
		ninth := h.guest("10.0.0.1")
		resp := ninth.want(503, h.paths[0], "Range: bytes=80000-89999") // one past it
		if resp.Header.Get("Retry-After") != "5" || resp.Close {
			t.Errorf("past the limit: %v", resp.Header)
		}
		h.guest("10.0.0.2").want(503, h.paths[0])
		if st := h.server.Stats(); st.Active != 8 || st.PerSlot != 1 || st.Queued != 1 {
			t.Errorf("%+v", st)
		}
		open[0].leave()
		time.Sleep(5 * time.Second)
		ninth.want(206, h.paths[0], "Range: bytes=80000-89999")
		for _, g := range append(open[1:], ninth) {
			g.leave()
		}
		if st := h.server.Stats(); st.Active != 0 || len(h.server.queue.taken) != 0 {
			t.Errorf("%+v; %d slots", st, len(h.server.queue.taken))
		}
	})
}

// TestBlocksInAnyOrder: who loads block by block keeps its slot, though the last block was among
// the first, and though others of its connections have ended.
func TestBlocksInAnyOrder(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		a, b := h.guest("10.0.0.1"), h.guest("10.0.0.1")
		load := func(g *guest, ranges string) {
			resp := g.want(206, h.paths[0], "Range: bytes="+ranges)
			_, _ = io.Copy(io.Discard, resp.Body)
			synctest.Wait()
		}
		load(a, "90000-99999")
		h.guest("10.0.0.2").want(503, h.paths[1])
		load(a, "50000-59999")
		rest := a.want(206, h.paths[0], "Range: bytes=60000-99999")
		load(b, "0-9999")
		_, _ = io.Copy(io.Discard, rest.Body) // to the end
		synctest.Wait()
		h.guest("10.0.0.3").want(503, h.paths[1])
		time.Sleep(holdSlot)
		load(a, "10000-19999")
		load(a, "30000-") // all the rest
		if n := len(h.server.queue.taken); n > 0 {
			t.Errorf("%d slots are taken", n)
		}
	})
}

// TestPARQOverAnotherAddress: the ID keeps the place, for that file, whatever the address is by now.
func TestPARQOverAnotherAddress(t *testing.T) {
	inHall(t, ServerConfig{}, func(h *hall) {
		first := h.guest("10.0.0.1")
		first.want(200, h.paths[0])
		resp := h.guest("10.0.0.2").want(503, h.paths[0], "X-Queue: 1.1")
		p, err := protocol.ParseQueuePlace(resp.Header.Get("X-Queued"))
		if err != nil || resp.Header.Get("Retry-After") != "30" || p.Lifetime != 90*time.Second {
			t.Fatalf("%+v, %v, %v", p, err, resp.Header)
		}
		time.Sleep(30 * time.Second)
		say := "X-Queued: " + protocol.QueuePlace{Position: 1, ID: p.ID}.PARQ()
		resp = h.guest("10.0.0.3").want(503, h.paths[0], say)
		again, err := protocol.ParseQueuePlace(resp.Header.Get("X-Queued"))
		if err != nil || again.ID != p.ID || again.Position != 1 || again.Length != 1 {
			t.Errorf("%+v, %v", again, err)
		}
		if resp := h.guest("10.0.0.4").want(503, h.paths[1], say); h.server.Stats().Queued != 2 || resp.Header.Get("X-Queued") == "" {
			t.Error("another file has no place of its own")
		}
		first.leave()
		time.Sleep(30 * time.Second)
		h.guest("10.0.0.5").want(200, h.paths[0], say)
	})
}

// TestHeldSlotYields: a slot that is held for a file does not keep its host from another
// one, nor lets it overtake those who wait.
func TestHeldSlotYields(t *testing.T) {
	now := time.Unix(1e9, 0)
	mine, yours := netip.MustParseAddr("1.1.1.1"), netip.MustParseAddr("2.2.2.2")
	for _, slots := range []int{2, 1} {
		q := &uploadQueue{slots: slots, perHost: 1, perSlot: 1, max: 8, pace: 30 * time.Second, hold: 10 * time.Second, newID: func() string { return "1" }}
		one, two := upload{host: mine, file: protocol.SHA1{1}}, upload{host: mine, file: protocol.SHA1{2}}
		if q.ask(now, one, "").lane == nil || q.ask(now, two, "").lane != nil {
			t.Fatal("one slot for a host")
		}
		q.places = nil
		q.done(now, one, piece{Range: protocol.Range{First: 0, End: 10}, size: 100})
		waits := slots == 1 && q.ask(now, upload{host: yours, file: protocol.SHA1{1}}, "").lane == nil
		if got := q.ask(now, two, "").lane != nil; got == waits {
			t.Errorf("%d slots, another waits %v: %v", slots, waits, got)
		}
	}
}
