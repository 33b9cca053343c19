package servent

// eventQueue is how many events may wait for a subscriber; more are lost to it.
const eventQueue = 256

// Events returns a channel of what happens from now on, and what ends it. A
// subscriber that does not read loses events; the servent never waits.
func (s *Servent) Events() (<-chan Event, func()) {
	c := make(chan Event, eventQueue)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs, c)
	}
}

func (s *Servent) emit(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.subs {
		select {
		case c <- e:
		default:
		}
	}
}
