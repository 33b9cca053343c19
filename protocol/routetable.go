package protocol

// Sizes of the tables that we build and take, as powers of two.
const (
	MinTableBits = 10
	MaxTableBits = 21
)

// WordHash returns the QRP hash of a lower-cased word before it is cut to a
// table's size: the slot in a table of 2^bits slots is the top bits of it.
func WordHash(word string) uint32 { panic("unwritten") }

// Hash returns the slot of a lower-cased word in a table of 2^bits slots.
func Hash(word string, bits uint) uint32 { return WordHash(word) >> (32 - bits) }

// RouteTable tells which words a servent might answer to, one bit a slot.
type RouteTable struct{}

// NewRouteTable returns an empty table of 2^bits slots.
func NewRouteTable(bits uint) *RouteTable { panic("unwritten") }

// Add puts in a lower-cased word and its shortened forms.
func (t *RouteTable) Add(word string) { panic("unwritten") }

// AddURN puts in the text of u.
func (t *RouteTable) AddURN(u URN) { panic("unwritten") }

// Has reports whether the slot of a WordHash is set.
func (t *RouteTable) Has(hash uint32) bool { panic("unwritten") }

// Bits returns the table's size as a power of two.
func (t *RouteTable) Bits() uint { panic("unwritten") }

// Fill returns the part of the slots that are set, 0 to 1.
func (t *RouteTable) Fill() float64 { panic("unwritten") }

// Or puts everything of o into t, scaled when their sizes differ.
func (t *RouteTable) Or(o *RouteTable) { panic("unwritten") }

// Equal reports whether both tables have the same size and slots.
func (t *RouteTable) Equal(o *RouteTable) bool { panic("unwritten") }

// AppendPatch appends to dst the QRP payloads that turn prev into t.
func (t *RouteTable) AppendPatch(dst [][]byte, prev *RouteTable, infinity uint8) [][]byte {
	panic("unwritten")
}
