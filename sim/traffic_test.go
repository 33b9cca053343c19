package sim

import (
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestTraffic: what is sent counts by kind, with its bytes; what cannot be read, and what
// nobody knows, are one kind.
func TestTraffic(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
	a := pairOfStrangers(t, w, Wire{})
	unknown := numbered(2, 5)
	unknown[kindByte] = 0x77
	a.send(a.links[0], numbered(1, 10))
	a.send(a.links[0], numbered(1, 20))
	a.send(a.links[0], unknown)
	a.queue = append(a.queue, overlay.Action{Op: overlay.OpSend, Link: a.links[0], Msg: []byte("short")})
	w.Step(0, overlay.Heard{})
	w.RunUntilIdle()
	want := []Traffic{{"ping", 2, 2*protocol.HeaderSize + 30}, {"other", 2, protocol.HeaderSize + 5 + 5}}
	if got := w.Traffic(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
