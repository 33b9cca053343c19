package library

import (
	"context"
	"os"
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
	candidate
	urn    protocol.URN
	reason string // why it is left out; "" when it is not
}

// hashAll hashes files with several workers and commits them batch by batch.
// All workers have ended when it returns.
func (l *Library) hashAll(ctx context.Context, s *share, todo []candidate) error {
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

	run := hashRun{l: l, share: s, progress: Progress{Dir: s.dir, TotalFiles: len(todo)}}
	for _, c := range todo {
		run.progress.TotalBytes += c.size
	}
	results := make(chan hashed, batchSize)
	var next atomic.Int64
	for range min(l.cfg.Workers, len(todo)) {
		workers.Go(func() {
			h := newHasher(root, &run.read)
			defer h.close()
			for i := next.Add(1) - 1; i < int64(len(todo)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				r := hashed{candidate: todo[i]}
				r.urn, r.reason = h.hash(ctx, &r.candidate)
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

// hashRun gathers what the workers of one hashAll find out.
type hashRun struct {
	l        *Library
	share    *share
	read     atomic.Uint64
	progress Progress
	batch    []File
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
	if h.reason != "" {
		if ctx.Err() == nil { // else it is not the file's fault
			r.l.leaveOut(r.share, h.rel, h.reason)
		}
		return
	}
	f := File{
		Index: h.index, Root: r.share.dir, Rel: h.rel, Size: h.size, ModTime: h.modTime,
		URN: h.urn, Type: search.TypeOf(h.rel),
	}
	if h.old != nil && h.old.URN == h.urn { // touched, but the same
		f.Index = h.old.Index
	}
	r.batch = append(r.batch, f)
}

func (r *hashRun) flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	err := r.l.commit(r.share, r.batch)
	r.batch = r.batch[:0]
	return err
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
