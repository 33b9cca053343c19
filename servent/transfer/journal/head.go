package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/bits"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// MaxBlocks is how many blocks a file may have.
const MaxBlocks = 1 << 16

const (
	maxSize = math.MaxInt64 // bytes of a file: more has no offset

	magic   = "SRVTBLKS"
	version = 1

	// sector is what disks write as a whole: the head lies in one of its own, and no
	// write to one half touches a sector of the other.
	sector   = 512
	headSize = sector
	sumSize  = 4 // CRC-32C
)

// Head says of which download a journal is.
type Head struct {
	URN   protocol.URN // of the whole file; it names something
	Size  uint64       // of the file in bytes, 1 at least
	Block uint64       // bytes of each block but the last: tiger.LeafSize times a power of two
}

// Blocks returns how many blocks the file has, or 0 where the head is not valid.
func (h Head) Blocks() int {
	if h.check() != nil {
		return 0
	}
	return int(h.blocks())
}

func (h Head) blocks() uint64 { return (h.Size-1)/h.Block + 1 }

// check returns an error that names what is wrong.
func (h Head) check() error {
	switch {
	case !h.URN.HasSHA1 && !h.URN.HasTiger:
		return fmt.Errorf("no hash to know the file by")
	case h.Size == 0 || h.Size > maxSize:
		return fmt.Errorf("a file of %d bytes", h.Size)
	case h.Block < tiger.LeafSize || bits.OnesCount64(h.Block) != 1:
		return fmt.Errorf("blocks of %d bytes: not %d times a power of two", h.Block, tiger.LeafSize)
	case h.blocks() > MaxBlocks:
		return fmt.Errorf("%d blocks, more than %d", h.blocks(), MaxBlocks)
	}
	return nil
}

// misfit says why a level is not that of the file's tree, or nothing.
func (h Head) misfit(root tiger.Digest, level []tiger.Digest) string {
	switch {
	case len(level) != h.Blocks():
		return fmt.Sprintf("%d nodes for %d blocks", len(level), h.Blocks())
	case h.URN.HasTiger && root != h.URN.Tiger:
		return "its root is not that of the URN"
	case tiger.Expand(level)[0][0] != root:
		return "its nodes do not lead to the root"
	}
	return ""
}

// halfSize is the most that a half can hold, in whole sectors: a base with a tree, and
// a record for each block, as each is recorded once between two bases. One that is
// in the base takes less.
func (h Head) halfSize() int64 {
	n := int64(h.Blocks())
	most := recordHead + tiger.Size + n*tiger.Size + n*(recordHead+blockSize)
	return (most + sector - 1) / sector * sector
}

// start is where a half begins, and of 2 where the file ends.
func (h Head) start(half int) int64 { return headSize + int64(half)*h.halfSize() }

// appendHead writes the head, which is a sector with its checksum at the end.
func appendHead(b []byte, h Head) []byte {
	at, urn := len(b), h.URN.String()
	b = append(b, magic...)
	b = append(b, version)
	b = binary.LittleEndian.AppendUint64(b, h.Size)
	b = binary.LittleEndian.AppendUint64(b, h.Block)
	b = append(b, byte(len(urn)))
	b = append(b, urn...)
	b = append(b, make([]byte, at+headSize-sumSize-len(b))...)
	return binary.LittleEndian.AppendUint32(b, sumHead(b[at:]))
}

// parseHead reads what appendHead has written.
func parseHead(b []byte) (h Head, ok bool) {
	if len(b) != headSize || sumHead(b) != sumOf(b) {
		return Head{}, false
	}
	b, ok = bytes.CutPrefix(b, append([]byte(magic), version))
	if !ok {
		return Head{}, false
	}
	h.Size, h.Block = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	n := int(b[16]) // 255 at most, and there are more bytes than that
	urn, err := protocol.ParseURN(string(b[17 : 17+n]))
	if err != nil {
		return Head{}, false
	}
	h.URN = urn
	return h, h.check() == nil
}

// sumHead returns the checksum that a head should end with.
func sumHead(b []byte) uint32 { return crc32.Checksum(b[:headSize-sumSize], castagnoli) }

// sumOf returns the checksum that a head ends with.
func sumOf(head []byte) uint32 { return binary.LittleEndian.Uint32(head[headSize-sumSize:]) }

// ReadHead returns the head of the journal in r, which it leaves as it is: others may
// be writing to it. ErrDamaged says that there is none.
func ReadHead(r io.ReaderAt) (Head, error) {
	b, err := readUpTo(r, 0, headSize)
	if err != nil {
		return Head{}, err
	}
	h, ok := parseHead(b)
	if !ok {
		return Head{}, fmt.Errorf("%w: it begins with no head", ErrDamaged)
	}
	return h, nil
}
