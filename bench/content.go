package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seed282dab8e/servent/protocol"
)

// largeFile makes a file in a folder of its own, and hashes it.
func largeFile(ctx context.Context, tmp string, size int64) (file string, urn protocol.URN, err error) {
	file = filepath.Join(tmp, "shared", largeName)
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		return file, urn, err
	}
	if err := writeRandom(file, size); err != nil {
		return file, urn, err
	}
	_, sums, err := sumsOf(ctx, file)
	if err == nil {
		urn, err = urnOf(sums)
	}
	return file, urn, err
}

// sameContent compares two files.
func sameContent(got, want string) error {
	a, err := os.Open(got)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := os.Open(want)
	if err != nil {
		return err
	}
	defer b.Close()
	x, y := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, xerr := io.ReadFull(a, x)
		m, yerr := io.ReadFull(b, y)
		switch {
		case !bytes.Equal(x[:n], y[:m]):
			return fmt.Errorf("%s is not what was wanted", filepath.Base(got))
		case xerr != nil || yerr != nil:
			return errors.Join(notEnd(xerr), notEnd(yerr))
		}
	}
}

func notEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
