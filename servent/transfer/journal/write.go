package journal

import (
	"errors"
	"fmt"
	"io"
)

// base is the record that tells the whole state.
func (s *state) base(seq uint64) record {
	return record{seq: seq, base: true, blocks: s.blocks(), root: s.root, level: s.level}
}

// rewrite changes to another state: it becomes the base of the other half, and
// once it is durable, this half is wiped, so that even damage never brings back what
// it said.
func (j *Journal) rewrite(next state) error {
	to := j.head.start(1 - j.half)
	b := appendRecord(nil, j.seed, next.base(j.seq+1))
	if err := j.put(b, to); err != nil {
		return err
	}
	j.half, j.seq, j.end, j.state = 1-j.half, j.seq+1, to+int64(len(b)), next
	return j.put(make([]byte, j.head.halfSize()), j.head.start(1-j.half))
}

// wipe makes the bytes b, which stand at an offset, zero, if they are not.
func (j *Journal) wipe(b []byte, at int64) error {
	for _, v := range b {
		if v != 0 {
			return j.put(make([]byte, len(b)), at)
		}
	}
	return nil
}

// put writes b at an offset and waits until it is on the disk.
func (j *Journal) put(b []byte, at int64) error {
	if j.broken != nil {
		return j.broken
	}
	_, err := j.file.WriteAt(b, at)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = fmt.Errorf("write journal: %w", err)
	}
	return j.broken
}

// readUpTo reads n bytes at an offset, or as many as there are.
func readUpTo(f io.ReaderAt, at, n int64) ([]byte, error) {
	b := make([]byte, n)
	got, err := f.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return b[:got], nil
}
