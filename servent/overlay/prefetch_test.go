package overlay

import (
	"reflect"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// TestPrefetch gives two nodes the same messages, and one of them a look ahead,
// at broken batches too: both do the same.
func TestPrefetch(t *testing.T) {
	plain, ahead := newBench(t, nil), newBench(t, nil)
	plain.links(3)
	ahead.links(3)
	var msgs [][]byte
	for i := range byte(100) {
		h := flood(5, 1)
		h.ID = protocol.GUID{i % 80} // some come twice
		msgs = append(msgs, plain.message(h, query("blue danube")))
	}
	batch := slices.Concat(msgs...)
	look := func() {
		for _, cut := range []int{0, 1, protocol.HeaderSize, len(msgs[0]), len(batch) - 1, len(batch)} {
			ahead.n.Prefetch(batch[:cut])
			ahead.n.Prefetch(batch[len(batch)-cut:]) // begins inside a message
		}
	}
	look()
	for i, msg := range msgs {
		from := LinkID(1 + i%3)
		want, got := plain.step(Received{Link: from, Msg: msg}), ahead.step(Received{Link: from, Msg: msg})
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("message %d: actions %v, without a look ahead %v", i, got, want)
		}
	}
	if got, want := ahead.n.Stats(), plain.n.Stats(); !reflect.DeepEqual(got, want) {
		t.Errorf("stats %v, without a look ahead %v", got, want)
	}
	if n := testing.AllocsPerRun(10, look); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
