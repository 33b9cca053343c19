package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// warmFold is how many times what a run loads is written, and removed, before it.
const warmFold = 4

// freshHome makes a folder below tmp for a run that loads size bytes, once nothing
// waits for the disk and several times as much memory has just been in use. A virtual
// machine gives what lies free back to its host, and to touch that again takes several
// times as long as to copy: without this the same program took from 1.5 to 3.7 s here.
func freshHome(tmp string, size int64) (string, error) {
	home, err := os.MkdirTemp(tmp, "load-")
	if err != nil {
		return "", err
	}
	syscall.Sync()
	warm := filepath.Join(home, "warm")
	f, err := os.Create(warm)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(home))
	}
	_, err = io.CopyN(f, zeros{}, warmFold*size)
	if err := errors.Join(err, f.Close(), os.Remove(warm)); err != nil {
		return "", errors.Join(err, os.RemoveAll(home))
	}
	return home, nil
}

// zeros is as many of them as anybody wants.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
