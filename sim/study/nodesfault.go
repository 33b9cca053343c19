package study

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed282dab8e/servent/sim"
)

// smallest tells of a run that broke an invariant by the smallest one that still
// does, and by the command that shows it. Other errors stay as they are.
func (s *nodes) smallest(ctx context.Context, seed int, err error) error {
	var broken *sim.BrokenError
	if !errors.As(err, &broken) {
		return err
	}
	small := *s
	small.seed, small.runs, small.record = seed, 1, ""
	for _, smaller := range [...]func(*nodes) bool{halfTheNodes, halfTheTime, halfTheSearches} {
		broken = small.shrink(ctx, smaller, broken)
	}
	for i := range small.Params() { // those that it takes stay
		broken = small.shrink(ctx, func(s *nodes) bool { return s.asUsual(i) }, broken)
	}
	command := newResults(nodesInfo(), &small, 0).command(nodesInfo())
	return fmt.Errorf("%w; the shortest command that shows it: %s", broken, command)
}

// maxTries is how many smaller runs of a kind are tried.
const maxTries = 8

// shrink makes a run smaller while it still breaks an invariant, and returns what the
// smallest breaks.
func (s *nodes) shrink(ctx context.Context, smaller func(*nodes) bool, broken *sim.BrokenError) *sim.BrokenError {
	for range maxTries {
		next := *s
		if !smaller(&next) {
			break
		}
		cfg, plan := next.config(next.seed)
		_, err := s.crowd(ctx, cfg, plan, nil)
		var again *sim.BrokenError
		if !errors.As(err, &again) {
			break
		}
		*s, broken = next, again
	}
	return broken
}

// asUsual gives a parameter that makes trouble its default; false: it has that, or is
// of another kind.
func (s *nodes) asUsual(i int) bool {
	switch p, usual := s.Params()[i], newNodes().Params()[i].Value(); p.Name {
	case "partition", "crash", "slow", "loss", "boasters", "garblers", "false-hits", "firewalled", "free-riders", "churn", "places", "files", "hosts":
		return p.Value() != usual && p.Set(usual) == nil
	default:
		return false
	}
}

// leastNodes are too few to be worth making fewer.
const leastNodes = 10

func halfTheNodes(s *nodes) bool {
	if s.nodes/2 < leastNodes || s.supernodes > 0 && s.supernodes/2 < 2 {
		return false
	}
	s.nodes, s.supernodes = s.nodes/2, s.supernodes/2
	return true
}

func halfTheTime(s *nodes) bool {
	s.minutes /= 2
	return s.minutes > 0
}

func halfTheSearches(s *nodes) bool {
	s.searches /= 2
	return s.searches > 0
}
