package transfer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	journalSuffix  = ".journal" // behind the name of the .part file
	journalMagic   = "SRVTJRNL"
	journalVersion = 1

	// slotSize holds one record with the largest states there are. Records take the
	// two slots in turn, so that a write which is torn leaves the one before.
	slotSize  = 8 << 10
	slots     = 2
	slotHead  = 4 + 4 // CRC-32 and length of what follows
	maxRecord = slotSize - slotHead
)

// errJournal says that a journal cannot be used: damaged, or of another version.
var errJournal = errors.New("not a journal of a download")

// checkpoint is how far a download is for certain: the first Offset bytes of its
// .part file have reached the disk, and their hashes go on from these states.
type checkpoint struct {
	urn    protocol.URN // of the content that is wanted
	size   uint64       // of the file, 0 where it is not known
	offset uint64
	sha    []byte
	tree   []byte
}

// clone returns a copy that no later record changes.
func (c *checkpoint) clone() *checkpoint {
	clone := *c
	clone.sha, clone.tree = bytes.Clone(c.sha), bytes.Clone(c.tree)
	return &clone
}

// journal is the file beside a .part file in which checkpoints are recorded. It
// belongs to one goroutine.
type journal struct {
	file *os.File
	seq  uint64 // of the last record
	last checkpoint
}

// claim makes an empty file where the journal is to be, which marks an empty .part
// file beside it as one of ours; false: there is a file.
func claim(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// isBlank reports whether the journal at path is one that nothing was recorded in.
func isBlank(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > slots*slotSize {
		return false
	}
	b, err := os.ReadFile(path)
	return err == nil && len(bytes.Trim(b, "\x00")) == 0
}

// isOurs reports whether there is no file at path but a journal.
func isOurs(path string) bool {
	_, err := readJournal(path)
	return err == nil || errors.Is(err, fs.ErrNotExist) || isBlank(path)
}

// newJournal makes a journal at path, in place of any that lies there, which
// tells what is wanted, and that nothing has come yet.
func newJournal(path string, job *Job) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f}
	_, err = f.Write(make([]byte, slots*slotSize)) // so that a disk that is full by then takes records all the same
	if err == nil {
		err = j.record(start(job.URN, job.Size))
	}
	if err != nil {
		j.remove()
		return nil, err
	}
	return j, nil
}

// start is the checkpoint of a download that nothing has come of.
func start(urn protocol.URN, size uint64) checkpoint {
	c := checkpoint{urn: urn, size: size}
	c.sha, _ = newSHA1().MarshalBinary()        // never fails
	c.tree, _ = new(tiger.Tree).MarshalBinary() // never fails
	return c
}

// openJournal opens the journal at path. One that cannot be used is errJournal.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f}
	if err := j.load(); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return j, nil
}

// readJournal returns the last checkpoint of the journal at path.
func readJournal(path string) (checkpoint, error) {
	f, err := os.Open(path)
	if err != nil {
		return checkpoint{}, err
	}
	defer f.Close()
	j := &journal{file: f}
	err = j.load()
	return j.last, err
}

// load reads the newer of the two records.
func (j *journal) load() error {
	var err error
	j.seq, j.last, err = newer(j.file)
	return err
}

// newer returns the newer of the two records of a journal.
func newer(r io.ReaderAt) (seq uint64, last checkpoint, err error) {
	err = errJournal
	for i := range slots {
		var slot [slotSize]byte
		n, _ := r.ReadAt(slot[:], int64(i)*slotSize) // what is missing is zero, and no record
		s, c, bad := parseRecord(slot[:n])
		if bad == nil && (err != nil || s > seq) {
			seq, last, err = s, c, nil
		}
	}
	return seq, last, err
}

// record adds a checkpoint. What it says must have reached the disk before; when
// record returns, so has the record.
func (j *journal) record(c checkpoint) error {
	slot := appendRecord(make([]byte, 0, slotSize), j.seq+1, c)
	if _, err := j.file.WriteAt(slot, int64((j.seq+1)%slots)*slotSize); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.seq++
	j.last = c
	return nil
}

// clear takes all checkpoints back.
func (j *journal) clear() {
	c := start(j.last.urn, j.last.size)
	if j.record(c) != nil {
		_ = j.file.Truncate(0) // where it stays, the hash of the whole file tells
		j.last = c
	}
}

// close leaves the journal for a later download.
func (j *journal) close() { _ = j.file.Close() /* each record was synced */ }

// remove ends a journal that is not needed any more.
func (j *journal) remove() {
	_ = j.file.Close() // it goes
	if err := os.Remove(j.file.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = os.Truncate(j.file.Name(), 0) // at least it shall tell nothing
	}
}

// appendRecord writes one slot: checksum, length, and the checkpoint.
func appendRecord(b []byte, seq uint64, c checkpoint) []byte {
	start := len(b)
	b = append(b, make([]byte, slotHead)...)
	b = append(b, journalMagic...)
	b = append(b, journalVersion)
	for _, n := range []uint64{seq, c.size, c.offset} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	for _, field := range [][]byte{[]byte(c.urn.String()), c.sha, c.tree} {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(field)))
		b = append(b, field...)
	}
	body := b[start+slotHead:]
	binary.LittleEndian.PutUint32(b[start:], crc32.ChecksumIEEE(body))
	binary.LittleEndian.PutUint32(b[start+4:], uint32(len(body)))
	return b
}

// parseRecord reads a slot. The result aliases b.
func parseRecord(b []byte) (seq uint64, c checkpoint, err error) {
	if len(b) < slotHead {
		return 0, c, errJournal
	}
	sum, size := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if b = b[slotHead:]; uint64(size) > uint64(len(b)) || crc32.ChecksumIEEE(b[:size]) != sum {
		return 0, c, errJournal
	}
	b, ok := bytes.CutPrefix(b[:size], append([]byte(journalMagic), journalVersion))
	if !ok || len(b) < 3*8 {
		return 0, c, errJournal
	}
	seq = binary.LittleEndian.Uint64(b)
	c.size, c.offset = binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])
	b = b[3*8:]
	var fields [3][]byte
	for i := range fields {
		if fields[i], b, ok = cutField(b); !ok {
			return 0, c, errJournal
		}
	}
	c.sha, c.tree = fields[1], fields[2]
	if c.urn, err = protocol.ParseURN(string(fields[0])); err != nil || len(b) > 0 || !c.states() {
		return 0, c, errJournal
	}
	return seq, c, nil
}

// cutField takes one field with its length off b.
func cutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	if b = b[2:]; n > len(b) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// states reports whether the hash states are those of the first offset bytes.
func (c *checkpoint) states() bool {
	var tree tiger.Tree
	if tree.UnmarshalBinary(c.tree) != nil || tree.Size() != c.offset {
		return false
	}
	return newSHA1().UnmarshalBinary(c.sha) == nil && (c.size == 0 || c.offset <= c.size)
}
