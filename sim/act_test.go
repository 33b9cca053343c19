package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

const badNodes = 48

// bad says whether a node of misbehaved does: one in eight.
func bad(v NodeID) bool { return v%8 == 3 }

// misbehaved is a flat network some of whose nodes act so. Every honest node searches
// for four tunes; what comes back is by number of the tune.
func misbehaved(t *testing.T, seed uint64, act Act) (*World, [4][]*Flood) {
	t.Helper()
	g := graph.Regular(random(seed, 1), badNodes, 6)
	w := build(t, Config{Seed: seed, Latency: Uniform(5*time.Millisecond, 50*time.Millisecond)}, g, func(v int) NodeConfig {
		cfg := songs(v)
		if bad(NodeID(v)) {
			cfg.Act = act
		}
		return cfg
	})
	var floods [4][]*Flood
	for tune := range floods {
		for v := range NodeID(badNodes) {
			f := w.Query(v, fmt.Sprintf("tune %d", tune), overlay.HardTTL)
			if !bad(v) {
				floods[tune] = append(floods[tune], f)
			}
			w.Run(300 * time.Millisecond)
		}
	}
	w.Run(time.Minute)
	return w, floods
}

// honestRecall is the part of what honest nodes share that others of them have found.
func honestRecall(floods [4][]*Flood) float64 {
	found, there := 0, 0
	for tune, floods := range floods {
		for _, f := range floods {
			got := map[NodeID]bool{}
			for _, h := range f.Hits {
				got[h.Node] = got[h.Node] || h.Files[0].Name == fmt.Sprintf("tune %d.ogg", tune)
			}
			for v := range NodeID(badNodes) {
				if bad(v) || v == f.From || int(v)%11 != tune {
					continue
				}
				there++
				if got[v] {
					found++
				}
			}
		}
	}
	return float64(found) / float64(there)
}

// TestGarblers: whoever gets damaged messages counts them, ends the link with who goes
// on sending them, and finds all that honest nodes have.
func TestGarblers(t *testing.T) {
	for seed := range uint64(5) {
		w, floods := misbehaved(t, seed, Garbler)
		if r := honestRecall(floods); r < 0.97 {
			t.Errorf("seed %d: honest nodes find %.1f %%", seed, 100*r)
		}
		var malformed, closed uint64
		links := 0
		for v := range NodeID(badNodes) {
			if bad(v) {
				links += len(w.Node(v).Links())
				continue
			}
			st := w.Node(v).Stats()
			malformed += st.Drops[overlay.DropMalformed]
			closed += st.Closed[protocol.ByeTooLarge]
		}
		if malformed == 0 || closed < 6 || links > 9 { // of 36
			t.Errorf("seed %d: %d malformed messages, %d links ended for them, garblers keep %d", seed, malformed, closed, links)
		}
	}
}

// TestFalseHits: files that nobody has come beside those that there are, and change
// nothing about these.
func TestFalseHits(t *testing.T) {
	for seed := range uint64(5) {
		_, floods := misbehaved(t, seed, FalseHits)
		if r := honestRecall(floods); r < 1 {
			t.Errorf("seed %d: honest nodes find %.1f %%", seed, 100*r)
		}
		asked := question{names: []string{"tune 2.ogg"}}
		liars := map[NodeID]bool{}
		for _, f := range floods[2] {
			for _, h := range f.Hits {
				switch lie := strings.HasSuffix(h.Files[0].Name, falseEnd); {
				case lie && asked.real(h), !lie && !asked.real(h):
					t.Errorf("seed %d: %q is taken for real: %v", seed, h.Files[0].Name, asked.real(h))
				case lie:
					liars[h.Node] = true
				}
			}
		}
		if len(liars) != badNodes/8 {
			t.Errorf("seed %d: %d nodes lie", seed, len(liars))
		}
	}
}

// TestGarblerDamagesEverything: what a garbler sends is sometimes too short to have a
// header, sometimes lies about its length, and mostly is as it was.
func TestGarblerDamagesEverything(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
	g := w.actor(w.nodes[w.Add(NodeConfig{Act: Garbler})], w.nodes[0].node).(garbler)
	was := numbered(1, 20)
	var short, length, kind, ttl, same int
	for range 10_000 {
		acts := g.garble([]overlay.Action{{Op: overlay.OpSend, Msg: was, TTL: 1}})
		h, err := protocol.ParseHeader(acts[0].Msg)
		switch {
		case err != nil:
			short++
		case int(h.Size) != len(acts[0].Msg)-protocol.HeaderSize:
			length++
		case h.Kind != protocol.KindPing:
			kind++
		case acts[0].TTL != 1:
			ttl++
		case string(acts[0].Msg) == string(was):
			same++
		}
	}
	if min(short, length, kind, ttl) < 50 || same < 8500 || same > 9500 {
		t.Errorf("%d without header, %d of another length, %d kind, %d TTL; %d as they were", short, length, kind, ttl, same)
	}
	if string(was) != string(numbered(1, 20)) {
		t.Error("it has changed what others have, too")
	}
}

func TestActNames(t *testing.T) {
	for a := range numActs {
		if a.String() == "" {
			t.Errorf("act %d has no name", a)
		}
	}
	if got := numActs.String(); got != "act 5" {
		t.Error(got)
	}
}
