package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// Act is how a node misbehaves.
type Act uint8

// The ways in which nodes misbehave.
const (
	Honest Act = iota
	// Boaster acts as a supernode from its first moment, whatever it is, and says in
	// every handshake what a supernode of role auto would. Its Config.Overlay
	// has RoleSupernode.
	Boaster
	// BusyBoaster is a Boaster that never has time to show how fast it is.
	BusyBoaster
	// FalseHits says of every query that it has such a file.
	FalseHits
	// Garbler damages one in ten of its messages: see garbler.
	Garbler
	numActs
)

var actNames = [numActs]string{"honest", "boaster", "busy boaster", "false hits", "garbler"}

// String returns what tables call it.
func (a Act) String() string {
	if a >= numActs {
		return fmt.Sprintf("act %d", uint8(a))
	}
	return actNames[a]
}

// actor returns who acts at m, by way of its node.
func (w *World) actor(m *member, n *overlay.Node) Actor {
	switch m.cfg.Act {
	case Boaster, BusyBoaster:
		return boaster{n, m.cfg.Act == BusyBoaster}
	case FalseHits:
		return falseHits{n}
	case Garbler:
		return garbler{n, rand.New(rand.NewPCG(^w.cfg.Seed, uint64(m.id+1)<<32|m.starts))}
	}
	return n
}

// boaster is a node that claims what it is not.
type boaster struct {
	*overlay.Node
	busy bool
}

func (b boaster) Hello(local netip.Addr, remote netip.AddrPort) protocol.Headers {
	h := b.Node.Hello(local, remote)
	h.Set("X-Servent", "0.1; role=supernode; auto")
	return h
}

func (b boaster) Step(now time.Time, ev overlay.Event, out []overlay.Action) []overlay.Action {
	if m, ok := ev.(overlay.Received); ok && b.busy {
		h, err := protocol.ParseHeader(m.Msg)
		if err == nil && h.Kind == protocol.KindVendor && isProbe(m.Msg[protocol.HeaderSize:]) {
			answer := protocol.Header{ID: h.ID, Kind: protocol.KindVendor, TTL: 1}
			msg := protocol.AppendMessage(nil, answer, protocol.NewProbeData(nil)) // no time
			return append(out, overlay.Action{Op: overlay.OpSend, Link: m.Link, TTL: 1, Msg: msg})
		}
	}
	return b.Node.Step(now, ev, out)
}

func isProbe(payload []byte) bool {
	v, err := protocol.ParseVendor(payload)
	return err == nil && v.Type() == protocol.VendorProbe
}

// falseHits is a node that answers every query with a file that it has not.
type falseHits struct{ *overlay.Node }

func (f falseHits) Step(now time.Time, ev overlay.Event, out []overlay.Action) []overlay.Action {
	out = f.Node.Step(now, ev, out)
	m, ok := ev.(overlay.Received)
	if !ok {
		return out
	}
	h, err := protocol.ParseHeader(m.Msg)
	if err != nil || h.Kind != protocol.KindQuery {
		return out
	}
	q, err := protocol.ParseQuery(m.Msg[protocol.HeaderSize:])
	if err != nil {
		return out
	}
	msg, _ := f.HitFor(h.ID, []protocol.FileRecord{FileNamed(string(q.Text) + falseEnd)})
	ttl := min(h.Hops+2, overlay.HardTTL)
	return append(out, overlay.Action{Op: overlay.OpSend, Link: m.Link, Msg: msg, TTL: ttl})
}

// falseEnd ends the names of files that nobody has.
const falseEnd = " (best version).exe"
