package transfer

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	blockSize  = 256 << 10 // large enough that hand-overs cost nothing
	blockCount = 8         // in flight for one download: its memory
	consumers  = 2         // of each block
)

// partFile is what a sink needs of *os.File.
type partFile interface {
	io.Writer
	io.ReaderAt // what an earlier download has left
	io.Seeker
	Truncate(size int64) error
	Sync() error
	Close() error
}

// block is a piece of a file on its way. It belongs to whoever took it, then to
// the consumers; the last of them gives it back.
type block struct {
	buf  []byte // capacity blockSize
	mark uint64 // where it ends in the file, if a checkpoint is due there; else 0
	left atomic.Int32
}

// sink writes a file and hashes it on the way, in one pass: one goroutine
// writes and computes SHA-1, a second one the tiger tree, which takes as long
// as all the rest. One goroutine at a time may use a sink.
type sink struct {
	file   partFile
	points *checkpoints // nil: none are taken
	size   uint64       // bytes put since the last reset

	free, toFile, toTree chan *block
	running              sync.WaitGroup

	// Owned by the consumers, and by the user while settled.
	sha      sha1State
	tree     tiger.Tree
	writeErr error

	broken atomic.Bool // writeErr is set: tells the user early
}

// newSink starts the two goroutines, which end with close. points may be nil.
func newSink(file partFile, points *checkpoints) *sink {
	s := &sink{
		file:   file,
		points: points,
		free:   make(chan *block, blockCount),
		toFile: make(chan *block, blockCount),
		toTree: make(chan *block, blockCount),
		sha:    newSHA1(),
	}
	for range blockCount {
		s.free <- &block{buf: make([]byte, 0, blockSize)}
	}
	s.running.Go(s.writeBlocks)
	s.running.Go(s.hashBlocks)
	return s
}

// take returns a block to fill. It waits while all are on their way. An error
// is that of the file.
func (s *sink) take() (*block, error) {
	if s.broken.Load() {
		return nil, s.settle()
	}
	return <-s.free, nil
}

// drop gives back a block unused.
func (s *sink) drop(b *block) { s.free <- b }

// put hands over the first n bytes of b.
func (s *sink) put(b *block, n int) {
	b.buf = b.buf[:n]
	b.left.Store(consumers)
	s.size += uint64(n)
	if b.mark = 0; s.points.due(s.size, time.Now()) {
		b.mark = s.size
	}
	s.toFile <- b
	s.toTree <- b
}

// settle waits until everything put is written and hashed.
func (s *sink) settle() error {
	var all [blockCount]*block
	for i := range all {
		all[i] = <-s.free
	}
	err := s.writeErr
	for _, b := range all {
		s.free <- b
	}
	if err != nil {
		return &localError{err}
	}
	return nil
}

// resume makes the sink go on behind a checkpoint of the same file.
func (s *sink) resume(c *checkpoint) error {
	if err := s.file.Truncate(int64(c.offset)); err != nil {
		return &localError{err}
	}
	if _, err := s.file.Seek(int64(c.offset), io.SeekStart); err != nil {
		return &localError{err}
	}
	if err := s.sha.UnmarshalBinary(c.sha); err != nil {
		return &localError{err}
	}
	if err := s.tree.UnmarshalBinary(c.tree); err != nil {
		return &localError{err}
	}
	s.size = c.offset
	return nil
}

// back is resume after blocks were put: it forgets these.
func (s *sink) back(c *checkpoint) error {
	if err := s.settle(); err != nil {
		return err
	}
	s.points.back(c)
	return s.resume(c)
}

// reset forgets everything put.
func (s *sink) reset() error {
	if err := s.settle(); err != nil {
		return err
	}
	s.points.forget()
	s.size = 0
	s.sha.Reset()
	s.tree.Reset()
	if err := s.file.Truncate(0); err != nil {
		return &localError{err}
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return &localError{err}
	}
	return nil
}

// sums returns the hashes of everything put.
func (s *sink) sums() (protocol.URN, error) {
	if err := s.settle(); err != nil {
		return protocol.URN{}, err
	}
	u := protocol.URN{Tiger: s.tree.Root(), HasSHA1: true, HasTiger: true}
	s.sha.Sum(u.SHA1[:0])
	return u, nil
}

// close ends the goroutines. The file stays open.
func (s *sink) close() {
	close(s.toFile)
	close(s.toTree)
	s.running.Wait()
}

func (s *sink) writeBlocks() {
	for b := range s.toFile {
		if s.writeErr == nil {
			s.sha.Write(b.buf)
			_, s.writeErr = s.file.Write(b.buf)
			s.broken.Store(s.writeErr != nil)
		}
		if b.mark > 0 {
			s.points.noteSHA(b.mark, s.state(s.sha.MarshalBinary))
		}
		s.release(b)
	}
}

func (s *sink) hashBlocks() {
	for b := range s.toTree {
		s.tree.Write(b.buf)
		if b.mark > 0 {
			s.points.noteTree(s.state(s.tree.MarshalBinary))
		}
		s.release(b)
	}
}

// state returns what a hash says of itself, nothing that could be recorded where
// it or the file fails.
func (s *sink) state(of func() ([]byte, error)) []byte {
	b, err := of()
	if err != nil || s.broken.Load() {
		return nil
	}
	return b
}

func (s *sink) release(b *block) {
	if b.left.Add(-1) == 0 {
		s.free <- b
	}
}
