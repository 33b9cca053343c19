package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// demo is an overlay in this process.
type demo struct {
	app   *app
	tree  demoTree
	nodes []*demoNode // that run
	spent [2]servent.Messages
	wg    sync.WaitGroup
}

// demoNode is a servent, numbered from 1 for people.
type demoNode struct {
	*servent.Servent
	number int
	end    context.CancelFunc
	ended  chan struct{}
}

const demoNodes = 6

const (
	// demoScan bounds the scan of each folder: what is hashed by then is shared.
	demoScan = 5 * time.Second
	// demoRoles is how long nodes may take to find their roles, and their places.
	demoRoles = 30 * time.Second
	demoPoll  = 10 * time.Millisecond
)

func (d *demo) say(format string, args ...any) {
	if !d.app.json {
		d.app.printf(format, args...)
	}
}

// start makes the nodes and lets them find their roles, then their shares.
func (d *demo) start(ctx context.Context) error {
	d.say("1. %d servents start on real sockets, each told of those before it\n", demoNodes)
	began := time.Now()
	for number := 1; number <= demoNodes; number++ {
		if err := d.add(ctx, number); err != nil {
			return err
		}
		if number > 1 {
			continue
		}
		if err := d.await(ctx, d.settled); err != nil {
			return err
		}
		d.tellSupernode()
		d.say("   node 1 finds nobody and becomes a supernode\n")
	}
	if err := d.await(ctx, d.settled); err != nil {
		return err
	}
	d.say("   the others find it and become its leaves, after %s\n", timeText(time.Since(began)))
	return d.shareAll(ctx)
}

// add starts a node.
func (d *demo) add(ctx context.Context, number int) error {
	cfg := servent.Config{Listen: "127.0.0.1:0", ConnectOnly: true, Version: versionText(), Log: d.app.log}
	for _, n := range d.nodes {
		cfg.Connect = append(cfg.Connect, n.Addr().String())
	}
	made, err := servent.New(cfg)
	if err != nil {
		return err
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	n := &demoNode{made, number, end, make(chan struct{})}
	d.nodes = append(d.nodes, n)
	d.wg.Go(func() {
		defer close(n.ended)
		if err := n.Run(running); err != nil {
			d.app.log.WithError(err).Error("a node has ended")
		}
	})
	return nil
}

// stop ends all nodes.
func (d *demo) stop() {
	for _, n := range d.nodes {
		n.end()
	}
	d.wg.Wait()
}

// searcher is who searches and downloads.
func (d *demo) searcher() *demoNode {
	return d.nodes[slices.IndexFunc(d.nodes, func(n *demoNode) bool { return n.number == 2 })]
}

// supernode returns one that is a supernode; nil when none is.
func (d *demo) supernode() *demoNode {
	for _, n := range d.nodes {
		if n.Role() == servent.RoleSupernode {
			return n
		}
	}
	return nil
}

// tellSupernode tells scripts who is one now.
func (d *demo) tellSupernode() {
	if d.app.json {
		d.app.printJSON(struct {
			Event string `json:"event"`
			Node  int    `json:"node"`
		}{"supernode", d.supernode().number})
	}
}

// settled says whether each node is a supernode, or a leaf that has given its list.
func (d *demo) settled() bool {
	for _, n := range d.nodes {
		given := slices.ContainsFunc(n.Peers(), func(p servent.PeerInfo) bool { return p.List != nil && p.List.State == "given" })
		if n.Role() != servent.RoleSupernode && !given {
			return false
		}
	}
	return d.supernode() != nil
}

// listed says whether nodes are settled, and supernodes know all that leaves share.
func (d *demo) listed() bool {
	if !d.settled() {
		return false
	}
	shared, listed := 0, 0
	for _, n := range d.nodes {
		st := n.Status()
		listed += st.Lists.Files
		if st.Role != servent.RoleSupernode.String() {
			shared += st.Files
		}
	}
	return listed >= shared
}

// await waits until something is so.
func (d *demo) await(ctx context.Context, so func() bool) error {
	limit := time.NewTimer(demoRoles)
	defer limit.Stop()
	tick := time.NewTicker(demoPoll)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errInterrupted
		case <-limit.C:
			return errors.New("the nodes do not find each other: is something in the way of connections to 127.0.0.1?")
		}
	}
	return nil
}

// failover ends the supernode, and searches again once another has taken its place.
func (d *demo) failover(ctx context.Context, query string) error {
	gone := d.supernode()
	d.say("\n5. Node %d, the supernode, is switched off\n", gone.number)
	m := gone.Status().Messages
	addMessages(&d.spent[0], m["query"])
	addMessages(&d.spent[1], m["query_hit"])
	gone.end()
	<-gone.ended
	d.nodes = slices.DeleteFunc(d.nodes, func(n *demoNode) bool { return n == gone })
	began := time.Now()
	if err := d.await(ctx, d.listed); err != nil {
		return err
	}
	d.tellSupernode()
	d.say("   node %d has become one, and the others have given it their lists, after %s\n", d.supernode().number, timeText(time.Since(began)))
	rows := map[string]bool{}
	bounded, cancel := context.WithTimeout(ctx, demoSearch)
	defer cancel()
	err := d.searcher().Search(bounded, servent.SearchRequest{Query: query}, func(f servent.Found) {
		rows[f.SHA1] = true
		time.AfterFunc(demoQuiet, cancel)
	})
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	case len(rows) == 0:
		return nothingInDemo(query, d.tree)
	}
	d.say("   node 2 asks again and finds %s\n", countText(len(rows), "file"))
	return nil
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
	if err := d.await(ctx, d.listed); err != nil {
		return err
	}
	for _, n := range d.nodes {
		files, bytes := 0, uint64(0)
		for _, s := range n.Shares() {
			files, bytes = files+s.Files, bytes+s.Bytes
		}
		if d.app.json {
			d.app.printJSON(struct {
				Event string `json:"event"`
				Node  int    `json:"node"`
				*servent.Ready
			}{"node", n.number, n.Ready().Ready})
			continue
		}
		does := ""
		switch {
		case n.Role() == servent.RoleSupernode:
			does = "holds the lists of " + countText(n.Status().Lists.Files, "file")
		case n.number == 2:
			does = "will search"
		case files > 0:
			does = fmt.Sprintf("shares %s, %s, of %s", countText(files, "file"), byteText(bytes), n.Shares()[0].Dir)
		}
		d.say("   node %d  %-15s  %-9s  %s\n", n.number, n.Addr(), n.Role(), does)
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
