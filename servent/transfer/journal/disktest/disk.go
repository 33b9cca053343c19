// Package disktest is a disk in memory whose power can be cut. It keeps of each file
// what has been synced, and what has been written since and may be lost: of that a
// power cut keeps any part, in any order, torn at sectors.
package disktest

import (
	"bytes"
	"errors"
	"math/rand/v2"
)

// Sector is how many bytes reach the disk together or not at all.
const Sector = 512

// ErrCut is what everything returns from the cut on until Restart or Kill.
var ErrCut = errors.New("the disk is gone")

// Disk is a disk. It belongs to one goroutine.
type Disk struct {
	rnd   *rand.Rand
	files []*File
	left  int // operations until it is gone, negative: it stays
	gone  bool
}

// New returns a disk that takes its chances from rnd.
func New(rnd *rand.Rand) *Disk { return &Disk{rnd: rnd, left: -1} }

// Create makes an empty file.
func (d *Disk) Create() *File {
	f := &File{disk: d}
	d.files = append(d.files, f)
	return f
}

// CutAfter lets so many more writes, truncations and syncs of all files be done. Of
// the next one, some part may be.
func (d *Disk) CutAfter(operations int) { d.left = operations }

// Restart is the power cut and the start that follows.
func (d *Disk) Restart() {
	d.left, d.gone = -1, false
	keep := []float64{0, 0.1, 0.5, 0.9, 1}[d.rnd.IntN(5)]
	for _, f := range d.files {
		f.restart(keep)
	}
}

// Kill is the end of the process that wrote: all it has written can be read by the
// next one, and none of it is synced.
func (d *Disk) Kill() { d.left, d.gone = -1, false }

// operate counts an operation. It returns ErrCut from that one on with which the disk
// is gone; that one may still be done in part.
func (d *Disk) operate() (partly bool, err error) {
	switch {
	case d.gone:
		return false, ErrCut
	case d.left == 0:
		d.gone = true
		return true, ErrCut
	case d.left > 0:
		d.left--
	}
	return false, nil
}

// change is a write of at most a sector, or a truncation where data is nil.
type change struct {
	at   int64
	data []byte
}

// File is a file on a Disk. It is always open; Close does nothing.
type File struct {
	disk    *Disk
	now     []byte // as it is read
	synced  []byte
	pending []change
}

// ReadAt reads what was written, synced or not.
func (f *File) ReadAt(p []byte, at int64) (int, error) {
	if f.disk.gone {
		return 0, ErrCut
	}
	return bytes.NewReader(f.now).ReadAt(p, at)
}

// WriteAt writes p, of which nothing is certain until Sync has returned.
func (f *File) WriteAt(p []byte, at int64) (int, error) {
	partly, err := f.disk.operate()
	if err != nil && !partly {
		return 0, err
	}
	if partly {
		p = p[:f.disk.rnd.IntN(len(p)+1)]
	}
	for done := 0; done < len(p); {
		n := min(len(p)-done, Sector-int((at+int64(done))%Sector))
		f.change(change{at: at + int64(done), data: bytes.Clone(p[done : done+n])})
		done += n
	}
	return len(p), err
}

// Truncate makes the file n bytes long, which is not certain until Sync has returned.
func (f *File) Truncate(n int64) error {
	partly, err := f.disk.operate()
	if err == nil || partly {
		f.change(change{at: n})
	}
	return err
}

// Sync makes everything certain that was written.
func (f *File) Sync() error {
	if _, err := f.disk.operate(); err != nil {
		return err
	}
	f.synced, f.pending = bytes.Clone(f.now), nil
	return nil
}

// Close does nothing.
func (f *File) Close() error { return nil }

func (f *File) change(c change) {
	f.now = c.apply(f.now)
	f.pending = append(f.pending, c)
}

// restart leaves what was synced, and each change since with that probability.
func (f *File) restart(keep float64) {
	rnd := f.disk.rnd
	rnd.Shuffle(len(f.pending), func(i, j int) { f.pending[i], f.pending[j] = f.pending[j], f.pending[i] })
	for _, c := range f.pending {
		if rnd.Float64() < keep {
			f.synced = c.apply(f.synced)
		}
	}
	f.now, f.pending = bytes.Clone(f.synced), nil
}

// apply makes the change, in place where there is room.
func (c change) apply(b []byte) []byte {
	end := c.at + int64(len(c.data))
	if more := end - int64(len(b)); more > 0 {
		b = append(b, make([]byte, more)...)
	}
	if c.data == nil {
		return b[:c.at]
	}
	copy(b[c.at:], c.data)
	return b
}
