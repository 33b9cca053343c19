package protocol

import "slices"

// MaxNeighbours is how many servents a VendorNeighbours message names at most.
const MaxNeighbours = 64

// NewNeighbours tells another supernode of our kind which others this one is linked
// with. With more than MaxNeighbours, or one that has no GUID, it names the zero
// GUID, which is nobody's: then nobody can know them all.
func NewNeighbours(ids []GUID) Vendor {
	if len(ids) > MaxNeighbours {
		ids = []GUID{{}}
	}
	v := VendorNeighbours.with()
	for _, id := range ids {
		v.Data = append(v.Data, id[:]...)
	}
	return v
}

// Neighbours returns the servents in a VendorNeighbours message, which is not nil.
func (v Vendor) Neighbours() ([]GUID, error) {
	const size = len(GUID{})
	if len(v.Data)%size != 0 {
		return nil, &Error{Truncated, "neighbours"}
	}
	if len(v.Data) > MaxNeighbours*size {
		return nil, &Error{TooLarge, "neighbours"}
	}
	ids := make([]GUID, 0, len(v.Data)/size)
	for b := range slices.Chunk(v.Data, size) {
		ids = append(ids, GUID(b))
	}
	return ids, nil
}
