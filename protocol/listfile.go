package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math/bits"
)

// Limits of a ListFile's texts, in bytes.
const (
	MaxListPath = MaxPath
	MaxListTags = 1 << 10
)

// ListFile is one file in the list that a leaf gives its supernode (section 11).
type ListFile struct {
	Index   uint32 // what the leaf calls the file
	Size    uint64
	Created uint64 // seconds since 1970
	Type    uint8  // of media: a search.MediaType
	URN     URN
	Path    string // below the shared folder, the name included, with slashes
	Tags    string // more words of it
}

// Bits of the byte that says what a record holds; the low ones are the type.
const (
	listTypeBits = 0x0f
	listSHA1     = 0x10
	listTiger    = 0x20
	listKnown    = listTypeBits | listSHA1 | listTiger
)

// Append writes f to the end of b, its texts cut to their limits. Equal files give
// equal bytes.
func (f ListFile) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(f.Index))
	b = binary.AppendUvarint(b, f.Size)
	b = binary.AppendUvarint(b, f.Created)
	holds := f.Type & listTypeBits
	if f.URN.HasSHA1 {
		holds |= listSHA1
	}
	if f.URN.HasTiger {
		holds |= listTiger
	}
	b = append(b, holds)
	if f.URN.HasSHA1 {
		b = append(b, f.URN.SHA1[:]...)
	}
	if f.URN.HasTiger {
		b = append(b, f.URN.Tiger[:]...)
	}
	b = appendListText(b, cleanText(f.Path, MaxListPath))
	return appendListText(b, cleanText(f.Tags, MaxListTags))
}

func appendListText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// ParseListFile reads a record that is b. Texts are as they came, within their
// limits; they need not be UTF-8.
func ParseListFile(b []byte) (ListFile, error) {
	r := listReader{b: b}
	f := ListFile{Index: uint32(r.uint(1<<32 - 1)), Size: r.uint(maxFileSize), Created: r.uint(maxUnixTime)}
	holds := r.take(1)
	if r.err != nil {
		return ListFile{}, r.err
	}
	if holds[0]&^listKnown != 0 {
		return ListFile{}, &Error{Malformed, "list record"}
	}
	f.Type = holds[0] & listTypeBits
	if f.URN.HasSHA1 = holds[0]&listSHA1 != 0; f.URN.HasSHA1 {
		copy(f.URN.SHA1[:], r.take(len(f.URN.SHA1)))
	}
	if f.URN.HasTiger = holds[0]&listTiger != 0; f.URN.HasTiger {
		copy(f.URN.Tiger[:], r.take(len(f.URN.Tiger)))
	}
	f.Path = string(r.text(MaxListPath))
	f.Tags = string(r.text(MaxListTags))
	if r.err == nil && len(r.b) > 0 {
		r.fail(Malformed)
	}
	return f, r.err
}

// listReader takes a record or a part apart. After its first error it returns
// zeros.
type listReader struct {
	b   []byte
	err error
}

func (r *listReader) fail(kind ErrorKind) {
	if r.err == nil {
		r.err = &Error{kind, "list record"}
	}
	r.b = nil
}

func (r *listReader) uint(most uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	switch {
	case n == 0:
		r.fail(Truncated)
		return 0
	case n < 0 || v > most:
		r.fail(TooLarge)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *listReader) take(n int) []byte {
	if len(r.b) < n {
		r.fail(Truncated)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *listReader) text(most uint64) []byte { return r.take(int(r.uint(most))) }

// ListDigest stands for a whole list: the sum modulo 2^256 of the SHA-256 of every
// record in it, whatever their order. That of no file is zero. The number is
// little-endian.
type ListDigest [sha256.Size]byte

// Add puts a record, in the form of ListFile.Append, into the list.
func (d *ListDigest) Add(record []byte) { d.carry(record, bits.Add64) }

// Remove takes a record that is in the list out of it.
func (d *ListDigest) Remove(record []byte) { d.carry(record, bits.Sub64) }

func (d *ListDigest) carry(record []byte, op func(x, y, carry uint64) (uint64, uint64)) {
	sum := sha256.Sum256(record)
	var c, v uint64
	for i := 0; i < len(d); i += 8 {
		v, c = op(binary.LittleEndian.Uint64(d[i:]), binary.LittleEndian.Uint64(sum[i:]), c)
		binary.LittleEndian.PutUint64(d[i:], v)
	}
}

// ListChange is one entry of a ListPart: a file that is in the list from now on, in
// place of one of the same index, or one that is no more.
type ListChange struct {
	Record []byte // of the file, see ParseListFile; nil: Index is taken out
	Index  uint32
}

// Append writes c to the end of the body of a part. Record must not be longer than
// MaxListRecord.
func (c ListChange) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(c.Record)))
	if c.Record == nil {
		return binary.AppendUvarint(b, uint64(c.Index))
	}
	return append(b, c.Record...)
}

// MaxListRecord is more than the longest record takes.
const MaxListRecord = MaxListPath + MaxListTags + 128

// ListChanges yields the entries of a part's body, in their order; a record is not
// read. It ends with an error where the body cannot be read on.
func ListChanges(body []byte) iter.Seq2[ListChange, error] {
	return func(yield func(ListChange, error) bool) {
		for r := (listReader{b: body}); len(r.b) > 0; {
			var c ListChange
			if n := r.uint(MaxListRecord); n > 0 {
				c.Record = r.take(int(n))
			} else {
				c.Index = uint32(r.uint(1<<32 - 1))
			}
			if !yield(c, r.err) || r.err != nil {
				return
			}
		}
	}
}
