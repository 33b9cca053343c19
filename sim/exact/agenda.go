package exact

import "time"

// Agenda holds what will happen and gives the earliest first; of what happens at
// the same time, that which was put in first. It is a binary heap, and its zero
// value is empty.
type Agenda[T any] struct {
	heap []appointment[T]
	last uint64
}

type appointment[T any] struct {
	at   time.Duration
	nth  uint64
	what T
}

func (a *appointment[T]) before(b *appointment[T]) bool {
	return a.at < b.at || a.at == b.at && a.nth < b.nth
}

// Next is when the earliest happens; false when there is nothing.
func (a *Agenda[T]) Next() (time.Duration, bool) {
	if len(a.heap) == 0 {
		return 0, false
	}
	return a.heap[0].at, true
}

// Push puts something on the agenda.
func (a *Agenda[T]) Push(at time.Duration, what T) {
	a.last++
	a.heap = append(a.heap, appointment[T]{at, a.last, what})
	h := a.heap
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(&h[parent]) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

// Pop takes out the earliest, which there must be.
func (a *Agenda[T]) Pop() (time.Duration, T) {
	h := a.heap
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h[last] = appointment[T]{} // what it refers to is free
	h = h[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h[child].before(&h[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	a.heap = h
	return first.at, first.what
}
