package transfer

import (
	"context"
	"crypto/sha1"
	"hash"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal"
)

// partFile is what a download needs of *os.File.
type partFile interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// store is a download on the disk: the .part file, which blocks of it are recorded in
// the journal, and the hash of the whole, as far as that has come without a gap. What
// is not said to lock belongs to its swarm, which locks.
type store struct {
	file partFile
	cfg  *ClientConfig

	// hashing guards sha and hashed. It is taken before the swarm's lock.
	hashing sync.Mutex
	sha     hash.Hash
	hashed  uint64 // bytes from the beginning
	buf     []byte
	spoilt  bool // a block has been dropped: all is hashed again

	pending []journal.Block // in the file, not recorded
	waiting uint64          // their bytes
	flushed time.Time
	// recording guards what the journal does. It is taken after the swarm's lock.
	recording sync.Mutex
	journal   *journal.Journal // nil: nothing is recorded
}

func newStore(file partFile, cfg *ClientConfig) *store {
	return &store{file: file, cfg: cfg, sha: sha1.New(), flushed: time.Now()}
}

// begin takes the size of the file, and begins the journal. Without one, an interrupted
// download starts over.
func (s *store) begin(h journal.Head, out *output, p *publisher) error {
	s.pending, s.waiting, s.spoilt = nil, 0, true
	s.recording.Lock()
	defer s.recording.Unlock()
	s.journal = out.begin(h, p)
	err := s.file.Truncate(0)
	if err == nil {
		err = s.file.Truncate(int64(h.Size)) // sparse: what is to come has its place
	}
	if err != nil {
		return &localError{err}
	}
	return nil
}

// came notes a block that is there.
func (s *store) came(i int, root tiger.Digest, n uint64) {
	s.pending = append(s.pending, journal.Block{Index: i, Root: root})
	s.waiting += n
}

// due says whether what has come is to be recorded now.
func (s *store) due(now time.Time) bool {
	return len(s.pending) > 0 && (s.waiting >= s.cfg.CheckpointBytes || now.Sub(s.flushed) >= s.cfg.CheckpointTime)
}

// dropped notes blocks whose bytes are not right, or may not be. When it returns the
// journal says nothing of them any more.
func (s *store) dropped(blocks []int) {
	s.spoilt = true
	s.pending = slices.DeleteFunc(s.pending, func(b journal.Block) bool { return slices.Contains(blocks, b.Index) })
	s.recording.Lock()
	defer s.recording.Unlock()
	if s.journal != nil && s.journal.Drop(blocks) != nil {
		s.journal = nil // the next download finds out by the hash of the whole
	}
}

// keepTree has the journal keep a tree that the job names.
func (s *store) keepTree(t *tree) {
	s.recording.Lock()
	defer s.recording.Unlock()
	if s.journal != nil && t.by == nil && t.span == 1 {
		_ = s.journal.SetTree(t.root, t.nodes) // without, it is fetched again
	}
}

// flush records what has come: first it reaches the disk, then the record does. A
// journal that fails costs no more than a fetch of what it does not tell: the download
// goes on. It locks lock, which is the swarm's.
func (s *store) flush(lock sync.Locker, log logrus.FieldLogger) {
	lock.Lock()
	s.recording.Lock()
	defer s.recording.Unlock()
	pending := s.pending
	s.pending, s.waiting, s.flushed = nil, 0, time.Now()
	lock.Unlock()
	if s.journal == nil || len(pending) == 0 {
		return
	}
	err := s.file.Sync()
	if err == nil {
		err = s.journal.Record(pending)
	}
	if err != nil {
		log.WithError(err).Warn("what comes is not recorded any more: an interrupted download will fetch it again")
		s.journal = nil
	}
}

// recorded is how many bytes a later download finds.
func (s *store) recorded() uint64 {
	s.recording.Lock()
	defer s.recording.Unlock()
	if s.journal == nil {
		return 0
	}
	return s.journal.Bytes()
}

// advance hashes the file as far as it has come without a gap. of returns what says how
// far that is, which is another when the size turns out to be; it is called under lock,
// the swarm's.
func (s *store) advance(ctx context.Context, lock sync.Locker, of func() *blocks) error {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	for ctx.Err() == nil {
		lock.Lock()
		blocks := of()
		if uint64(len(s.buf)) < min(chunk, blocks.size) {
			s.buf = make([]byte, min(chunk, blocks.size))
		}
		if s.spoilt {
			s.spoilt, s.hashed = false, 0
			s.sha.Reset()
		}
		end := min(blocks.front(s.hashed), s.hashed+uint64(len(s.buf)))
		lock.Unlock()
		if end <= s.hashed {
			return nil
		}
		b := s.buf[:end-s.hashed]
		if n, err := s.file.ReadAt(b, int64(s.hashed)); n < len(b) {
			return &localError{err}
		}
		s.sha.Write(b)
		s.hashed = end
	}
	return ctx.Err()
}

// sum is the SHA-1 of all that was hashed.
func (s *store) sum() (h protocol.SHA1) {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	s.sha.Sum(h[:0])
	return h
}
