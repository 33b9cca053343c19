package protocol

// Reset is the QRP message that empties a route table and fixes its size.
type Reset struct {
	Slots    uint32 // a power of two
	Infinity uint8  // what an empty slot holds; 1 at least
}

// ParseReset reads a QRP payload of variant RESET.
func ParseReset(b []byte) (Reset, error) { panic("unwritten") }

// Append writes r to the end of b.
func (r Reset) Append(b []byte) []byte { panic("unwritten") }

// RoutePatch is one part of a sequence that changes a route table.
type RoutePatch struct {
	Seq, Of    uint8 // part Seq of Of, counted from 1
	Compressor uint8 // 0 none, 1 zlib over the data of the whole sequence
	Bits       uint8 // 1, 4 or 8 bits an entry
	Data       []byte
}

// ParseRoutePatch reads a QRP payload of variant PATCH. Data aliases b.
func ParseRoutePatch(b []byte) (RoutePatch, error) { panic("unwritten") }

// Append writes p to the end of b.
func (p RoutePatch) Append(b []byte) []byte { panic("unwritten") }

// TableReceiver builds a peer's route table from its QRP messages. Its zero
// value is ready to use. It is not safe for concurrent use.
type TableReceiver struct{}

// Receive takes one QRP payload. Its error is always an *Error, after which
// the link deserves Bye 413.
func (r *TableReceiver) Receive(payload []byte) error { panic("unwritten") }

// Table returns the table as of the last whole sequence, nil before the first.
func (r *TableReceiver) Table() *RouteTable { panic("unwritten") }
