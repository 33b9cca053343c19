package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

var _ Node = (*servent.Servent)(nil)

func TestShortAnswers(t *testing.T) {
	c := serve(t, &fakeNode{}).client(t)
	if v := c.Version(); v.Version != "1.2.3" || v.PID == 0 {
		t.Errorf("version = %+v", v)
	}
	st, err := c.Status(t.Context())
	if err != nil || st.Role != "flat" || st.Files != 5 {
		t.Errorf("status = %+v, %v", st, err)
	}
	peers, err := c.Peers(t.Context())
	if err != nil || len(peers) != 1 || peers[0].In != 7 {
		t.Errorf("peers = %+v, %v", peers, err)
	}
}

func TestSearchStreams(t *testing.T) {
	seen := make(chan struct{})
	n := &fakeNode{search: func(ctx context.Context, found func(servent.Found)) error {
		found(servent.Found{Name: "one", Size: 1})
		<-seen // the second comes only when the client has the first
		found(servent.Found{Name: "two", Size: 2})
		return nil
	}}
	c := serve(t, n).client(t)
	var names []string
	req := servent.SearchRequest{Query: "blue danube", TTL: 3, Limit: 9}
	err := c.Search(t.Context(), req, func(f servent.Found) {
		names = append(names, f.Name)
		if len(names) == 1 {
			close(seen)
		}
	})
	if err != nil || !slices.Equal(names, []string{"one", "two"}) {
		t.Errorf("found %v, %v", names, err)
	}
	if n.asked.Query != req.Query || n.asked.TTL != req.TTL || n.asked.Limit != req.Limit {
		t.Errorf("node was asked %+v", n.asked)
	}
}

func TestCountOwn(t *testing.T) {
	c := serve(t, &fakeNode{}).client(t)
	if n, err := c.CountOwn(t.Context(), "abc"); n != 3 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
	if _, err := c.CountOwn(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "no words") {
		t.Errorf("an error of the node: %v", err)
	}
}

func TestSearchEndsWhenClientHangsUp(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	n := &fakeNode{search: func(ctx context.Context, _ func(servent.Found)) error {
		close(began)
		<-ctx.Done()
		close(ended)
		return nil
	}}
	c := serve(t, n).client(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if err := c.Search(ctx, servent.SearchRequest{Query: "x"}, func(servent.Found) {}); err != nil {
		t.Errorf("search that was ended: %v", err)
	}
	<-ended
}

func TestGet(t *testing.T) {
	dir := t.TempDir()
	n := &fakeNode{get: func(_ context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
		if req.Dir != dir || req.Magnet != "urn:sha1:x" || len(req.Sources) != 1 || req.Sources[0].Index != 4 {
			return servent.Got{}, fmt.Errorf("asked for %+v", req)
		}
		progress(servent.GetProgress{Done: 5, Total: 10})
		return servent.Got{Path: "p", Bytes: 10, Verified: true}, nil
	}}
	c := serve(t, n).client(t)
	var seen []servent.GetProgress
	req := servent.GetRequest{Magnet: "urn:sha1:x", Dir: dir, Sources: []servent.FoundSource{{Addr: "127.0.0.1:1", Index: 4}}}
	got, err := c.Get(t.Context(), req, func(p servent.GetProgress) { seen = append(seen, p) })
	if err != nil || got.Bytes != 10 || !got.Verified || len(seen) != 1 || seen[0].Done != 5 {
		t.Errorf("got %+v, progress %+v, %v", got, seen, err)
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	tests := []struct {
		name     string
		err      error
		verified bool // is ErrNotVerified
		source   bool // is ErrNoSource
	}{
		{"not verified", fmt.Errorf("%w: 1.2.3.4 lies", servent.ErrNotVerified), true, false},
		{"no source", fmt.Errorf("%w: nobody has it", servent.ErrNoSource), false, true},
		{"other", errors.New("disk is full"), false, false},
	}
	for _, streamed := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s streamed=%v", tt.name, streamed), func(t *testing.T) {
				n := &fakeNode{get: func(_ context.Context, _ servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
					if streamed {
						progress(servent.GetProgress{Done: 1})
					}
					return servent.Got{}, tt.err
				}}
				c := serve(t, n).client(t)
				_, err := c.Get(t.Context(), servent.GetRequest{Dir: t.TempDir()}, func(servent.GetProgress) {})
				if err == nil || err.Error() != tt.err.Error() {
					t.Fatalf("error = %v, want the text of %v", err, tt.err)
				}
				if errors.Is(err, servent.ErrNotVerified) != tt.verified || errors.Is(err, servent.ErrNoSource) != tt.source {
					t.Errorf("%v is of another kind than %v", err, tt.err)
				}
			})
		}
	}
}

func TestShareTellsTheScan(t *testing.T) {
	n := &fakeNode{events: make(chan servent.Event)}
	n.share = func(context.Context, string) error {
		n.events <- servent.Event{Event: "peer_up", Peer: &servent.PeerInfo{}}
		n.events <- servent.Event{Event: "scan", Scan: &servent.ScanInfo{Files: 2, TotalFiles: 3}}
		return nil
	}
	c := serve(t, n).client(t)
	dir := shortDir(t)
	var scans []servent.ScanInfo
	shared, err := c.Share(t.Context(), dir, func(s servent.ScanInfo) { scans = append(scans, s) })
	if err != nil || shared.Share.Dir != dir || shared.Share.Files != 3 || len(shared.LeftOut) != 1 {
		t.Errorf("shared %+v, %v", shared, err)
	}
	if len(scans) != 1 || scans[0].TotalFiles != 3 {
		t.Errorf("scans = %+v", scans)
	}
	if err := c.Unshare(t.Context(), dir); err != nil {
		t.Error(err)
	}
	if err := c.Unshare(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "not shared") {
		t.Errorf("second unshare: %v", err)
	}
}

func TestStopReturnsWhenTheNodeHasEnded(t *testing.T) {
	n := &fakeNode{search: func(ctx context.Context, _ func(servent.Found)) error { <-ctx.Done(); return nil }}
	s := serve(t, n)
	c := s.client(t)
	cut := make(chan error, 1)
	go func() {
		cut <- s.client(t).Search(context.WithoutCancel(t.Context()), servent.SearchRequest{Query: "x"}, func(servent.Found) {})
	}()
	eventually(t, "the search runs", func() bool { n.mu.Lock(); defer n.mu.Unlock(); return n.asked.Query != "" })
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n.isRunning() {
		t.Error("the node runs on")
	}
	if err := s.wait(t); err != nil {
		t.Errorf("Serve = %v", err)
	}
	if err := <-cut; err == nil || err.Error() != "the running servent was stopped" {
		t.Errorf("a search that was cut off: %v", err)
	}
	if _, err := Dial(t.Context(), s.dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("dial after the stop: %v", err)
	}
}

func TestStopEndsDownloads(t *testing.T) {
	begun := make(chan bool)
	n := &fakeNode{get: func(ctx context.Context, _ servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
		progress(servent.GetProgress{Done: 1})
		close(begun)
		<-ctx.Done()
		return servent.Got{}, ctx.Err()
	}}
	s := serve(t, n)
	cut := make(chan error, 1)
	go func() {
		_, err := s.client(t).Get(context.WithoutCancel(t.Context()), servent.GetRequest{Dir: s.dir}, func(servent.GetProgress) {})
		cut <- err
	}()
	<-begun
	if err := s.client(t).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-cut; err == nil || err.Error() != "the running servent was stopped" {
		t.Errorf("Get = %v", err)
	}
}

func TestServeFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir, ended := shortDir(t), make(chan error, 1)
	begun := make(chan bool)
	n := &fakeNode{search: func(ctx context.Context, _ func(servent.Found)) error { close(begun); <-ctx.Done(); return nil }}
	go func() { ended <- ServeFor(ctx, n, dir, "get") }()
	var c *Client
	eventually(t, "it answers", func() (ok bool) {
		var err error
		c, err = Dial(t.Context(), dir)
		return err == nil
	})
	defer c.Close()
	if got := c.Version().Command; got != "get" {
		t.Errorf("command %q", got)
	}
	cut := make(chan error, 1)
	go func() {
		cut <- c.Search(context.WithoutCancel(t.Context()), servent.SearchRequest{Query: "x"}, func(servent.Found) {})
	}()
	<-begun
	cancel()
	if err := <-cut; err == nil || !strings.Contains(err.Error(), "`servent get`") || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("Search = %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ServeFor(t.Context(), n, filepath.Join(file, "x"), "get"); !errors.Is(err, ErrNoSocket) {
		t.Errorf("without a folder for the socket: %v", err)
	}
}

func TestServeReturnsTheNodesError(t *testing.T) {
	broken := errors.New("port was lost")
	dir := shortDir(t)
	if err := Serve(t.Context(), &fakeNode{runErr: broken}, dir); !errors.Is(err, broken) {
		t.Errorf("Serve = %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDialFindsNobody(t *testing.T) {
	if _, err := Dial(t.Context(), filepath.Join(shortDir(t), "absent")); !errors.Is(err, ErrNotRunning) {
		t.Errorf("dial = %v", err)
	}
}
