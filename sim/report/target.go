package report

// TargetKind says how a figure of ours is held against a published one.
type TargetKind int

// The kinds of targets.
const (
	Within  TargetKind = iota // |Ours/Paper - 1| <= Tolerance
	Factor                    // Ours/Paper and Paper/Ours <= Tolerance
	AtMost                    // Ours <= Paper
	AtLeast                   // Ours >= Paper
	Exact                     // Ours == Paper
	Sign                      // Ours and Paper have the same sign
	Holds                     // Ours is 1 when what What says is true, such as an order
)

// Target is one promise of a study: what a paper or a formula says, and what
// we found.
type Target struct {
	What        string // "expanding ring: hops to the first hit"
	Unit        string
	Kind        TargetKind
	Paper, Ours float64
	Tolerance   float64
	Source      string // of Paper: "Lv et al. 2002, Table 2"
	// Unverified marks a figure that was told from memory of the paper: it is
	// shown beside ours and does not decide whether the study passed.
	Unverified bool
	// Fitted: something of the run was chosen so that Ours comes near Paper, which
	// therefore shows nothing: it does not decide either.
	Fitted bool
	// Missing: the run did not come so far; Ours says nothing.
	Missing bool
	// Away: the run has other parameters than the publication, or is too small to
	// be held against it; Ours says nothing.
	Away bool
	Why  string // the honest account of a difference
	// Known: Why accounts for a difference as large as this one. A target that is
	// missed is shown so, and does not fail the study.
	Known bool
}

// Met says whether Ours is as near to Paper as it must be.
func (t Target) Met() bool {
	switch t.Kind {
	case Factor:
		return t.Ours > 0 && t.Paper > 0 && t.Ours/t.Paper <= t.Tolerance && t.Paper/t.Ours <= t.Tolerance
	case AtMost:
		return t.Ours <= t.Paper
	case AtLeast:
		return t.Ours >= t.Paper
	case Exact:
		return t.Ours == t.Paper
	case Sign:
		return t.Ours*t.Paper > 0
	case Holds:
		return t.Ours == 1
	default:
		d, most := t.Ours-t.Paper, t.Tolerance*max(t.Paper, -t.Paper)
		return d <= most && -d <= most
	}
}

// Bool is 1 for true, as Ours of a [Holds] target.
func Bool(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Failed returns the targets that gate the study and were missed without an
// account.
func (r *Report) Failed() []Target {
	var failed []Target
	for _, s := range r.Sections {
		for _, t := range s.Targets {
			if t.verdict() == missed {
				failed = append(failed, t)
			}
		}
	}
	return failed
}
