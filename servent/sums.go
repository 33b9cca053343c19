package servent

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// Sums are what a file's content is known by.
type Sums struct {
	URN   protocol.URN // both hashes
	Bytes uint64

	// Pieces, where they were asked for, are the SHA-1 of each PieceSize bytes, the last
	// one of what is left.
	PieceSize uint64
	Pieces    []protocol.SHA1
}

const (
	sumBlock = 256 << 10
	// minPiece is the size of a piece; it doubles until there are maxPieces at most.
	minPiece  = 256 << 10
	maxPieces = 8192
)

// SumFile reads a file, and hashes its pieces too if asked to. progress hears after
// each block how many bytes were read.
func SumFile(ctx context.Context, path string, pieces bool, progress func(done uint64)) (Sums, error) {
	f, err := os.Open(path)
	if err != nil {
		return Sums{}, fmt.Errorf("read file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return Sums{}, fmt.Errorf("read file: %w", err)
	case !info.Mode().IsRegular():
		return Sums{}, fmt.Errorf("read %s: it is no file", path)
	}
	s := newSummer()
	if pieces {
		s.cut(uint64(info.Size()))
	}
	buf := make([]byte, sumBlock)
	for {
		if ctx.Err() != nil {
			return Sums{}, ctx.Err()
		}
		n, err := f.Read(buf)
		s.write(buf[:n])
		progress(s.bytes)
		if errors.Is(err, io.EOF) {
			return s.sums(), nil
		}
		if err != nil {
			return Sums{}, fmt.Errorf("read file: %w", err)
		}
	}
}

// summer hashes what is written to it.
type summer struct {
	whole, piece hash.Hash // piece is nil where none are wanted
	tree         tiger.Tree
	size         uint64 // of a piece
	bytes        uint64
	pieces       []protocol.SHA1
}

func newSummer() *summer { return &summer{whole: sha1.New()} }

// cut has the pieces of a file hashed that is expected to be of this size.
func (s *summer) cut(expected uint64) {
	s.piece, s.size = sha1.New(), minPiece
	for (expected+s.size-1)/s.size > maxPieces {
		s.size *= 2
	}
}

func (s *summer) write(p []byte) {
	_, _ = s.whole.Write(p) // a hash takes everything
	s.tree.Write(p)
	if s.piece == nil {
		s.bytes += uint64(len(p))
		return
	}
	for len(p) > 0 {
		n := min(uint64(len(p)), s.size-s.bytes%s.size)
		_, _ = s.piece.Write(p[:n])
		s.bytes += n
		p = p[n:]
		if s.bytes%s.size == 0 {
			s.endPiece()
		}
	}
}

func (s *summer) endPiece() {
	s.pieces = append(s.pieces, protocol.SHA1(s.piece.Sum(nil)))
	s.piece.Reset()
}

func (s *summer) sums() Sums {
	if s.piece != nil && s.bytes%s.size > 0 {
		s.endPiece()
	}
	return Sums{
		URN:   protocol.URN{SHA1: protocol.SHA1(s.whole.Sum(nil)), Tiger: s.tree.Root(), HasSHA1: true, HasTiger: true},
		Bytes: s.bytes, PieceSize: s.size, Pieces: s.pieces,
	}
}

// Check compares the sums with all that a magnet link says of the content. What is
// wrong is an ErrNotVerified.
func (s *Sums) Check(m protocol.Magnet) error {
	switch {
	case m.Size > 0 && m.Size != s.Bytes: // first: it tells that a file was cut short
		return fmt.Errorf("%w: the size should be %d bytes, it is %d", ErrNotVerified, m.Size, s.Bytes)
	case m.URN.HasSHA1 && m.URN.SHA1 != s.URN.SHA1:
		return fmt.Errorf("%w: the SHA-1 should be %s", ErrNotVerified, m.URN.SHA1)
	case m.URN.HasTiger && m.URN.Tiger != s.URN.Tiger:
		return fmt.Errorf("%w: the tiger root should be %s", ErrNotVerified, m.URN.Tiger)
	}
	return nil
}
