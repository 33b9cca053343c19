package sim

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestQueueOrder: events come by time, those of equal time as they were put in,
// also while others are put in between.
func TestQueueOrder(t *testing.T) {
	type item struct {
		at  time.Duration
		seq int32
	}
	for seed := range uint64(20) {
		r := random(seed, 0)
		var q queue
		var waiting []item
		seq := int32(0)
		for range 3000 {
			if r.IntN(3) > 0 || len(waiting) == 0 {
				at := time.Duration(r.IntN(50))
				seq++
				q.push(at, event{kind: atSent, size: seq})
				waiting = append(waiting, item{at, seq})
				continue
			}
			least := slices.MinFunc(waiting, func(a, b item) int {
				if a.at != b.at {
					return int(a.at - b.at)
				}
				return int(a.seq - b.seq)
			})
			at, ok := q.next()
			if ev := q.pop(); !ok || at != least.at || ev.size != least.seq {
				t.Fatalf("seed %d: got %d at %d, want %d at %d", seed, ev.size, at, least.seq, least.at)
			}
			waiting = slices.DeleteFunc(waiting, func(i item) bool { return i.seq == least.seq })
		}
		if q.busy != len(waiting) || len(q.heap) != len(waiting) {
			t.Errorf("seed %d: %d busy, %d in the heap, want %d", seed, q.busy, len(q.heap), len(waiting))
		}
	}
}

// TestQueueForgets: what was taken out is not kept from the garbage collector.
func TestQueueForgets(t *testing.T) {
	var q queue
	q.push(1, event{kind: atMessage, msg: []byte("x")})
	q.push(2, event{kind: atTimer})
	if q.busy != 1 {
		t.Errorf("busy %d with a message and a timer, want 1", q.busy)
	}
	if q.pop(); q.slots[0].msg != nil || q.busy != 0 {
		t.Errorf("slot %+v, busy %d after pop", q.slots[0], q.busy)
	}
	if q.push(3, event{kind: atSent}); len(q.slots) != 2 {
		t.Errorf("%d slots for 2 events", len(q.slots))
	}
}

// BenchmarkQueue takes an event out and puts another in.
func BenchmarkQueue(b *testing.B) {
	for _, waiting := range []int{100, 10000, 1000000} {
		b.Run(strconv.Itoa(waiting), func(b *testing.B) {
			r := random(1, 0)
			var q queue
			for range waiting {
				q.push(time.Duration(r.IntN(1000)), event{kind: atMessage})
			}
			for b.Loop() {
				at, _ := q.next()
				q.pop()
				q.push(at+time.Duration(r.IntN(1000)), event{kind: atMessage})
			}
		})
	}
}
