package servent

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// refusedLife is for how long a push proxy that has refused is not asked again for
	// the same servent, silentLife one that did not answer.
	refusedLife = 10 * time.Minute
	silentLife  = time.Minute
	// maxRefusals is how many are remembered; past that, they are asked again.
	maxRefusals = 256
)

// refusals remembers which push proxies are not to be asked again over HTTP (docs/protocol.md
// 15), so that many downloads from one servent do not ask in vain for each file. Its zero
// value is ready to use, from any goroutine.
type refusals struct {
	mu sync.Mutex
	by map[refusal]refused
}

// refusal is of one push proxy for one servent.
type refusal struct {
	servent protocol.GUID
	proxy   netip.AddrPort
	connect bool // with an address to connect to: without one, only our kind understands it
}

type refused struct {
	err   error
	until time.Time
}

// of returns why that proxy is not to be asked; nil: it may be.
func (r *refusals) of(now time.Time, k refusal) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.by[k]; e.until.After(now) {
		return e.err
	}
	return nil
}

// note remembers why a proxy is not to be asked for that long.
func (r *refusals) note(now time.Time, k refusal, err error, life time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.by, func(_ refusal, e refused) bool { return !e.until.After(now) })
	if len(r.by) >= maxRefusals {
		return
	}
	if r.by == nil {
		r.by = map[refusal]refused{}
	}
	r.by[k] = refused{err, now.Add(life)}
}
