package servent

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// blockEvery is how often the block list is looked at for changes.
const blockEvery = 5 * time.Second

// ErrBlockList says that the block list cannot be read.
var ErrBlockList = errors.New("block list")

var errBlocked = errors.New("the block list names that address")

// blocking is the block list in force. Its zero value blocks nobody.
type blocking struct {
	path  string
	spans atomic.Pointer[blockSpans]
	seen  fs.FileInfo   // of the file that was read last
	lines int           // that had entries in it
	count atomic.Uint64 // connections, of either side, that were refused or ended
}

// open reads the list at path, where there is one.
func (b *blocking) open(path string) error {
	if b.path = path; path == "" {
		return nil
	}
	_, err := b.reload()
	return err
}

// reload reads the file anew if it has changed. The old list stays where that fails.
func (b *blocking) reload() (changed bool, err error) {
	now, err := os.Stat(b.path)
	if err == nil && b.seen != nil && os.SameFile(now, b.seen) && now.Size() == b.seen.Size() && now.ModTime().Equal(b.seen.ModTime()) {
		return false, nil
	}
	spans, lines, err := readBlockList(b.path)
	if b.seen = now; err != nil { // a file that is wrong is told of once
		return false, err
	}
	b.lines = lines
	b.spans.Store(&spans)
	return true, nil
}

// has says whether a is blocked. It may be called by anyone, and allocates nothing.
func (b *blocking) has(a netip.Addr) bool {
	spans := b.spans.Load()
	return spans != nil && spans.has(a)
}

// refuse is has, and counts.
func (b *blocking) refuse(a netip.Addr) bool {
	if !b.has(a) {
		return false
	}
	b.count.Add(1)
	return true
}

// watchBlockList takes up changes of the block list until ctx ends.
func (s *Servent) watchBlockList(ctx context.Context) {
	log := s.log.WithFields(logrus.Fields{"component": "block list", "file": s.blocking.path})
	tick := time.NewTicker(blockEvery)
	defer tick.Stop()
	for warned := false; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		changed, err := s.blocking.reload()
		log := log.WithField("entries", s.blocking.lines)
		switch {
		case changed:
			log.WithField("ended", s.dropBlocked()).Info("block list read")
		case err != nil && !warned:
			log.WithError(err).Error("the list that was read before stays in force: mend the file")
		}
		warned = err != nil || warned && !changed
	}
}

// dropBlocked ends the connections with those that the list names by now, and
// returns how many.
func (s *Servent) dropBlocked() (ended int) {
	s.mu.Lock()
	var blocked []net.Conn
	for c := range s.conns {
		if s.blocking.refuse(remote(c)) {
			blocked = append(blocked, c)
		}
	}
	for c := range s.guests {
		if s.blocking.refuse(remote(c)) {
			blocked = append(blocked, c)
		}
	}
	s.mu.Unlock()
	for _, c := range blocked {
		c.Close()
	}
	return len(blocked)
}

// guest notes a connection that uploads or downloads use, until it is closed. One
// with somebody who was blocked since it was begun is closed.
func (s *Servent) guest(c *peeked) {
	defer func() {
		if s.blocking.refuse(remote(c)) {
			_ = c.Close() // whoever uses it hears of that
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guests[c] = struct{}{}
	leave := c.closed
	c.closed = sync.OnceFunc(func() {
		if leave != nil {
			leave()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.guests, c)
	})
}

// dialDownload is dialTCP for downloads.
func (s *Servent) dialDownload(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := s.dialTCP(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &peeked{Conn: conn}
	s.guest(c)
	return c, nil
}

func remote(c net.Conn) netip.Addr { return addrPort(c.RemoteAddr()).Addr() }
