package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer/pick"
)

// Job says what to download and from whom.
type Job struct {
	URN     protocol.URN // may hold no hash: the result is then not verified
	Name    string       // what a peer calls it; SafeName makes the file's name of it
	Size    uint64       // 0: not known; with a hash a hint: sources that agree come first
	Sources []Source     // in the order in which to ask them
	Dir     string       // where the file goes; must exist
	// Find, which may be nil, looks for more sources by hash, while the download runs,
	// and calls found with each, from whatever goroutine, until it returns.
	Find func(ctx context.Context, found func(Source)) error
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
	Source      Source // the one of which there was news last
	State       string
	Place, Of   int // StateQueued: in the queue of the source, 1 is next; Of is 0 where it is not told
	Active      int // sources that deliver now
	Known       int // sources that are known
	// Copies is how many distributed copies are in sight: of the rarest block, with the
	// share of blocks that have one more as fraction; 0: not known.
	Copies float64
}

// Result is a file that was downloaded.
type Result struct {
	Path     string
	URN      protocol.URN  // of the content, both hashes; only those that were asked for where Existing
	SHA1     protocol.SHA1 // the same as in URN
	Bytes    uint64
	Fetched  uint64 // bytes that came, wrong ones included; not those of an earlier download
	Elapsed  time.Duration
	Verified bool     // the content matches every hash that the job named, and it named one
	Existing bool     // the file lay there already
	Sources  int      // how many sent something
	Liars    []Source // who sent wrong bytes
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
	sw := newSwarm(c, job, out, progress)
	defer c.enter(sw)()
	urn, err := sw.run(ctx)
	fetched := sw.fetched.Load()
	if err != nil {
		return Result{Fetched: fetched}, sw.keep(err)
	}
	path, existing, err := out.publish(c.publisher, func(path string) bool { return holdsAt(ctx, path, urn, sw.blocks.size) })
	if err != nil {
		return Result{Fetched: fetched}, err
	}
	r := Result{Path: path, URN: urn, SHA1: urn.SHA1, Bytes: sw.blocks.size, Fetched: fetched, Verified: job.named(), Existing: existing}
	sw.sum(&r)
	return r, nil
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
			if out != nil {
				out.warn(c.cfg.Log)
			}
			return out, err
		}
		if progress != nil {
			progress(c.elsewhere(job))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(takenWait):
		}
	}
}

// elsewhere tells how far the other download of a content is; little where that runs in
// another process.
func (c *Client) elsewhere(job *Job) Progress {
	p := Progress{Total: job.Size}
	for _, s := range c.running() {
		if s.job.Dir == job.Dir && s.job.URN.HasSHA1 && job.URN.HasSHA1 && s.job.URN.SHA1 == job.URN.SHA1 {
			p = s.stand()
		}
	}
	p.State = StateTaken
	return p
}

// takenWait is how often it is looked whether another download of the same content
// has ended.
const takenWait = 300 * time.Millisecond

// sum tells who has sent what of a file that is whole and right.
func (s *swarm) sum(r *Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Liars = s.liars()
	for _, c := range s.all {
		if c.sent == 0 || c.liar {
			continue
		}
		r.Sources++
		s.believe(c)
		s.client.known.note(time.Now(), r.URN.SHA1, c.Source)
	}
}

// report tells how far the download is, when there is news or it is time.
func (s *swarm) report(news bool) {
	if s.progress == nil {
		return
	}
	p := s.stand()
	news = news || p.State != s.last.State || p.Source.Addr != s.last.Source.Addr && p.State != StateLoading
	if !news && time.Since(s.reported) < progressPeriod {
		return
	}
	s.reported, s.last = time.Now(), p
	s.progress(p)
}

// stand is how far the download is.
func (s *swarm) stand() Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := Progress{Total: s.job.Size, State: s.state, Known: len(s.all), Source: s.all[0].Source}
	if s.asking != nil {
		p.Source = s.asking.Source
		if place := s.asking.place; s.active == 0 && place.Position > 0 {
			p.State, p.Place, p.Of = StateQueued, place.Position, place.Length
		}
	}
	if s.active == 0 && p.State != StateVerifying && p.State != StateQueued {
		p.State = StateWaiting
	}
	for _, c := range s.all {
		if c.running && c.busy && c.gained > 0 {
			p.Active++
		}
	}
	if b := s.blocks; b != nil {
		p.Total, p.Done, p.Copies = b.size, b.bytes(), pick.Copies(b.copies)
	}
	return p
}
