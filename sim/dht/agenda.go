package dht

import (
	"cmp"
	"container/heap"
	"time"
)

// event is what happens to a node at some time: it stabilises, or leaves.
type event struct {
	at     time.Duration
	seq    int // of two at the same time, the one that was put in first comes first
	node   int32
	leaves bool
}

// agenda gives events in order of time.
type agenda struct {
	events events
	seq    int
}

func (a *agenda) len() int             { return len(a.events) }
func (a *agenda) first() time.Duration { return a.events[0].at }
func (a *agenda) pop() event           { return heap.Pop(&a.events).(event) }

func (a *agenda) push(e event) {
	a.seq++
	e.seq = a.seq
	heap.Push(&a.events, e)
}

type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }

func (e events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(e[i].at, e[j].at), cmp.Compare(e[i].seq, e[j].seq)) < 0
}

func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
