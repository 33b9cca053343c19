package servent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// maxDownloads is how many there are at most, in any phase, and maxDone how many
	// of those are remembered that were detached and are done.
	maxDownloads = 20_000
	maxDone      = 100
)

// downloads are those of one servent.
type downloads struct {
	mu      sync.Mutex
	all     []*download // in the order in which they were entered
	byID    map[string]*download
	loading []*download // of these
	dirty   bool        // what is to be written down has changed
	due     []*download
	wake    chan struct{} // who looks at due, ready and dirty
}

// download is one of them. What may change is guarded by downloads.mu.
type download struct {
	id       string
	req      GetRequest
	magnet   protocol.Magnet
	detached bool
	added    time.Time

	phase    string
	priority string
	pausing  bool // is to be paused, or is
	keep     bool // cancelled, but what has come is left
	news     chan struct{}
	end      context.CancelCauseFunc // of the loading
	still    chan struct{}           // closed while it does not load
	moved    time.Time               // when bytes came last, or loading began
	after    time.Time               // not to begin before
	tries    int                     // in a row that found nobody
	progress GetProgress
	meter    meter
	left     error // of the last loading
	path     string
}

func newDownloads() *downloads {
	return &downloads{byID: map[string]*download{}, wake: make(chan struct{}, 1)}
}

// enter adds a download, which waits for its turn.
func (r *downloads) enter(req GetRequest, m protocol.Magnet, detached bool) (*download, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= maxDownloads {
		return nil, fmt.Errorf("there are %d downloads already: wait until some are done, or cancel some (`servent transfers`)", len(r.all))
	}
	d := newDownload(req, m)
	d.id, d.detached, d.added = r.newID(m.URN.SHA1.String()), detached, time.Now()
	r.add(d)
	r.schedule(time.Now(), []*download{d})
	r.wakeUp()
	return d, nil
}

func newDownload(req GetRequest, m protocol.Magnet) *download {
	d := &download{
		req: req, magnet: m, phase: PhaseWaiting, priority: PriorityNormal,
		news: make(chan struct{}, 1), still: make(chan struct{}),
		progress: GetProgress{Name: m.Name, Total: m.Size},
	}
	close(d.still)
	return d
}

func (r *downloads) add(d *download) {
	r.all = append(r.all, d)
	r.byID[d.id] = d
	r.changed(d)
}

// minID is how many characters of the SHA-1 an id has at least.
const minID = 6

// newID is the beginning of a hash that stands for no other download.
func (r *downloads) newID(sha1 string) string {
	for n := minID; n <= len(sha1); n++ {
		if r.byID[sha1[:n]] == nil {
			return sha1[:n]
		}
	}
	for i := 2; ; i++ {
		if id := fmt.Sprintf("%s-%d", sha1[:minID], i); r.byID[id] == nil {
			return id
		}
	}
}

// leave removes a download that has ended, whoever has asked for it.
func (r *downloads) leave(d *download) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(d) // it may not have begun, though it was its turn
	r.remove(d)
	r.schedule(time.Now(), r.all)
}

func (r *downloads) remove(d *download) {
	if r.byID[d.id] != d {
		return
	}
	delete(r.byID, d.id)
	r.all = slices.DeleteFunc(r.all, func(o *download) bool { return o == d })
	if i := slices.Index(r.due, d); i >= 0 { // nobody begins it
		r.due = slices.Delete(r.due, i, i+1)
		r.settle(d)
	}
	r.changed(d)
}

// settle notes that d does not load. r.mu is held.
func (r *downloads) settle(d *download) {
	r.loading = slices.DeleteFunc(r.loading, func(o *download) bool { return o == d })
	select {
	case <-d.still:
	default:
		close(d.still)
	}
}

// withdraw takes back a download that was just entered.
func (r *downloads) withdraw(d *download) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.end != nil {
		d.end(ErrCancelled)
	}
	r.remove(d)
}

// changed notes that d is another than it was. r.mu is held.
func (r *downloads) changed(d *download) {
	if d.detached {
		r.dirty = true
		r.wakeUp()
	}
	select {
	case d.news <- struct{}{}:
	default:
	}
}

func (r *downloads) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// state tells people how d is. downloads.mu is held.
func (d *download) state() string {
	switch {
	case d.phase == PhasePaused:
		return StatePaused
	case d.phase == PhaseWaiting && d.tries > 0:
		return StateNoneYet
	case d.phase == PhaseWaiting:
		return StateTurn
	case d.phase == PhaseLoading && d.progress.State != "":
		return d.progress.State
	}
	return d.phase
}

// begin notes that d loads, and what ends that.
func (r *downloads) begin(d *download, end context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d.end = end
	switch {
	case r.byID[d.id] != d:
		end(ErrCancelled)
	case d.pausing:
		end(errPaused)
	}
}

// note takes down how far d is, and returns that with its rate.
func (r *downloads) note(d *download, p GetProgress) GetProgress {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if p.Done > d.progress.Done {
		d.moved = now
	}
	if p.State == StateLoading {
		d.meter.add(now, p.Done)
	} else {
		d.meter = meter{}
	}
	p.Rate = d.meter.rate(now)
	p.LeftMS = leftMS(&p)
	d.progress = p
	return p
}

// leftMS is how long the rest takes at the present rate.
func leftMS(p *GetProgress) int64 {
	if p.Rate == 0 || p.Total <= p.Done {
		return 0
	}
	return int64(float64(p.Total-p.Done) / float64(p.Rate) * 1000)
}

// keeps says whether what has come is to be left when d is cancelled.
func (r *downloads) keeps(d *download) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return d.keep
}

// left is how the last loading of d has ended, and what it has left.
func (r *downloads) left(d *download) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return d.left
}

// forgetDone forgets all but the last of those that were detached and are done.
func (r *downloads) forgetDone() {
	var done []*download
	for _, d := range r.all {
		if d.detached && d.phase == PhaseDone {
			done = append(done, d)
		}
	}
	for _, d := range done[:max(len(done)-maxDone, 0)] {
		r.remove(d)
	}
}

// same returns the detached download of a content into a folder that is under way.
func (r *downloads) same(req *GetRequest, u protocol.URN) *download {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.all {
		if d.detached && d.phase != PhaseDone && d.phase != PhaseFailed &&
			d.magnet.URN.SHA1 == u.SHA1 && d.req.Dir == req.Dir && d.req.Folder == req.Folder {
			return d
		}
	}
	return nil
}

func (r *downloads) infos() []DownloadInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]DownloadInfo, 0, len(r.all))
	for _, d := range r.all {
		out = append(out, d.info(time.Now()))
	}
	return out
}

func (r *downloads) info(d *download) DownloadInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	return d.info(time.Now())
}

// info describes d. downloads.mu is held.
func (d *download) info(now time.Time) DownloadInfo {
	p := d.progress
	p.Rate = d.meter.rate(now)
	i := DownloadInfo{
		ID: d.id, Name: p.Name, SHA1: d.magnet.URN.SHA1.String(), Phase: d.phase, State: d.state(), Priority: d.priority,
		Detached: d.detached, Dir: d.req.Dir, Path: d.path, Added: d.added,
		Done: p.Done, Total: p.Total, Sources: p.Sources, Active: p.Active, Copies: p.Copies, Rate: p.Rate, LeftMS: leftMS(&p),
	}
	if d.left != nil && (d.phase == PhaseFailed || d.phase == PhaseWaiting) {
		i.Error = d.left.Error()
	}
	if strings.TrimSpace(i.Name) == "" {
		i.Name = d.magnet.URN.SHA1URN()
	}
	return i
}
