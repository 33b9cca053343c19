package swarm

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// What the engine keeps for speed is, after every event, what a recount gives;
// and nobody with room on a link sits idle beside a piece that it lacks.
func TestState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := troubled(t)
		c.fill()
		e := newEngine(c, rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed"))))
		e.start()
		for range 3000 {
			ev, ok := e.next()
			if !ok || e.busy == 0 {
				return
			}
			if ev.at < e.now {
				t.Fatalf("time runs back from %d to %d", e.now, ev.at)
			}
			e.now = ev.at
			e.happen(ev)
			for v := range int32(len(e.peers)) {
				checkLinks(t, e, v)
				checkPieces(t, e, v)
			}
		}
	})
}

func checkLinks(t *rapid.T, e *engine, v int32) {
	p := &e.peers[v]
	open := int32(0)
	waiting := make([]uint64, e.words)
	for h := p.start; h < p.end; h++ {
		hf := e.halves[h]
		if hf.to < 0 {
			if hf.asks != 0 {
				t.Fatalf("%d asks %d times over no link", v, hf.asks)
			}
			continue
		}
		open++
		if b := e.halves[hf.back]; b.to != v || b.back != h || hf.to == v || p.left {
			t.Fatalf("the link of %d to %d has no other side, or is of one that left", v, hf.to)
		}
		checkAsks(t, e, v, h, waiting)
		view := e.view(v, hf.to)
		if e.wants(v) && hf.asks < e.limit(hf.to) && view.Count() > 0 {
			t.Fatalf("%d could ask %d for a piece and does not", v, hf.to)
		}
	}
	if open != p.open || e.Tracker != nil && (int(open) > e.most(v) || p.pending < 0) {
		t.Fatalf("%d has %d links, counts %d, waits for %d", v, open, p.open, p.pending)
	}
	for i, w := range waiting {
		if asked := e.set(e.asked, v)[i]; asked != w {
			t.Fatalf("%d waits for pieces %x and counts %x", v, w, asked)
		}
	}
}

func checkAsks(t *rapid.T, e *engine, v, h int32, waiting []uint64) {
	hf := e.halves[h]
	if hf.asks > e.limit(hf.to) {
		t.Fatalf("%d asks %d of %d at once", v, hf.asks, hf.to)
	}
	twice := make([]uint64, e.words)
	for _, id := range e.out[int(h)*e.pipe:][:hf.asks] {
		a := &e.asks[id]
		bit := uint64(1) << (a.piece % 64)
		if a.from != v || a.to != hf.to || a.half != h || twice[a.piece/64]&bit != 0 {
			t.Fatalf("%d asks %d for piece %d in a wrong way", v, hf.to, a.piece)
		}
		if e.set(e.have, v)[a.piece/64]&bit != 0 {
			t.Fatalf("%d waits for piece %d, which it has", v, a.piece)
		}
		twice[a.piece/64] |= bit
		waiting[a.piece/64] |= bit
	}
}

func checkPieces(t *rapid.T, e *engine, v int32) {
	n := 0
	for i, have := range e.set(e.have, v) {
		n += bits.OnesCount64(have)
		if told := e.set(e.told, v)[i]; told&^have != 0 {
			t.Fatalf("%d told of pieces %x that it lacks", v, told&^have)
		}
		if claimed := e.set(e.claimed, v)[i]; claimed&^(have|e.set(e.asked, v)[i]) != 0 || claimed&e.set(e.told, v)[i] != 0 {
			t.Fatalf("%d claims pieces %x, and has or waits for others", v, claimed)
		}
	}
	p := &e.peers[v]
	if n+int(p.missing) != e.pieces {
		t.Fatalf("%d has %d pieces and counts %d missing of %d", v, n, p.missing, e.pieces)
	}
	for piece := range e.pieces {
		count := uint16(0)
		for h := p.start; h < p.end; h++ {
			if w := e.halves[h].to; w >= 0 {
				count += uint16((e.set(e.told, w)[piece/64] | e.set(e.claimed, w)[piece/64]) >> (piece % 64) & 1)
			}
		}
		if got := e.copies(v)[piece]; got != count {
			t.Fatalf("%d counts piece %d at %d neighbours, not %d", v, piece, got, count)
		}
	}
}

// Events come in the order of time, and in that of planning when at one moment.
func TestEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q events
		last := event{at: -1}
		in, out := 0, 0
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "add") > 0 {
				q.add(max(last.at, 0)+int64(rapid.IntRange(0, 5).Draw(t, "in")), dial, int32(in), -1)
				in++
				continue
			}
			e, ok := q.next()
			if ok != (in > out) {
				t.Fatalf("%d in, %d out, next %v", in, out, ok)
			}
			if !ok {
				continue
			}
			out++
			if !last.before(&e) || e.kind() != dial || e.b != -1 {
				t.Fatalf("%+v after %+v", e, last)
			}
			last = e
		}
	})
}
