package servent

import (
	"slices"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/leaves"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/supernode"
)

// leavesDir is the folder, in the data dir, of the index of leaves' files.
const leavesDir = "leaves"

// newLeaves sets up what holds the lists of leaves; nil where none are taken.
func (s *Servent) newLeaves() *leaves.Index {
	if s.cfg.Role == RoleFlat || s.cfg.Role == RoleLeaf {
		return nil
	}
	return leaves.New(leaves.Config{
		Lists: supernode.ListsConfig{MaxFiles: s.cfg.MaxLeafFiles},
		Dir:   s.cfg.file(leavesDir), MaxBytes: s.cfg.LeafIndexMaxBytes, Answer: s.answerList, Words: s.tellWords, Log: s.log,
	})
}

// answerList tells a leaf what has become of its offer, or part.
func (s *Servent) answerList(link uint32, a protocol.ListAnswer) {
	s.call(func(l *loop) { l.step(overlay.ListAnswered{Link: overlay.LinkID(link), Answer: a}) })
}

// offerList asks whether the list of a leaf is known.
func (l *loop) offerList(a *overlay.Action) {
	if w := l.wires.find(a.Link); w != nil {
		w.listed = true
		leaf := supernode.Leaf{Link: uint32(a.Link), ID: a.ID, Host: w.peer.Addr.Addr().Unmap(), Firewalled: a.Firewalled}
		l.s.leaves.Offer(leaf, protocol.ListDigest(a.Msg), a.Index)
	}
}

// takeList takes in a part of one.
func (l *loop) takeList(a *overlay.Action) {
	if p, err := (protocol.Vendor{Data: a.Msg}).ListPart(); err == nil { // the node has read it before
		l.s.leaves.Part(uint32(a.Link), p)
	}
}

// tellWords tells the node what words the lists hold.
func (s *Servent) tellWords(t *protocol.RouteTable, files int) {
	s.call(func(l *loop) { l.step(overlay.LeafWords{Table: t, Files: files}) })
}

// byLeaf puts the files of each leaf together, the leaf of the best first.
func byLeaf(files []leaves.File) (out []overlay.LeafFiles) {
	for _, f := range files {
		i := slices.IndexFunc(out, func(l overlay.LeafFiles) bool { return l.Link == overlay.LinkID(f.Link) })
		if i < 0 {
			i, out = len(out), append(out, overlay.LeafFiles{Link: overlay.LinkID(f.Link)})
		}
		out[i].Files = append(out[i].Files, f.Record)
	}
	return out
}

// listsInfo tells what became of leaves' lists.
func (s *Servent) listsInfo() ListsInfo {
	if s.leaves == nil {
		return ListsInfo{}
	}
	st := s.leaves.Stats()
	return ListsInfo{
		Leaves: st.Leaves, Files: st.Files, Memory: st.Bytes, Disk: st.Disk, State: st.State,
		Offers: st.Offers, Known: st.Held, Whole: st.Whole, Changed: st.Changes, Received: st.PartBytes,
		Refused: map[string]uint64{
			"files": st.RefusedFiles, "room": st.RefusedRoom, "malformed": st.RefusedMalformed,
			"digest": st.RefusedDigest, "order": st.RefusedOrder,
		},
		Waiting: st.Waiting, Overrun: st.Overrun,
	}
}
