package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// Node is what is served. *servent.Servent is one.
type Node interface {
	Run(ctx context.Context) error
	Search(ctx context.Context, req servent.SearchRequest, found func(servent.Found)) error
	CountOwn(ctx context.Context, query string) (int, error)
	Browse(ctx context.Context, req servent.BrowseRequest, found func(servent.Found)) error
	Get(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error)
	Detach(reqs []servent.GetRequest) ([]servent.DownloadInfo, error)
	Downloads() []servent.DownloadInfo
	ChangeDownloads(ctx context.Context, c servent.DownloadChange) ([]servent.DownloadInfo, error)
	Share(ctx context.Context, dir string) error
	Unshare(dir string) error
	Shares() []servent.ShareInfo
	LeftOut(dir string) []servent.LeftOut
	Peers() []servent.PeerInfo
	Status() servent.Status
	Events() (<-chan servent.Event, func())
	Version() string
}

const (
	headerTimeout = 5 * time.Second
	// lineTimeout is how long a client may take to read a line.
	lineTimeout = 10 * time.Second
	// endTimeout is how long what is being answered may go on at the end.
	endTimeout = 2 * time.Second
	// maxHeader and maxBody bound a request; maxLine bounds a line of a stream.
	maxHeader = 8 << 10
	maxBody   = 256 << 10
	maxLine   = 4 << 20
)

// Serve runs node, whose data dir is dataDir and locked, and answers for it on
// the control socket. It returns what Run returns: nil when ctx ends or
// somebody asks the servent to stop, and ErrNoSocket, without having run node,
// where there can be no socket. The socket goes before the lock does.
func Serve(ctx context.Context, node Node, dataDir string) error {
	return ServeFor(ctx, node, dataDir, "")
}

// ServeFor is Serve for a node that runs only as long as a command of the
// user's does, and tells clients which.
func ServeFor(ctx context.Context, node Node, dataDir, command string) error {
	path, err := socketPath(dataDir)
	if err != nil {
		return &socketError{err}
	}
	sock, err := listen(path)
	if err != nil {
		return &socketError{err}
	}
	s := &server{node: node, command: command, stopAsked: make(chan struct{}), gone: make(chan struct{})}
	return s.run(ctx, sock)
}

// server answers the user's other commands.
type server struct {
	node      Node
	command   string // that the node runs for; empty: it runs until it is stopped
	stop      sync.Once
	stopAsked chan struct{}
	gone      chan struct{} // closed when the node has ended
	failed    error         // of the node, once gone is closed
}

func (s *server) run(ctx context.Context, sock *socket) error {
	running, endNode := context.WithCancel(context.WithoutCancel(ctx))
	answering, endAnswers := context.WithCancel(context.WithoutCancel(ctx))
	defer endNode()
	defer endAnswers()
	web := &http.Server{
		Handler: s.handler(answering), ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxHeader,
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(s.gone)
		s.failed = s.node.Run(running)
	})
	var served error
	broken := make(chan struct{})
	wg.Go(func() {
		defer close(broken)
		served = web.Serve(sock)
	})
	select {
	case <-ctx.Done():
	case <-s.stopAsked:
	case <-s.gone:
	case <-broken:
	}
	sock.remove()
	endAnswers()
	endNode()
	<-s.gone
	// Those who asked to stop are answered now.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if web.Shutdown(last) != nil {
		_ = web.Close() // they have had their time
	}
	wg.Wait()
	return errors.Join(s.failed, serveError(served))
}

// serveError is nil for the end that Shutdown, or taking the socket away, makes.
func serveError(err error) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) || isClosed(err) {
		return nil
	}
	return fmt.Errorf("serve control socket: %w", err)
}
