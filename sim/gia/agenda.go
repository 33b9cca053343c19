package gia

// appointment is when a peer adapts.
type appointment struct {
	at   int64
	peer int32
}

func (a appointment) before(b appointment) bool {
	return a.at < b.at || a.at == b.at && a.peer < b.peer
}

// agenda is a binary heap, the earliest first; of equal times the lower peer.
type agenda []appointment

func (a *agenda) push(x appointment) {
	h := append(*a, x)
	i := len(h) - 1
	for i > 0 && h[i].before(h[(i-1)/2]) {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
		i = (i - 1) / 2
	}
	*a = h
}

func (a *agenda) pop() appointment {
	h := *a
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[i]) {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	*a = h
	return first
}
