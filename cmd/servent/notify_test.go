//go:build unix

package main

import (
	"net"
	"path/filepath"
	"testing"
)

func TestNotify(t *testing.T) {
	h := newHome(t)
	path := filepath.Join(h["HOME"], "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	newApp(&buffer{}, &buffer{}, h.with("NOTIFY_SOCKET", path).lookEnv).notify("READY=1")
	got := make([]byte, 64)
	n, err := l.Read(got)
	if err != nil || string(got[:n]) != "READY=1" {
		t.Errorf("told %q, %v", got[:n], err)
	}
	errOut := &buffer{}
	newApp(&buffer{}, errOut, h.with("NOTIFY_SOCKET", path+"gone").lookEnv).notify("READY=1")
	if errOut.String() == "" {
		t.Error("a socket that is not there is not told of")
	}
}
