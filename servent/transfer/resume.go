package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
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
	g.proof = prove(ctx, out.file, from)
	if out.touched(g.client.cfg.CheckpointTime) { // better known before more is fetched
		g.report(StateVerifying, true)
		if !g.proof.holds() {
			if ctx.Err() != nil { // nothing was found out
				return urn, false, ctx.Err()
			}
			return urn, false, g.restart()
		}
	}
	if g.sized && from.offset > g.size { // what the job says is only a hint
		g.size, g.sized = 0, false
	}
	if err := g.sink.resume(from); err != nil {
		return urn, false, explain(err)
	}
	if g.size == 0 && from.size >= from.offset && from.size > 0 {
		g.size, g.sized = from.size, true
	}
	g.older, g.base = true, &base{from.clone(), g.size, g.sized}
	g.log.WithFields(logrus.Fields{"bytes": from.offset}).Info("download goes on")
	g.report(StateConnecting, true)
	if !g.whole() {
		return urn, false, nil
	}
	return g.verify(ctx)
}

// base is what an earlier download left, and what it knew of the size.
type base struct {
	*checkpoint
	size  uint64
	sized bool
}

// dropBase gives up what an earlier download left. Those who contradict its size
// get another turn, from the beginning.
func (g *get) dropBase() {
	g.base = nil
	for _, c := range g.all {
		c.out = c.out && !c.ownSize
	}
}

// doubt decides, after content that did not match, whether what an earlier
// download left is still worth to go on from. One liar among others must not cost
// it, but it may itself be what somebody lied: where nobody else can be asked, or
// two have failed with it, that is tried.
func (g *get) doubt(ctx context.Context) {
	if g.base == nil {
		return
	}
	if len(g.mixed) < 2 {
		g.doubts++
	}
	others := slices.ContainsFunc(g.all, func(c *candidate) bool { return !c.out && !slices.Contains(g.mixed, c) })
	if g.doubts >= maxDoubts || len(g.mixed) < 2 && !others || !g.proof.holds() && ctx.Err() == nil {
		g.dropBase()
	}
}

// maxDoubts is how often what a single source adds may not match.
const maxDoubts = 2

// reconsider gives up what an earlier download left where that gives anybody
// another turn: nobody else is there.
func (g *get) reconsider() bool {
	if g.base == nil || !slices.ContainsFunc(g.all, func(c *candidate) bool { return c.out && c.ownSize }) {
		return false
	}
	g.dropBase()
	return true
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

// proof reads the bytes of a checkpoint again while those behind it are fetched:
// the states in the journal tell what was written, not what lies there now. SHA-1
// alone is compared, which reads as fast as disks do.
type proof struct {
	cancel context.CancelFunc
	done   chan struct{}
	held   bool // once done is closed
}

func prove(ctx context.Context, file io.ReaderAt, c *checkpoint) *proof {
	ctx, cancel := context.WithCancel(ctx)
	p := &proof{cancel: cancel, done: make(chan struct{})}
	offset, want := int64(c.offset), slices.Clone(c.sha)
	go func() {
		defer close(p.done)
		sha := newSHA1()
		n, err := io.CopyBuffer(sha, untilDone{ctx, io.NewSectionReader(file, 0, offset)}, make([]byte, blockSize))
		if err != nil || n != offset {
			return
		}
		state, err := sha.MarshalBinary()
		p.held = err == nil && bytes.Equal(state, want)
	}()
	return p
}

// holds waits for the end and reports whether the bytes are those that were recorded.
func (p *proof) holds() bool {
	<-p.done
	return p.held
}

// stop ends it. Nil, where nothing is to be proven, has none to end.
func (p *proof) stop() {
	if p != nil {
		p.cancel()
		<-p.done
	}
}

// keep records what has come of a download that ends with err, so that a later one
// goes on from there, and says so. What of it may be lies is not.
func (g *get) keep(out *output, err error) error {
	lied := errors.Is(err, ErrNotVerified)
	if g.points == nil || lied && g.base == nil {
		return err
	}
	var bytes uint64
	if lied {
		g.points.back(g.base.checkpoint)
		bytes = g.points.journal.last.offset
	} else {
		g.points.size = max(g.points.size, g.size)
		bytes = g.points.last(g.sink)
	}
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
		return &localError{fmt.Errorf("%w in %s: %s are to come, and %s are free", errNoRoom, g.job.Dir, sizeText(missing), sizeText(free))}
	}
	return nil
}

var errNoRoom = errors.New("not enough room")
