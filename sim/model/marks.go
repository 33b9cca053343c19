package model

// marks is a set of small numbers that is emptied at once, so that one search
// after the other can use it.
type marks struct {
	now uint32
	at  []uint32 // now: in the set
}

func newMarks(n int) marks { return marks{now: 1, at: make([]uint32, n)} }

func (m *marks) clear() {
	m.now++
	if m.now == 0 {
		clear(m.at)
		m.now = 1
	}
}

func (m *marks) has(i int32) bool { return m.at[i] == m.now }

// add says whether i was not in the set before.
func (m *marks) add(i int32) bool {
	if m.at[i] == m.now {
		return false
	}
	m.at[i] = m.now
	return true
}
