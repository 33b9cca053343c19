package servent

import (
	"slices"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// wires finds the wire of a link. A flood names the links one after another, in
// the order in which they came up, so that the one after the last is nearly
// always right, and the map is seldom asked.
type wires struct {
	byID  map[overlay.LinkID]*wire
	order []*wire // as they came up
	next  int     // place of the one after the last that was found

	forgot time.Time // when forget last looked
}

// quietAfter is how long a link has sent nothing when what it has sent is
// forgotten, and how often that is looked for.
const quietAfter = 10 * time.Second

// find returns the wire of link id, nil when it is gone.
func (s *wires) find(id overlay.LinkID) *wire {
	if s.next < len(s.order) && s.order[s.next].id == id {
		s.next++
		return s.order[s.next-1]
	}
	w := s.byID[id]
	if w != nil {
		s.next = w.place + 1
	}
	return w
}

func (s *wires) add(w *wire) {
	w.place = len(s.order)
	s.order = append(s.order, w)
	s.byID[w.id] = w
}

func (s *wires) remove(w *wire) {
	delete(s.byID, w.id)
	s.order = slices.Delete(s.order, w.place, w.place+1)
	for i, later := range s.order[w.place:] {
		later.place = w.place + i
	}
}

// forget makes deflaters of quiet links forget what later messages could refer to:
// the first ones after a rest are a little longer then.
func (s *wires) forget(now time.Time) {
	if now.Sub(s.forgot) < quietAfter {
		return
	}
	s.forgot = now
	for _, w := range s.order {
		if d, ok := w.out.(*deflater); ok && !w.busy && now.Sub(w.wrote) >= quietAfter {
			d.window = nil
		}
	}
}
