//go:build loopback && unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// tap stands before a servent: it counts what that sends and notes what is asked.
type tap struct {
	addr  string
	bytes atomic.Int64
	idle  sync.WaitGroup // connections
	open  atomic.Int64   // likewise
	most  atomic.Int64   // of them at once

	mu   sync.Mutex
	want []extent // of each request, since asked was called
}

// extent is the bytes of a file from first up to end, which is not among them.
type extent struct{ first, end uint64 }

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tap{addr: l.Addr().String()}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.idle.Add(1)
			w.most.Store(max(w.most.Load(), w.open.Add(1)))
			go w.pass(conn, to)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
		w.idle.Wait()
	})
	return w
}

// pass passes on what both sides say. The other side is a process that ends.
func (w *tap) pass(conn net.Conn, to string) {
	defer w.idle.Done()
	defer w.open.Add(-1)
	defer conn.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer server.Close()
		w.requests(io.TeeReader(conn, server))
	}()
	b := make([]byte, 256<<10)
	for {
		n, err := server.Read(b)
		if n > 0 {
			_, werr := conn.Write(b[:n])
			if w.bytes.Add(int64(n)); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// requests notes which bytes each request for content asks for: all where it does not
// say, and up to math.MaxUint64 where it says no end.
func (w *tap) requests(r io.Reader) {
	whole := extent{0, math.MaxUint64}
	want, content := whole, false
	for s := bufio.NewScanner(r); s.Scan(); {
		switch line := s.Text(); {
		case strings.HasSuffix(line, " HTTP/1.1"): // not HEAD, nor the tree
			content = strings.HasPrefix(line, "GET ") && !strings.Contains(line, "/N2X?")
		case strings.HasPrefix(line, "Range:"):
			if n, _ := fmt.Sscanf(line, "Range: bytes=%d-%d", &want.first, &want.end); n == 2 {
				want.end++
			}
		case line == "":
			if w.mu.Lock(); content {
				w.want = append(w.want, want)
			}
			w.mu.Unlock()
			want = whole
		}
	}
}

// asked returns what was asked for since the last call.
func (w *tap) asked() []extent {
	w.mu.Lock()
	defer w.mu.Unlock()
	want := w.want
	w.want = nil
	return want
}
