package protocol

import (
	"math"
	"net/netip"
	"time"
)

// Limits of what a FileRecord says, in bytes. Longer texts are cut between two
// runes.
const (
	MaxName = 1024
	MaxPath = 4096
)

// Sizes around which a file's size changes its form.
const (
	maxPlainSize = math.MaxInt32   // the largest that goes without GGEP LF
	maxFileSize  = math.MaxInt64   // the largest that is believed
	maxUnixTime  = 253_402_300_799 // the end of the year 9999
)

// FileRecord is what one servent tells others about a file it shares: a
// HitRecord, understood.
type FileRecord struct {
	Index      uint32 // what the servent calls the file
	Size       uint64 // in bytes
	Name       string // without folder; UTF-8
	Path       string // folder below the shared one, "" at the top or if not told
	URN        URN
	Created    time.Time        // in UTC, to the second; zero if not told
	Alternates []netip.AddrPort // other servents that have the file, at most MaxAddrs
}

// File returns what r says about its file. It copies what it keeps. What cannot
// be read, and what is compressed (no servent does that here, and it would let a
// small hit cost much), is left out.
func (r HitRecord) File() FileRecord {
	f := FileRecord{Index: r.Index, Size: uint64(r.Size), Name: cleanBytes(r.Name, MaxName)}
	for e := range Extensions(r.Ext) {
		if u, ok := e.URN(); ok {
			f.URN = f.URN.merge(u)
			continue
		}
		f.read(e.GGEP)
	}
	return f
}

// read takes over what one GGEP item says.
func (f *FileRecord) read(g GGEP) {
	switch g.ID {
	case ggepSize:
		if n, ok := g.uint(); ok && n > 0 && n <= maxFileSize {
			f.Size = n
		}
	case ggepCreated:
		if n, ok := g.uint(); ok && n > 0 && n <= maxUnixTime {
			f.Created = time.Unix(int64(n), 0).UTC()
		}
	case ggepPath:
		if b, ok := g.plain(MaxPath); ok {
			f.Path = cleanBytes(b, MaxPath)
		}
	case ggepAlternates:
		if b, ok := g.plain(MaxGGEPData); ok {
			f.Alternates = ParseAddrs(b)
		}
	}
}

// Record returns f in the form to send: SHA-1 as HUGE text, then one GGEP block
// with what else is known. Nothing in it is NUL, whatever f holds.
func (f FileRecord) Record() HitRecord {
	return HitRecord{
		Index: f.Index,
		Size:  uint32(min(f.Size, math.MaxUint32)),
		Name:  []byte(cleanText(f.Name, MaxName)),
		Ext:   f.appendExt(nil),
	}
}

// appendExt writes the extension area of the record to the end of b.
func (f FileRecord) appendExt(b []byte) []byte {
	b = append(b, f.URN.SHA1URN()...)
	items := make([]GGEP, 0, 5)
	add := func(id string, data []byte) {
		if len(data) > 0 {
			items = append(items, NewGGEP(id, data).ForHit())
		}
	}
	if f.URN.HasTiger {
		add(ggepTiger, f.URN.Tiger[:])
	}
	if f.Size > maxPlainSize {
		add(ggepSize, appendUint(nil, f.Size))
	}
	if t := f.Created.Unix(); t > 0 && t <= maxUnixTime {
		add(ggepCreated, appendUint(nil, uint64(t)))
	}
	add(ggepPath, []byte(cleanText(f.Path, MaxPath)))
	add(ggepAlternates, AppendAddrs(nil, f.Alternates...))
	if len(items) > 0 && len(b) > 0 {
		b = append(b, extSeparator)
	}
	return AppendGGEP(b, items...)
}
