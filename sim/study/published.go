package study

import (
	"slices"

	"github.com/seed282dab8e/servent/sim/report"
)

// asPublished says whether the named parameters of s are as they are by default:
// those of the publication that it is held against, or what we take for them.
func asPublished(info Info, s Study, names ...string) bool {
	defaults := info.New().Params()
	for i, p := range s.Params() {
		if slices.Contains(names, p.Name) && p.Value() != defaults[i].Value() {
			return false
		}
	}
	return true
}

// awayFrom marks targets of a publication when a run is away from it: other
// parameters, or so little that chance decides. They then say "does not apply".
func awayFrom(published bool, targets []report.Target) []report.Target {
	for i := range targets {
		targets[i].Away = targets[i].Away || !published
	}
	return targets
}
