package transfer

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestForgottenConnection: a connection that was kept, and that a router has forgotten in
// the meantime, is given up soon for a new one.
func TestForgottenConnection(t *testing.T) {
	content := noise(5000)
	var seen sync.Map
	over := make(chan struct{})
	defer close(over)
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		if _, again := seen.LoadOrStore(conn, true); again {
			<-over // nothing arrives any more
			return false
		}
		return keepsAlive(okHead(len(content)), string(content))(conn, r)
	})
	c := NewClient(ClientConfig{})
	defer c.Close()
	mustGet(t, c, jobFor(t, content, addr), content)
	begun := time.Now()
	mustGet(t, c, jobFor(t, content, addr), content)
	if took := time.Since(begun); took < stalePatience || took > c.cfg.HeaderTimeout/2 {
		t.Errorf("after %v", took)
	}
}
