package transfer

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// TestSlowDiskStopsNobodyElse: while one download waits for its disk, who asks all of them
// waits for it, but no other download does, nor who connects to us.
func TestSlowDiskStopsNobodyElse(t *testing.T) {
	for name, ask := range map[string]func(*Client){
		"ServedBy":   func(c *Client) { c.ServedBy(netip.MustParseAddr("5.9.0.1")) },
		"CalledBack": func(c *Client) { c.CalledBack(blindLink(t).conn, "id") },
		"Partial":    func(c *Client) { c.Partial(protocol.SHA1{}) },
	} {
		s := bareSwarm(Job{URN: protocol.URN{HasSHA1: true}}, Source{})
		defer s.client.enter(s)()
		s.mu.Lock() // as it is through an fsync
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			ask(s.client)
		}()
		select {
		case <-asked:
			t.Errorf("%s has not asked the download", name)
		case <-time.After(20 * time.Millisecond):
		}
		free := make(chan struct{})
		go func() {
			defer close(free)
			s.client.Accept(new(net.TCPConn), GIV{}) // nobody waits for it
		}()
		select {
		case <-free:
		case <-time.After(patience):
			t.Errorf("%s keeps the client while it waits", name)
		}
		s.mu.Unlock()
		<-asked
	}
}
