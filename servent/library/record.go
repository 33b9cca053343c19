package library

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/seed282dab8e/servent/search"
)

// recordSize is the length of a record without the words of tags, which end it:
// checksum, kind, index, away, size, time, inode, SHA-1 and tiger root.
const recordSize = 4 + 1 + 4 + 4 + 8 + 8 + 8 + 20 + 24

// appendRecord writes down what is known of a file. The checksum covers its
// path, too, which is the key that it is kept under.
func (e *entry) appendRecord(dst []byte, rel string) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0, byte(e.kind))
	dst = binary.LittleEndian.AppendUint32(dst, e.index)
	dst = binary.LittleEndian.AppendUint32(dst, e.away)
	dst = binary.LittleEndian.AppendUint64(dst, e.size)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.mtime))
	dst = binary.LittleEndian.AppendUint64(dst, e.inode)
	dst = append(dst, e.sha1[:]...)
	dst = append(dst, e.tiger[:]...)
	dst = append(dst, e.words...)
	binary.LittleEndian.PutUint32(dst[at:], recordSum(dst[at+4:], rel))
	return dst
}

// readRecord brings e to what a record says; false: it is damaged.
func (e *entry) readRecord(rel string, b []byte) bool {
	if len(b) < recordSize || len(b) > recordSize+maxTags || binary.LittleEndian.Uint32(b) != recordSum(b[4:], rel) || b[4] > byte(search.Program) {
		return false
	}
	e.kind = search.MediaType(b[4])
	e.index = binary.LittleEndian.Uint32(b[5:])
	e.away = binary.LittleEndian.Uint32(b[9:])
	e.size = binary.LittleEndian.Uint64(b[13:])
	e.mtime = int64(binary.LittleEndian.Uint64(b[21:]))
	e.inode = binary.LittleEndian.Uint64(b[29:])
	copy(e.sha1[:], b[37:])
	copy(e.tiger[:], b[57:])
	e.words = string(b[recordSize:])
	e.known = true
	return e.index != 0 && e.size != 0
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func recordSum(b []byte, rel string) uint32 {
	return crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, []byte(rel))
}
