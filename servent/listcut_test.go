package servent

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestListCutIsNotDropped: a part of our list is made though others ask more than
// can be looked up.
func TestListCutIsNotDropped(t *testing.T) {
	l := stillLoop(t)
	for range searchQueue {
		l.search(&overlay.Action{Msg: []byte("query"), Limit: 1})
	}
	l.cutList(&overlay.Action{Link: 1, Msg: make([]byte, len(protocol.ListDigest{}))})
	select {
	case f := <-l.s.calls: // with the part
		f(l)
	case <-time.After(10 * time.Second):
		t.Errorf("no part; %d dropped", l.edge.searchesDropped)
	}
}
