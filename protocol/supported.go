package protocol

// MaxSupported is the most entries that one list of supported messages or
// features may have.
const MaxSupported = 512

// Feature is one entry of a "features supported" message.
type Feature struct {
	Name    [4]byte
	Version uint16
}

// ParseMessagesSupported reads the data of a "messages supported" message.
func ParseMessagesSupported(data []byte) ([]MessageID, error) { return nil, nil }

// AppendMessagesSupported writes the data of a "messages supported" message.
func AppendMessagesSupported(b []byte, ids ...MessageID) []byte { return b }

// ParseFeaturesSupported reads the data of a "features supported" message.
func ParseFeaturesSupported(data []byte) ([]Feature, error) { return nil, nil }

// AppendFeaturesSupported writes the data of a "features supported" message.
func AppendFeaturesSupported(b []byte, features ...Feature) []byte { return b }
