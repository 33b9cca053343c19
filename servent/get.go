package servent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/transfer"
)

const (
	// sourceSearch is how long a download without sources looks for some.
	sourceSearch = 15 * time.Second
	// sourceLinks is how long it waits for a first link before it gives up.
	sourceLinks = 5 * time.Second
	// sourceLinger is how long it goes on looking after the first.
	sourceLinger = 500 * time.Millisecond
	// sourceRounds is how often it looks again after all sources failed.
	sourceRounds = 2
	// maxSources is how many sources one download has at most.
	maxSources = 32
)

// States of a download that are not package transfer's alone.
const (
	StateLoading        = transfer.StateLoading
	StateSearching      = "searching"
	StateSearchingAgain = "source lost, searching again"
)

// Errors of Get that a caller may want to tell apart.
var (
	ErrNotVerified = transfer.ErrNotVerified
	ErrNoSource    = transfer.ErrNoSource
	errNoRoute     = errors.New("no way to the servent is known: search for the file again")
)

// KeptError is the error of a download that ended early, and says what is kept of
// it for the next one.
type KeptError = transfer.KeptError

// GetRequest says what to download.
type GetRequest struct {
	Magnet  string        `json:"magnet"`  // magnet link or urn:sha1:…
	Dir     string        `json:"dir"`     // where the file goes
	Folder  string        `json:"folder"`  // below Dir, as a peer tells it; is made
	From    string        `json:"from"`    // host:port of a source, to be asked first
	Sources []FoundSource `json:"sources"` // known already; others are searched for
	Share   bool          `json:"share"`   // once it is there, while the servent runs
}

// GetProgress is how far a download is.
type GetProgress struct {
	Name    string `json:"name"`
	Done    uint64 `json:"done"`
	Total   uint64 `json:"total"`
	Sources int    `json:"sources"` // that are known
	State   string `json:"state"`

	Active int     `json:"active"`  // sources that deliver now
	Copies float64 `json:"copies"`  // distributed copies, as in transfer.Progress; 0: not known
	Rate   uint64  `json:"rate"`    // bytes a second, over the last seconds
	LeftMS int64   `json:"left_ms"` // until all is there at that rate; 0: not known
}

// Got is a file that was downloaded.
type Got struct {
	Path     string `json:"path"`
	SHA1     string `json:"sha1"`
	Bytes    uint64 `json:"bytes"`
	Fetched  uint64 `json:"fetched"` // bytes that came now; the others lay there from an earlier download
	MS       int64  `json:"ms"`      // that this took, without the search for sources
	Verified bool   `json:"verified"`
	Existing bool   `json:"existing,omitempty"` // it lay there already

	Sources int      `json:"sources"`         // how many delivered
	Liars   []string `json:"liars,omitempty"` // who sent wrong bytes: addresses, or GUIDs of those that have none
}

// download downloads one file and returns when it lies verified in Dir. Sources that
// the request does not name are searched for. progress is called on the
// caller's goroutine.
func (s *Servent) download(ctx context.Context, req GetRequest, progress func(GetProgress)) (Got, error) {
	ctx, cancel := s.whileRunning(ctx)
	defer cancel()
	m, err := parseWanted(req.Magnet)
	if err != nil {
		return Got{}, err
	}
	job := transfer.Job{URN: m.URN, Name: m.Name, Size: m.Size, Sources: sourcesOf(req.Sources, m)}
	if job.Dir, err = makeFolder(req.Dir, req.Folder); err != nil {
		return Got{}, err
	}
	if req.From != "" {
		addr, err := resolveOne(ctx, req.From)
		if err != nil {
			return Got{}, err
		}
		from := transfer.Source{Addr: addr} // without Name it is only asked by hash
		if i := slices.IndexFunc(job.Sources, from.Is); i >= 0 {
			from = job.Sources[i]
			job.Sources = slices.Delete(job.Sources, i, i+1)
		}
		job.Sources = slices.Insert(job.Sources, 0, from)
	}
	if job.Name == "" {
		job.Name = m.URN.SHA1.String()
	}
	f := fetch{s: s, m: m, job: job, progress: progress}
	f.job.Find = f.findMore
	got, err := f.run(ctx)
	if s.life.Err() != nil && errors.Is(err, context.Canceled) {
		err = keptWith(errStopped, err)
	}
	return got, err
}

// keptWith is err, with what is kept of a download that ended with another one.
func keptWith(err, ended error) error {
	var kept *KeptError
	if !errors.As(ended, &kept) {
		return err
	}
	return &KeptError{Err: err, Path: kept.Path, Bytes: kept.Bytes}
}

// makeFolder makes the folder that a peer names below dir, and nothing outside of
// dir, and returns its path.
func makeFolder(dir, folder string) (string, error) {
	folder = transfer.SafePath(folder)
	if folder == "" {
		return dir, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("output folder: %w", err)
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.FromSlash(folder), 0o755); err != nil {
		return "", fmt.Errorf("output folder: %w", err)
	}
	return filepath.Join(dir, filepath.FromSlash(folder)), nil
}

// fetch is one download with its searches for sources. It belongs to one goroutine.
type fetch struct {
	s        *Servent
	m        protocol.Magnet
	job      transfer.Job
	progress func(GetProgress)
	lied     bool              // nobody but liars was found
	liars    []transfer.Source // who they were: not to be asked again
	lost     error             // why the sources of the last round did not deliver
	of       int               // how many they were
	best     transfer.Progress // when most of the file was there
	fetched  uint64            // bytes that came, in all rounds
	took     time.Duration     // likewise
}

func (f *fetch) run(ctx context.Context) (Got, error) {
	for round := 0; ; round++ {
		if len(f.job.Sources) == 0 {
			f.progress(GetProgress{Name: f.job.Name, Total: f.job.Size, State: f.searching()})
			if err := f.findSources(ctx); err != nil {
				return Got{}, f.inVain(err)
			}
		}
		got, err := f.load(ctx)
		if err == nil || ctx.Err() != nil || round >= sourceRounds || !f.again(err) {
			return got, err
		}
		f.lost, f.of, f.job.Sources = err, len(f.job.Sources), nil
	}
}

// again reports whether another search may find who delivers the file; where only
// liars were found, one more.
func (f *fetch) again(err error) bool {
	var apart *cannotMeetError
	switch {
	case len(f.job.Sources) == 1 && errors.As(err, &apart):
		return false // and will not be
	case errors.Is(err, transfer.ErrUnavailable):
		return true
	}
	first := !f.lied
	f.lied = errors.Is(err, ErrNotVerified)
	var e interface{ Liars() []transfer.Source }
	if errors.As(err, &e) {
		f.liars = append(f.liars, e.Liars()...)
	}
	return f.lied && first
}

// searching is the state of a download that looks for sources.
func (f *fetch) searching() string {
	if f.lost == nil {
		return StateSearching
	}
	return StateSearchingAgain
}

// inVain is the error of a search for sources with what went wrong before it.
// Who had a part of the file knew a source: that is not the same as none.
func (f *fetch) inVain(err error) error {
	var why interface{ Reason() string }
	switch {
	case f.lost == nil:
		return err
	case f.best.Done == 0 || !errors.Is(err, ErrNoSource) || errors.Is(f.lost, ErrNotVerified) || !errors.As(f.lost, &why):
		return fmt.Errorf("%w; before that: %w", err, f.lost)
	}
	sources := "the only source"
	if f.of > 1 {
		sources = fmt.Sprintf("all %d sources", f.of)
	}
	return keptWith(fmt.Errorf("lost %s after %s: %s; nobody else within reach has the file",
		sources, partText(f.best.Done, f.best.Total), why.Reason()), f.lost)
}

// partText writes "80 of 315 MB".
func partText(done, total uint64) string {
	unit, by := "bytes", uint64(1)
	if total >= 10_000_000 {
		unit, by = "MB", 1_000_000
	}
	if total == 0 {
		return fmt.Sprintf("%d bytes", done)
	}
	return fmt.Sprintf("%d of %d %s", done/by, total/by, unit)
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

func (f *fetch) load(ctx context.Context) (Got, error) {
	r, err := f.s.loads.Get(ctx, f.job, func(p transfer.Progress) {
		if p.Done >= f.best.Done {
			f.best = p
		}
		f.progress(GetProgress{
			Name: f.job.Name, Done: p.Done, Total: p.Total, Sources: max(len(f.job.Sources), p.Known), State: stateText(&p),
			Active: p.Active, Copies: p.Copies,
		})
	})
	f.fetched, f.took = f.fetched+r.Fetched, f.took+r.Elapsed
	if err != nil {
		return Got{}, err
	}
	return Got{
		Path: r.Path, SHA1: r.SHA1.String(), Bytes: r.Bytes, Fetched: f.fetched, MS: f.took.Milliseconds(),
		Verified: r.Verified, Existing: r.Existing, Sources: r.Sources, Liars: liarTexts(f.liars, r.Liars),
	}, nil
}

// liarTexts names sources, each once.
func liarTexts(lists ...[]transfer.Source) []string {
	var names []string
	for _, s := range slices.Concat(lists...) {
		if name := s.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// stateText is the state of a download with its place in a queue.
func stateText(p *transfer.Progress) string {
	switch {
	case p.State != transfer.StateQueued:
		return p.State
	case p.Of < p.Place:
		return fmt.Sprintf("queued, place %d", p.Place)
	}
	return fmt.Sprintf("queued, place %d of %d", p.Place, p.Of)
}

// findSources looks for somebody who has the file, until there is a source and a
// moment has passed in which others may answer, too.
func (f *fetch) findSources(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := f.searchSources(ctx, func(name string, src transfer.Source) bool {
		if len(f.job.Sources) == 0 {
			time.AfterFunc(sourceLinger, cancel)
		}
		if f.m.Name == "" && f.lost == nil { // else what has come lies under the name of before
			f.job.Name = name
		}
		f.job.Sources = append(f.job.Sources, src)
		return len(f.job.Sources) < maxSources
	})
	switch {
	case err != nil:
		return err
	case len(f.job.Sources) > 0:
		return nil
	case len(f.s.Peers()) == 0:
		return fmt.Errorf("%w: there is no link to any peer", ErrNoSource)
	}
	return fmt.Errorf("%w: nobody within reach has urn:sha1:%s now; try again later or with more peers", ErrNoSource, f.m.URN.SHA1)
}

// findMore looks for others while the file comes, as transfer.Job.Find wants it.
func (f *fetch) findMore(ctx context.Context, found func(transfer.Source)) error {
	n := 0
	return f.searchSources(ctx, func(_ string, src transfer.Source) bool {
		found(src)
		n++
		return n < maxSources
	})
}

// searchSources searches for the file by its hash, for sourceSearch at most, and calls
// found with each source once, and what it calls the file, but for those that lied, until
// that returns false.
func (f *fetch) searchSources(ctx context.Context, found func(name string, src transfer.Source) bool) error {
	ctx, cancel := context.WithTimeout(ctx, sourceSearch)
	defer cancel()
	defer time.AfterFunc(sourceLinks, func() {
		if len(f.s.Peers()) == 0 {
			cancel()
		}
	}).Stop()
	var known []transfer.Source
	req := SearchRequest{urns: []protocol.URN{{SHA1: f.m.URN.SHA1, HasSHA1: true}}, name: f.m.Name}
	return f.s.find(ctx, search.Query{}, req, func(r *search.Result, _ int) bool {
		if !r.URN.HasSHA1 || r.URN.SHA1 != f.m.URN.SHA1 {
			return true
		}
		for _, src := range r.Sources {
			from := transfer.Source{Addr: src.Addr, Servent: src.Servent, Index: src.Index, Name: r.Name, Push: src.Push, Proxies: src.Proxies}
			same := func(k transfer.Source) bool { return k.Addr == from.Addr && k.Servent == from.Servent }
			if slices.ContainsFunc(known, same) || slices.ContainsFunc(f.liars, from.Is) {
				continue
			}
			known = append(known, from)
			if !found(r.Name, from) {
				return false
			}
		}
		return true
	})
}

// sourcesOf takes what a request names: sources of a search, and the addresses
// in a magnet link (xs=http://host:port/…).
func sourcesOf(found []FoundSource, m protocol.Magnet) []transfer.Source {
	var out []transfer.Source
	for _, f := range found[:min(len(found), maxSources)] {
		a, _ := netip.ParseAddrPort(f.Addr)
		id, _ := protocol.ParseGUID(f.GUID)
		out = append(out, transfer.Source{Addr: a, Servent: id, Index: f.Index, Name: m.Name, Push: f.Push, Proxies: proxiesOf(f.Proxies)})
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
