package main

import (
	"context"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
)

// browseFlags are the flags of browse.
type browseFlags struct {
	node  nodeFlags
	limit int
}

func (a *app) browseCommand() *cobra.Command {
	var f browseFlags
	cmd := &cobra.Command{
		Use:   `browse HOST:PORT|N ["WORDS"]`,
		Short: "List what a servent shares",
		Long: `List what one servent shares: the one at HOST:PORT, or the first source of row N of
the last search, also where that cannot be connected to and must connect to us.
With words, only files that match, as in a search. "servent get N" downloads row N
of the list.`,
		Example: examples(
			"servent browse 192.168.1.20:6346",
			`servent browse 192.168.1.20:6346 "danube type:audio"   only what matches`,
			"servent browse 3                                       who has row 3 of the last search",
			"servent get --from 192.168.1.20:6346                   download all of it",
		),
		Args: cobra.MatchAll(atLeastOne("a servent: HOST:PORT, or the number of a row of the last search")),
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.browse(ctx, &f, args[0], strings.Join(args[1:], " "))
		}),
	}
	cmd.Flags().IntVar(&f.limit, "limit", 0, "end after so many files (default no limit)")
	cmd.SetFlagErrorFunc(excluded)
	f.node.add(cmd)
	return cmd
}

func (a *app) browse(ctx context.Context, f *browseFlags, whom, query string) error {
	if f.limit < 0 || f.limit == 0 && a.given["limit"] {
		return usagef("--limit %d: use a number from 1 on", f.limit)
	}
	if query != "" {
		if err := checkQuery(query); err != nil {
			return err
		}
	}
	source, err := a.whom(whom)
	if err != nil {
		return err
	}
	s, err := a.open(ctx, &f.node, "browse")
	if err != nil {
		return err
	}
	defer s.close()
	v := a.newBrowseView()
	err = v.follow(func(found func(servent.Found)) error {
		return s.Browse(ctx, servent.BrowseRequest{Source: source, Query: query, Limit: f.limit}, found)
	})
	v.keep(whom)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	case len(v.rows) == 0 && query != "":
		return fmt.Errorf("%w: %s shares nothing that matches %s", errNothing, whom, query)
	case len(v.rows) == 0:
		return fmt.Errorf("%w: %s shares nothing", errNothing, whom)
	}
	v.conclude(whom)
	return nil
}

// whom finds the servent that is named by address or by row.
func (a *app) whom(arg string) (servent.FoundSource, error) {
	n, err := strconv.Atoi(arg)
	if err != nil {
		return servent.FoundSource{Addr: arg}, checkHostPort("browse", arg)
	}
	last, err := a.lastSearch()
	if err != nil {
		return servent.FoundSource{}, err
	}
	row, err := last.row(n)
	if err != nil {
		return servent.FoundSource{}, err
	}
	if len(row.Sources) == 0 {
		return servent.FoundSource{}, fmt.Errorf("row %d names no source: search again", n)
	}
	return row.Sources[0], nil
}

// checkHostPort returns what is wrong with an address that a user wrote.
func checkHostPort(what, arg string) error {
	host, port, err := net.SplitHostPort(arg)
	if err != nil || host == "" || port == "" {
		return usagef("%s %s: write host:port, as in 192.168.1.20:6346", what, arg)
	}
	if n, err := net.LookupPort("tcp", port); err != nil || n == 0 {
		return usagef("%s %s: port %q is not a number from 1 to 65535", what, arg, port)
	}
	return nil
}

// browseView shows the files of a servent as they come.
type browseView struct {
	a     *app
	table *table
	start time.Time
	rows  []servent.Found
	bytes uint64
	count atomic.Int64 // of rows, for the live line
}

func (a *app) newBrowseView() *browseView {
	room, _ := a.screen.size()
	return &browseView{a: a, start: time.Now(), table: newTable(room, []column{
		{title: "#", width: 5, right: true},
		{title: "SIZE", width: 7, right: true},
		{title: "NAME", middle: true},
	})}
}

// follow shows what run finds, until it ends.
func (v *browseView) follow(run func(found func(servent.Found)) error) error {
	return v.await(func(found func()) error {
		return run(func(f servent.Found) {
			found()
			v.add(f)
		})
	})
}

// await tells how many files run has found, until it ends.
func (v *browseView) await(run func(found func()) error) error {
	lines := v.a.lines()
	defer lines.close()
	lines.text(func() string {
		return fmt.Sprintf("listing %.0f s · %s · Ctrl-C ends", time.Since(v.start).Seconds(), countText(v.count.Load(), "file"))
	})
	return run(func() { v.count.Add(1) })
}

func (v *browseView) add(f servent.Found) {
	v.rows = append(v.rows, f)
	v.bytes += f.Size
	switch {
	case v.a.json:
		v.a.printJSON(f)
		return
	case len(v.rows) == 1:
		v.a.printf("%s", v.table.header())
	}
	v.a.printf("%s", v.table.row([]string{strconv.Itoa(len(v.rows)), byteText(f.Size), path.Join(f.Path, f.Name)}))
}

// keep makes the rows those that `servent get N` downloads.
func (v *browseView) keep(whom string) {
	if len(v.rows) == 0 || v.a.dataDir == "" {
		return
	}
	last := lastSearch{Query: "browse " + whom, Time: v.start, Rows: v.rows}
	if err := last.save(v.a.dataDir); err != nil {
		v.a.log.WithError(err).Warn("rows cannot be downloaded by number")
	}
}

// conclude sums up for people.
func (v *browseView) conclude(whom string) {
	if v.a.json || !v.a.screen.on {
		return
	}
	v.a.printf("\n%s, %s. Download the first with `%s`, all with `%s`.\n",
		countText(len(v.rows), "file"), byteText(v.bytes), v.a.hint("get 1"), v.a.hint("get --from "+whom))
}
