package sim

import (
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// stranger is a servent of another make. It takes every link and answers
// nothing; it sends and dials what a test puts in its queue.
type stranger struct {
	headers protocol.Headers
	links   []overlay.LinkID // in join order
	queue   []overlay.Action
}

// newStranger makes an ultrapeer, or a leaf, that has the listed headers too.
func newStranger(id protocol.GUID, ultrapeer bool, more ...string) *stranger {
	s := &stranger{}
	s.headers.Add("User-Agent", "Stranger/1.0")
	s.headers.Add("X-Ultrapeer", map[bool]string{true: "True", false: "False"}[ultrapeer])
	s.headers.Add("X-Query-Routing", "0.2")
	s.headers.Add("X-Ultrapeer-Query-Routing", "0.1")
	s.headers.Add("GGEP", "0.5")
	s.headers.Add("Vendor-Message", "0.2")
	s.headers.Add("Bye-Packet", "0.1")
	s.headers.Add("GUID", id.String())
	for i := 0; i+1 < len(more); i += 2 {
		s.headers.Set(more[i], more[i+1])
	}
	return s
}

func (s *stranger) Hello(_ netip.Addr, remote netip.AddrPort) protocol.Headers {
	h := s.headers
	h.Set("Remote-IP", remote.Addr().String())
	return h
}

func (s *stranger) Admit(overlay.LinkID, overlay.Peer) overlay.Verdict {
	return overlay.Verdict{Code: 200, Text: "OK"}
}

// Step ignores what comes. Heard, which is what the World is asked to hand over,
// makes it act.
func (s *stranger) Step(_ time.Time, ev overlay.Event, out []overlay.Action) []overlay.Action {
	switch ev := ev.(type) {
	case overlay.PeerUp:
		s.links = append(s.links, ev.Link)
	case overlay.PeerDown:
		s.links = slices.DeleteFunc(s.links, func(id overlay.LinkID) bool { return id == ev.Link })
	case overlay.Heard:
		out = append(out, s.queue...)
		s.queue = s.queue[:0]
	}
	return out
}

func (s *stranger) Deadline() (time.Time, bool) { return time.Time{}, false }

func (s *stranger) Expire(_ time.Time, out []overlay.Action) []overlay.Action { return out }

func (s *stranger) Leave(_ time.Time, out []overlay.Action) []overlay.Action { return out }

// send puts a message into the queue.
func (s *stranger) send(link overlay.LinkID, msg []byte) {
	h, err := protocol.ParseHeader(msg)
	if err != nil {
		panic(err)
	}
	s.queue = append(s.queue, overlay.Action{Op: overlay.OpSend, Link: link, Msg: msg, TTL: h.TTL, Hops: h.Hops})
}

// linkTo returns the newest link of s to a node.
func (s *stranger) linkTo(w *World, id NodeID) (overlay.LinkID, bool) {
	for _, l := range slices.Backward(s.links) {
		if peer, ok := w.Peer(l); ok && peer == id {
			return l, true
		}
	}
	return 0, false
}
