package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// sharedFiles are what the servent shares; the first word of the queries is
// in its table, so that it looks further.
var sharedFiles = [...]string{"blue danube.ogg", "radetzky march.ogg", "die fledermaus.pdf", "vienna/stephansdom.jpg", "vienna/prater.jpg"}

// maxQueue is how many bytes the servent lets wait for a link (nats-server:
// 64 MiB). Queries get half of it, and a window can stand there twice: in what
// has left and is not reported yet, and in what has come since.
const (
	maxQueue  = 2 << 20
	maxWindow = maxQueue / 4 / messageSize
)

// serveServent is the process of the servent: a whole flat one, with nothing
// unusual but that links may send as fast as they can, and that more may wait.
func serveServent(c control) (err error) {
	dir, err := os.MkdirTemp("", "servent-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	anyRate := overlay.Rate{PerSecond: 1e9, Burst: 1e9}
	s, err := servent.New(servent.Config{
		Listen: "127.0.0.1:0", ConnectOnly: true, Role: servent.RoleFlat,
		Overlay: overlay.Config{Rate: anyRate, HitRate: anyRate, MaxQueue: maxQueue},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	err = share(ctx, s, dir)
	if err == nil {
		err = c.serve(s.Addr().String(), func() counts { return countsOf(s.Status()) })
	}
	cancel()
	return errors.Join(err, <-ran)
}

func share(ctx context.Context, s *servent.Servent, dir string) error {
	for _, name := range sharedFiles {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			return err
		}
	}
	return s.Share(ctx, dir)
}

func countsOf(st servent.Status) counts {
	var c counts
	for _, m := range st.Messages {
		c.Duplicates += m.Duplicate
		c.Dropped += m.Dropped
	}
	return c
}
