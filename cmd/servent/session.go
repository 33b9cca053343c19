package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

// node is what a command asks of a servent, be it in this process or not.
type node interface {
	Search(ctx context.Context, req servent.SearchRequest, found func(servent.Found)) error
	Browse(ctx context.Context, req servent.BrowseRequest, found func(servent.Found)) error
	Get(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error)
}

// session is the servent of one command: the one that runs on the data dir, or
// one of the command's own.
type session struct {
	node
	own    *servent.Servent // nil: another process runs it
	status func(ctx context.Context) (servent.Status, error)
	close  func()
}

// startWait is how long a servent that holds the data dir, but does not answer
// yet, or no more, is waited for.
const startWait = 3 * time.Second

// open finds the servent of this data dir, or starts one for the time of
// command, which other commands may use meanwhile.
func (a *app) open(ctx context.Context, n *nodeFlags, command string) (*session, error) {
	cfg, err := a.nodeConfig(n)
	if err != nil {
		return nil, err
	}
	client, own, err := a.join(ctx, cfg)
	switch {
	case err != nil:
		return nil, err
	case client != nil:
		a.warnUnused(n.names(), client.Version().Command)
		return &session{node: client, status: client.Status, close: client.Close}, nil
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := control.ServeFor(running, own, cfg.DataDir, command)
		if errors.Is(err, control.ErrNoSocket) {
			a.log.WithError(err).Debug("other commands cannot use this servent")
			err = own.Run(running)
		}
		if err != nil {
			a.log.WithError(err).Error("the servent has ended")
		}
	}()
	status := func(context.Context) (servent.Status, error) { return own.Status(), nil }
	return &session{node: own, own: own, status: status, close: func() { end(); <-ended }}, nil
}

// nodeConfig is the configuration of a servent of our own.
func (a *app) nodeConfig(n *nodeFlags) (servent.Config, error) {
	cfg, err := n.config()
	if err != nil {
		return cfg, err
	}
	if err := a.wantDataDir(); err != nil {
		return cfg, err
	}
	cfg.DataDir, cfg.Version, cfg.Log = a.dataDir, versionText(), a.log
	return cfg, nil
}

// join returns the servent that runs on the data dir, or a new one.
func (a *app) join(ctx context.Context, cfg servent.Config) (*control.Client, *servent.Servent, error) {
	patience := time.NewTimer(startWait)
	defer patience.Stop()
	for {
		client, err := control.Dial(ctx, cfg.DataDir)
		if err == nil {
			return client, nil, nil
		}
		if !errors.Is(err, control.ErrNotRunning) {
			return nil, nil, err
		}
		own, err := servent.New(cfg)
		if !errors.Is(err, servent.ErrLocked) {
			return nil, own, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-patience.C:
			return nil, nil, fmt.Errorf("%w: another servent command uses it now; wait until it ends, or name another with --data-dir", err)
		case <-time.After(startWait / 30):
		}
	}
}

// warnUnused tells of flags that have no effect on a servent that runs already.
// command is that which it runs for, if it does.
func (a *app) warnUnused(names []string, command string) {
	given := a.givenOf(names)
	if given == "" {
		return
	}
	runs := "a servent runs on this data dir already"
	if command != "" {
		runs = "`servent " + command + "` runs on this data dir now"
	}
	a.note("%s without effect: %s", given, runs)
}

// ask is do for commands that need the servent that runs.
func (a *app) ask(f func(ctx context.Context, c *control.Client, args []string) error) func(*cobra.Command, []string) error {
	return a.do(func(ctx context.Context, args []string) error {
		if err := a.wantDataDir(); err != nil {
			return err
		}
		c, err := control.Dial(ctx, a.dataDir)
		if err != nil {
			return a.notRunning(err)
		}
		defer c.Close()
		return f(ctx, c, args)
	})
}
