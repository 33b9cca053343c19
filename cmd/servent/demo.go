package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
)

// demoFlags are the flags of demo.
type demoFlags struct{ dir, output string }

func (a *app) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   `demo ["WORDS"]`,
		Short: "See a whole overlay at work on this machine",
		Long: `Run six servents in this process, linked over real sockets on 127.0.0.1. One
becomes a supernode, the others its leaves. Three share the Go source tree of
this machine, or parts of it; one searches, and downloads and verifies what it
found. Then the supernode is gone, and another takes its place. Nobody else can
connect, and nothing is left behind.`,
		Example: examples(
			"servent demo",
			`servent demo "json decode"`,
			`servent demo --dir ~/Music "blue danube"`,
			`servent demo --output . "http server"       keep the file`,
		),
		RunE: a.do(func(ctx context.Context, args []string) error {
			query := strings.Join(args, " ")
			if query == "" {
				query = "http server"
			}
			return a.demo(ctx, &f, query)
		}),
	}
	cmd.Flags().StringVar(&f.dir, "dir", "", "`folder` to share instead of the Go source tree")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "`folder` for the file (default one that is removed)")
	return cmd
}

func (a *app) demo(ctx context.Context, f *demoFlags, query string) error {
	if err := checkQuery(query); err != nil {
		return err
	}
	tree, err := a.demoTree(ctx, f.dir)
	if err != nil {
		return err
	}
	output, clean, err := a.demoOutput(f.output)
	if err != nil {
		return err
	}
	defer clean()
	start := time.Now()
	d := &demo{app: a, tree: tree}
	defer d.stop()
	if err := d.start(ctx); err != nil {
		return err
	}
	rows, err := d.search(ctx, query)
	if err != nil {
		return err
	}
	if err := d.get(ctx, &rows[0], output, f.output != ""); err != nil {
		return err
	}
	if err := d.failover(ctx, query); err != nil {
		return err
	}
	d.count()
	d.say("\nAll of that took %s. Now share something of yours: servent share DIR\n", timeText(time.Since(start)))
	return nil
}

// demoOutput is where the download goes, and what removes it.
func (a *app) demoOutput(named string) (string, func(), error) {
	if named != "" {
		dir, err := outputFolder(named)
		return dir, func() {}, err
	}
	dir, err := os.MkdirTemp("", "servent-demo-")
	return dir, func() {
		if err := os.RemoveAll(dir); err != nil {
			a.log.WithError(err).Warn("the demo's folder stays behind")
		}
	}, err
}

const (
	// demoQuiet is how long no more hits come before the search ends.
	demoQuiet = time.Second
	// demoSearch bounds the search.
	demoSearch = 5 * time.Second
	// demoRows is how many rows are listed.
	demoRows = 10
)

// search asks for files at the first node and lists what is found.
func (d *demo) search(ctx context.Context, query string) ([]servent.Found, error) {
	d.say("\n3. Node 2 asks for %q; its supernode looks into the lists of its leaves\n\n", query)
	v := d.app.newSearchView(query)
	v.quiet, v.most, v.indent = demoQuiet, demoRows, "   "
	err := v.follow(ctx, demoSearch, func(ctx context.Context, found func(servent.Found)) error {
		return d.searcher().Search(ctx, servent.SearchRequest{Query: query}, found)
	})
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		return nil, err
	case len(v.rows) == 0:
		return nil, nothingInDemo(query, d.tree)
	}
	if more := len(v.rows) - demoRows; more > 0 {
		d.say("   and %s more\n", countText(more, "file"))
	}
	return v.rows, nil
}

// get downloads a row at the first node.
func (d *demo) get(ctx context.Context, row *servent.Found, dir string, keep bool) error {
	from := "its only source"
	if n := len(row.Sources); n > 1 {
		from = "one of " + countText(n, "source")
	}
	d.say("\n4. Node 2 downloads the first row, %s, from %s\n", row.Name, from)
	req := servent.GetRequest{Magnet: row.Magnet, Dir: dir, Sources: row.Sources}
	got, err := d.searcher().Get(ctx, req, func(servent.GetProgress) {})
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	if d.app.json {
		d.app.printJSON(doneEvent{"done", &got})
		return nil
	}
	d.say("   %s in %s\n", byteText(got.Bytes), timeText(time.Duration(got.MS)*time.Millisecond))
	d.say("   SHA-1       %s  matches\n", got.SHA1)
	if m, err := protocol.ParseMagnet(row.Magnet); err == nil && m.URN.HasTiger {
		d.say("   tiger root  %s  matches\n", m.URN.Tiger)
	}
	if keep {
		d.say("   saved as %s\n", got.Path)
	}
	return nil
}

// count sums up the messages of all nodes.
func (d *demo) count() {
	queries, hits := d.spent[0], d.spent[1]
	for _, n := range d.nodes {
		m := n.Status().Messages
		addMessages(&queries, m["query"])
		addMessages(&hits, m["query_hit"])
	}
	if d.app.json {
		d.app.printJSON(struct {
			Event   string           `json:"event"`
			Queries servent.Messages `json:"query"`
			Hits    servent.Messages `json:"query_hit"`
		}{"messages", queries, hits})
		return
	}
	d.say("\n6. What the searches took: %s and %s; no leaf was asked\n", countText(queries.Out, "question"), countText(hits.Out, "answer"))
}

func addMessages(sum *servent.Messages, m servent.Messages) {
	sum.In += m.In
	sum.Out += m.Out
	sum.Duplicate += m.Duplicate
	sum.Dropped += m.Dropped
}
