package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// KeptError is the error of a download that ended early, and says what of it is
// kept: a later Get of the same content into the same folder goes on from there.
type KeptError struct {
	Err   error
	Path  string // of the .part file
	Bytes uint64
}

func (e *KeptError) Error() string {
	return fmt.Sprintf("%v; %d bytes are kept in %s, the same download goes on from there", e.Err, e.Bytes, e.Path)
}

func (e *KeptError) Unwrap() error { return e.Err }

// resume goes on where an earlier download has stopped; true: that had all of it.
// What cannot be used is begun anew.
func (g *get) resume(ctx context.Context, out *output) (urn protocol.URN, ok bool, err error) {
	from := out.resumable()
	if from == nil && out.adopted {
		return urn, false, g.restart() // whatever lies there counts for nothing
	}
	if from == nil {
		return urn, false, nil
	}
	if out.touched(g.client.cfg.CheckpointTime) {
		g.report(StateVerifying, true)
		if !holdsStates(ctx, out.path, from) {
			return urn, false, errors.Join(ctx.Err(), g.restart())
		}
	}
	if g.job.Size > 0 && from.size > 0 && from.size != g.job.Size || from.offset > max(from.size, g.job.Size) && g.sized {
		return urn, false, g.restart() // the sizes contradict each other
	}
	if err := g.sink.resume(from); err != nil {
		return urn, false, explain(err)
	}
	g.older = true
	if g.size == 0 && from.size > 0 {
		g.size, g.sized = from.size, true
	}
	g.log.WithFields(logrus.Fields{"bytes": from.offset}).Info("download goes on")
	g.report(StateConnecting, true)
	if !g.whole() {
		return urn, false, nil
	}
	return g.verify()
}

// touched reports whether somebody has written to the .part file after the download
// ended, however it ended: much later than its last record.
func (o *output) touched(every time.Duration) bool {
	part, err := os.Lstat(o.path)
	if err != nil {
		return true
	}
	record, err := o.journal.file.Stat()
	return err != nil || part.ModTime().Sub(record.ModTime()) > every+touchedGrace
}

// touchedGrace is what writing and syncing may take beside the time between two
// records.
const touchedGrace = 30 * time.Second

// holdsStates reads the bytes that a checkpoint speaks of and compares their hashes.
func holdsStates(ctx context.Context, path string, c *checkpoint) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	sha, tree := newSHA1(), new(tiger.Tree)
	n, err := io.CopyBuffer(io.MultiWriter(sha, tree), io.LimitReader(untilDone{ctx, f}, int64(c.offset)), make([]byte, blockSize))
	if err != nil || uint64(n) != c.offset {
		return false
	}
	shaState, err := sha.MarshalBinary()
	treeState, treeErr := tree.MarshalBinary()
	return err == nil && treeErr == nil && bytes.Equal(shaState, c.sha) && bytes.Equal(treeState, c.tree)
}

// keep records what has come of a download that ends with err, so that a later one
// goes on from there, and says so. Content that does not match is not kept.
func (g *get) keep(out *output, err error) error {
	if g.points == nil || errors.Is(err, ErrNotVerified) {
		return err
	}
	g.points.size = max(g.points.size, g.size)
	bytes := g.points.last(g.sink)
	if bytes == 0 {
		return err
	}
	kept := &KeptError{Err: err, Path: out.path, Bytes: bytes}
	out.keep()
	return kept
}

// room checks that the output folder has room for what is missing.
func (g *get) room() error {
	free, ok := freeSpace(g.job.Dir)
	if missing := g.size - g.sink.size; ok && missing > free {
		return &localError{fmt.Errorf("%w in %s: %d bytes are missing, and %d are free", errNoRoom, g.job.Dir, missing, free)}
	}
	return nil
}

var errNoRoom = errors.New("not enough room")
