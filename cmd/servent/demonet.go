package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// demo is an overlay in this process. Its nodes are numbered from 1 for people.
type demo struct {
	app   *app
	tree  demoTree
	nodes []*servent.Servent
	end   context.CancelFunc
	wg    sync.WaitGroup
}

const demoNodes = 6

// demoLinks is a line with two short cuts, so that questions also come twice.
func demoLinks() [][2]int {
	return [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {1, 3}, {3, 5}}
}

const (
	// demoScan bounds the scan of each folder: what is hashed by then is shared.
	demoScan = 5 * time.Second
	// demoLink is how long the links may take to come up.
	demoLink = 10 * time.Second
)

func (d *demo) say(format string, args ...any) {
	if !d.app.json {
		d.app.printf(format, args...)
	}
}

// start makes the nodes, their links and their shares.
func (d *demo) start(ctx context.Context) error {
	d.say("1. %d servents listen on real sockets and link up: 1-2-3-4-5-6 in a row, 2-4 and 4-6 across\n", demoNodes)
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	d.end = end
	for i := range demoNodes {
		n, err := d.newNode(i)
		if err != nil {
			return err
		}
		d.nodes = append(d.nodes, n)
		d.wg.Go(func() {
			if err := n.Run(running); err != nil {
				d.app.log.WithError(err).Error("a node has ended")
			}
		})
	}
	began := time.Now()
	if err := d.awaitLinks(ctx); err != nil {
		return err
	}
	d.say("   %s are up after %s\n", countText(len(demoLinks()), "link"), timeText(time.Since(began)))
	return d.shareAll(ctx)
}

// newNode makes node i, which links to those before it.
func (d *demo) newNode(i int) (*servent.Servent, error) {
	cfg := servent.Config{
		Listen: "127.0.0.1:0", ConnectOnly: true, Role: servent.RoleFlat,
		Version: versionText(), Log: d.app.log,
	}
	for _, l := range demoLinks() {
		if l[1] == i {
			cfg.Connect = append(cfg.Connect, d.nodes[l[0]].Addr().String())
		}
	}
	return servent.New(cfg)
}

// stop ends all nodes.
func (d *demo) stop() {
	if d.end != nil {
		d.end()
	}
	d.wg.Wait()
}

func (d *demo) awaitLinks(ctx context.Context) error {
	limit := time.NewTimer(demoLink)
	defer limit.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if d.ends() == 2*len(demoLinks()) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errInterrupted
		case <-limit.C:
			return fmt.Errorf("only %d of %d links came up: is something in the way of connections to 127.0.0.1?", d.ends()/2, len(demoLinks()))
		}
	}
}

// ends counts the ends of links: each link has two.
func (d *demo) ends() int {
	n := 0
	for _, node := range d.nodes {
		n += len(node.Peers())
	}
	return n
}

// sharers are the nodes that share, the one with the whole tree first.
func sharers() []int { return []int{4, 5, 2} }

func (d *demo) shareAll(ctx context.Context) error {
	d.say("\n2. Nodes 3, 5 and 6 scan and hash %s\n", d.tree.what)
	for i, n := range sharers() {
		if err := d.share(ctx, n, d.tree.parts[i]); err != nil {
			return err
		}
	}
	for i, n := range d.nodes {
		files, bytes := 0, uint64(0)
		for _, s := range n.Shares() {
			files, bytes = files+s.Files, bytes+s.Bytes
		}
		if d.app.json {
			d.app.printJSON(struct {
				Event string `json:"event"`
				Node  int    `json:"node"`
				*servent.Ready
			}{"node", i + 1, n.Ready().Ready})
			continue
		}
		does := "passes questions on"
		switch {
		case i == 0:
			does = "will search"
		case files > 0:
			does = fmt.Sprintf("shares %s, %s, of %s", countText(files, "file"), byteText(bytes), n.Shares()[0].Dir)
		}
		d.say("   node %d  %-15s  %s\n", i+1, n.Addr(), does)
	}
	return nil
}

// share lets node n share dir, or as much of it as can be hashed in time.
func (d *demo) share(ctx context.Context, n int, dir string) error {
	bounded, cancel := context.WithTimeout(ctx, demoScan)
	defer cancel()
	scan := d.app.scan()
	defer scan.close()
	events, unsubscribe := d.nodes[n].Events()
	defer unsubscribe()
	done := make(chan error, 1)
	go func() { done <- d.nodes[n].Share(bounded, dir) }()
	for {
		select {
		case e := <-events:
			if e.Scan != nil {
				scan.update(*e.Scan)
			}
		case err := <-done:
			switch {
			case ctx.Err() != nil:
				return errInterrupted
			case errors.Is(err, context.DeadlineExceeded):
				return nil // what is hashed by then will do
			}
			return err
		}
	}
}
