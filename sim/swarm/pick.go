package swarm

import "github.com/seed282dab8e/servent/servent/transfer/pick"

// view is what v knows when it turns to its neighbour w.
func (e *engine) view(v, w int32) pick.View {
	return pick.View{Offered: e.set(e.told, w), Have: e.set(e.have, v), Asked: e.set(e.asked, v), Copies: e.copies(v)}
}

// copies counts, for each piece, the neighbours of v that told of it.
func (e *engine) copies(v int32) []uint16 {
	return e.rare[int(v)*e.pieces:][:e.pieces]
}

// pick returns the piece that v asks w for next over half h; -1: none.
func (e *engine) pick(v, w, h int32) int32 {
	view := e.view(v, w)
	var piece int
	switch e.Order {
	case InOrder:
		piece = view.First()
	case Random:
		piece = view.Random(e.r)
	default:
		piece = view.Rarest(e.r)
	}
	if piece < 0 && int(e.peers[v].missing) <= e.Endgame {
		piece = e.again(v, h, &view)
	}
	return int32(piece)
}

// again is a piece that v has asked others for, but not over this half: the
// endgame. One that fewer are asked for does not go first: all are asked.
func (e *engine) again(v, h int32, view *pick.View) int {
	for p := range view.Offered.Without(view.Have) {
		if !e.asksFor(h, int32(p)) {
			e.peers[v].loose = true
			return p
		}
	}
	return -1
}
