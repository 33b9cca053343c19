package protocol

import (
	"bytes"
	"encoding/binary"
)

// recordHead is the fixed part of a record: index and size.
const recordHead = 8

// HitRecord is one file in a query hit, as on the wire (section 8).
type HitRecord struct {
	Index uint32 // what the servent calls the file
	Size  uint32 // in bytes, all ones when it does not fit: see File
	Name  []byte
	Ext   []byte // extension area; holds no NUL
}

// recordSize returns the length of the record at the start of b.
func recordSize(b []byte) (int, error) {
	if len(b) < recordHead {
		return 0, &Error{Truncated, "hit record"}
	}
	name := bytes.IndexByte(b[recordHead:], 0)
	if name < 0 {
		return 0, &Error{Truncated, "hit record name"}
	}
	start := recordHead + name + 1
	ext := bytes.IndexByte(b[start:], 0)
	if ext < 0 {
		return 0, &Error{Truncated, "hit record extensions"}
	}
	return start + ext + 1, nil
}

// splitRecord reads b, which is one whole record. The result aliases b.
func splitRecord(b []byte) HitRecord {
	name, ext, _ := bytes.Cut(b[recordHead:len(b)-1], nul)
	return HitRecord{
		Index: binary.LittleEndian.Uint32(b),
		Size:  binary.LittleEndian.Uint32(b[4:]),
		Name:  name,
		Ext:   ext,
	}
}

// Append writes r to the end of b. A NUL in Name or Ext would end it early, so
// they are cut there.
func (r HitRecord) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, r.Index)
	b = binary.LittleEndian.AppendUint32(b, r.Size)
	b = append(appendUntilNUL(b, r.Name), 0)
	return append(appendUntilNUL(b, r.Ext), 0)
}
