package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

const (
	// newlyLinked is for how long after a change of links supernodes may not know
	// of files that are there: lists come within seconds.
	newlyLinked = 15 * time.Second
	// justLinked is how long the link of a servent that was started for a search takes
	// to bring answers.
	justLinked = 2 * time.Second
	// newlyAlone is for how long a servent that has lost its links, or was just
	// started, is expected to find others by itself.
	newlyAlone = time.Minute
)

// nothing says why a search found nothing, and what may help.
func (s *session) nothing(ctx context.Context, query string) error {
	if why := s.loneliness(ctx); why != "" {
		return fmt.Errorf("%w: %s", errNothing, why)
	}
	if why := s.novelty(ctx); why != "" {
		return fmt.Errorf("%w for %s: %s", errNothing, query, why)
	}
	return fmt.Errorf("%w for %s: try fewer words, or a longer --timeout", errNothing, query)
}

// loneliness says why there are no links and what may help, to one whose
// command found nothing; empty where there are some.
func (s *session) loneliness(ctx context.Context) string {
	st, err := s.status(ctx)
	if err != nil || linkCount(&st) > 0 {
		return ""
	}
	if s.current().own == nil {
		return "the running servent has no links: " + s.a.whyAlone(&st)
	}
	switch seeds := seedsText(&st); {
	case st.ConnectOnly && len(st.Seeds) == 0:
		return "--connect-only keeps to the links of --connect: name a peer with --connect host:port"
	case seeds != "":
		return "no link with the peers named with --connect (" + seeds + "): start a servent there, or name others with --connect host:port"
	}
	return "no peer could be reached; name one with --connect host:port, or run `servent share DIR` on another machine of this network"
}

// whyAlone says why a servent that runs has no links, and what may help.
func (a *app) whyAlone(st *servent.Status) string {
	only := ""
	if st.ConnectOnly {
		only = "--connect-only "
	}
	other := fmt.Sprintf("`%s`, then `%s`", a.hint("stop"), a.hint("share "+only+"--connect host:port DIR"))
	seeds := seedsText(st)
	switch lost, ok := lostFor(st); {
	case st.ConnectOnly && len(st.Seeds) == 0:
		return "with --connect-only and no --connect it looks for nobody, and others may link to it on " + listenText(st.Listen) + "; to name a peer: " + other
	case ok && lost < newlyAlone && !st.ConnectOnly:
		return fmt.Sprintf("the last was lost %s ago, and it looks for another one; try again in some seconds", timeText(lost))
	case seeds != "":
		return "none with the peers named with --connect (" + seeds + "), which it tries on: start a servent there again, or name others: " + other
	case time.Duration(st.Uptime)*time.Second < newlyAlone:
		return fmt.Sprintf("it was started %s ago, and looks for peers; try again in some seconds", upText(st.Uptime))
	}
	return "it finds no peers by itself; to name one: " + other
}

// novelty says what has changed just now, so that files that are there may not be
// found yet, and what may help; empty where nothing has.
func (s *session) novelty(ctx context.Context) string {
	st, err := s.status(ctx)
	if err != nil {
		return ""
	}
	own, help := s.current().own != nil, "try again in some seconds"
	if own {
		help = "try a longer --timeout"
	}
	leaf, linked := st.Role == servent.RoleLeaf.String(), time.Duration(st.Linked)*time.Second
	switch lost, ok := lostFor(&st); {
	case leaf && st.Links[servent.RoleSupernode.String()] == 0:
		return "this leaf has no supernode, which would look for it; " + help
	case own && linked < justLinked:
		return fmt.Sprintf("the first link is %s old; %s", upText(st.Linked), help)
	case !own && linked < newlyLinked:
		return fmt.Sprintf("the first link is %s old, and supernodes may not know yet what others share; %s", upText(st.Linked), help)
	case ok && lost < newlyLinked && leaf:
		return fmt.Sprintf("a supernode has gone %s ago, and others are being told what its leaves share; %s", timeText(lost), help)
	case ok && lost < newlyLinked && st.Role == servent.RoleFlat.String():
		return fmt.Sprintf("a link has gone %s ago, and with it the way to what lies behind; %s", timeText(lost), help)
	}
	return ""
}

// lostFor is how long ago a link has ended; false: none has.
func lostFor(st *servent.Status) (time.Duration, bool) {
	if st.LinkLost == nil {
		return 0, false
	}
	return time.Duration(*st.LinkLost) * time.Second, true
}

// noteOwn tells of files that the user shares and that a search leaves out.
func (s *session) noteOwn(ctx context.Context, query string) {
	n, err := s.CountOwn(ctx, query)
	if err != nil || n == 0 { // a running servent that is older cannot tell
		return
	}
	count := numberText(n)
	if n == servent.MaxOwn {
		count += " or more"
	}
	s.a.note("files that match and are shared here: %s (a search shows those of others)", count)
}
