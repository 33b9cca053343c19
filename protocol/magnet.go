package protocol

// Magnet is a magnet link.
type Magnet struct {
	URN                 URN
	Name                string
	Size                uint64
	Sources, Alternates []string
}

// ParseMagnet reads a magnet link.
func ParseMagnet(s string) (Magnet, error) { return Magnet{}, nil }

// String returns the link.
func (m Magnet) String() string { return "" }
