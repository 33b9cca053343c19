package transfer

import "sync"

// rounds does for many callers together what each of them waits for. A caller who
// finds nobody is served at once; those who come while a round is under way, which may
// have begun before what they need it for, make up the next one. Rounds of different
// keys do not wait for one another.
type rounds[K comparable, T any] struct {
	do func(key K, items []T) []error // one error for each item

	mu   sync.Mutex
	rows map[K]*row[T] // of the keys that somebody waits for
}

// row is what waits for one key.
type row[T any] struct {
	running chan struct{} // holds the round that is under way
	next    *round[T]     // whoever comes joins it; nil: nobody has come
	callers int
}

type round[T any] struct {
	items []T
	errs  []error
	done  chan struct{} // closed once errs are there
}

// join returns when a round that has begun after the call has done the item, and the
// error of that item.
func (r *rounds[K, T]) join(key K, item T) error {
	r.mu.Lock()
	if r.rows == nil {
		r.rows = make(map[K]*row[T])
	}
	w := r.rows[key]
	if w == nil {
		w = &row[T]{running: make(chan struct{}, 1)}
		r.rows[key] = w
	}
	w.callers++
	mine, first := w.next, w.next == nil
	if first {
		mine = &round[T]{done: make(chan struct{})}
		w.next = mine
	}
	at := len(mine.items)
	mine.items = append(mine.items, item)
	r.mu.Unlock()
	if first {
		r.run(key, w)
	}
	<-mine.done
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.callers--; w.callers == 0 {
		delete(r.rows, key)
	}
	return mine.errs[at]
}

// run does the next round once the one before has ended.
func (r *rounds[K, T]) run(key K, w *row[T]) {
	w.running <- struct{}{}
	defer func() { <-w.running }()
	r.mu.Lock()
	now := w.next
	w.next = nil
	r.mu.Unlock()
	now.errs = r.do(key, now.items)
	close(now.done)
}
