package sim

import (
	"fmt"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// carry does what a line of a recording says.
func (w *World) carry(o op) error {
	if o.Do != doAdd {
		if err := w.haveNodes(o); err != nil {
			return err
		}
	}
	switch o.Do {
	case doAdd:
		return w.addRecorded(o)
	case doStart:
		w.Start(o.Node)
	case doLeave:
		w.Leave(o.Node)
	case doCrash:
		w.Crash(o.Node)
	case doVanish:
		w.Vanish(o.Node)
	case doLink:
		return w.linkRecorded(o)
	case doMeet:
		w.Meet(o.Node, o.Peer)
	case doDatagram:
		return w.datagramRecorded(o)
	case doPartition:
		w.Partition(o.Groups...)
	case doHeal:
		w.Heal()
	case doSlow:
		w.Slow(o.Node, o.Factor)
	case doEnd:
		if got := fmt.Sprintf("%016x", w.trace.hash); got != o.Hash {
			return fmt.Errorf("the trace is %s, and %s was recorded", got, o.Hash)
		}
	default:
		return w.tellRecorded(o)
	}
	return nil
}

// haveNodes checks that the nodes of o are there.
func (w *World) haveNodes(o op) error {
	ids := []NodeID{o.Node, o.Peer}
	for _, group := range o.Groups {
		ids = append(ids, group...)
	}
	for _, id := range ids {
		if int(id) >= len(w.nodes) && o.Do != doEnd && o.Do != doHeal {
			return fmt.Errorf("there is no node %d: %d were added", id, len(w.nodes))
		}
	}
	return nil
}

func (w *World) addRecorded(o op) error {
	var node recordedNode
	if o.What != nil {
		if err := strict(o.What, &node); err != nil {
			return fmt.Errorf("the node: %w", err)
		}
	}
	cfg := node.config()
	if cfg.Act >= numActs || cfg.Upload < 0 || cfg.Download < 0 || !cfg.Router.Valid() || !cfg.Carrier.Valid() {
		return fmt.Errorf("the node: no act has the number %d, a rate is negative, or there is no such router", cfg.Act)
	}
	_, err := w.add(cfg)
	return err
}

func (w *World) linkRecorded(o op) error {
	wire := Wire{}
	if o.Wire != nil {
		wire = *o.Wire
	}
	switch {
	case o.Node == o.Peer:
		return fmt.Errorf("node %d is linked with itself", o.Node)
	case min(wire.Latency.Low, wire.Latency.High) < 0 || wire.Bandwidth < 0 || !isPart(wire.Loss):
		return fmt.Errorf("the link's latency, bandwidth or loss cannot be")
	}
	_ = w.LinkBy(o.Node, o.Peer, wire) // it may have failed before, too
	return nil
}

func (w *World) datagramRecorded(o op) error {
	if _, err := protocol.ParseHeader(o.Msg); err != nil || !o.To.IsValid() {
		return fmt.Errorf("a datagram without message or address")
	}
	w.SendDatagram(o.Node, o.From, o.To, o.Msg)
	return nil
}

// tellRecorded tells a node what it was told.
func (w *World) tellRecorded(o op) error {
	var ev overlay.Event
	var err error
	switch o.Do {
	case doHeard:
		ev, err = recorded[overlay.Heard](o)
	case doResources:
		ev, err = recorded[overlay.Resources](o)
	case doQuery:
		var q overlay.UserQuery
		if q, err = recorded[overlay.UserQuery](o); err == nil {
			w.Search(o.Node, q)
		}
		return err
	case doEndQuery:
		ev, err = recorded[overlay.UserQueryEnd](o)
	case doPush:
		ev, err = recorded[overlay.UserPush](o)
	case doAskCaches:
		ev, err = recorded[overlay.AskCaches](o)
	default:
		return fmt.Errorf("%q is nothing that is done", o.Do)
	}
	if err == nil {
		w.Step(o.Node, ev)
	}
	return err
}

func recorded[E overlay.Event](o op) (ev E, err error) {
	if o.What != nil {
		err = strict(o.What, &ev)
	}
	return ev, err
}
