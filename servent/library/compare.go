package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// keepAway is how long the hashes of files are kept that have gone: a disk
	// that is mounted again needs no reading.
	keepAway = 30 * 24 * time.Hour
	// maxAway is how many such files a shared folder may have.
	maxAway = 1 << 20
)

// task is a file to be hashed, as it was found.
type task struct {
	*entry
	size, inode uint64
	mtime       int64
	run         uint32 // the comparison that has found it
}

// comparison finds out what has changed below a shared folder since the last
// look. Its fields are what follows from that.
type comparison struct {
	l     *Library
	s     *share
	ctx   context.Context
	near  []*share // that share folders of s, or s itself
	now   time.Time
	told  time.Time // when progress was told last
	fresh bool      // everything is looked at

	done map[*folder]bool // compared already

	found  int      // files on disk
	others bool     // hash some of them
	todo   []task   // new or changed
	back   []*entry // as they were when they were hashed, but not shared
	keep   []*entry // of back: the cache has to learn of them
	gone   []*entry // no longer on disk
	away   int      // gone some time ago
	old    []*entry // gone for too long
}

func (l *Library) compare(ctx context.Context, s *share) *comparison {
	c := &comparison{l: l, s: s, ctx: ctx, now: time.Now(), done: make(map[*folder]bool)}
	l.mu.RLock()
	defer l.mu.RUnlock()
	c.near = l.near(s)
	return c
}

// near returns the shared folders that lie in s or s in them. l.mu is held.
func (l *Library) near(s *share) (near []*share) {
	for _, o := range l.shares {
		if o != s && (contains(o.dir, s.dir) || contains(s.dir, o.dir)) {
			near = append(near, o)
		}
	}
	return near
}

// all compares everything. It fails when the shared folder cannot be read; then
// all has gone.
func (c *comparison) all(root *folder) error {
	c.fresh = true
	c.l.mu.Lock()
	c.s.unfinished = false
	c.s.left, c.s.nleft = nil, 0
	c.l.mu.Unlock()
	return c.below(root, true)
}

// some compares folders that something has changed in.
func (c *comparison) some(rels []string) error {
	slices.Sort(rels)
	for _, rel := range slices.Compact(rels) {
		in := c.s.tree.at(rel)
		for ; in == nil; in = c.s.tree.at(rel) { // new, or gone: the folder that holds it tells
			rel = path.Dir(rel)
			if rel == "." {
				rel = ""
			}
		}
		if err := c.below(in, false); err != nil {
			return err
		}
	}
	return nil
}

// below compares a folder, new folders in it, and, if deep, all.
func (c *comparison) below(top *folder, deep bool) error {
	todo := []*folder{top}
	for len(todo) > 0 && c.ctx.Err() == nil {
		in := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if c.done[in] {
			continue
		}
		c.done[in] = true
		fresh, err := c.folder(in, deep)
		if err != nil {
			return err
		}
		slices.Reverse(fresh)
		todo = append(todo, fresh...)
		c.report()
	}
	return context.Cause(c.ctx)
}

// folder compares one folder. It returns the folders in it that are new or, if
// deep, all.
func (c *comparison) folder(in *folder, deep bool) (next []*folder, err error) {
	var left []LeftOut
	w := walker{dir: c.s.dir, only: c.l.onlyOf(c.s), leave: func(rel, reason string) { left = append(left, LeftOut{rel, reason}) }}
	files, names, err := w.look(in.rel())
	c.found += len(files)

	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("read folder: %w", err) // says nothing of what is in it
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.fresh {
		in.left = 0
	}
	c.s.forgetLeft(in)
	for _, o := range left {
		c.s.leaveOut(in, o.Rel, o.Reason)
	}
	if err != nil && in.up == nil {
		c.vanished(in)
		return nil, err
	}
	if errors.Is(err, fs.ErrNotExist) {
		c.vanished(in)
		return nil, nil
	}
	if err != nil {
		c.s.leaveOut(in, strings.TrimSuffix(in.rel(), "/"), reasonOf(err))
	}
	c.merge(in, files)
	return c.mergeSubs(in, names, deep), nil
}

// merge brings the files of a folder to those that are on disk. l.mu is held.
func (c *comparison) merge(in *folder, found []candidate) {
	had := in.files
	in.files = make([]*entry, 0, max(len(had), len(found)))
	for _, f := range found {
		name := f.name()
		for ; len(had) > 0 && had[0].name < name; had = had[1:] {
			c.missing(in, had[0])
		}
		var e *entry
		if len(had) > 0 && had[0].name == name {
			e, had = had[0], had[1:]
		}
		switch {
		case !c.s.elsewhere(c.near, f.rel):
			if e == nil {
				e = &entry{in: in, name: strings.Clone(name)}
			}
			in.files = append(in.files, e)
			c.seen(e, f)
		case e != nil:
			c.missing(in, e)
		}
	}
	for _, e := range had {
		c.missing(in, e)
	}
}

// seen notes that a file is on disk.
func (c *comparison) seen(e *entry, f candidate) {
	switch {
	case e.hashing != 0 && e.is(f):
		c.others = true
	case !e.known || !e.is(f):
		c.todo = append(c.todo, task{e, f.size, f.inode, f.modTime.UnixNano(), 0})
	case !e.live:
		c.back = append(c.back, e)
		if e.away != 0 {
			e.away = 0
			c.keep = append(c.keep, e)
		}
	}
}

// missing notes that a file is not on disk. What is known of it is kept for a
// while.
func (c *comparison) missing(in *folder, e *entry) {
	switch {
	case !e.known && !e.live:
		e.hashing = 0
		return
	case e.away == 0:
		c.gone = append(c.gone, e)
	case c.now.Sub(time.Unix(int64(e.away), 0)) > keepAway:
		c.old = append(c.old, e)
	default:
		c.away++
	}
	in.files = append(in.files, e)
}

// elsewhere says whether a file of s is shared as one of another shared folder,
// which near are. Library.mu is held.
func (s *share) elsewhere(near []*share, rel string) bool {
	if len(near) == 0 {
		return false
	}
	path := filepath.Join(s.dir, filepath.FromSlash(rel))
	return slices.ContainsFunc(near, func(o *share) bool {
		if !contains(o.dir, path) {
			return false
		}
		e := o.tree.entry(below(o.dir, path))
		return e != nil && e.live
	})
}

// mergeSubs brings the folders in a folder to those that are on disk. l.mu is
// held.
func (c *comparison) mergeSubs(in *folder, names []string, deep bool) (next []*folder) {
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	for _, sub := range slices.Clone(in.subs) {
		if !there[sub.name] {
			c.vanished(sub)
		}
	}
	for _, name := range names {
		sub := in.sub(name)
		if deep || sub == nil {
			next = append(next, in.addSub(strings.Clone(name)))
		}
	}
	return next
}

// vanished notes that a folder is not on disk. l.mu is held.
func (c *comparison) vanished(f *folder) {
	c.done[f] = true
	c.s.forgetLeft(f)
	c.merge(f, nil)
	for _, sub := range slices.Clone(f.subs) {
		c.vanished(sub)
	}
	if f.up != nil && len(f.files)+len(f.subs) == 0 {
		f.up.removeSub(f.name)
	}
}

// report tells how many files were found, at times.
func (c *comparison) report() {
	if now := time.Now(); c.l.cfg.OnProgress != nil && now.Sub(c.told) > progressEvery && now.Sub(c.now) > progressEvery {
		c.told = now
		p := c.s.progress()
		p.Found = max(p.Found, c.found)
		c.l.cfg.OnProgress(p)
	}
}

// finish makes what was found out true, but for what has to be hashed.
func (c *comparison) finish() error {
	if c.fresh {
		c.l.mu.Lock()
		c.s.nleft = c.s.tree.allLeft()
		c.l.mu.Unlock()
	}
	if c.away > maxAway {
		c.old = nil
		c.s.tree.each(func(e *entry) {
			if e.away != 0 && !e.live {
				c.old = append(c.old, e)
			}
		})
	}
	if err := c.l.withdraw(c.s, c.gone); err != nil {
		return err
	}
	if err := c.changed(); err != nil {
		return err
	}
	c.moved()
	c.l.forget(c.s, c.old)
	if err := c.l.publish(c.s, c.back, c.keep); err != nil {
		return err
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.l.runs++; c.l.runs == 0 {
		c.l.runs++
	}
	for i := range c.todo {
		c.todo[i].run, c.todo[i].hashing = c.l.runs, c.l.runs
	}
	return nil
}

// changed takes files that are others now out of what is shared.
func (c *comparison) changed() error {
	var live []*entry
	for _, t := range c.todo {
		if t.live {
			live = append(live, t.entry)
		}
	}
	err := c.l.unshare(live)
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for _, t := range c.todo {
		t.known, t.hashing, t.entry.size, t.entry.mtime, t.entry.inode, t.away = false, 0, t.size, t.mtime, t.inode, 0
	}
	return err
}

// moved finds new files among those that have gone: what was renamed is not
// read again.
func (c *comparison) moved() {
	byInode := make(map[uint64]*entry)
	for _, e := range c.gone {
		// A time without fractions was set by somebody: then inode, size and time
		// may be those of another file that has come in its place.
		if e.known && e.inode != 0 && e.mtime%int64(time.Second) != 0 {
			byInode[e.inode] = e
		}
	}
	if len(byInode) == 0 {
		return
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.todo = slices.DeleteFunc(c.todo, func(t task) bool {
		was := byInode[t.inode]
		if was == nil || was.size != t.size || was.mtime != t.mtime {
			return false
		}
		e := t.entry
		e.sha1, e.tiger, e.kind, e.words, e.index, e.known = was.sha1, was.tiger, was.kind, was.words, 0, true
		c.back, c.keep, c.old = append(c.back, e), append(c.keep, e), append(c.old, was)
		delete(byInode, t.inode)
		return true
	})
}
