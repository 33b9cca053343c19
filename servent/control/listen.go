package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// socket is the control socket of a data dir.
type socket struct {
	net.Listener
	path string
	made os.FileInfo // what was put there
}

// listen opens the socket at path. What a servent that was killed left there
// is replaced: whoever listens holds the lock of the data dir, so nobody else does.
func listen(path string) (*socket, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := bindPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	made, err := os.Lstat(path)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	return &socket{l, path, made}, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && hasModes && info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("open control socket: %s is in the way and no socket: remove it", path)
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("remove stale control socket: %w", err)
	}
	return nil
}

// bindPrivate makes a socket that at no moment others may connect to: it is
// bound in a folder of its own and moved when its mode is set.
func bindPrivate(path string) (net.Listener, error) {
	if !hasModes {
		return bind(path)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".c")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // an empty folder does no harm
	first := filepath.Join(dir, "s")
	l, err := bind(first)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.Chmod(first, 0o600), os.Rename(first, path)); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func bind(path string) (net.Listener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // remove does it
	return l, nil
}

// remove takes the socket away, so that nobody new comes; connections stay.
func (s *socket) remove() {
	if now, err := os.Lstat(s.path); err == nil && (!hasModes || os.SameFile(now, s.made)) {
		_ = os.Remove(s.path) // a stale socket does no harm
	}
	s.Close()
}
