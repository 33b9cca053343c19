package servent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/transfer"
)

const (
	// sourceSearch is how long a download without sources looks for some.
	sourceSearch = 15 * time.Second
	// sourceLinger is how long it goes on looking after the first.
	sourceLinger = 500 * time.Millisecond
	// sourceRounds is how often it looks again after all sources failed.
	sourceRounds = 2
	// maxSources is how many sources one download has at most.
	maxSources = 32
)

// Errors of Get that a caller may want to tell apart.
var (
	ErrNotVerified = transfer.ErrNotVerified
	ErrNoSource    = transfer.ErrNoSource
	errNoRoute     = errors.New("no way to the servent is known: search for the file again")
)

// GetRequest says what to download.
type GetRequest struct {
	Magnet  string        `json:"magnet"`  // magnet link or urn:sha1:…
	Dir     string        `json:"dir"`     // where the file goes
	Sources []FoundSource `json:"sources"` // known already; others are searched for
}

// GetProgress is how far a download is.
type GetProgress struct {
	Name    string `json:"name"`
	Done    uint64 `json:"done"`
	Total   uint64 `json:"total"`
	Sources int    `json:"sources"`
	State   string `json:"state"`
}

// Got is a file that was downloaded.
type Got struct {
	Path     string `json:"path"`
	SHA1     string `json:"sha1"`
	Bytes    uint64 `json:"bytes"`
	MS       int64  `json:"ms"`
	Verified bool   `json:"verified"`
	Existing bool   `json:"existing,omitempty"` // it lay there already
}

// Get downloads one file and returns when it lies verified in Dir. Sources that
// the request does not name are searched for. progress is called on the
// caller's goroutine.
func (s *Servent) Get(ctx context.Context, req GetRequest, progress func(GetProgress)) (Got, error) {
	ctx, cancel := s.whileRunning(ctx)
	defer cancel()
	m, err := parseWanted(req.Magnet)
	if err != nil {
		return Got{}, err
	}
	job := transfer.Job{URN: m.URN, Name: m.Name, Size: m.Size, Dir: req.Dir, Sources: sourcesOf(req.Sources, m)}
	if job.Name == "" {
		job.Name = m.URN.SHA1.String()
	}
	var before error // why the sources of the last round did not deliver
	for round := 0; ; round++ {
		if len(job.Sources) == 0 {
			progress(GetProgress{Name: job.Name, Total: job.Size, State: "searching"})
			if err := s.findSources(ctx, m, &job); err != nil {
				return Got{}, after(before, err)
			}
		}
		got, err := s.load(ctx, job, progress)
		if err == nil || ctx.Err() != nil || round >= sourceRounds || !errors.Is(err, transfer.ErrUnavailable) {
			return got, err
		}
		before, job.Sources = err, nil
	}
}

// after is err with what went wrong before it; before may be nil.
func after(before, err error) error {
	if before == nil {
		return err
	}
	return fmt.Errorf("%w; before that: %w", err, before)
}

// parseWanted reads what a user may name a file by.
func parseWanted(text string) (protocol.Magnet, error) {
	m, err := protocol.ParseMagnet(text)
	if err != nil {
		u, uerr := protocol.ParseURN(text)
		if uerr != nil {
			return m, fmt.Errorf("get %q: want a magnet link or urn:sha1:…", text)
		}
		m = protocol.Magnet{URN: u}
	}
	if !m.URN.HasSHA1 {
		return m, fmt.Errorf("get %q: the link names no SHA-1, so the file can neither be found nor checked", text)
	}
	return m, nil
}

func (s *Servent) load(ctx context.Context, job transfer.Job, progress func(GetProgress)) (Got, error) {
	r, err := s.loads.Get(ctx, job, func(p transfer.Progress) {
		progress(GetProgress{Name: job.Name, Done: p.Done, Total: p.Total, Sources: len(job.Sources), State: p.State})
	})
	if err != nil {
		return Got{}, err
	}
	return Got{
		Path: r.Path, SHA1: r.SHA1.String(), Bytes: r.Bytes, MS: r.Elapsed.Milliseconds(),
		Verified: r.Verified, Existing: r.Existing,
	}, nil
}

// findSources searches for the content of m by its hash.
func (s *Servent) findSources(ctx context.Context, m protocol.Magnet, job *transfer.Job) error {
	ctx, cancel := context.WithTimeout(ctx, sourceSearch)
	defer cancel()
	req := SearchRequest{urns: []protocol.URN{{SHA1: m.URN.SHA1, HasSHA1: true}}, name: m.Name}
	err := s.find(ctx, search.Query{}, req, func(r *search.Result, _ int) bool {
		if !r.URN.HasSHA1 || r.URN.SHA1 != m.URN.SHA1 {
			return true
		}
		if len(job.Sources) == 0 {
			time.AfterFunc(sourceLinger, cancel)
		}
		job.Sources = job.Sources[:0]
		for _, src := range r.Sources[:min(len(r.Sources), maxSources)] {
			job.Sources = append(job.Sources, transfer.Source{
				Addr: src.Addr, Servent: src.Servent, Index: src.Index, Name: r.Name, Push: src.Push,
			})
		}
		if m.Name == "" {
			job.Name = r.Name
		}
		return len(job.Sources) < maxSources
	})
	if err != nil {
		return err
	}
	if len(job.Sources) == 0 {
		return fmt.Errorf("%w: nobody within reach has urn:sha1:%s now; try again later or with more peers", ErrNoSource, m.URN.SHA1)
	}
	return nil
}

// sourcesOf takes what a request names: sources of a search, and the addresses
// in a magnet link (xs=http://host:port/…).
func sourcesOf(found []FoundSource, m protocol.Magnet) []transfer.Source {
	var out []transfer.Source
	for _, f := range found[:min(len(found), maxSources)] {
		a, _ := netip.ParseAddrPort(f.Addr)
		id, _ := protocol.ParseGUID(f.GUID)
		out = append(out, transfer.Source{Addr: a, Servent: id, Index: f.Index, Name: m.Name, Push: f.Push})
	}
	for _, source := range m.Sources {
		u, err := url.Parse(source)
		if err != nil || u.Scheme != "http" || len(out) == maxSources {
			continue
		}
		if a, err := netip.ParseAddrPort(u.Host); err == nil {
			out = append(out, transfer.Source{Addr: a}) // without Name it is only asked by hash
		}
	}
	return out
}

// push asks a source through the overlay to connect to us.
func (s *Servent) push(ctx context.Context, src transfer.Source) error {
	answer := make(chan error, 1)
	asked := s.call(func(l *loop) {
		l.pushes[src.Servent] = answer
		l.step(overlay.UserPush{Servent: src.Servent, Index: src.Index})
		delete(l.pushes, src.Servent)
	})
	if !asked {
		return errStopped
	}
	select {
	case err := <-answer:
		return err
	default:
		return nil
	}
}

// pushed answers a push that failed at once.
func (l *loop) pushed(id protocol.GUID, err error) {
	if answer := l.pushes[id]; answer != nil {
		answer <- err
	}
}
