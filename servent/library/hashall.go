package library

import (
	"context"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

const (
	progressEvery = 200 * time.Millisecond
	ticksPerBatch = 5 // a batch waits no longer than this for more files
)

// hashed is what a worker made of a candidate.
type hashed struct {
	to *entry
	candidate
	urn    protocol.URN
	kind   search.MediaType
	words  string // of its tags
	reason string // why it is left out; "" when it is not
}

// hashAll hashes files with several workers and commits them batch by batch.
// All workers have ended when it returns.
func (l *Library) hashAll(ctx context.Context, s *share, todo []task, found int) error {
	if len(todo) == 0 {
		return nil
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	ctx, cancel := context.WithCancel(ctx)
	var workers, all sync.WaitGroup
	defer all.Wait()
	defer cancel()

	run := hashRun{l: l, share: s, progress: Progress{Dir: s.dir, Found: found, TotalFiles: len(todo)}}
	for _, c := range todo {
		run.progress.TotalBytes += c.size
	}
	results := make(chan hashed, batchSize)
	var next atomic.Int64
	for range min(l.cfg.Workers, len(todo)) {
		workers.Go(func() {
			h := newHasher(root, &run.read)
			defer h.close()
			yield()
			for i := next.Add(1) - 1; i < int64(len(todo)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				r := hashed{to: todo[i].entry, candidate: todo[i].candidate()}
				r.urn, r.reason = h.hash(ctx, &r.candidate)
				r.kind, r.words = kindOf(r.rel, h.head), h.words
				select {
				case results <- r:
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

// candidate is the file as the hasher wants it.
func (t task) candidate() candidate {
	return candidate{rel: t.rel(), size: t.size, modTime: time.Unix(0, t.mtime), inode: t.inode}
}

// hashRun gathers what the workers of one hashAll find out.
type hashRun struct {
	l        *Library
	share    *share
	read     atomic.Uint64
	progress Progress
	batch    []hashed
}

// collect takes results until there are no more.
func (r *hashRun) collect(ctx context.Context, results <-chan hashed) error {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	ticks := 0
	for {
		select {
		case h, more := <-results:
			if !more {
				return r.end(ctx)
			}
			r.take(ctx, h)
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

// take sorts one result into files and what is left out.
func (r *hashRun) take(ctx context.Context, h hashed) {
	r.progress.Files++
	switch {
	case h.reason == "":
		r.batch = append(r.batch, h)
	case ctx.Err() == nil: // else it is not the file's fault
		r.l.leaveOut(h.to, h.reason)
	}
}

// flush shares what was hashed.
func (r *hashRun) flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	files := make([]*entry, len(r.batch))
	r.l.mu.Lock()
	for i, h := range r.batch {
		h.to.learn(h)
		files[i] = h.to
	}
	r.l.mu.Unlock()
	r.batch = r.batch[:0]
	return r.l.publish(r.share, files, slices.Clone(files))
}

// learn takes what was found out about a file. Touched but the same, it keeps
// its index.
func (e *entry) learn(h hashed) {
	if e.sha1 != h.urn.SHA1 || e.tiger != h.urn.Tiger {
		e.index = 0
	}
	e.size, e.mtime, e.inode = h.size, h.modTime.UnixNano(), h.inode
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
	if r.l.cfg.OnProgress == nil {
		return
	}
	r.progress.Bytes = min(r.read.Load(), r.progress.TotalBytes) // files hashed twice count once
	r.l.cfg.OnProgress(r.progress)
}
