package gia

import "math"

// Kinds of events, each once for every class.
const (
	served   = 0           // a peer has processed a message
	ticked   = classes     // it may give a token
	crept    = 2 * classes // the same, when it gives fewer
	lineKind = 3 * classes
)

// lines holds what is to happen. Every class has its own times for a message
// and a token, which never change, so what is put on a line last is due last,
// and nothing needs to be sorted.
type lines struct {
	due   [lineKind]int64 // of the first on each line
	delay [lineKind]int64
	line  [lineKind]ring
	used  int // lines that are looked at
}

// ring is a queue of at most as many events as it has places, a power of two.
type ring struct {
	events     []event
	head, tail uint32
}

type event struct {
	at   int64
	peer int32
}

// creep is how many times slower a peer gives tokens when its queue is long.
const creep = 8

func newLines(size [classes]int, tokens bool) *lines {
	l := &lines{used: ticked}
	if tokens {
		l.used = lineKind
	}
	levels := Classes()
	for k := range l.used {
		l.due[k] = math.MaxInt64
		l.delay[k] = Second / int64(levels[k%classes].Capacity)
		if k >= crept {
			l.delay[k] *= creep
		}
		places := 1
		for places < size[k%classes] {
			places *= 2
		}
		l.line[k].events = make([]event, places)
	}
	return l
}

// push puts an event of a peer on line k. A peer has one event of a kind at
// most.
func (l *lines) push(k int, now int64, peer int32) {
	q := &l.line[k]
	e := event{now + l.delay[k], peer}
	if q.head == q.tail {
		l.due[k] = e.at
	}
	q.events[q.tail&uint32(len(q.events)-1)] = e
	q.tail++
}

// next returns the line whose first event is the earliest, and when that is.
func (l *lines) next() (int, int64) {
	k, at := 0, l.due[0]
	for i, t := range l.due[1:l.used] {
		if t < at {
			k, at = i+1, t
		}
	}
	return k, at
}

func (l *lines) pop(k int) int32 {
	q := &l.line[k]
	peer := q.events[q.head&uint32(len(q.events)-1)].peer
	q.head++
	l.due[k] = math.MaxInt64
	if q.head != q.tail {
		l.due[k] = q.events[q.head&uint32(len(q.events)-1)].at
	}
	return peer
}
