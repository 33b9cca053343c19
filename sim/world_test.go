package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

const lag = 20 * time.Millisecond // the default latency

// logger notes when which event came to which node.
type logger struct {
	w   *World
	got []seen
}

type seen struct {
	at   time.Duration
	node NodeID
	ev   overlay.Event
}

func newLogger(cfg Config) *logger {
	l := &logger{}
	cfg.Watch = func(id NodeID, ev overlay.Event, _ []overlay.Action) {
		if ev != nil {
			l.got = append(l.got, seen{l.w.Now(), id, ev})
		}
	}
	cfg.Role = overlay.RoleFlat
	l.w = New(cfg)
	return l
}

// of returns the events of one type at a node.
func of[E overlay.Event](l *logger, id NodeID) (all []E, at []time.Duration) {
	for _, s := range l.got {
		if ev, ok := s.ev.(E); ok && s.node == id {
			all = append(all, ev)
			at = append(at, s.at)
		}
	}
	return all, at
}

// pairOfStrangers makes two strangers with one link, and returns the first.
func pairOfStrangers(t *testing.T, w *World, wire Wire) *stranger {
	t.Helper()
	var s [2]*stranger
	for i := range s {
		id := protocol.GUID{byte(i + 1)}
		s[i] = newStranger(id, true)
		cfg := NodeConfig{}
		cfg.Overlay.ID = id
		w.AddActor(cfg, s[i])
	}
	if err := w.LinkBy(0, 1, wire); err != nil {
		t.Fatal(err)
	}
	return s[0]
}

func numbered(n, size int) []byte {
	h := protocol.Header{ID: protocol.GUID{byte(n >> 8), byte(n)}, Kind: protocol.KindPing, TTL: 1}
	return protocol.AppendMessage(nil, h, rawPayload(make([]byte, size)))
}

func number(msg []byte) int { return int(msg[0])<<8 | int(msg[1]) }

func TestMessagesKeepTheirOrder(t *testing.T) {
	for seed := range uint64(20) {
		l := newLogger(Config{Seed: seed, Latency: Uniform(time.Millisecond, time.Second)})
		a := pairOfStrangers(t, l.w, Wire{})
		for n := range 50 {
			a.send(a.links[0], numbered(n, 0))
			l.w.Step(0, overlay.Heard{})
			l.w.Run(10 * time.Millisecond)
		}
		l.w.RunUntilIdle()
		got, at := of[overlay.Received](l, 1)
		if len(got) != 50 || !slices.IsSorted(at) {
			t.Fatalf("seed %d: %d messages at %v", seed, len(got), at)
		}
		for n, m := range got {
			if number(m.Msg) != n {
				t.Fatalf("seed %d: message %d came as number %d", seed, number(m.Msg), n)
			}
		}
		if at[0] < time.Millisecond || slices.Max(at) > 1500*time.Millisecond {
			t.Errorf("seed %d: messages came from %s to %s", seed, at[0], slices.Max(at))
		}
	}
}

// TestBandwidth: of three messages of 100 bytes at 1000 bytes a second one
// leaves every 100 ms, and is reported then.
func TestBandwidth(t *testing.T) {
	l := newLogger(Config{})
	a := pairOfStrangers(t, l.w, Wire{Latency: Constant(7 * time.Millisecond), Bandwidth: 1000})
	for n := range 3 {
		a.send(a.links[0], numbered(n, 100-protocol.HeaderSize))
	}
	l.w.Step(0, overlay.Heard{})
	l.w.RunUntilIdle()
	sent, left := of[overlay.Sent](l, 0)
	_, came := of[overlay.Received](l, 1)
	ms := time.Millisecond
	if !slices.Equal(left, []time.Duration{100 * ms, 200 * ms, 300 * ms}) || sent[0].Bytes != 100 {
		t.Errorf("sent %v at %v", sent, left)
	}
	if !slices.Equal(came, []time.Duration{107 * ms, 207 * ms, 307 * ms}) {
		t.Errorf("came at %v", came)
	}
}

func TestWithoutBandwidthSentAtOnce(t *testing.T) {
	l := newLogger(Config{})
	a := pairOfStrangers(t, l.w, Wire{})
	for n := range 3 {
		a.send(a.links[0], numbered(n, 77))
	}
	l.w.Step(0, overlay.Heard{})
	sent, at := of[overlay.Sent](l, 0)
	if len(sent) != 1 || sent[0].Bytes != 300 || at[0] != 0 {
		t.Errorf("sent %v at %v, want 300 bytes at once", sent, at)
	}
}

// TestCopiesDiffer: a received message is as it was sent, though the sender's
// TTL differs between links.
func TestCopiesDiffer(t *testing.T) {
	l := newLogger(Config{})
	a := pairOfStrangers(t, l.w, Wire{})
	msg := numbered(1, 5)
	for ttl := range uint8(3) {
		a.queue = append(a.queue, overlay.Action{Op: overlay.OpSend, Link: a.links[0], Msg: msg, TTL: ttl + 1, Hops: 2 * ttl})
	}
	l.w.Step(0, overlay.Heard{})
	l.w.RunUntilIdle()
	got, _ := of[overlay.Received](l, 1)
	for i, m := range got {
		if h, _ := protocol.ParseHeader(m.Msg); int(h.TTL) != i+1 || int(h.Hops) != 2*i {
			t.Errorf("copy %d has TTL %d and hops %d", i, h.TTL, h.Hops)
		}
	}
	if len(got) != 3 || msg[17] != 1 {
		t.Errorf("%d copies; the original now has TTL %d", len(got), msg[17])
	}
}

// TestAfterAndIdle: calls come in their order and keep the World from idling;
// deadlines of nodes do not.
func TestAfterAndIdle(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
	w.Add(NodeConfig{})
	var got []int
	w.After(time.Second, func() { got = append(got, 2) })
	w.After(time.Second, func() { got = append(got, 3); w.After(0, func() { got = append(got, 4) }) })
	w.After(time.Millisecond, func() { got = append(got, 1) })
	w.Run(500 * time.Millisecond)
	if !slices.Equal(got, []int{1}) || w.Now() != 500*time.Millisecond {
		t.Errorf("after half a second: calls %v, now %s", got, w.Now())
	}
	w.RunUntilIdle()
	if !slices.Equal(got, []int{1, 2, 3, 4}) || w.Now() != time.Second {
		t.Errorf("when idle: calls %v, now %s", got, w.Now())
	}
}

// restless asks to be run again at once, for ever.
type restless struct{ stranger }

func (r *restless) Deadline() (time.Time, bool) { return epoch, true }

func TestRestlessNodePanics(t *testing.T) {
	defer func() {
		if e, _ := recover().(string); !strings.Contains(e, "seed 7: loop does not come to rest") {
			t.Errorf("panic %q", e)
		}
	}()
	w := New(Config{Role: overlay.RoleFlat, Seed: 7})
	w.AddActor(NodeConfig{Name: "loop"}, &restless{})
	w.Run(time.Second)
}

// BenchmarkFlood floods 1,000 nodes of degree 8.
func BenchmarkFlood(b *testing.B) {
	w := build(b, Config{}, graph.Regular(random(1, 1), 1000, 8), plain)
	messages := 0
	for b.Loop() {
		f := w.Query(0, "blue danube", 7)
		w.RunUntilIdle()
		messages += f.Messages
		w.EndQuery(f)
	}
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
}
