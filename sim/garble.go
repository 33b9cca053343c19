package sim

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// garbler is a node that damages messages before they go out: it flips bits,
// cuts them short, declares lengths that they have not, and gives them any kind,
// TTL and hops.
type garbler struct {
	*overlay.Node
	rand *rand.Rand
}

// garbledOf is one in how many messages is damaged.
const garbledOf = 10

func (g garbler) Step(now time.Time, ev overlay.Event, out []overlay.Action) []overlay.Action {
	return g.garble(g.Node.Step(now, ev, out))
}

func (g garbler) Expire(now time.Time, out []overlay.Action) []overlay.Action {
	return g.garble(g.Node.Expire(now, out))
}

func (g garbler) garble(acts []overlay.Action) []overlay.Action {
	for i := range acts {
		a := &acts[i]
		if (a.Op == overlay.OpSend || a.Op == overlay.OpDatagram) && g.rand.IntN(garbledOf) == 0 {
			a.Msg = slices.Clone(a.Msg)
			g.damage(a)
		}
	}
	return acts
}

// Where a header has its fields.
const kindByte, sizeBytes = len(protocol.GUID{}), protocol.HeaderSize - 4

func (g garbler) damage(a *overlay.Action) {
	switch g.rand.IntN(5) {
	case 0:
		for range 1 + g.rand.IntN(8) {
			a.Msg[g.rand.IntN(len(a.Msg))] ^= 1 << g.rand.IntN(8)
		}
	case 1:
		a.Msg = a.Msg[:1+g.rand.IntN(len(a.Msg)-1)]
	case 2:
		binary.LittleEndian.PutUint32(a.Msg[sizeBytes:], g.rand.Uint32()>>g.rand.IntN(32))
	case 3:
		a.Msg[kindByte] = byte(g.rand.Uint32())
	case 4:
		a.TTL, a.Hops = byte(g.rand.Uint32()), byte(g.rand.Uint32())
	}
}
