package report

import (
	"fmt"
	"math"
	"strconv"
)

// verdict is what came of a target.
type verdict int

const (
	met verdict = iota
	missed
	accounted  // missed, and it is known why
	unverified // told from memory of the paper: shown, gates nothing
	fitted     // a parameter was chosen for it: shown, gates nothing
	notRun
	away // the parameters are not those of the publication
)

func (v verdict) String() string {
	switch v {
	case missed:
		return "missed"
	case accounted:
		return "missed, accounted for"
	case unverified:
		return "unverified"
	case fitted:
		return "fitted"
	case notRun:
		return "not run"
	case away:
		return "does not apply"
	default:
		return "met"
	}
}

func (t Target) verdict() verdict {
	switch {
	case t.Away:
		return away
	case t.Missing:
		return notRun
	case t.Fitted:
		return fitted
	case t.Unverified:
		return unverified
	case t.Met():
		return met
	case t.Known && t.Why != "":
		return accounted
	default:
		return missed
	}
}

// Verdict is what came of the target, in the words of report.json.
func (t Target) Verdict() string { return t.verdict().String() }

// silent says whether Ours says nothing, and so there is nothing to account for.
func (t Target) silent() bool { return t.Missing || t.Away }

// account is Why, of a target that was put to the test.
func (t Target) account() string {
	if t.silent() {
		return ""
	}
	return t.Why
}

// String names the kind as report.json does.
func (k TargetKind) String() string {
	switch k {
	case Factor:
		return "factor"
	case AtMost:
		return "at most"
	case AtLeast:
		return "at least"
	case Exact:
		return "exact"
	case Sign:
		return "sign"
	case Holds:
		return "holds"
	default:
		return "within"
	}
}

// allowed says in words how far Ours may be from Paper.
func (t Target) allowed() string {
	switch t.Kind {
	case Within:
		return "± " + human(t.Tolerance*100) + " %"
	case Factor:
		return "× or ÷ " + human(t.Tolerance)
	case Sign:
		return "same sign"
	case Holds:
		return "true"
	default:
		return t.Kind.String()
	}
}

// published is what the target says should come out.
func (t Target) published() string {
	if t.Kind == Holds {
		return "true"
	}
	return t.value(t.Paper)
}

// found is what came out.
func (t Target) found() string {
	switch {
	case t.silent():
		return nothing
	case t.Kind == Holds && t.Met():
		return "true"
	case t.Kind == Holds:
		return "false"
	default:
		return t.value(t.Ours)
	}
}

// value writes a figure of the target. What must be exact is written so that a
// difference shows.
func (t Target) value(v float64) string {
	s := human(v)
	if t.Kind == Exact && human(t.Paper) == human(t.Ours) && t.Paper != t.Ours {
		s = strconv.FormatFloat(v, 'f', -1, 64)
	}
	if t.Unit == "" {
		return s
	}
	return s + " " + t.Unit
}

// ratio is Ours beside Paper.
func (t Target) ratio() string {
	r := t.Ours / t.Paper
	if t.silent() || t.Kind == Holds || t.Paper == 0 || math.IsNaN(r) || math.IsInf(r, 0) {
		return nothing
	}
	return fmt.Sprintf("%.*f", ratioPlaces(r), r)
}

func ratioPlaces(r float64) int {
	if math.Abs(r) < 0.01 {
		return 5
	}
	return 3
}

// word is the verdict as people read it.
func (t Target) word() string {
	if v := t.verdict(); v != unverified {
		return v.String()
	}
	if t.Met() {
		return "unverified (agrees)"
	}
	return "unverified (differs)"
}

// outcome sums up all targets in a sentence; empty when there are none.
func (r *Report) outcome() string {
	var n [away + 1]int
	all := 0
	for _, s := range r.Sections {
		for _, t := range s.Targets {
			n[t.verdict()]++
			all++
		}
	}
	if all == 0 {
		return ""
	}
	text := "No target was put to the test"
	if gating := n[met] + n[missed] + n[accounted]; gating > 0 {
		text = fmt.Sprintf("%d of %d targets met", n[met], gating)
	}
	for _, part := range []struct {
		of   verdict
		text string
	}{
		{missed, ", %d missed"},
		{accounted, ", %d missed with an account of why"},
		{unverified, "; %d known from memory only, not counted"},
		{fitted, "; %d fitted, not counted"},
		{notRun, "; %d not run"},
		{away, "; %d for other parameters than these"},
	} {
		if n[part.of] > 0 {
			text += fmt.Sprintf(part.text, n[part.of])
		}
	}
	return text + "."
}
