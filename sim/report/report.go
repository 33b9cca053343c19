// Package report holds what a study of the simulator found, and writes it down:
// CSV and JSON for programs, SVG and PNG for slides, and one page of HTML that
// needs no other file. It knows nothing of overlays; it is the only package
// that draws plots.
package report

// Report is all that a study has to say. Equal reports are written as equal
// bytes, whatever the machine.
type Report struct {
	Study   string // its command: "lv2002"
	Title   string // "Search and replication in unstructured networks"
	Source  string // the paper that it follows; empty for our own question
	Summary string // for a reader who has not read the code; paragraphs part by an empty line
	Command string // runs it again

	Seed    uint64
	Version string  // of servent
	Params  []Param // in the order of the flags

	// Partial says what is missing when the study was stopped or is one shard.
	Partial  string
	Sections []Section
}

// Param is one parameter of the study.
type Param struct {
	Name, Value string // as on the command line, without dashes
	Usage       string
}

// Section is one part of the page.
type Section struct {
	Title, Text string // Text as [Report.Summary]
	Targets     []Target
	Figures     []Figure
	Tables      []Table
}

// Table is rows under named columns. It becomes NAME.csv.
type Table struct {
	Name, Title, Text string
	Columns           []Column
	Rows              [][]any // string, bool, int, int64, uint64 or float64; nil: nothing to say
}

// Column is the head of a column. Its name is that of the CSV field, too.
type Column struct {
	Name, Unit string
}

// Add appends a row.
func (t *Table) Add(cells ...any) { t.Rows = append(t.Rows, cells) }

// FigureKind says how a figure draws its series.
type FigureKind int

// The kinds of figures.
const (
	Lines  FigureKind = iota // points joined, each also marked
	Points                   // points alone
	Bars                     // groups of bars over Labels; of marks where the axis is logarithmic, on which lengths mean nothing
)

// Figure is one plot. It becomes NAME.svg and NAME.png.
type Figure struct {
	Name, Title, Text string
	Kind              FigureKind
	XLabel, YLabel    string // with the unit: "peers reached (%)"
	LogX, LogY        bool
	Labels            []string // of the groups, when Bars
	Series            []Series
}

// Series is one line, cloud or colour of bars.
type Series struct {
	Name   string
	X, Y   []float64 // X is not looked at when Bars
	Lo, Hi []float64 // ends of error bars; empty for none
	Paper  bool      // what others published: drawn dashed and grey
}
