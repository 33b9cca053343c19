package transfer

import (
	"errors"
	"io"
	"net"
	"testing"
)

func TestConnListenerBacklog(t *testing.T) {
	l := NewConnListener(&net.TCPAddr{Port: 6346}, 2)
	var near, far []net.Conn
	for range 3 {
		a, b := net.Pipe()
		near, far = append(near, a), append(far, b)
		defer a.Close()
		defer b.Close()
	}
	if !l.Deliver(near[0]) || !l.Deliver(near[1]) {
		t.Fatal("refused within the backlog")
	}
	if l.Deliver(near[2]) {
		t.Fatal("took one past the backlog")
	}
	if c, err := l.Accept(); err != nil || c != near[0] {
		t.Fatalf("Accept: %v, %v", c, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := far[1].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("connection that waited when the listener closed: %v", err)
	}
	if l.Deliver(near[2]) {
		t.Error("took a connection after Close")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	if l.Close() != nil || l.Addr().String() != ":6346" {
		t.Error("second Close or address")
	}
}
