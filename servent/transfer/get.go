package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
)

// Job says what to download and from whom.
type Job struct {
	URN     protocol.URN // may hold no hash: the result is then not verified
	Name    string       // what a peer calls it; SafeName makes the file's name of it
	Size    uint64       // 0: not known; with a hash a hint: sources that agree come first
	Sources []Source     // in the order in which to ask them
	Dir     string       // where the file goes; must exist
}

// named reports whether the job says by a hash which content it wants.
func (j *Job) named() bool { return j.URN.HasSHA1 || j.URN.HasTiger }

// States of a download.
const (
	StateConnecting = "connecting"
	StatePushing    = "pushing" // asked the source to connect to us
	StateWaiting    = "waiting" // every source left is busy, with others or with downloads of ours
	StateQueued     = "queued"  // every source left is busy, and the next to be asked told a place in its queue
	StateLoading    = "loading"
	StateVerifying  = "verifying"
	StateTaken      = "waiting: it is being downloaded already" // by another download, into that folder
)

// Progress is how far a download is.
type Progress struct {
	Done, Total uint64 // bytes; Total is 0 while it is not known
	Source      Source // the one that is asked
	State       string
	Place, Of   int // StateQueued: in the queue of the source, 1 is next; Of is 0 where it is not told

	Active int     // sources that deliver now
	Known  int     // sources that are known
	Copies float64 // distributed copies: of the rarest block in sight, with the share of blocks that have one more as fraction; 0: not known
}

// Result is a file that was downloaded.
type Result struct {
	Path     string
	URN      protocol.URN  // of the content, both hashes; only those that were asked for where Existing
	SHA1     protocol.SHA1 // the same as in URN
	Bytes    uint64
	Fetched  uint64 // bytes that came, wrong ones included; not those of an earlier download
	Elapsed  time.Duration
	Verified bool // the content matches every hash that the job named, and it named one
	Existing bool // the file lay there already

	Sources int      // that delivered
	Liars   []Source // who sent wrong bytes
}

// progressPeriod is how often progress is reported while bytes come.
const progressPeriod = 200 * time.Millisecond

// Get downloads a file and returns when it lies verified in job.Dir, when no
// source is left, or when ctx ends. A file of that name is never overwritten:
// one with the same content is taken as the result, beside any other a
// numbered name is chosen. progress, which may be nil, is called now and then
// from the calling goroutine. Beside an error only Fetched and Elapsed are set.
func (c *Client) Get(ctx context.Context, job Job, progress func(Progress)) (Result, error) {
	c.active.Add(1)
	defer c.active.Add(-1)
	begin := time.Now()
	for i := 0; job.Name == "" && i < len(job.Sources); i++ {
		job.Name = job.Sources[i].Name
	}
	job.Name = SafeName(job.Name)
	r, err := c.get(ctx, job, progress)
	switch {
	case err == nil:
		c.done.Add(1)
	case ctx.Err() == nil: // who ends a download does not make it fail
		c.failed.Add(1)
	}
	r.Elapsed = time.Since(begin)
	return r, err
}

func (c *Client) get(ctx context.Context, job Job, progress func(Progress)) (Result, error) {
	if err := checkDir(job.Dir); err != nil {
		return Result{}, err
	}
	if job.Size > c.cfg.MaxFileSize && !job.named() {
		return Result{}, fmt.Errorf("%w (%d bytes)", errTooBig, job.Size)
	}
	if job.named() {
		if path, size, ok := findCopy(ctx, job.Dir, job.Name, job.URN, job.Size); ok {
			tidy(&job)
			return Result{Path: path, URN: job.URN, SHA1: job.URN.SHA1, Bytes: size, Verified: true, Existing: true}, nil
		}
	}
	if len(job.Sources) == 0 {
		return Result{}, ErrNoSource
	}
	out, err := c.output(ctx, &job, progress)
	if err != nil {
		return Result{}, err
	}
	if out == nil { // another download has brought it
		return c.get(ctx, job, progress)
	}
	defer out.discard()
	g := newGet(c, job, out, progress)
	urn, err := g.run(ctx, out)
	g.sink.close()
	g.proof.stop()
	if err != nil {
		return Result{Fetched: g.fetched}, g.keep(out, err)
	}
	g.points.wait()
	path, existing, err := out.publish(func(path string) bool { return holdsAt(ctx, path, urn, g.sink.size) })
	if err != nil {
		return Result{Fetched: g.fetched}, err
	}
	return Result{Path: path, URN: urn, SHA1: urn.SHA1, Bytes: g.sink.size, Fetched: g.fetched, Verified: job.named(), Existing: existing}, nil
}

// output opens the file to write. While another download of the same content has
// it, it waits; nil without error: that one has ended, and the file may be there.
func (c *Client) output(ctx context.Context, job *Job, progress func(Progress)) (*output, error) {
	for waited := false; ; waited = true {
		out, err := openOutput(job, c.create)
		switch {
		case errors.Is(err, errTaken):
		case err == nil && waited:
			if _, _, ok := findCopy(ctx, job.Dir, job.Name, job.URN, job.Size); ok {
				out.discard()
				return nil, nil
			}
			return out, nil
		default:
			return out, err
		}
		if progress != nil {
			progress(Progress{Total: job.Size, State: StateTaken})
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(takenWait):
		}
	}
}

// takenWait is how often it is looked whether another download of the same content
// has ended.
const takenWait = 300 * time.Millisecond

// get is one download on its way. It belongs to one goroutine.
type get struct {
	client *Client
	job    Job
	sink   *sink
	points *checkpoints // nil: nothing is kept when the download ends early
	log    logrus.FieldLogger

	size  uint64 // of the file
	sized bool   // size is known, from the job or from the source that is asked first

	all     []*candidate // in the job's order
	mixed   []*candidate // those whose bytes are in the sink
	lied    bool         // content did not match
	older   bool         // the sink holds bytes of an earlier download
	fetched uint64       // bytes that came, be they still in the sink or not
	proof   *proof       // of these; nil: there were none
	base    *base        // where they end; nil: not to be gone back to
	doubts  int          // times that what a single source added to them did not match
	asking  *candidate

	alternates int // taken from others' X-Falt

	progress func(Progress)
	reported time.Time
}

func newGet(c *Client, job Job, out *output, progress func(Progress)) *get {
	var points *checkpoints
	if out.journal != nil {
		points = newCheckpoints(&c.cfg, out, job.URN, job.Size)
	}
	g := &get{
		client:   c,
		job:      job,
		sink:     newSink(out.file, points),
		points:   points,
		log:      c.cfg.Log.WithField("component", "download"),
		size:     job.Size,
		sized:    job.Size > 0,
		progress: progress,
	}
	for _, s := range job.Sources {
		g.all = append(g.all, &candidate{Source: s, key: keyOf(s)})
	}
	return g
}

// run asks sources until the file is whole and right, and returns its hashes.
func (g *get) run(ctx context.Context, out *output) (protocol.URN, error) {
	if urn, ok, err := g.resume(ctx, out); ok || err != nil {
		return urn, err
	}
	for {
		c, wait := g.next(time.Now())
		if c == nil && g.reconsider() {
			continue
		}
		if c == nil {
			return protocol.URN{}, g.exhausted()
		}
		g.asking = c
		if err := g.pause(ctx, wait); err != nil {
			return protocol.URN{}, err
		}
		if took, err := g.turn(ctx, c); err != nil {
			return protocol.URN{}, err
		} else if !took {
			continue
		}
		urn, ok, err := g.try(ctx, c)
		g.client.turns.give(c.key)
		if ok || err != nil {
			return urn, err
		}
	}
}

// turn waits until c may be asked beside what other downloads ask of it. It
// returns false when another candidate may be ready sooner by now.
func (g *get) turn(ctx context.Context, c *candidate) (bool, error) {
	if c.full {
		g.report(StateWaiting, true)
	}
	return g.client.turns.take(ctx, c.key)
}

// try gives one candidate its turn. true means that the file is whole and
// right; an error ends the download.
func (g *get) try(ctx context.Context, c *candidate) (protocol.URN, bool, error) {
	g.asking = c
	if g.mustRestart(c) {
		if err := g.restart(); err != nil {
			return protocol.URN{}, false, explain(err)
		}
	}
	if len(g.mixed) == 0 && !g.older {
		g.size, g.sized = g.job.Size, g.job.Size > 0 && !c.ownSize
	}
	c.gained = 0
	failed := g.fetch(ctx, c)
	var local *localError
	switch {
	case ctx.Err() != nil:
		return protocol.URN{}, false, ctx.Err()
	case errors.As(failed, &local):
		return protocol.URN{}, false, explain(failed)
	case !g.whole():
		g.note(c, failed)
		return protocol.URN{}, false, nil
	}
	g.involve(c) // where the file is empty, nothing told so yet
	return g.verify(ctx)
}

// verify compares the hashes of the whole file. What does not match is thrown
// away, down to what an earlier download left, and whoever sent some of it is to
// blame; not so where somebody has changed what that left.
func (g *get) verify(ctx context.Context) (protocol.URN, bool, error) {
	g.report(StateVerifying, true)
	urn, err := g.sink.sums()
	if err != nil {
		return urn, false, explain(err)
	}
	switch {
	case !matches(urn, g.job.URN):
		g.client.liesFound.Add(1)
		g.blame()
		g.doubt(ctx)
	case !g.older || g.proof.holds():
		for _, c := range g.mixed {
			g.client.known.note(time.Now(), urn.SHA1, c.Source)
		}
		return urn, true, nil
	case ctx.Err() != nil:
		return urn, false, ctx.Err()
	default:
		g.log.Warn("what an earlier download left was changed since: all is fetched again")
		g.dropBase()
	}
	if err := g.restart(); err != nil {
		return urn, false, explain(err)
	}
	return urn, false, nil
}

// whole reports whether all bytes of the file are there.
func (g *get) whole() bool { return g.sized && g.sink.size == g.size }

// restart forgets everything that came since an earlier download, or all.
func (g *get) restart() error {
	g.mixed, g.older = g.mixed[:0], g.base != nil
	if g.base != nil {
		g.size, g.sized = g.base.size, g.base.sized
		return g.sink.back(g.base.checkpoint)
	}
	return g.sink.reset()
}

// contributed notes that n bytes of c are in the sink now.
func (g *get) contributed(c *candidate, n int) {
	g.involve(c)
	c.gained += uint64(n)
	g.fetched += uint64(n)
	g.client.bytesIn.Add(uint64(n))
}

// involve makes c one of those who answer for what is in the sink.
func (g *get) involve(c *candidate) {
	if !slices.Contains(g.mixed, c) {
		g.mixed = append(g.mixed, c)
	}
}

// pause waits until a busy source may be asked again.
func (g *get) pause(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	g.report(StateWaiting, true)
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// report tells how far the download is, when there is news or it is time.
func (g *get) report(state string, news bool) {
	if g.progress == nil || !news && time.Since(g.reported) < progressPeriod {
		return
	}
	g.reported = time.Now()
	p := Progress{Done: g.sink.size, Total: g.size, State: state}
	if g.asking != nil {
		p.Source = g.asking.Source
		if place := g.asking.place; state == StateWaiting && place.Position > 0 {
			p.State, p.Place, p.Of = StateQueued, place.Position, place.Length
		}
	}
	g.progress(p)
}
