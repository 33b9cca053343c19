package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seed282dab8e/servent/sim/graph"
)

// floodFlags are those of `servent sim flood`.
type floodFlags struct {
	graph            string
	source           uint64
	ttl              int
	fastest, slowest uint32
	seed             uint64
	memory           byteSize
}

func (a *app) simFloodCommand() *cobra.Command {
	var f floodFlags
	cmd := &cobra.Command{
		Use:   "flood --graph FILE --source ID",
		Short: "Flood one graph from a file from one node, counted in two ways",
		Long: `Flood a graph from one of its nodes, with the event engine and by breadth-first
search, and show what each counts. Where all messages take equally long the two
must agree. Links go both ways, whatever the file says.

FILE has two node ids a line, as SNAP's files have; lines that begin with # are
comments; gzip is fine.`,
		Example: examples(
			"servent sim flood --graph p2p-Gnutella31.txt --source 0 --ttl 7",
			"servent sim flood --graph p2p-Gnutella31.txt.gz --source 0 --ttl 7 --fastest 20 --slowest 200",
		),
		Args: noArgs,
		RunE: a.do(func(ctx context.Context, _ []string) error { return a.flood(ctx, &f) }),
	}
	cmd.Flags().StringVar(&f.graph, "graph", "", "`file` with the links; needed")
	cmd.Flags().Uint64Var(&f.source, "source", 0, "`id` of the node that the flood begins at, as in the file; needed")
	cmd.Flags().IntVar(&f.ttl, "ttl", 7, "links that a message crosses at most")
	cmd.Flags().Uint32Var(&f.fastest, "fastest", 1, "the least that a message takes, in ms")
	cmd.Flags().Uint32Var(&f.slowest, "slowest", 1, "the most that a message takes, in ms")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "what delays follow from")
	cmd.Flags().Var(&f.memory, "memory", memoryUsage)
	return cmd
}

func (f *floodFlags) check(source bool) error {
	switch {
	case f.graph == "":
		return usagef("--graph is missing: name a file with two node ids a line")
	case !source:
		return usagef("--source is missing: name the node that the flood begins at by its id in the file")
	case f.ttl < 0:
		return usagef("--ttl %d: use 0 or more", f.ttl)
	case f.fastest < 1 || f.slowest > graph.MaxDelay || f.fastest > f.slowest:
		return usagef("--fastest %d, --slowest %d: use 1 <= fastest <= slowest <= %d", f.fastest, f.slowest, graph.MaxDelay)
	}
	return nil
}

// floodJSON is what `sim flood --json` prints.
type floodJSON struct {
	Nodes int `json:"nodes"`
	Links int `json:"links"`
	// Lines of the file that gave no link: of a node to itself, and between two
	// that have one already.
	Loops   int `json:"loops"`
	Doubles int `json:"doubles"`

	Source uint64   `json:"source"`
	TTL    int      `json:"ttl"`
	Event  flooding `json:"event"`
	BFS    flooding `json:"bfs"`
	Agree  bool     `json:"agree"`
}

// flooding is what one engine counted.
type flooding struct {
	Messages   int   `json:"messages"`
	Reached    int   `json:"reached"`
	Duplicates int   `json:"duplicates"`
	SentAt     []int `json:"sent_at"`
	ReachedAt  []int `json:"reached_at"`
}

func (a *app) flood(ctx context.Context, f *floodFlags) error {
	if err := f.check(a.given["source"]); err != nil {
		return err
	}
	need, err := graphMemory(f.graph)
	if err != nil {
		return err
	}
	if _, err := memoryFor(need, int64(f.memory), "take a smaller graph"); err != nil {
		return err
	}
	line, err := a.countFlood(ctx, f)
	if err != nil {
		return err
	}
	a.showFlood(line)
	if !line.Agree && f.fastest == f.slowest {
		return errors.New("the two do not agree: this is a fault of servent")
	}
	return nil
}

// countFlood floods until it is done or ctx ends. Reading and sorting do not look
// at ctx: they are left to run until the program ends.
func (a *app) countFlood(ctx context.Context, f *floodFlags) (line *floodJSON, err error) {
	p := a.graphProgress()
	defer p.close()
	done := make(chan struct{})
	var got *floodJSON
	var failed error
	go func() {
		defer close(done)
		got, failed = f.count(p)
	}()
	select {
	case <-done:
		return got, failed
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: nothing was counted", errInterrupted)
	}
}

// count reads the graph and floods it.
func (f *floodFlags) count(p *graphProgress) (*floodJSON, error) {
	d, err := readGraph(f.graph, p)
	if err != nil {
		return nil, err
	}
	source, ok := d.Node(f.source)
	switch {
	case d.Len() == 0:
		return nil, fmt.Errorf("--graph %s: there are no links in it", f.graph)
	case !ok:
		return nil, usagef("--source %d: %s has no such node; its ids are from %d to %d", f.source, f.graph, d.ID(0), d.ID(d.Len()-1))
	}
	g := d.Undirected()
	if longest := uint64(min(f.ttl, g.Len())) * uint64(f.slowest); longest > uint64(graph.MaxTicks) {
		return nil, usagef("--ttl %d, --slowest %d: a flood of this graph may take %d ms, and %d can be counted: use less", f.ttl, f.slowest, longest, graph.MaxTicks)
	}
	event := graph.NewFlooder(g).Flood(source, f.ttl, graph.Delay{Lo: f.fastest, Hi: f.slowest, Seed: f.seed})
	line := &floodJSON{
		Nodes: g.Len(), Links: g.Size(), Loops: d.Loops, Doubles: d.Doubles + d.Size() - g.Size(),
		Source: f.source, TTL: f.ttl,
		Event: floodingOf(event), BFS: floodingOf(g.Flood(source, f.ttl)),
	}
	line.Agree = line.Event.equals(line.BFS)
	return line, nil
}

func floodingOf(f graph.Flood) flooding {
	return flooding{f.Messages, f.Reached, f.Duplicates, slices.Concat([]int{}, f.SentAt), slices.Concat([]int{}, f.ReachedAt)}
}

func (f flooding) equals(o flooding) bool {
	return f.Messages == o.Messages && f.Reached == o.Reached && f.Duplicates == o.Duplicates &&
		slices.Equal(f.SentAt, o.SentAt) && slices.Equal(f.ReachedAt, o.ReachedAt)
}

func (a *app) showFlood(l *floodJSON) {
	if a.json {
		a.printJSON(l)
		return
	}
	a.printf("%d nodes, %d links; a flood from node %d with TTL %d\n", l.Nodes, l.Links, l.Source, l.TTL)
	if l.Loops+l.Doubles > 0 {
		a.printf("Lines of the file without effect: %d with a link of a node to itself, %d with one that was there\n", l.Loops, l.Doubles)
	}
	a.printf("\n")
	a.printf("%-22s %12s %12s\n", "", "event engine", "breadth-first")
	row := func(name string, event, bfs int) { a.printf("%-22s %12d %12d\n", name, event, bfs) }
	row("messages", l.Event.Messages, l.BFS.Messages)
	row("nodes reached", l.Event.Reached, l.BFS.Reached)
	row("duplicates", l.Event.Duplicates, l.BFS.Duplicates)
	for hop := range max(len(l.Event.SentAt), len(l.BFS.SentAt)) {
		row(fmt.Sprintf("sent at hop %d", hop), at(l.Event.SentAt, hop), at(l.BFS.SentAt, hop))
	}
	if l.Agree {
		a.printf("\nThe two agree.\n")
		return
	}
	a.printf("\nThe two differ: with latency a copy that took more links may come first, and its TTL counts.\n")
}

// at returns a count; 0 past the last.
func at(counts []int, i int) int {
	if i < len(counts) {
		return counts[i]
	}
	return 0
}
