package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sirupsen/logrus"
)

// KeptError is the error of a download that ended early, and says what of it is
// kept: a later Get of the same content into the same folder goes on from there.
type KeptError struct {
	Err   error
	Path  string // of the .part file
	Bytes uint64
}

func (e *KeptError) Error() string {
	return fmt.Sprintf("%v; %s are kept in %s, the same download goes on from there", e.Err, sizeText(e.Bytes), e.Path)
}

func (e *KeptError) Unwrap() error { return e.Err }

// resume goes on where an earlier download has stopped. What cannot be used is begun
// anew.
func (s *swarm) resume(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.out.journal
	if j == nil || j.Bytes() == 0 {
		if s.job.Size > 0 && s.job.Size <= s.client.cfg.MaxFileSize {
			s.resize(s.job.Size, nil)
		}
		return explain(s.broken)
	}
	s.blocks = newBlocks(j.Head().Size)
	s.store.journal = j
	info, err := os.Lstat(s.out.path)
	if err != nil {
		return explain(err)
	}
	var lost []int
	for i := range s.blocks.list {
		root, ok := j.Has(i)
		if _, end := s.blocks.bounds(i); ok && uint64(info.Size()) < end { // cut short by somebody
			lost = append(lost, i)
		} else if ok {
			s.blocks.put(i, root, nil)
		}
	}
	if len(lost) > 0 {
		s.store.dropped(lost)
	}
	if uint64(info.Size()) != s.blocks.size {
		if err := s.out.file.Truncate(int64(s.blocks.size)); err != nil {
			return explain(err)
		}
	}
	s.log.WithFields(logrus.Fields{"bytes": j.Bytes()}).Info("download goes on")
	if s.out.touched(s.client.cfg.CheckpointTime) {
		s.state = StateVerifying // better known before more is fetched, or any of it served
		s.mu.Unlock()
		s.report(true)
		_, err = s.reread(ctx)
		s.mu.Lock()
		if s.state = StateConnecting; err != nil {
			return err
		}
	}
	if root, level, ok := j.Tree(); ok && s.job.URN.HasTiger && root == s.job.URN.Tiger {
		s.trust(&tree{root: root, nodes: level, span: 1})
	}
	return nil
}

// touched reports whether somebody has written to the .part file after the download
// ended, however it ended: much later than its last record.
func (o *output) touched(every time.Duration) bool {
	part, err := os.Lstat(o.path)
	if err != nil {
		return true
	}
	record, err := os.Lstat(o.path + journalSuffix)
	return err != nil || part.ModTime().Sub(record.ModTime()) > every+touchedGrace
}

// touchedGrace is what writing and syncing may take beside the time between two
// records.
const touchedGrace = 30 * time.Second

// keep records what has come of a download that ends with err, so that a later one
// goes on from there, and says so. What of it may be lies is not.
func (s *swarm) keep(err error) error {
	if s.blocks == nil || errors.Is(err, errTwoFiles) {
		return err
	}
	s.store.flush(&s.mu, s.log)
	bytes := s.store.recorded()
	if bytes == 0 {
		return err
	}
	kept := &KeptError{Err: err, Path: s.out.path, Bytes: bytes}
	s.out.keep()
	return kept
}

// spaceFunc tells how many bytes may still be written in a folder; false: not known.
type spaceFunc func(dir string) (uint64, bool)

// enoughRoom checks that a folder has room for so many bytes more.
func enoughRoom(space spaceFunc, dir string, missing uint64) error {
	if free, ok := space(dir); ok && missing > free {
		return fmt.Errorf("%w in %s: %s are to come, and %s are free", errNoRoom, dir, sizeText(missing), sizeText(free))
	}
	return nil
}

var errNoRoom = errors.New("not enough room")
