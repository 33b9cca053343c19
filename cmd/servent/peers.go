package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

func (a *app) peersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "peers",
		Short: "List the links of the running servent",
		Long: "List the servents that the running one is linked to, how many messages came in and went out, and\n" +
			"what has become of file lists: those that leaves have given this servent, and its own.",
		Example: examples("servent peers", "servent peers --json"),
		Args:    cobra.NoArgs,
		RunE: a.ask(func(ctx context.Context, c *control.Client, _ []string) error {
			peers, err := c.Peers(ctx)
			if err != nil {
				return err
			}
			if len(peers) == 0 && !a.json {
				a.printf("%s\n", a.noLinks(c.Version().Command))
				return nil
			}
			a.showPeers(peers, time.Now())
			return nil
		}),
	}
}

// noLinks says what helps a servent that has none; command is that which it
// runs for, if it does.
func (a *app) noLinks(command string) string {
	if command != "" {
		return fmt.Sprintf("no links yet: `servent %s` is looking for peers", command)
	}
	return fmt.Sprintf("no links: wait until a peer is found, or name one: `%s`, then `%s`",
		a.hint("stop"), a.hint("share --connect host:port DIR"))
}

// listText says what has become of a file list.
func listText(l *servent.ListInfo) string {
	switch {
	case l == nil:
		return ""
	case l.State == "held":
		return countText(l.Files, "file")
	case l.Reason != "":
		return l.State + ": " + search.Clean(l.Reason)
	}
	return l.State
}

func (a *app) showPeers(peers []servent.PeerInfo, now time.Time) {
	if a.json {
		for _, p := range peers {
			a.printJSON(p)
		}
		return
	}
	var rows [][]string
	for _, p := range peers {
		rows = append(rows, []string{
			p.Addr, p.Role, timeText(now.Sub(p.Since)), numberText(p.In), numberText(p.Out), listText(p.List), search.Clean(p.Agent),
		})
	}
	room, _ := a.screen.size()
	t := newTable(room, []column{
		{title: "PEER"},
		{title: "ROLE"},
		{title: "UP", right: true},
		{title: "IN", right: true},
		{title: "OUT", right: true},
		{title: "LIST"},
		{title: "AGENT"},
	}, rows...)
	a.printf("%s", t.all(rows))
}
