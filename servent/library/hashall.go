package library

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/search"
)

const (
	progressEvery = 200 * time.Millisecond
	ticksPerBatch = 5 // a batch waits no longer than this for more files
	// maxPortion is how many files a worker takes at once, and portionBytes how
	// much: it shall neither wait for each file, nor keep others waiting.
	maxPortion   = 32
	portionBytes = 1 << 20
)

// hashed is what a worker made of a task.
type hashed struct {
	task
	candidate
	urn    protocol.URN
	kind   search.MediaType
	words  string // of its tags
	reason string // why it is left out; "" when it is not
}

// hashAll hashes files with several workers and publishes them batch by batch.
// All workers have ended when it returns. It may run several times at once.
func (l *Library) hashAll(ctx context.Context, s *share, todo []task, found int) error {
	if len(todo) == 0 {
		return nil
	}
	s.hashes.begin(found, todo)
	defer s.hashes.end()
	defer l.giveUp(s, todo)
	root, err := openFolder(s.dir)
	if err != nil {
		return err
	}
	defer root.close()
	ctx, cancel := context.WithCancel(ctx)
	var workers, all sync.WaitGroup
	defer all.Wait()
	defer cancel()

	slices.SortStableFunc(todo, func(a, b task) int { return cmp.Compare(a.size/hugeFile, b.size/hugeFile) })
	run := hashRun{l: l, share: s}
	results := make(chan []hashed, batchSize/maxPortion)
	work := portions{todo: todo}
	for range min(l.cfg.Workers, len(todo)) {
		workers.Go(func() {
			h := newHasher(root, &s.hashes.read)
			defer h.close()
			yield()
			for tasks := work.take(); len(tasks) > 0 && ctx.Err() == nil; tasks = work.take() {
				select {
				case results <- l.hashThese(ctx, h, tasks):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Go(func() {
		workers.Wait()
		close(results)
	})
	return run.collect(ctx, results)
}

// portions deals tasks out to workers.
type portions struct {
	mu   sync.Mutex
	todo []task
}

// take returns the next tasks of a worker: some small files, or a larger one.
func (p *portions) take() []task {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, bytes := 0, uint64(0)
	for n < min(len(p.todo), maxPortion) {
		if bytes += p.todo[n].size; bytes > portionBytes && n > 0 {
			break
		}
		n++
	}
	tasks := p.todo[:n]
	p.todo = p.todo[n:]
	return tasks
}

// hashThese hashes files, as far as ctx lets it.
func (l *Library) hashThese(ctx context.Context, h *hasher, tasks []task) []hashed {
	out := make([]hashed, 0, len(tasks))
	for _, t := range tasks {
		if ctx.Err() != nil {
			break
		}
		h.outdated = func() bool {
			l.mu.RLock()
			defer l.mu.RUnlock()
			return !t.ours()
		}
		r := hashed{task: t, candidate: t.candidate()}
		r.urn, r.reason = l.hashInTurn(ctx, h, &r.candidate)
		if r.reason != "" && ctx.Err() != nil { // it is not the file's fault
			break
		}
		if r.reason == "" {
			l.keepTree(r.urn.Tiger, r.candidate.size, h.leaves)
		}
		r.kind, r.words = kindOf(r.candidate.rel, h.head), h.words
		out = append(out, r)
	}
	return out
}

// hashInTurn hashes a file. A huge one waits until it may.
func (l *Library) hashInTurn(ctx context.Context, h *hasher, c *candidate) (urn protocol.URN, reason string) {
	if c.size >= hugeFile {
		select {
		case l.huge <- struct{}{}:
			defer func() { <-l.huge }()
		case <-ctx.Done():
			return urn, reasonChanging
		}
	}
	return h.hash(ctx, c)
}

// candidate is the file as the hasher wants it.
func (t task) candidate() candidate {
	return candidate{rel: t.rel(), size: t.size, modTime: time.Unix(0, t.mtime), inode: t.inode}
}

// hashRun gathers what the workers of one hashAll find out.
type hashRun struct {
	l     *Library
	share *share
	batch []hashed
}

// collect takes results until there are no more.
func (r *hashRun) collect(ctx context.Context, results <-chan []hashed) error {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	ticks := 0
	for {
		select {
		case h, more := <-results:
			if !more {
				return r.end(ctx)
			}
			r.batch = append(r.batch, h...)
			r.share.hashes.files.Add(int64(len(h)))
			if len(r.batch) < batchSize {
				continue
			}
		case <-tick.C:
			r.report()
			if ticks++; ticks%ticksPerBatch != 0 {
				continue
			}
		}
		if err := r.flush(); err != nil {
			return err
		}
	}
}

// flush shares what was hashed.
func (r *hashRun) flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	l, s := r.l, r.share
	if err := l.lock(context.Background()); err != nil { // not for longer than a walk
		return err
	}
	defer l.unlock()
	files := make([]*entry, 0, len(r.batch))
	var old []tiger.Digest // trees
	l.mu.Lock()
	near := l.near(s)
	for _, h := range r.batch {
		if !h.ours() || s.elsewhere(near, h.candidate.rel) {
			continue
		}
		if h.hashing = 0; h.reason != "" {
			s.leaveOut(h.in, h.candidate.rel, h.reason)
			continue
		}
		if h.tiger != h.urn.Tiger && h.tiger != (tiger.Digest{}) {
			old = append(old, h.tiger)
		}
		h.learn()
		files = append(files, h.entry)
	}
	l.mu.Unlock()
	l.dropTrees(old)
	r.batch = r.batch[:0]
	return l.publish(s, files, slices.Clone(files))
}

// ours says whether the file has neither gone nor changed since it was found.
// Library.mu is held.
func (t task) ours() bool { return t.hashing == t.run }

// giveUp lets others hash what was not.
func (l *Library) giveUp(s *share, todo []task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range todo {
		if t.ours() {
			t.hashing, s.unfinished = 0, true
		}
	}
}

// learn takes what was found out about a file. Touched but the same, it keeps
// its index.
func (h *hashed) learn() {
	e := h.entry
	if e.sha1 != h.urn.SHA1 || e.tiger != h.urn.Tiger {
		e.index = 0
	}
	e.size, e.mtime, e.inode = h.candidate.size, h.modTime.UnixNano(), h.candidate.inode
	e.sha1, e.tiger, e.kind, e.words, e.known = h.urn.SHA1, h.urn.Tiger, h.kind, h.words, true
}

func (r *hashRun) end(ctx context.Context) error {
	if err := r.flush(); err != nil {
		return err
	}
	r.report()
	return context.Cause(ctx)
}

func (r *hashRun) report() {
	if r.l.cfg.OnProgress != nil {
		r.l.cfg.OnProgress(r.share.progress())
	}
}
