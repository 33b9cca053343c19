package servent_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestForeignCallsBack: a server that lets a download wait, and tells it a place, calls back
// where the download says that it listens (PARQ), and gets the next request there.
func TestForeignCallsBack(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef"
	_, content, urn := shareFile(t, "x", 5000)
	node := make(chan string, 1)
	asked := 0
	port := webSource(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Queued", "position=3; length=4; ETA=60; lifetime=600; ID="+id)
		w.Header().Set("Retry-After", "1")
		if asked++; asked > 1 { // it may not before
			w.Header().Set("Retry-After", "600")
			node <- r.Header.Get("X-Node")
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	s := start(t, servent.Config{})
	call := func(id string) (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.SetDeadline(time.Now().Add(foreignWait)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "QUEUE %s 127.0.0.1:%d\r\n", id, port)
		return c, bufio.NewReader(c)
	}
	ended := make(chan servent.Got, 1)
	go func() {
		req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{{Addr: fmt.Sprintf("127.0.0.1:%d", port)}}}
		got, _ := s.Get(t.Context(), req, func(servent.GetProgress) {})
		ended <- got
	}()
	select {
	case at := <-node:
		if at != s.Addr().String() {
			t.Fatalf("X-Node: %q", at)
		}
	case <-time.After(4 * foreignWait):
		t.Fatal("it does not ask again")
	}
	for _, bad := range []string{"fedcba9876543210", strings.Repeat("0", 65), ""} {
		if _, r := call(bad); true {
			if b, err := io.ReadAll(r); err != nil || len(b) > 0 {
				t.Errorf("%q is asked for %q, %v", bad, b, err)
			}
		}
	}
	if n := s.Status().Edge.UnwantedQueueCalls; n != 3 {
		t.Errorf("%d unwanted calls", n)
	}
	time.Sleep(100 * time.Millisecond) // the answer has come
	c, r := call(id)
	req, err := http.ReadRequest(r)
	if err != nil || !strings.Contains(req.RequestURI, urn) || !strings.Contains(req.Header.Get("X-Queued"), id) {
		t.Fatalf("%+v, %v", req, err)
	}
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
	if got := <-ended; !got.Verified {
		t.Errorf("%+v", got)
	}
}

// TestQueueCallsBack: whoever waits for the only slot is told as soon as it is free: ours on
// a connection of its own beside the one that it keeps, others where they were told to wait so
// long that they keep none.
func TestQueueCallsBack(t *testing.T) {
	t.Parallel()
	dir, content, urn := shareFile(t, "x", 3_000_000)
	other, _, long := shareFile(t, "y", 30_000_000) // more than sockets hold
	seed := start(t, servent.Config{MaxUploads: 1}, dir, other)
	first, err := http.Get("http://" + seed.Addr().String() + "/uri-res/N2R?" + long)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, ended := loads(t, start(t, servent.Config{}), urn, seed)
	eventually(t, "it waits", func() bool { return seed.Status().Transfer.Queued == 1 })
	if _, err := io.Copy(io.Discard, first.Body); err != nil {
		t.Fatal(err)
	}
	if got := <-ended; !got.Verified || got.Bytes != uint64(len(content)) || time.Since(begin) > 20*time.Second { // 30 s without
		t.Errorf("after %v: %+v", time.Since(begin), got)
	}
	if n := seed.Status().Transfer.Called; n != 1 {
		t.Errorf("%d calls", n)
	}
}
