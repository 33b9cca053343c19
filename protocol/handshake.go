package protocol

// Limits of what a GroupReader takes.
const (
	MaxGroupBytes = 16 << 10
	MaxHeaderLine = 4 << 10
	MaxHeaders    = 64
)

// Group is one of the three header groups of a handshake.
type Group struct {
	Connect bool   // the first group: GNUTELLA CONNECT/Version
	Version string // "0.6"
	Code    int    // 200, 503, ...; 0 in the first group
	Text    string // what follows the code
	Headers Headers
}

// Append writes g with its blank line to the end of b.
func (g Group) Append(b []byte) []byte { panic("unwritten") }

// GroupReader parses one group. Its zero value is ready to use.
type GroupReader struct{}

// Feed takes bytes up to and including the blank line that ends the group.
func (r *GroupReader) Feed(b []byte) (n int, done bool, err error) { panic("unwritten") }

// Group returns the group that was read once Feed has reported it done.
func (r *GroupReader) Group() Group { panic("unwritten") }
