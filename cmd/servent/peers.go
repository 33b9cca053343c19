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
		Long: `List the servents that the running one is linked to, and how many messages came in
and went out. FILES says how supernodes know what leaves share, and each other's:
from a list of files, for which they answer, or from a table of words, by which they
pass questions on. Leaves of other programs, and those with --index qrp, give a table.
With --json that is "list": its "state" is table, or that of the list, and "files" how
many are held.`,
		Example: examples("servent peers", "servent peers --json"),
		Args:    noArgs,
		RunE: a.ask(func(ctx context.Context, c *control.Client, _ []string) error {
			peers, err := c.Peers(ctx)
			if err != nil {
				return err
			}
			st, err := c.Status(ctx)
			if err != nil {
				return err
			}
			if len(peers) == 0 && !a.json {
				a.printf("%s\n", a.noLinks(&st, c.Version().Command))
				return nil
			}
			a.showPeers(st.Role, peers, time.Now())
			return nil
		}),
	}
}

// noLinks says what helps a servent that has none; command is that which it
// runs for, if it does.
func (a *app) noLinks(st *servent.Status, command string) string {
	if command != "" {
		return fmt.Sprintf("no links yet: `servent %s` is looking for peers", command)
	}
	return "no links: " + a.whyAlone(st)
}

// filesText says how a supernode at one end of a link knows what the other end
// shares. role is this servent's.
func filesText(role string, p *servent.PeerInfo) string {
	const leaf, supernode = "leaf", "supernode"
	switch {
	case p.List == nil:
	case role == leaf && p.Role == supernode:
		return "ours: " + listText(p.List)
	case role == supernode && p.Role == leaf:
		return "its " + listText(p.List)
	case role == supernode && p.Role == supernode:
		return "tables of words"
	}
	return "-"
}

// listText says what has become of a file list.
func listText(l *servent.ListInfo) string {
	switch l.State {
	case "table":
		return "table of words"
	case "held":
		return countText(l.Files, "file")
	case "given":
		return "list given"
	case "refused":
		text := "table of words"
		if l.Reason != "" {
			text += ", list refused: " + search.Clean(l.Reason)
		}
		return text
	}
	return "list " + l.State
}

// showPeers lists the links of a servent in that role.
func (a *app) showPeers(role string, peers []servent.PeerInfo, now time.Time) {
	if a.json {
		for _, p := range peers {
			a.printJSON(p)
		}
		return
	}
	var rows [][]string
	for _, p := range peers {
		rows = append(rows, []string{
			p.Addr, p.Role, timeText(now.Sub(p.Since)), numberText(p.In), numberText(p.Out), filesText(role, &p), search.Clean(p.Agent),
		})
	}
	room, _ := a.screen.size()
	t := newTable(room, []column{
		{title: "PEER"},
		{title: "ROLE"},
		{title: "UP", right: true},
		{title: "IN", right: true},
		{title: "OUT", right: true},
		{title: "FILES"},
		{title: "AGENT"},
	}, rows...)
	a.printf("%s", t.all(rows))
}
