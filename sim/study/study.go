// Package study holds the experiments of `servent sim`, one file each: what a
// study varies, what it measures, and how that compares with what was
// published.
//
// A study is a sweep of points that do not depend on one another. So they run
// side by side, on one machine or on many ([Run], [Merge]), and what was done is
// kept when the run is stopped. What comes out depends on the study's
// parameters only.
package study

import (
	"context"
	"encoding/json"

	"github.com/seed282dab8e/servent/sim/report"
)

// Study is one experiment with its parameters.
type Study interface {
	// Params returns the parameters. Their pointers lead into the study, so
	// whoever sets them changes what it does.
	Params() []Param
	// Points returns the sweep. An error names the parameter that is to blame.
	Points() ([]Point, error)
	// Report makes the page. results has what each point gave, in the order
	// of Points; nil for one that was not run. It sets the sections and the
	// summary; the caller adds the rest.
	Report(results []json.RawMessage) (*report.Report, error)
}

// Checker is a study that needs more to run than to report: files, say. An error
// of Check names the parameter that is to blame.
type Checker interface{ Check() error }

// Adviser is a study that can do less than its parameters say, and says so before
// it runs.
type Adviser interface{ Advice() []string }

// Point is one run of a sweep.
type Point struct {
	Name   string  // "flat, 100,000 peers": for progress and errors
	Weight float64 // how long it takes beside the others; 0 counts as 1
	Memory int64   // bytes that it needs at most, as estimated; 0: hardly any
	// Wide points use all cores on their own, so they run one at a time.
	Wide bool
	// Run does the work. What it returns must survive JSON. It tells tick how
	// much is done, from 0 to 1, and ends soon after ctx does. It is called
	// from a goroutine of its own and shares nothing that changes with others.
	Run func(ctx context.Context, tick func(done float64)) (any, error)
}

// Param is one parameter. One of the pointers is set; it holds the default.
type Param struct {
	Name, Usage string // Name is that of the flag, without dashes

	Int      *int
	Float    *float64
	Text     *string
	Min, Max float64  // what Int and Float may be; no bounds when both are 0
	Choices  []string // what Text may be; empty: anything
}

// Info is how a study is listed and made.
type Info struct {
	Name    string // the command
	Title   string // of the page
	Short   string // one line of help
	Long    string // what it does and what it shows
	Source  string // the paper; empty for our own question
	Example string // command lines, one each line
	New     func() Study
}

// All lists the studies in the order of the help.
func All() []Info {
	return []Info{
		compareInfo(), latencyInfo(), lv2002Info(), cohen2002Info(), gia2003Info(), yang2003Info(), dhtInfo(), swarmInfo(), electionInfo(), nodesInfo(), validateInfo(),
	}
}

// decode reads the result of a point; nil when it was not run.
func decode[R any](raw json.RawMessage) (*R, error) {
	if raw == nil {
		return nil, nil
	}
	r := new(R)
	return r, json.Unmarshal(raw, r)
}
