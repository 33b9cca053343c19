package overlay

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

func TestBucket(t *testing.T) {
	rate := Rate{PerSecond: 10, Burst: 5}
	var b bucket
	burst := func(at time.Duration) (n int) {
		for b.allow(at, rate) {
			n++
		}
		return n
	}
	steps := []struct {
		at   time.Duration
		want int
	}{
		{time.Hour, 5}, // full at the first use
		{time.Hour, 0},
		{time.Hour + 99*time.Millisecond, 0},
		{time.Hour + 100*time.Millisecond, 1},
		{time.Hour + 400*time.Millisecond, 3},
		{time.Hour + 900*time.Millisecond, 5},
		{2 * time.Hour, 5}, // no more than Burst is saved up
	}
	for _, s := range steps {
		if got := burst(s.at); got != s.want {
			t.Errorf("at %s: %d allowed, want %d", s.at, got, s.want)
		}
	}
	// Time before the burst does not count a second time.
	b = bucket{}
	b.allow(0, rate)
	if got := burst(time.Hour); got != 5 {
		t.Errorf("%d allowed after an hour with one token used, want 5", got)
	}
}

// blank is a message of a hundred bytes.
func blank(kind protocol.Kind) []byte {
	msg := make([]byte, 100)
	msg[kindAt] = byte(kind)
	return msg
}

// fill queues size bytes on link 1.
func (b *bench) fill(size int) { b.n.byID[1].queued = size }

// TestQueueShares: each kind is sent while the queue stays within its share, and
// dropped one byte past it.
func TestQueueShares(t *testing.T) {
	const most = 512 << 10
	for kind, share := range map[protocol.Kind]int{
		protocol.KindQuery: most / 2, protocol.KindPing: most / 4 * 3, protocol.KindPong: most / 4 * 3,
		protocol.KindQueryHit: most, protocol.KindPush: most, protocol.KindVendor: most, protocol.KindQRP: most,
	} {
		b := newBench(t, nil)
		b.links(1)
		l := b.n.byID[1]
		msg := blank(kind)
		b.fill(share - 100)
		if out := b.n.send(l, msg, 1, 0, nil); len(out) != 1 || l.queued != share {
			t.Errorf("%s: %d actions at the limit, %d bytes queued", kind, len(out), l.queued)
		}
		b.fill(share - 99)
		st := b.n.Stats()
		drops := st.Drops[DropQueueFull]
		out := b.n.send(l, msg, 1, 0, nil)
		st = b.n.Stats()
		if len(out) != 0 || l.queued != share-99 || st.Drops[DropQueueFull] != drops+1 || st.Of(kind).Dropped == 0 {
			t.Errorf("%s: %d actions one byte past the limit, %d drops", kind, len(out), st.Drops[DropQueueFull]-drops)
		}
	}
}

// TestByeAlwaysFits: the last word is sent however full the queue is.
func TestByeAlwaysFits(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	b.fill(512 << 10)
	if got := byes(b.n.Leave(b.now, nil)); len(got) != 1 || got[0] != protocol.ByeShutdown {
		t.Errorf("byes %v", got)
	}
}

// TestStall: a link is closed when it has been too full for 30 s, not before,
// and not when it has recovered in between.
func TestStall(t *testing.T) {
	const half, quarter = 256 << 10, 128 << 10
	closes := func(queued int, after time.Duration) bool {
		b := newBench(t, nil)
		b.links(1)
		b.fill(half)
		b.n.send(b.n.byID[1], blank(protocol.KindPush), 1, 0, nil)
		b.pass(10 * time.Second)
		b.step(Sent{Link: 1, Bytes: half + 100 - queued})
		return len(ops(b.pass(after), OpClose)) > 0
	}
	tests := []struct {
		name   string
		queued int // after ten seconds
		after  time.Duration
		want   bool
	}{
		{"nothing sent, just before", half + 100, 20*time.Second - 1, false},
		{"nothing sent", half + 100, 20 * time.Second, true},
		{"trickle", half - 1000, 20 * time.Second, true},
		{"over a quarter", quarter + 1, 20 * time.Second, true},
		{"recovered", quarter, 40 * time.Second, false},
		{"empty", 0, 40 * time.Second, false},
	}
	for _, tt := range tests {
		if got := closes(tt.queued, tt.after); got != tt.want {
			t.Errorf("%s: closed %t, want %t", tt.name, got, tt.want)
		}
	}
	b := newBench(t, nil)
	b.links(1)
	b.fill(half + 1)
	b.n.send(b.n.byID[1], blank(protocol.KindPush), 1, 0, nil)
	if got := byes(b.pass(30 * time.Second)); len(got) != 1 || got[0] != protocol.ByeQueueFull {
		t.Errorf("byes %v, want 502", got)
	}
}

// TestQueriesAloneStall: queries never fill more than a half, and a peer that
// takes none is closed all the same.
func TestQueriesAloneStall(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Rate = Rate{1e9, 1e9}; c.AliveTimeout = time.Hour; c.KeepAlive = 59 * time.Minute })
	b.links(2)
	for range 6000 {
		b.receive(2, protocol.Header{Kind: protocol.KindQuery, TTL: 3}, query("blue danube by johann strauss, the waltz"))
	}
	if q := b.n.Links()[0].Queued; q > 256<<10 {
		t.Errorf("%d bytes of queries queued", q)
	}
	var out []Action
	for range 35 { // it takes one byte a second
		out = append(out, b.pass(time.Second)...)
		b.step(Sent{Link: 1, Bytes: 1})
	}
	if got := byes(out); len(got) != 1 || got[0] != protocol.ByeQueueFull {
		t.Errorf("byes %v, want 502", got)
	}
}

func TestSentNeverNegative(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	b.step(Sent{Link: 1, Bytes: 1 << 20})
	b.step(Sent{Link: 99, Bytes: 1})
	if q := b.n.Links()[0].Queued; q != 0 {
		t.Errorf("%d bytes queued", q)
	}
}

// TestKeepAlive: a silent peer is pinged after 60 s, and closed after 127 s; any
// message begins that anew.
func TestKeepAlive(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	if out := b.pass(60*time.Second - 1); len(out) != 0 {
		t.Errorf("before 60 s: %v", out)
	}
	if out := sends(b.pass(1), protocol.KindPing); len(out) != 1 || out[0].TTL != 1 || out[0].Hops != 0 {
		t.Errorf("at 60 s: %v", out)
	}
	if out := b.pass(67*time.Second - 1); len(out) != 0 {
		t.Errorf("before 127 s: %v", out)
	}
	out := b.pass(1)
	if got := byes(out); len(got) != 1 || got[0] != protocol.ByeNoReply || len(ops(out, OpClose)) != 1 || len(b.n.Links()) != 0 {
		t.Errorf("at 127 s: byes %v", got)
	}

	b = newBench(t, nil)
	b.links(1)
	for range 20 {
		b.pass(126 * time.Second)
		b.receive(1, protocol.Header{Kind: 0x77, TTL: 1}, nil)
	}
	if len(b.n.Links()) != 1 {
		t.Error("a peer that speaks every 126 s is closed")
	}
}
