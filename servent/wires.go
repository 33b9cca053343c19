package servent

import (
	"slices"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// wires finds the wire of a link. A flood names the links one after another, in
// the order in which they came up, so that the one after the last is nearly
// always right, and the map is seldom asked.
type wires struct {
	byID  map[overlay.LinkID]*wire
	order []*wire // as they came up
	next  int     // place of the one after the last that was found
}

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
