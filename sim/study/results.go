package study

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/sim/report"
)

// Results are what the points of a sweep gave, together with all that is needed
// to run the others. They are kept as JSON beside the report, so that parts
// that were run on several machines can be joined.
type Results struct {
	Study   string
	Version string // of servent
	Params  []report.Param
	Shard   string `json:",omitempty"` // what part of the sweep it is; empty: all of it
	Points  []PointResult

	From string `json:"-"` // where it was read, for errors
}

// PointResult is the result of one point; without Result it was not run.
type PointResult struct {
	Name   string
	Result json.RawMessage `json:",omitempty"`
}

func newResults(info Info, s Study, points int) *Results {
	r := &Results{Study: info.Name, Points: make([]PointResult, points)}
	for _, p := range s.Params() {
		r.Params = append(r.Params, report.Param{Name: p.Name, Value: p.Value(), Usage: p.Usage})
	}
	return r
}

// Done returns how many points were run.
func (r *Results) Done() int {
	n := 0
	for _, p := range r.Points {
		if p.Result != nil {
			n++
		}
	}
	return n
}

// Write writes r as JSON.
func (r *Results) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// MaxResults is how many bytes of results are read.
const MaxResults = 1 << 30

// ReadResults reads what Write wrote.
func ReadResults(in io.Reader) (*Results, error) {
	r := &Results{}
	d := json.NewDecoder(io.LimitReader(in, MaxResults))
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("no results of a study: %w", err)
	}
	if _, err := Find(r.Study); err != nil {
		return nil, err
	}
	return r, nil
}

// Find returns the study of that name.
func Find(name string) (Info, error) {
	for _, info := range All() {
		if info.Name == name {
			return info, nil
		}
	}
	return Info{}, fmt.Errorf("there is no study %q", name)
}

// Report makes the page of a sweep, as far as it was run.
func (r *Results) Report() (*report.Report, error) {
	info, err := Find(r.Study)
	if err != nil {
		return nil, err
	}
	s := info.New()
	if err := r.apply(s); err != nil {
		return nil, err
	}
	if err := r.fits(s); err != nil {
		return nil, err
	}
	raw := make([]json.RawMessage, len(r.Points))
	missing := 0
	for i, p := range r.Points {
		if raw[i] = compact(p.Result); raw[i] == nil {
			missing++
		}
	}
	page, err := s.Report(raw)
	if err != nil {
		return nil, fmt.Errorf("report of %s: %w", r.Study, err)
	}
	page.Study, page.Title, page.Source = info.Name, info.Title, info.Source
	page.Version, page.Params, page.Command = r.Version, r.Params, r.command(info)
	page.Seed = r.seed()
	if missing > 0 {
		page.Partial = fmt.Sprintf("%d of %d points of this study have not been run.", missing, len(raw))
		if r.Shard != "" {
			page.Partial = fmt.Sprintf("This is part %s of a study. %s", r.Shard, page.Partial)
		}
	}
	return page, nil
}

// fits checks that the results are those of the points of s.
func (r *Results) fits(s Study) error {
	points, err := s.Points()
	if err != nil {
		return err
	}
	if len(points) != len(r.Points) {
		return fmt.Errorf("there are results of %d points of %s, which has %d", len(r.Points), r.Study, len(points))
	}
	for i, p := range points {
		if p.Name != r.Points[i].Name {
			return fmt.Errorf("point %d is of %q, not of %q", i+1, r.Points[i].Name, p.Name)
		}
	}
	return nil
}

// apply sets the parameters of s to those of r.
func (r *Results) apply(s Study) error {
	for _, p := range s.Params() {
		i := slices.IndexFunc(r.Params, func(q report.Param) bool { return q.Name == p.Name })
		if i < 0 {
			return fmt.Errorf("the results do not say --%s", p.Name)
		}
		if err := p.Set(r.Params[i].Value); err != nil {
			return fmt.Errorf("--%s: %w", p.Name, err)
		}
	}
	return nil
}

// command is the shortest one that runs the study again.
func (r *Results) command(info Info) string {
	var b strings.Builder
	b.WriteString("servent sim " + info.Name)
	defaults := info.New().Params()
	for i, p := range r.Params {
		if i < len(defaults) && p.Value != defaults[i].Value() && p.Name != "record" { // a file that is there
			b.WriteString(" --" + p.Name + " " + quoted(p.Value))
		}
	}
	return b.String()
}

// quoted is a value as shells take it.
func quoted(value string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-/,:@%+=", c)
	}
	if value != "" && !strings.ContainsFunc(value, func(c rune) bool { return !plain(c) }) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

func (r *Results) seed() uint64 {
	for _, p := range r.Params {
		if p.Name == "seed" {
			n, _ := strconv.ParseUint(p.Value, 10, 64) // a study that has one gives a number
			return n
		}
	}
	return 0
}
