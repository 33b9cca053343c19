package library

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	// watchQuiet is how long nothing may happen in a folder before it is looked at.
	watchQuiet = 500 * time.Millisecond
	// watchLatest is after what time it is looked at anyway when files come and go
	// there all the time. While a file is only written to, that goes on.
	watchLatest = 5 * time.Second
	// watchTick is how often shared folders are looked for that have come or gone.
	watchTick = 2 * time.Second
	// pollEvery is how often all is looked through where folders cannot be watched.
	pollEvery = 10 * time.Minute
	// rescanEvery is how often it is anyway: file systems of other machines tell
	// nothing.
	rescanEvery = time.Hour
	// maxWatched is how many folders are watched: each costs the kernel about 1 KB.
	maxWatched = 100_000
	// retryEvery is how often a shared folder is looked through that somebody has
	// ceased to hash.
	retryEvery = 10 * time.Second
)

// Watch follows what happens in the shared folders, and brings the library to
// that within seconds, until ctx ends. Folders that cannot be watched, for their
// number or by their nature, are looked through at times. It is called once at a
// time.
func (l *Library) Watch(ctx context.Context) error {
	w := newWatcher(l.cfg.Log)
	w.refresh, w.unfinished = l.refresh, l.unfinished
	l.watched.Store(w)
	defer l.watched.Store(nil)
	w.roots = l.toWatch
	return w.run(ctx)
}

// toWatch lists the folders to be followed: not those of which single files are
// shared, as what lies around these may be much, and is nobody's business.
func (l *Library) toWatch() (dirs []string) {
	for _, r := range l.Roots() {
		if !r.Single {
			dirs = append(dirs, r.Dir)
		}
	}
	return dirs
}

// watcher is one run of Watch. What it needs of the world are its first fields.
type watcher struct {
	roots func() []string // the shared folders
	// refresh looks at folders below a shared one, or without rels at all of it, and
	// calls seen once others may do so, too.
	refresh    func(ctx context.Context, dir string, rels []string, seen func()) error
	unfinished func() []string // shared folders to be looked through again
	open       func() (*notifier, error)
	log        logrus.FieldLogger

	quiet, latest, tick, poll, full time.Duration
	max                             int

	n       *notifier // nil: there is none
	shares  map[string]*watchedShare
	folders map[string]map[string]bool // watched, by path: the names of those watched in it
	dirty   map[string]*dirt           // folders in which something has happened, by path
	due     *time.Timer                // to look at dirty again
	fired   bool                       // due has
	lost    *time.Timer                // to begin anew, after events were lost
	losing  bool                       // lost runs
	rescans bool                       // wanted
	asked   chan asked                 // shared folders to be watched now
	ended   chan struct{}              // closed when run returns
	looks   int                        // that go on
	seen    chan struct{}              // one has ended
	retried time.Time                  // when unfinished folders were looked through last
	told    bool                       // of what cannot be watched
	running sync.WaitGroup
}

// watchedShare is a shared folder.
type watchedShare struct {
	info   os.FileInfo // nil: it is not there
	polled bool        // it cannot be watched
}

// dirt is what has happened in a folder.
type dirt struct {
	ready   bool // to be looked at without waiting
	created bool // perhaps a folder
	last    time.Time
	first   time.Time // that something came or went; zero: it did not
}

func newWatcher(log logrus.FieldLogger) *watcher {
	return &watcher{
		open: openNotifier, log: log.WithField("component", "library"),
		quiet: watchQuiet, latest: watchLatest, tick: watchTick, poll: pollEvery, full: rescanEvery, max: maxWatched,
		shares:  make(map[string]*watchedShare),
		folders: make(map[string]map[string]bool),
		dirty:   make(map[string]*dirt),
		asked:   make(chan asked),
		ended:   make(chan struct{}),
		seen:    make(chan struct{}),
	}
}

func (w *watcher) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer close(w.ended)
	defer w.running.Wait()
	defer cancel()
	defer w.closeNotifier()
	tick, poll, full := time.NewTicker(w.tick), time.NewTicker(w.poll), time.NewTicker(w.full)
	defer tick.Stop()
	defer poll.Stop()
	defer full.Stop()
	w.due, w.lost = stopped(), stopped()
	defer w.due.Stop()
	defer w.lost.Stop()
	w.openNotifier()
	w.look(ctx)
	for {
		w.work(ctx)
		events, errs := w.n.channels()
		select {
		case e, ok := <-events:
			if !ok {
				w.blind(errors.New("the system tells of no more changes"))
				continue
			}
			w.event(ctx, e, time.Now())
		case err := <-errs:
			w.log.WithError(err).Debug("events of the file system were lost")
			if !w.losing { // there may be more
				w.losing = true
				w.lost.Reset(w.latest)
			}
		case <-w.lost.C:
			w.anew(ctx)
		case <-w.due.C:
			w.fired = true
		case a := <-w.asked:
			w.share(ctx, a.dir)
			close(a.done)
		case <-w.seen:
			w.looks--
		case <-tick.C:
			w.look(ctx)
			w.retry(ctx, time.Now())
		case <-poll.C:
			w.rescans = w.rescans || w.polled()
		case <-full.C:
			w.anew(ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func stopped() *time.Timer {
	t := time.NewTimer(0)
	t.Stop()
	return t
}

// polled says whether there are folders that cannot be watched.
func (w *watcher) polled() bool {
	for _, s := range w.shares {
		if s.polled {
			return true
		}
	}
	return false
}

// anew watches everything anew, and has it looked through.
func (w *watcher) anew(ctx context.Context) {
	w.losing = false
	if w.n == nil {
		w.openNotifier()
	}
	w.look(ctx)
	for dir := range w.shares {
		w.watch(ctx, dir)
	}
	clear(w.dirty)
	w.rescans = true
}

// look sees which shared folders have come or gone. One that has another one in
// its place, as when a disk is mounted there, has done both.
func (w *watcher) look(ctx context.Context) {
	roots := w.roots()
	there := make(map[string]bool, len(roots))
	for _, dir := range roots {
		there[dir] = true
	}
	for dir := range w.shares {
		if !there[dir] {
			w.unshared(ctx, dir)
		}
	}
	for _, dir := range roots {
		info, err := os.Stat(dir)
		s := w.shares[dir]
		switch {
		case s == nil:
			w.shares[dir] = &watchedShare{}
			w.watch(ctx, dir)
		case err != nil && s.info != nil:
			s.info = nil
			w.drop(dir)
			w.ready(dir)
		case err == nil && (s.info == nil || !os.SameFile(info, s.info)):
			w.watch(ctx, dir)
		}
	}
}

// unshared lets go of a folder that is no longer shared.
func (w *watcher) unshared(ctx context.Context, dir string) {
	delete(w.shares, dir)
	w.drop(dir)
	for other := range w.shares {
		if contains(dir, other) || contains(other, dir) { // some of theirs has gone with it
			w.watch(ctx, other)
		}
	}
}

// asked is a shared folder to be watched now. done is closed when it is.
type asked struct {
	dir  string
	done chan struct{}
}

// first returns when a folder is watched that is about to be looked through for
// the first time, so that nobody has to look again. Anyone may call it; without
// a watcher it does nothing.
func (w *watcher) first(ctx context.Context, dir string) {
	if w == nil {
		return
	}
	a := asked{dir, make(chan struct{})}
	select {
	case w.asked <- a:
	case <-w.ended:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-a.done:
	case <-ctx.Done():
	}
}

// share watches a folder that is shared now, unless it is watched already.
func (w *watcher) share(ctx context.Context, dir string) {
	if w.shares[dir] == nil {
		w.shares[dir] = &watchedShare{}
		w.follow(ctx, dir)
	}
}

// watch watches a shared folder from its beginning. What has happened there by
// then shows when all of it is looked at.
func (w *watcher) watch(ctx context.Context, dir string) {
	w.drop(dir)
	w.ready(dir)
	w.ready(w.follow(ctx, dir)...)
}

// follow watches a shared folder, and returns all folders that it has, unless it
// must be given up.
func (w *watcher) follow(ctx context.Context, dir string) []string {
	s := w.shares[dir]
	s.polled = false
	if s.info, _ = os.Stat(dir); s.info == nil {
		return nil
	}
	folders, err := w.addTree(ctx, dir)
	if err != nil {
		w.giveUp(dir, err)
		return nil
	}
	return folders
}

// giveUp watches a shared folder no longer: others need watches, too.
func (w *watcher) giveUp(dir string, err error) {
	w.drop(dir)
	for other, o := range w.shares {
		if contains(dir, other) {
			o.polled = true
		}
	}
	w.tell(dir, err)
}

// blind goes on without a notifier.
func (w *watcher) blind(err error) {
	w.closeNotifier()
	clear(w.folders)
	clear(w.dirty)
	for _, s := range w.shares {
		s.polled = true
	}
	w.tell("", err)
}

// tell says once that not everything can be watched.
func (w *watcher) tell(dir string, err error) {
	if w.told {
		return
	}
	w.told = true
	w.log.WithError(err).WithFields(logrus.Fields{"dir": dir, "every": w.poll}).Warn(
		"changes in shared folders are found late, as folders cannot be watched: share fewer, or raise fs.inotify.max_user_watches")
}

// ready has folders looked at as soon as may be.
func (w *watcher) ready(folders ...string) {
	for _, path := range folders {
		w.soil(path).ready = true
	}
	w.due.Reset(0)
}

// soil returns what has happened in a folder, to be added to.
func (w *watcher) soil(path string) *dirt {
	d := w.dirty[path]
	if d == nil {
		d = &dirt{}
		if len(w.dirty) == 0 {
			w.due.Reset(w.quiet)
		}
		w.dirty[path] = d
	}
	return d
}
