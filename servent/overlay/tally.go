package overlay

import "github.com/seed282dab8e/servent/protocol"

// maxCounted is how many hits of a question are told apart: more than it wants.
const maxCounted = 1000

// tally counts the hits of a question, each file of a servent once: three supernodes
// hold a leaf's list, and each answers for it.
type tally map[hitKey]struct{}

type hitKey struct {
	servent protocol.GUID
	index   uint32
}

// add counts a file.
func (t tally) add(servent protocol.GUID, index uint32) {
	if len(t) < maxCounted {
		t[hitKey{servent, index}] = struct{}{}
	}
}

// addHit counts the files of q.
func (t tally) addHit(q protocol.QueryHit) {
	for r := range q.Files() {
		t.add(q.Servent, r.Index)
	}
}

// addLocal counts the files of n and its leaves.
func (t tally) addLocal(n *Node, ev LocalHits) {
	for _, f := range ev.Files {
		t.add(n.cfg.ID, f.Index)
	}
	for _, l := range ev.Leaves {
		for _, f := range l.Files {
			t.add(n.byID[l.Link].peer.GUID, f.Index)
		}
	}
}
