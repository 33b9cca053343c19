package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// maxSeedsTold bounds how many peers one message names.
const maxSeedsTold = 3

// seedText is a peer that the user named and that is not linked, and why.
func seedText(s *servent.SeedInfo) string {
	if s.Error == "" {
		return s.Addr
	}
	return s.Addr + ": " + search.Clean(s.Error)
}

// seedsText tells of the peers that the user named and that are not linked;
// empty where there are none.
func seedsText(st *servent.Status) string {
	var texts []string
	for _, s := range st.Seeds {
		if !s.Linked {
			texts = append(texts, seedText(&s))
		}
	}
	if more := len(texts) - maxSeedsTold; more > 0 {
		texts = append(texts[:maxSeedsTold], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

func linkCount(st *servent.Status) int {
	n := 0
	for _, of := range st.Links {
		n += of
	}
	return n
}

// noteSeeds tells of those of the peers named with --connect that gave no link,
// to one who has others.
func (s *session) noteSeeds(ctx context.Context, a *app) {
	st, err := s.status(ctx)
	if err != nil || s.current().own == nil || linkCount(&st) == 0 {
		return
	}
	st.Seeds = slices.DeleteFunc(st.Seeds, func(i servent.SeedInfo) bool { return i.Error == "" })
	if failed := seedsText(&st); failed != "" {
		a.note("no link with %s", failed)
	}
}
