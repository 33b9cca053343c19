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
		return fmt.Errorf("%w for %s: %s; try again in some seconds", errNothing, query, why)
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
	started, seeds := time.Duration(st.Uptime)*time.Second, seedsText(&st)
	switch lost, ok := lostFor(&st); {
	case ok && lost < newlyAlone:
		return fmt.Sprintf("the last link was lost %s ago, and the servent looks for another one; try again in some seconds", timeText(lost))
	case seeds != "":
		return "no link with the peers named with --connect (" + seeds + "); name others with --connect host:port"
	case s.current().own != nil:
		return "no peer could be reached; name one with --connect host:port, or run `servent share DIR` on another machine of this network"
	case started < newlyAlone:
		return fmt.Sprintf("the running servent has no links yet, %s after its start, and looks for peers; try again in some seconds", upText(st.Uptime))
	}
	return "the running servent has no links, and finds no peers by itself; to name one, stop it and start it with --connect host:port"
}

// novelty says what has changed just now, so that files that are there may not be
// found yet; empty where nothing has.
func (s *session) novelty(ctx context.Context) string {
	st, err := s.status(ctx)
	if err != nil || s.current().own != nil {
		return ""
	}
	linked := time.Duration(st.Linked) * time.Second
	switch lost, ok := lostFor(&st); {
	case linked < newlyLinked:
		return fmt.Sprintf("the first link is %s old, and supernodes may not know yet what others share", upText(st.Linked))
	case ok && lost < newlyLinked && st.Role == servent.RoleLeaf.String():
		return fmt.Sprintf("a supernode has gone %s ago, and others are being told what its leaves share", timeText(lost))
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
