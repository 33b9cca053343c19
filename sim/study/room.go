package study

import "sync"

// room keeps what runs side by side within a bound of memory. Whoever is alone
// may take more.
type room struct {
	mu    sync.Mutex
	left  *sync.Cond
	most  int64 // 0: no bound
	taken int64
	users int
}

func newRoom(most int64) *room {
	r := &room{most: most}
	r.left = sync.NewCond(&r.mu)
	return r
}

// enter waits until there are so many bytes.
func (r *room) enter(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.most > 0 && r.users > 0 && r.taken+bytes > r.most {
		r.left.Wait()
	}
	r.taken += bytes
	r.users++
}

func (r *room) leave(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= bytes
	r.users--
	r.left.Broadcast()
}
