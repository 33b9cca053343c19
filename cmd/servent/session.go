package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

// node is what a command asks of a servent, be it in this process or not.
type node interface {
	Search(ctx context.Context, req servent.SearchRequest, found func(servent.Found)) error
	CountOwn(ctx context.Context, query string) (int, error)
	Browse(ctx context.Context, req servent.BrowseRequest, found func(servent.Found)) error
	Get(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error)
}

// session is the servent of one command: the one that runs on the data dir, or
// one of the command's own. Where it goes away because the command has ended that
// it was run for, another one takes its place.
type session struct {
	a       *app
	cfg     servent.Config
	flags   []string // of the servent
	command string

	mu  sync.Mutex
	now *held
}

// held is what a session uses now.
type held struct {
	node
	own    *servent.Servent // nil: another process runs it
	brief  bool             // it ends with the command that it was run for
	status func(ctx context.Context) (servent.Status, error)
	close  func()
}

// lasts says whether the servent goes on when the command has ended.
func (h *held) lasts() bool { return h.own == nil && !h.brief }

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
	s := &session{a: a, cfg: cfg, flags: n.names(), command: command}
	if s.now, err = s.hold(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// hold finds or starts a servent.
func (s *session) hold(ctx context.Context) (*held, error) {
	client, own, err := s.a.join(ctx, s.cfg)
	switch {
	case err != nil:
		return nil, err
	case client != nil:
		runsFor := client.Version().Command
		s.a.warnUnused(s.flags, runsFor)
		return &held{node: client, brief: runsFor != "", status: client.Status, close: client.Close}, nil
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(running, own)
	}()
	status := func(context.Context) (servent.Status, error) { return own.Status(), nil }
	return &held{node: own, own: own, status: status, close: func() { end(); <-ended }}, nil
}

// run runs a servent of the command's own.
func (s *session) run(ctx context.Context, own *servent.Servent) {
	err := control.ServeFor(ctx, own, s.cfg.DataDir, s.command)
	if errors.Is(err, control.ErrNoSocket) {
		s.a.log.WithError(err).Debug("other commands cannot use this servent")
		err = own.Run(ctx)
	}
	if err != nil {
		s.a.log.WithError(err).Error("the servent has ended")
	}
}

// current is what the session uses now.
func (s *session) current() *held {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *session) close() { s.current().close() }

func (s *session) status(ctx context.Context) (servent.Status, error) { return s.current().status(ctx) }

// linksText tells how many links a servent of the command's own has.
func (s *session) linksText() string {
	if own := s.current().own; own != nil {
		return countText(len(own.Peers()), "link")
	}
	return ""
}

// ask asks the servent, and once more where it goes away meanwhile.
func (s *session) ask(ctx context.Context, ask func(node) error) error {
	for {
		with := s.current()
		err := ask(with)
		if !with.brief || !errors.Is(err, control.ErrGone) || ctx.Err() != nil {
			return err
		}
		if err := s.replace(ctx, with); err != nil {
			return err
		}
	}
}

// replace finds or starts another servent, unless somebody has.
func (s *session) replace(ctx context.Context, gone *held) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != gone {
		return nil
	}
	s.a.log.WithField("component", "session").Debug("the servent of another command has ended: going on without it")
	next, err := s.hold(ctx)
	if err != nil {
		return err
	}
	gone.close()
	s.now = next
	return nil
}

// Search implements node.
func (s *session) Search(ctx context.Context, req servent.SearchRequest, found func(servent.Found)) error {
	return s.ask(ctx, func(n node) error { return n.Search(ctx, req, found) })
}

// CountOwn implements node.
func (s *session) CountOwn(ctx context.Context, query string) (int, error) {
	return s.current().CountOwn(ctx, query)
}

// Browse implements node.
func (s *session) Browse(ctx context.Context, req servent.BrowseRequest, found func(servent.Found)) error {
	return s.ask(ctx, func(n node) error { return n.Browse(ctx, req, found) })
}

// Get implements node.
func (s *session) Get(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (got servent.Got, err error) {
	err = s.ask(ctx, func(n node) (err error) {
		got, err = n.Get(ctx, req, progress)
		return err
	})
	return got, err
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
	return func(cmd *cobra.Command, args []string) error {
		return a.do(func(ctx context.Context, args []string) error {
			if err := a.wantDataDir(); err != nil {
				return err
			}
			c, err := control.Dial(ctx, a.dataDir)
			if err != nil {
				return a.notRunning(cmd.Name(), err)
			}
			defer c.Close()
			return f(ctx, c, args)
		})(cmd, args)
	}
}
