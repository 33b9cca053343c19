package supernode

// ListStats tells how lists are held, and counts.
type ListStats struct {
	Leaves int   // whose lists are held, or on their way
	Files  int   // of these
	Kept   int   // lists whose leaves have gone
	Bytes  int64 // that all take in memory

	Offers    uint64
	Held      uint64 // of these, known by their digest
	Whole     uint64 // lists that came as a whole, and were right
	Changes   uint64 // changes from one list to another, likewise
	PartBytes uint64 // received, deflated
	Absent    uint64 // files taken out that were not there

	RefusedFiles     uint64 // lists that were too long
	RefusedRoom      uint64 // for want of room
	RefusedMalformed uint64
	RefusedDigest    uint64 // another list than it was to be
	RefusedOrder     uint64 // parts that were not asked for
}

// refusal is a reason to refuse a list.
type refusal uint8

const (
	refusedFiles refusal = iota
	refusedRoom
	refusedMalformed
	refusedDigest
	refusedOrder
)

func (s *ListStats) refused(why refusal) *uint64 {
	return []*uint64{&s.RefusedFiles, &s.RefusedRoom, &s.RefusedMalformed, &s.RefusedDigest, &s.RefusedOrder}[why]
}

// Stats returns the figures. It changes nothing.
func (x *Lists) Stats() ListStats {
	s := x.stats
	s.Leaves, s.Kept = len(x.byLink), len(x.byID)-len(x.byLink)
	s.Files, s.Bytes = x.files-x.keptFiles, x.bytes
	return s
}
