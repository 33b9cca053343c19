package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Tell how the running servent is",
		Long: `Tell how the servent on this data dir is: role, links, shares, transfers, messages,
and problems that you can do something about. --json also counts what was turned
away on the way, such as connections to servents that had no room: that is normal.`,
		Example: examples("servent status", "servent status --json | jq .messages.query"),
		Args:    noArgs,
		RunE: a.ask(func(ctx context.Context, c *control.Client, _ []string) error {
			st, err := c.Status(ctx)
			if err != nil {
				return err
			}
			if a.json {
				a.printJSON(st)
				return nil
			}
			a.showStatus(&st)
			return nil
		}),
	}
}

func (a *app) showStatus(st *servent.Status) {
	line := func(name, format string, args ...any) {
		a.printf("%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("role", "%s, network %s, up %s", st.Role, st.Network, upText(st.Uptime))
	line("listens", "%s", addressText(st))
	line("guid", "%s", st.GUID)
	line("links", "%s; %s known", linksText(st.Links), countText(st.Hosts, "host"))
	for _, seed := range st.Seeds {
		if !seed.Linked {
			line("", "none with %s", seedText(&seed))
		}
	}
	line("reachable", "by TCP %s, by UDP %s", st.Reachable.TCP, st.Reachable.UDP)
	if text := routerText(&st.NAT); text != "" {
		line("router", "%s", text)
	}
	for i, text := range forwardTexts(&st.PortMapping) {
		line([]string{"forwarded", ""}[min(i, 1)], "%s", text)
	}
	if r := st.Relay; r.Rate > 0 {
		line("relay", "%s now, %s since the start, %s carried; at most %s/s; %s refused", countText(r.Active, "pair"), numberText(r.Pairs), byteText(r.Bytes), byteText(uint64(r.Rate)), numberText(r.Refused))
	}
	if text := clockText(st); text != "" {
		line("clock", "%s", text)
	}
	for i, text := range standingTexts(st) {
		line([]string{"election", ""}[min(i, 1)], "%s", text)
	}
	for i, text := range bootstrapTexts(st.Bootstrap) {
		line([]string{"found by", ""}[min(i, 1)], "%s", text)
	}
	line("shares", "%s, %s", countText(st.Files, "file"), byteText(st.Bytes))
	for _, s := range st.Shares {
		line("", "%s", shareText(&s))
		if s.Scan != nil {
			line("", "  %s", scanText(s.Scan))
		}
	}
	if l := st.Lists; l.Leaves+int(l.Offers) > 0 {
		line("lists", "%s of %s, index %s%s", countText(l.Files, "file"), leavesText(l.Leaves), l.State, refusedText(l.Refused))
	}
	t := st.Transfer
	line("sent", "%s, %s; %d now", countText(t.Uploads, "file"), byteText(t.Uploaded), t.Uploading)
	line("fetched", "%s, %s; %d now, %d failed; sources: %d times without the file, %d times with wrong content",
		countText(t.Downloads, "file"), byteText(t.Downloaded), t.Downloading, t.Failed, t.Absent, t.Lies)
	line("datagrams", "%s in, %s out", numberText(st.Datagrams.In), numberText(st.Datagrams.Out))
	if table := a.messageTable(st.Messages); table != "" {
		a.printf("\n%s", table)
	}
	if why := reasons(st.Drops); why != "" {
		a.printf("\ndropped: %s\n", why)
	}
	if problems := a.problemTexts(st); len(problems) > 0 {
		a.printf("\nproblems:\n  %s\n", strings.Join(problems, "\n  "))
	}
}

// bootstrapTexts tells by which ways others were found, then what is wrong with
// those that found nobody.
func bootstrapTexts(bootstrap []servent.RungInfo) []string {
	var found, wrong []string
	for _, r := range bootstrap {
		switch {
		case r.Hosts > 0:
			found = append(found, fmt.Sprintf("%s (%s)", r.Rung, numberText(r.Hosts)))
		case r.Error != "":
			wrong = append(wrong, fmt.Sprintf("no answer from %s: %s", r.Rung, search.Clean(r.Error)))
		case r.State == "asking":
			wrong = append(wrong, r.Rung+": asking")
		}
	}
	if len(found) == 0 {
		return wrong
	}
	return append([]string{strings.Join(found, ", ")}, wrong...)
}

func upText(seconds int64) string {
	if seconds == 0 {
		return "under 1 s"
	}
	return timeText(time.Duration(seconds) * time.Second)
}

// messageTable lists the kinds of which there were any; empty where there were none.
func (a *app) messageTable(messages map[string]servent.Messages) string {
	var rows [][]string
	for _, kind := range slices.Sorted(maps.Keys(messages)) {
		if m := messages[kind]; m != (servent.Messages{}) {
			rows = append(rows, []string{kind, numberText(m.In), numberText(m.Out), numberText(m.Duplicate), numberText(m.Dropped)})
		}
	}
	if len(rows) == 0 {
		return ""
	}
	room, _ := a.screen.size()
	return newTable(room, []column{
		{title: "MESSAGE", width: 10},
		{title: "IN", width: 8, right: true},
		{title: "OUT", width: 8, right: true},
		{title: "DUPLICATE", right: true},
		{title: "DROPPED"},
	}, rows...).all(rows)
}

// linksText writes "2 leaves, 1 supernode": how many there are by role.
func linksText(links map[string]int) string {
	var parts []string
	for _, role := range slices.Sorted(maps.Keys(links)) {
		switch n := links[role]; {
		case n == 0:
		case role == servent.RoleLeaf.String():
			parts = append(parts, leavesText(n))
		case role == servent.RoleSupernode.String():
			parts = append(parts, countText(n, role))
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, role))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func leavesText(n int) string {
	if n == 1 {
		return "1 leaf"
	}
	return numberText(n) + " leaves"
}

func refusedText(refused map[string]uint64) string {
	if why := reasons(refused); why != "" {
		return "; refused: " + why
	}
	return ""
}

func leftOutText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s left out)", numberText(n))
}

// reasons lists the counters that are not zero.
func reasons(counts map[string]uint64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", name, numberText(n)))
		}
	}
	return strings.Join(parts, ", ")
}
