package protocol

import "encoding/binary"

// MaxSupported is the most entries that a list of supported messages or features
// may have.
const MaxSupported = 512

// Sizes of one entry of the lists.
const (
	messageIDSize = 8
	featureSize   = 6
)

// Feature is one entry in the data of a VendorFeaturesSupported message.
type Feature struct {
	Name    [4]byte
	Version uint16
}

// ParseMessagesSupported reads the data of a VendorMessagesSupported message.
// Bytes behind the last entry are ignored.
func ParseMessagesSupported(data []byte) ([]MessageID, error) {
	list, err := cutList(data, messageIDSize, "messages supported")
	if err != nil {
		return nil, err
	}
	ids := make([]MessageID, 0, len(list)/messageIDSize)
	for ; len(list) > 0; list = list[messageIDSize:] {
		ids = append(ids, cutMessageID(list))
	}
	return ids, nil
}

// AppendMessagesSupported writes the data of a VendorMessagesSupported message to
// the end of b. More than MaxSupported ids are left out.
func AppendMessagesSupported(b []byte, ids ...MessageID) []byte {
	ids = ids[:min(len(ids), MaxSupported)]
	b = binary.LittleEndian.AppendUint16(b, uint16(len(ids)))
	for _, m := range ids {
		b = m.append(b)
	}
	return b
}

// ParseFeaturesSupported reads the data of a VendorFeaturesSupported message.
// Bytes behind the last entry are ignored.
func ParseFeaturesSupported(data []byte) ([]Feature, error) {
	list, err := cutList(data, featureSize, "features supported")
	if err != nil {
		return nil, err
	}
	features := make([]Feature, 0, len(list)/featureSize)
	for ; len(list) > 0; list = list[featureSize:] {
		features = append(features, Feature{[4]byte(list), binary.LittleEndian.Uint16(list[4:])})
	}
	return features, nil
}

// AppendFeaturesSupported writes the data of a VendorFeaturesSupported message to
// the end of b. More than MaxSupported features are left out.
func AppendFeaturesSupported(b []byte, features ...Feature) []byte {
	features = features[:min(len(features), MaxSupported)]
	b = binary.LittleEndian.AppendUint16(b, uint16(len(features)))
	for _, f := range features {
		b = append(b, f.Name[:]...)
		b = binary.LittleEndian.AppendUint16(b, f.Version)
	}
	return b
}

// cutList returns the entries of a list that begins with their number.
func cutList(data []byte, size int, field string) ([]byte, error) {
	if len(data) < 2 {
		return nil, &Error{Truncated, field}
	}
	n := int(binary.LittleEndian.Uint16(data))
	if n > MaxSupported {
		return nil, &Error{TooLarge, field}
	}
	data = data[2:]
	if len(data) < n*size {
		return nil, &Error{Truncated, field}
	}
	return data[:n*size], nil
}
