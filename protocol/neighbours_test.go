package protocol

import (
	"errors"
	"slices"
	"testing"
)

func TestNeighbours(t *testing.T) {
	many := make([]GUID, MaxNeighbours+1)
	for i := range many {
		many[i] = GUID{byte(i), 1}
	}
	for _, tt := range []struct{ ids, want []GUID }{
		{nil, []GUID{}}, {many[:1], many[:1]}, {many[:MaxNeighbours], many[:MaxNeighbours]}, {many, []GUID{{}}},
	} {
		v, err := ParseVendor(NewNeighbours(tt.ids).Append(nil))
		if err != nil || v.Type() != VendorNeighbours {
			t.Fatalf("%v, %v", v.ID(), err)
		}
		if got, err := v.Neighbours(); err != nil || got == nil || !slices.Equal(got, tt.want) {
			t.Errorf("%d ids are read as %v, %v", len(tt.ids), got, err)
		}
	}
	for n, want := range map[int]ErrorKind{15: Truncated, 17: Truncated, 16 * (MaxNeighbours + 1): TooLarge} {
		_, err := VendorNeighbours.with(make([]byte, n)...).Neighbours()
		var e *Error
		if !errors.As(err, &e) || e.Kind != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
