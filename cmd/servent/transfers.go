package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

// watchEvery is how often --watch looks again.
const watchEvery = time.Second

func (a *app) transfersCommand() *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:   "transfers",
		Short: "List, pause, resume, cancel and rank the running servent's downloads",
		Long: `List the downloads of the servent that runs on this data dir: those that a command
waits for, those that "servent get --detach" has left to it, and the last 100 of these
that are done. COPIES is how often the rarest block is in sight among the sources.

Eight downloads load at once, and 32 of files up to 1 MiB beside them; others wait for
their turn. One that gets nothing for 30 seconds gives its place to the next. Where
nobody has a file, one that was detached looks again after 10 minutes, then ever more
seldom, down to every two hours; "transfers resume" makes it look at once.

With --json each line is one download: "id", "name", "sha1", "phase" (waiting, loading,
paused, done or failed), "state" (the same for people), "priority", "detached", "dir",
"path", "error", "done", "total", "sources", "active", "copies", "rate" (bytes a
second), "left_ms", "added".`,
		Example: examples(
			"servent transfers",
			"servent transfers --watch",
			"servent transfers pause all",
			"servent transfers resume K7QX2A",
			"servent transfers priority K7QX2A high",
			"servent transfers cancel K7QX2A --keep",
		),
		Args: noArgs,
		RunE: a.ask(func(ctx context.Context, c *control.Client, _ []string) error {
			if watch {
				return a.watchTransfers(ctx, c)
			}
			list, err := c.Downloads(ctx)
			if err != nil {
				return err
			}
			a.showTransfers(list)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "list them again every second, until Ctrl-C; with --json, those that have changed")
	cmd.AddCommand(
		a.changeCommand("pause ID…|all", "Stop downloads for now", `Stop downloads for now: what has come is kept, and a command that waits for one waits on.`),
		a.changeCommand("resume ID…|all", "Let downloads go on", `Let downloads go on that are paused, have failed, or wait to look for sources again.`),
		a.cancelCommand(),
		a.priorityCommand(),
	)
	return cmd
}

// needIDs wants the names of downloads.
var needIDs = atLeastOne("a download by its ID, or all; `servent transfers` lists them")

func (a *app) changeCommand(use, short, long string) *cobra.Command {
	action, _, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use: use, Short: short, Long: long, Args: needIDs,
		Example:           examples("servent transfers "+action+" K7QX2A", "servent transfers "+action+" all"),
		ValidArgsFunction: a.downloadIDs,
		RunE: a.ask(func(ctx context.Context, c *control.Client, ids []string) error {
			return a.change(ctx, c, servent.DownloadChange{Action: action, IDs: ids})
		}),
	}
}

func (a *app) cancelCommand() *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "cancel ID…|all",
		Short: "End downloads and remove what has come of them",
		Long: `End downloads and take them off the list. What has come of a file that is not whole
is removed; --keep leaves it as NAME.part, and getting the same file into the same
folder goes on from there. Files that are done stay. A command that waits for a
download ends with exit code 1.`,
		Example:           examples("servent transfers cancel K7QX2A", "servent transfers cancel all --keep"),
		Args:              needIDs,
		ValidArgsFunction: a.downloadIDs,
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave what has come as NAME.part")
	cmd.RunE = a.ask(func(ctx context.Context, c *control.Client, ids []string) error {
		return a.change(ctx, c, servent.DownloadChange{Action: "cancel", IDs: ids, Keep: keep})
	})
	return cmd
}

func (a *app) priorityCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "priority ID…|all high|normal|low",
		Short: "Say which downloads begin first",
		Long: `Say which downloads begin first where more are wanted than load at once. One that
loads already goes on.`,
		Example: examples("servent transfers priority K7QX2A high"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf("name downloads and then high, normal or low, as in `servent transfers priority all low`")
			}
			switch last := args[len(args)-1]; last {
			case servent.PriorityHigh, servent.PriorityNormal, servent.PriorityLow:
				return nil
			default:
				return fmt.Errorf("priority %q: use high, normal or low, behind the downloads", last)
			}
		},
		ValidArgsFunction: a.downloadIDs,
		RunE: a.ask(func(ctx context.Context, c *control.Client, args []string) error {
			last := len(args) - 1
			return a.change(ctx, c, servent.DownloadChange{Action: "priority", IDs: args[:last], Priority: args[last]})
		}),
	}
}

// downloadIDs offers the shell the downloads there are.
func (a *app) downloadIDs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var ids []string
	if a.settle(cmd) == nil {
		if c, err := control.Dial(cmd.Context(), a.dataDir); err == nil {
			defer c.Close()
			list, _ := c.Downloads(cmd.Context()) // without, nothing is offered
			for _, d := range list {
				ids = append(ids, d.ID+"\t"+search.Clean(d.Name))
			}
		}
	}
	switch {
	case len(args) == 0:
		ids = append(ids, "all")
	case cmd.Name() == "priority":
		ids = append(ids, servent.PriorityHigh, servent.PriorityNormal, servent.PriorityLow)
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) change(ctx context.Context, c *control.Client, change servent.DownloadChange) error {
	list, err := c.ChangeDownloads(ctx, change)
	if err != nil {
		return err
	}
	if len(list) == 0 && !a.json {
		a.printf("there is no download to %s\n", changeVerb(change.Action))
	}
	for _, d := range list {
		if a.json {
			a.printJSON(d)
			continue
		}
		state := search.Clean(d.State)
		switch {
		case change.Action == "priority":
			state = d.Priority + " priority, " + state
		case change.Action == "cancel" && d.Phase == servent.PhaseDone:
			state = "done, no longer listed"
		}
		a.printf("%s  %s: %s\n", d.ID, search.Clean(d.Name), state)
	}
	return nil
}

func changeVerb(action string) string {
	if action == "priority" {
		return "rank"
	}
	return action
}

func (a *app) showTransfers(list []servent.DownloadInfo) {
	switch {
	case a.json:
		for _, d := range list {
			a.printJSON(d)
		}
	case len(list) == 0:
		a.printf("no downloads; `%s` begins one, with --detach one that goes on by itself\n", a.hint("get MAGNET"))
	default:
		room, _ := a.screen.size()
		a.printf("%s", transfersTable(list, room))
	}
}

// transfersTable lists downloads in at most room columns; 0: as many as it takes.
// Where these are few, what tells least goes: copies, sources, the rate.
func transfersTable(list []servent.DownloadInfo, room int) string {
	rows := make([][]string, len(list))
	for i := range list {
		rows[i] = transferRow(&list[i])
	}
	cols := []column{
		{title: "ID"}, {title: "STATE"}, {title: "DONE"}, {title: "LEFT"}, {title: "RATE"}, {title: "SOURCES"}, {title: "COPIES"}, {title: "NAME", middle: true},
	}
	for room > 0 && len(cols) > 4 && newTable(0, cols[:len(cols)-1], cut(rows, len(cols)-1)...).width()+len(gap)+minName > room {
		last := len(cols) - 2
		cols = append(cols[:last:last], cols[last+1])
		for i, r := range rows {
			rows[i] = append(r[:last:last], r[last+1])
		}
	}
	return newTable(room, cols, rows...).all(rows)
}

// cut is the first n cells of each row.
func cut(rows [][]string, n int) [][]string {
	out := make([][]string, len(rows))
	for i, r := range rows {
		out[i] = r[:n]
	}
	return out
}

// maxState is how many columns the state of a download takes at most.
const maxState = 24

func transferRow(d *servent.DownloadInfo) []string {
	state := search.Clean(d.State)
	if d.Phase == servent.PhaseFailed && d.Error != "" {
		state = "failed: " + search.Clean(d.Error)
	}
	if d.Priority != servent.PriorityNormal && d.Phase != servent.PhaseDone {
		state = d.Priority + ", " + state
	}
	done := byteText(d.Done)
	switch {
	case d.Total > 0 && d.Done >= d.Total:
	case d.Total > 0:
		done = fmt.Sprintf("%s of %s", byteText(d.Done), byteText(d.Total))
	case d.Done == 0:
		done = ""
	}
	left, rate, sources := "", "", ""
	if d.LeftMS > 0 {
		left = strings.TrimSuffix(leftText(time.Duration(d.LeftMS)*time.Millisecond), " left")
	}
	if d.Rate > 0 {
		rate = byteText(d.Rate) + "/s"
	}
	if d.Phase == servent.PhaseLoading && d.Sources > 0 {
		sources = fmt.Sprintf("%d of %d", d.Active, d.Sources)
	}
	return []string{d.ID, fitStart(state, maxState), done, left, rate, sources, copiesText(d.Copies), search.Clean(d.Name)}
}

// copiesText is the number of distributed copies.
func copiesText(copies float64) string {
	if copies <= 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", copies)
}

// watchTransfers lists downloads again and again until ctx ends.
func (a *app) watchTransfers(ctx context.Context, c *control.Client) error {
	lines := a.lines()
	defer lines.close()
	shown := newWatched(a, lines)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		list, err := c.Downloads(ctx)
		switch {
		case ctx.Err() != nil:
			return errInterrupted
		case err != nil:
			return err
		}
		shown.update(list)
		select {
		case <-ctx.Done():
			return errInterrupted
		case <-tick.C:
		}
	}
}
