package sim

import (
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// Traffic is what was sent on links of one kind of message.
type Traffic struct {
	Kind     string
	Messages uint64
	Bytes    uint64 // headers of messages included, those of TCP not
}

// kindCounts counts messages by kind.
type kindCounts [unreadable + 1]struct{ messages, bytes uint64 }

// unreadable is where what has no header counts.
const unreadable = 256

func (t *kindCounts) count(msg []byte) {
	kind := unreadable
	if h, err := protocol.ParseHeader(msg); err == nil {
		kind = int(h.Kind)
	}
	t[kind].messages++
	t[kind].bytes += uint64(len(msg))
}

// Traffic returns what was sent on links so far, by kind; "other" are those that no
// servent knows, as of a Garbler.
func (w *World) Traffic() []Traffic {
	var all []Traffic
	rest := w.traffic
	for _, kind := range overlay.CountedKinds() {
		c := &rest[kind]
		all = append(all, Traffic{strings.ToLower(kind.String()), c.messages, c.bytes})
		c.messages, c.bytes = 0, 0
	}
	other := Traffic{Kind: "other"}
	for _, c := range rest {
		other.Messages, other.Bytes = other.Messages+c.messages, other.Bytes+c.bytes
	}
	return slices.DeleteFunc(append(all, other), func(t Traffic) bool { return t.Messages == 0 })
}
