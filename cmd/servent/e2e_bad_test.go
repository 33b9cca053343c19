//go:build loopback && unix

package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestDeadHost(t *testing.T) {
	dead := closedPort(t)
	h := newHome(t)
	p := h.spawn(t, "share", "--json", "--connect-only", "--listen", "127.0.0.1:0", "--connect", dead, smallTree(t))
	ready := object[readyLine](t, p.line(t, `"ready"`))
	until(t, 2*linkWait, func() error {
		if strings.Contains(p.err.String(), "no link yet with the peers named with --connect") && strings.Contains(p.err.String(), "connection refused") {
			return nil
		}
		return errors.New("no warning came")
	})
	node := &peer{process: p, ready: ready}
	if st := node.status(t); st.Edge.DialsFailed == 0 || st.Files != 201 {
		t.Errorf("status: %+v", st)
	}
	code, _, errOut := newHome(t).call(t, "search", "--connect-only", "--listen", "127.0.0.1:0",
		"--connect", dead, "--timeout", "1s", "danube")
	if code != 3 || !strings.Contains(errOut, "("+dead+": connect: connection refused)") || !strings.Contains(errOut, "name others with --connect") {
		t.Errorf("search: exit %d: %s", code, errOut)
	}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestBadInput sends what no servent sends, and then asks as one does.
func TestBadInput(t *testing.T) {
	node := share(t, smallTree(t))
	noise := make([]byte, 64<<10)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	hello := "GNUTELLA CONNECT/0.6\r\n"
	tests := []struct {
		name   string
		bytes  []byte
		closed bool // at once; else it may still wait for more
	}{
		{"random bytes", noise, true},
		{"zeroes", make([]byte, 64<<10), true},
		{"a header line of a megabyte", []byte(hello + "User-Agent: " + strings.Repeat("x", 1<<20)), true},
		{"a megabyte of headers", []byte(hello + strings.Repeat("X: y\r\n", 1<<18)), true},
		{"a first line without end", bytes.Repeat([]byte("GNUTELLA "), 1<<14), true},
		{"an http line without end", []byte("GET /" + strings.Repeat("x", 1<<20)), true},
		{"a handshake that never ends", []byte(hello + "User-Agent: slow\r\n"), false},
		{"half a line", []byte("GNUTE"), false},
		{"nothing", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 10 {
				conn, err := net.Dial("tcp", node.ready.Listen)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					_, _ = conn.Write(tt.bytes) // the node may close before it has read all
				}()
				if !tt.closed {
					<-sent
					continue
				}
				if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, conn)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatal("the node keeps the connection")
				}
			}
		})
	}
	code, out, errOut := newHome(t).call(t, "search", "--json", "--connect-only", "--role", "flat", "--listen", "127.0.0.1:0",
		"--connect", node.ready.Listen, "--timeout", "2s", "net http server")
	if code != 0 || !strings.Contains(out, `"server.go"`) {
		t.Errorf("search after all that: exit %d: %s%s", code, out, errOut)
	}
	edge := node.status(t).Edge
	if edge.UnknownSpeech == 0 || edge.BadHandshakes == 0 {
		t.Errorf("not counted: %+v", edge)
	}
}
