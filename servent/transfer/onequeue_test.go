package transfer

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestGetManyFromQueue: a source has a place in its queue for one of our downloads only.
// That one asks when it was told to, whatever the others were told; and these do not give
// up because they were refused meanwhile.
func TestGetManyFromQueue(t *testing.T) {
	t.Parallel()
	const polls, others = 5, 3
	content, more := noise(5000), noise(6000)
	var asked, refused atomic.Int32
	first := jobFor(t, content)
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		mine := strings.Contains(r.URL.RawQuery, first.URN.SHA1URN())
		switch {
		case mine && asked.Add(1) < polls:
			return keepsAlive(fmt.Sprintf("HTTP/1.1 503 Queued\r\nX-Queued: position=1; length=1; ID=%s\r\nContent-Length: 0\r\n\r\n", someQueueID), "")(conn, r)
		case mine:
			return keepsAlive(okHead(len(content)), string(content))(conn, r)
		case asked.Load() < polls:
			refused.Add(1)
			return keepsAlive("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", "")(conn, r)
		}
		return keepsAlive(okHead(len(more)), string(more))(conn, r)
	})
	cfg := quick()
	cfg.RetryWait, cfg.MaxRetryWait = 300*time.Millisecond, 900*time.Millisecond
	c := NewClient(cfg)
	defer c.Close()
	var all sync.WaitGroup
	defer all.Wait()
	first.Sources = jobFor(t, content, addr).Sources
	start := time.Now()
	queued := make(chan bool, 1)
	all.Go(func() {
		defer close(queued)
		_, err := c.Get(t.Context(), first, func(p Progress) {
			if p.State == StateQueued && len(queued) == 0 {
				queued <- true
			}
		})
		if took := time.Since(start); err != nil || took > 3*time.Second {
			t.Errorf("the one with a place: %v after %v", err, took)
		}
	})
	<-queued
	for range others {
		j := jobFor(t, more, addr)
		all.Go(func() {
			if _, err := c.Get(t.Context(), j, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if refused.Load() == 0 {
		t.Error("nobody was refused: this shows nothing")
	}
}
