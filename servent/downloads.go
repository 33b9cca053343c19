package servent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// Phases of a download that scripts may rely on.
const (
	PhaseWaiting = "waiting" // for its turn, or for a source to appear
	PhaseLoading = "loading" // or looking for sources: State tells
	PhasePaused  = "paused"
	PhaseDone    = "done"
	PhaseFailed  = "failed"

	PhaseCancelled = "cancelled" // and is no longer listed
)

// States of a download that waits here, not at a source.
const (
	StatePaused  = "paused"
	StateTurn    = "waiting: other downloads come first"
	StateNoneYet = "waiting: nobody had it, to be looked for again"
)

// Priorities: which downloads begin first where not all may load at once.
const (
	PriorityHigh   = "high"
	PriorityNormal = "normal"
	PriorityLow    = "low"
)

// ErrCancelled ends a download that the user has cancelled from elsewhere.
var ErrCancelled = errors.New("the download was cancelled (`servent transfers cancel`)")

// errPaused ends the loading of a download that waits now to be resumed.
var errPaused = errors.New("paused")

// DownloadInfo is one download of a servent that runs.
type DownloadInfo struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	SHA1     string    `json:"sha1"`
	Phase    string    `json:"phase"` // see PhaseWaiting
	State    string    `json:"state"` // more exactly, for people
	Priority string    `json:"priority"`
	Detached bool      `json:"detached"` // no command waits for it
	Dir      string    `json:"dir"`      // where the file goes
	Path     string    `json:"path,omitempty"`
	Error    string    `json:"error,omitempty"` // why it has failed, or why it waits
	Added    time.Time `json:"added"`

	Done    uint64  `json:"done"`
	Total   uint64  `json:"total"` // 0: not known
	Sources int     `json:"sources"`
	Active  int     `json:"active"`
	Copies  float64 `json:"copies"`
	Rate    uint64  `json:"rate"`
	LeftMS  int64   `json:"left_ms"`
}

// DownloadChange says what to change of which downloads.
type DownloadChange struct {
	Action   string   `json:"-"`                  // pause, resume, cancel or priority
	IDs      []string `json:"ids"`                // "all" stands for all of them
	Priority string   `json:"priority,omitempty"` // of the action of that name
	Keep     bool     `json:"keep,omitempty"`     // cancel: leave what has come for a later download
}

// Get downloads one file and returns when it lies verified in Dir. Sources that
// the request does not name are searched for. It is one of Downloads meanwhile:
// where it is paused there, Get waits; where it is cancelled, the error is
// ErrCancelled. progress is called on the caller's goroutine.
func (s *Servent) Get(ctx context.Context, req GetRequest, progress func(GetProgress)) (Got, error) {
	ctx, cancel := s.whileRunning(ctx)
	defer cancel()
	m, err := parseWanted(req.Magnet)
	if err != nil {
		return Got{}, err
	}
	d, err := s.gets.enter(req, m, false)
	if err != nil {
		return Got{}, err
	}
	defer s.gets.leave(d)
	for {
		if err := s.gets.await(ctx, d, progress); err != nil {
			if s.life.Err() != nil && errors.Is(err, context.Canceled) {
				err = keptWith(errStopped, err)
			}
			return Got{}, err
		}
		got, err := s.attempt(ctx, d, progress)
		if !errors.Is(err, errPaused) {
			return got, err
		}
	}
}

// attempt loads d until it is there, fails, or is to be paused or cancelled.
func (s *Servent) attempt(ctx context.Context, d *download, progress func(GetProgress)) (Got, error) {
	loading, end := context.WithCancelCause(ctx)
	defer end(nil)
	s.gets.begin(d, end)
	got, err := s.download(loading, d.req, func(p GetProgress) { progress(s.gets.note(d, p)) })
	cause := context.Cause(loading)
	if errors.Is(cause, ErrCancelled) && err != nil && !s.gets.keeps(d) {
		removeParts(d, err)
	}
	if err == nil && d.req.Share {
		s.brought.put(d.magnet.URN, got.Path)
		s.shareFile(got.Path)
	}
	return got, s.gets.ended(d, got, err, cause, ctx.Err() != nil)
}

// removeParts removes what is left of a download that ended with err.
func removeParts(d *download, err error) {
	var kept *KeptError
	name := cmp.Or(d.magnet.Name, d.magnet.URN.SHA1.String())
	if errors.As(err, &kept) {
		name = strings.TrimSuffix(kept.Path, ".part")
	}
	dir := filepath.Join(d.req.Dir, filepath.FromSlash(transfer.SafePath(d.req.Folder)))
	transfer.Discard(transfer.Job{URN: d.magnet.URN, Name: name, Dir: dir})
}

// Detach enters downloads that nobody waits for and returns once they are written
// down: they go on while the servent runs, and when it is started again. What is
// wanted into the same folder already is not entered twice.
func (s *Servent) Detach(reqs []GetRequest) ([]DownloadInfo, error) {
	if !s.keepsDownloads() {
		return nil, errors.New("this servent ends with the command that it runs for, and keeps no downloads: start one with `servent share`")
	}
	magnets := make([]protocol.Magnet, len(reqs))
	for i, req := range reqs {
		var err error
		if magnets[i], err = parseWanted(req.Magnet); err != nil {
			return nil, err
		}
		if !filepath.IsAbs(req.Dir) {
			return nil, fmt.Errorf("output folder %q: want an absolute path", req.Dir)
		}
	}
	var entered []*download
	var out []DownloadInfo
	var failed error
	for i, req := range reqs {
		d := s.gets.same(&req, magnets[i].URN)
		if d == nil {
			if d, failed = s.gets.enter(req, magnets[i], true); failed != nil {
				break
			}
			entered = append(entered, d)
		}
		out = append(out, s.gets.info(d))
	}
	if failed == nil {
		failed = s.saveDownloads()
	}
	if failed != nil {
		for _, d := range entered {
			s.gets.withdraw(d)
		}
		return nil, failed
	}
	return out, nil
}

// Downloads lists the downloads of the servent: those that somebody waits for,
// those that were detached, and the last of these that are done.
func (s *Servent) Downloads() []DownloadInfo { return s.gets.infos() }

// ChangeDownloads pauses, resumes or cancels downloads, or says which come first,
// and returns once that is so. An id that is not known changes nothing.
func (s *Servent) ChangeDownloads(ctx context.Context, c DownloadChange) ([]DownloadInfo, error) {
	list, err := s.gets.change(&c)
	if err != nil {
		return nil, err
	}
	var out []DownloadInfo
	for _, ch := range list {
		if ends := c.Action == actionPause || c.Action == actionCancel; ends {
			select {
			case <-ch.still:
			case <-ctx.Done():
				return out, ctx.Err()
			}
		}
		if c.Action == actionCancel && !c.Keep && ch.idle { // nobody else does it
			removeParts(ch.d, s.gets.left(ch.d))
		}
		out = append(out, s.gets.info(ch.d))
	}
	return out, s.saveDownloads()
}
