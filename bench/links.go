package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// What an idle leaf may cost a supernode, in KiB of resident memory, and what we
// aim at.
const (
	maxPlainLink, aimPlainLink       = 16, 12
	maxTableLink                     = 24
	maxDeflatedLink, aimDeflatedLink = 64, 48
)

// links measures what an idle link costs a supernode in memory, beside an idle
// client of nats-server.
func links(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("links", 1)
	l := linkCosts{progress: progress}
	f.IntVar(&l.count, "links", 5000, "`links` that are open at once")
	f.DurationVar(&l.rest, "rest", 150*time.Second, "how long the links are idle before memory counts: the runtime of Go looks for garbage every two minutes at least")
	only := f.String("only", "", "leave out the leaves whose row has not this `text`")
	if err := f.parse(args); err != nil {
		return err
	}
	if l.count < 1 {
		return errors.New("links must be 1 at least")
	}
	if l.tmp, err = os.MkdirTemp(f.dir, "servent-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(l.tmp)) }()
	if l.program, err = buildServent(ctx, l.tmp); err != nil {
		return err
	}
	r := newRows("links", fmt.Sprintf("%d idle links, %v after the last came; nats-server %s", l.count, l.rest, server.VERSION))
	for _, s := range leafSorts() {
		if !strings.Contains(s.name, *only) {
			continue
		}
		s.row = r.add(s.name, "KiB", "an idle client of "+natsName, s.most)
		s.row.OfFigure, s.row.Aim = true, s.aim
		l.sorts = append(l.sorts, s)
	}
	for range f.rounds {
		if err := l.round(ctx); err != nil {
			return err
		}
	}
	return r.show(out, f.json)
}

// leafSorts are the leaves that are measured, each sort at a supernode of its own.
func leafSorts() []*leafSort {
	return []*leafSort{
		{name: "plain link", most: maxPlainLink, aim: aimPlainLink},
		{name: "with a list", leaf: leaf{list: true}, most: maxPlainLink, aim: aimPlainLink},
		{name: "with a route table of 64 Ki slots", leaf: leaf{table: true}, most: maxTableLink},
		{name: "deflated both ways", leaf: leaf{deflated: true}, most: maxDeflatedLink, aim: aimDeflatedLink},
		{name: "deflated both ways, with such a table", leaf: leaf{table: true, deflated: true}, most: maxDeflatedLink},
	}
}

// leafSort is one sort of leaf, with its row.
type leafSort struct {
	name      string
	leaf      leaf
	most, aim float64 // KiB a link
	row       *row
}

// linkCosts is a run of the word.
type linkCosts struct {
	count        int
	rest         time.Duration
	tmp, program string
	sorts        []*leafSort
	progress     io.Writer
}

// round measures nats-server, then each sort of leaf.
func (l *linkCosts) round(ctx context.Context) error {
	theirs, err := l.nats(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", natsName, err)
	}
	for _, s := range l.sorts {
		ours, err := l.leaves(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		s.row.note(ours, theirs)
	}
	return nil
}

func (l *linkCosts) nats(ctx context.Context) (kib float64, err error) {
	ch, err := startChild(ctx, natsName, "")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ch.stop()) }()
	return l.cost(ctx, natsName, ch.cmd.Process.Pid, func(int) (idler, error) {
		var client nats
		return client.idle(ch.addr)
	})
}

// leaves starts a supernode, as it is shipped, and hangs leaves on it.
func (l *linkCosts) leaves(ctx context.Context, s *leafSort) (kib float64, err error) {
	home, err := os.MkdirTemp(l.tmp, "home-")
	if err != nil {
		return 0, err
	}
	super, err := startSharing(ctx, l.program, home, "supernode", "--max-leaves", strconv.Itoa(l.count))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, super.stop()) }()
	return l.cost(ctx, s.name, super.cmd.Process.Pid, func(i int) (idler, error) {
		return s.leaf.join(super.ready.Listen, i)
	})
}

// idler is a client that answers whether it is there, and does no more.
type idler interface {
	net.Conn
	answer() error // until the connection ends
}

// settle is how long a server that has just started is let alone.
const settle = 2 * time.Second

// cost opens the links and lets them idle; then it tells how much memory of its
// own the server has taken for each.
func (l *linkCosts) cost(ctx context.Context, name string, pid int, join func(i int) (idler, error)) (kib float64, err error) {
	if err := sleep(ctx, settle); err != nil {
		return 0, err
	}
	before := memoryOf(pid)["RssAnon"]
	var clients sync.WaitGroup
	failed := make(chan error, l.count)
	var open []idler
	defer func() {
		for _, c := range open {
			c.Close()
		}
		clients.Wait()
	}()
	for i := range l.count {
		c, err := join(i)
		if err != nil {
			return 0, fmt.Errorf("link %d: %w", i+1, err)
		}
		open = append(open, c)
		clients.Go(func() { failed <- c.answer() })
	}
	fmt.Fprintf(l.progress, "%s: %d links are up, and rest\n", name, l.count)
	for end := time.Now().Add(l.rest); ; {
		after := memoryOf(pid)["RssAnon"]
		if time.Now().After(end) {
			return float64(after-before) / 1024 / float64(l.count), nil
		}
		fmt.Fprintf(l.progress, "%s: %.1f KiB a link\n", name, float64(after-before)/1024/float64(l.count))
		select {
		case err := <-failed:
			return 0, fmt.Errorf("a link has ended: %w", err)
		case <-time.After(min(time.Until(end), reportEvery)):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// reportEvery is how often the progress of a rest is told.
const reportEvery = 30 * time.Second

// sleep waits for d, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
