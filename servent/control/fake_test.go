package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// fakeNode answers as it is told to.
type fakeNode struct {
	runErr error // Run returns it at once, unless it is nil

	search func(ctx context.Context, found func(servent.Found)) error
	browse func(ctx context.Context, req servent.BrowseRequest, found func(servent.Found)) error
	get    func(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error)
	share  func(ctx context.Context, dir string) error

	mu     sync.Mutex
	asked  servent.SearchRequest
	shares []servent.ShareInfo

	downloads []servent.DownloadInfo
	changed   servent.DownloadChange

	events  chan servent.Event
	running bool
}

func (n *fakeNode) Run(ctx context.Context) error {
	if n.runErr != nil {
		return n.runErr
	}
	n.setRunning(true)
	defer n.setRunning(false)
	<-ctx.Done()
	return nil
}

func (n *fakeNode) setRunning(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running = on
}

func (n *fakeNode) isRunning() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.running
}

func (n *fakeNode) Search(ctx context.Context, req servent.SearchRequest, found func(servent.Found)) error {
	n.mu.Lock()
	n.asked = req
	n.mu.Unlock()
	return n.search(ctx, found)
}

func (n *fakeNode) CountOwn(_ context.Context, query string) (int, error) {
	if query == "" {
		return 0, errors.New("no words")
	}
	return len(query), nil
}

func (n *fakeNode) Browse(ctx context.Context, req servent.BrowseRequest, found func(servent.Found)) error {
	return n.browse(ctx, req, found)
}

func (n *fakeNode) Get(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
	return n.get(ctx, req, progress)
}

func (n *fakeNode) Share(ctx context.Context, dir string) error {
	if n.share != nil {
		if err := n.share(ctx, dir); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shares = append(n.shares, servent.ShareInfo{Dir: dir, Files: 3, Bytes: 12, LeftOut: 1})
	return nil
}

func (n *fakeNode) Downloads() []servent.DownloadInfo {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]servent.DownloadInfo(nil), n.downloads...)
}

func (n *fakeNode) Detach(reqs []servent.GetRequest) ([]servent.DownloadInfo, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []servent.DownloadInfo
	for _, r := range reqs {
		list = append(list, servent.DownloadInfo{ID: fmt.Sprint(len(n.downloads) + len(list)), Name: r.Magnet, Dir: r.Dir})
	}
	n.downloads = append(n.downloads, list...)
	return list, nil
}

func (n *fakeNode) ChangeDownloads(_ context.Context, c servent.DownloadChange) ([]servent.DownloadInfo, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changed = c
	if len(c.IDs) == 0 {
		return nil, errors.New("no such download")
	}
	return []servent.DownloadInfo{{ID: c.IDs[0], State: c.Action}}, nil
}

func (n *fakeNode) Unshare(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, s := range n.shares {
		if s.Dir == dir {
			n.shares = append(n.shares[:i], n.shares[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("unshare %s: not shared", dir)
}

func (n *fakeNode) Shares() []servent.ShareInfo {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]servent.ShareInfo(nil), n.shares...)
}

func (n *fakeNode) LeftOut(string) []servent.LeftOut {
	return []servent.LeftOut{{Path: ".hidden", Reason: "hidden"}}
}

func (n *fakeNode) Peers() []servent.PeerInfo {
	return []servent.PeerInfo{{Addr: "127.0.0.1:1", Role: "flat", In: 7}}
}

func (n *fakeNode) Status() servent.Status { return servent.Status{Role: "flat", Files: 5} }

func (n *fakeNode) Events() (<-chan servent.Event, func()) { return n.events, func() {} }

func (n *fakeNode) Version() string { return "1.2.3" }

// serving is a node that Serve runs until the test ends.
type serving struct {
	dir   string
	end   context.CancelFunc
	ended chan error
}

// serve runs n and returns when it answers.
func serve(t *testing.T, n *fakeNode) *serving {
	t.Helper()
	return serveIn(t, n, shortDir(t))
}

func serveIn(t *testing.T, n *fakeNode, dir string) *serving {
	t.Helper()
	if n.events == nil {
		n.events = make(chan servent.Event)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &serving{dir: dir, end: cancel, ended: make(chan error, 1)}
	go func() { s.ended <- Serve(ctx, n, dir) }()
	t.Cleanup(func() {
		cancel()
		_ = s.wait(t) // tests that want the error have asked before
	})
	for tick := range ticks(t) {
		c, err := Dial(t.Context(), dir)
		if err == nil {
			c.Close()
			break
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			t.Fatalf("serve ended: %v", err)
		default:
		}
		if tick > patience {
			t.Fatalf("no answer: %v", err)
		}
	}
	return s
}

func (s *serving) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ended:
		s.ended <- err
		return err
	case <-time.After(patience):
		t.Fatal("Serve does not return")
		return nil
	}
}

func (s *serving) client(t *testing.T) *Client {
	t.Helper()
	c, err := Dial(t.Context(), s.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// patience is how long a test waits for what should come at once.
const patience = 10 * time.Second

// ticks yields the time since its start, again and again.
func ticks(t *testing.T) func(func(time.Duration) bool) {
	return func(yield func(time.Duration) bool) {
		start := time.Now()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			if !yield(time.Since(start)) {
				return
			}
			select {
			case <-tick.C:
			case <-t.Context().Done():
				return
			}
		}
	}
}

// eventually waits until what holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for since := range ticks(t) {
		if holds() {
			return
		}
		if since > patience {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// shortDir is a data dir whose socket fits into it wherever tests run.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return real
}
