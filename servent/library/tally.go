package library

import (
	"context"
	"sync"
	"sync/atomic"
)

// tally is how far the hashing of a shared folder is, of all that hash at once.
type tally struct {
	read  atomic.Uint64 // bytes
	files atomic.Int64

	mu    sync.Mutex
	runs  int
	idle  chan struct{} // closed once nobody hashes any more
	found int
	todo  int
	bytes uint64
}

// begin notes that somebody hashes files, of those that were found.
func (t *tally) begin(found int, todo []task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.runs == 0 {
		t.idle = make(chan struct{})
		t.found, t.todo, t.bytes = 0, 0, 0
		t.files.Store(0)
		t.read.Store(0)
	}
	t.runs++
	t.found = max(t.found, found)
	t.todo += len(todo)
	for _, f := range todo {
		t.bytes += f.size
	}
}

func (t *tally) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.runs--; t.runs == 0 {
		close(t.idle)
	}
}

// wait returns once nobody hashes.
func (t *tally) wait(ctx context.Context) error {
	t.mu.Lock()
	idle := t.idle
	t.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// progress is what to tell of the hashing of s, while it goes on.
func (s *share) progress() Progress {
	t := &s.hashes
	t.mu.Lock()
	defer t.mu.Unlock()
	p := Progress{Dir: s.dir}
	if t.runs > 0 {
		p.Found, p.TotalFiles, p.TotalBytes = t.found, t.todo, t.bytes
		p.Files, p.Bytes = int(t.files.Load()), min(t.read.Load(), t.bytes) // files hashed twice count once
	}
	return p
}
