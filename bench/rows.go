package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"
	"time"
)

// rows is what a word has found out.
type rows struct {
	Word    string    `json:"word"`
	Time    time.Time `json:"time"`
	Go      string    `json:"go"`
	Machine string    `json:"machine"`
	Cores   int       `json:"cores"`
	About   string    `json:"about"` // what was measured
	Rows    []*row    `json:"rows"`
}

// row is one figure: the servent's, round by round, and that of what it is
// measured against.
type row struct {
	What   string    `json:"what"`
	Unit   string    `json:"unit"`
	Ours   []float64 `json:"ours"`
	Peer   string    `json:"peer,omitempty"`
	Theirs []float64 `json:"theirs,omitempty"`
	// Most is what is allowed: of the ratio where there is a peer, else of the
	// figure; 0: all.
	Most float64 `json:"most,omitempty"`
	// OfFigure says that Most is of the figure though there is a peer.
	OfFigure bool `json:"of_figure,omitempty"`
	// Aim is what we would like, less than Most; 0: no more than that.
	Aim float64 `json:"aim,omitempty"`
}

func newRows(word, about string) *rows {
	return &rows{
		Word: word, Time: time.Now().UTC(), Go: runtime.Version(), Machine: runtime.GOOS + "/" + runtime.GOARCH,
		Cores: runtime.NumCPU(), About: about,
	}
}

// add begins a row.
func (r *rows) add(what, unit, peer string, most float64) *row {
	row := &row{What: what, Unit: unit, Peer: peer, Most: most}
	r.Rows = append(r.Rows, row)
	return row
}

// note adds a round.
func (r *row) note(ours, theirs float64) {
	r.Ours = append(r.Ours, ours)
	r.Theirs = append(r.Theirs, theirs)
}

// noteOwn adds a round of a row without a peer.
func (r *row) noteOwn(ours float64) { r.Ours = append(r.Ours, ours) }

// ratio is that of each round, summed up.
func (r *row) ratio() spread {
	ratios := make([]float64, 0, len(r.Ours))
	for i := range r.Ours {
		ratios = append(ratios, r.Ours[i]/r.Theirs[i])
	}
	return spreadOf(ratios)
}

// verdict says whether the row is within its limit.
func (r *row) verdict() string {
	if r.Most == 0 {
		return ""
	}
	figure, unit := spreadOf(r.Ours).Median, " "+r.Unit
	if r.Peer != "" && !r.OfFigure {
		figure, unit = r.ratio().Median, " x"
	}
	switch {
	case figure > r.Most:
		return fmt.Sprintf("MISSED: at most %.4g%s", r.Most, unit)
	case r.Aim == 0:
		return fmt.Sprintf("within %.4g%s", r.Most, unit)
	case figure > r.Aim:
		return fmt.Sprintf("within %.4g%s, not the aim of %.4g", r.Most, unit, r.Aim)
	}
	return fmt.Sprintf("within %.4g%s, and the aim of %.4g", r.Most, unit, r.Aim)
}

func (s spread) text(unit string) string {
	if s.Min == s.Max {
		return fmt.Sprintf("%.4g %s", s.Median, unit)
	}
	return fmt.Sprintf("%.4g %s (%.4g to %.4g)", s.Median, unit, s.Min, s.Max)
}

// print writes a table of medians, with the least and the most of the rounds,
// and then the ratios.
func (r *rows) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, %s, %d cores; %s\n", r.Go, r.Machine, r.Cores, r.About)
	fmt.Fprintln(t, "\tservent\tbeside\t")
	for _, row := range r.Rows {
		beside := ""
		if row.Peer != "" {
			beside = row.Peer + ": " + spreadOf(row.Theirs).text(row.Unit)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", row.What, spreadOf(row.Ours).text(row.Unit), beside)
	}
	fmt.Fprintln(t)
	for _, row := range r.Rows {
		switch verdict := row.verdict(); {
		case row.Peer != "":
			fmt.Fprintf(t, "%s\t%s %s\t%s\t\n", row.What, row.ratio().text("x"), row.Peer, verdict)
		case verdict != "":
			fmt.Fprintf(t, "%s\t%s\t%s\t\n", row.What, spreadOf(row.Ours).text(row.Unit), verdict)
		}
	}
	return t.Flush()
}

// show prints the rows, and writes them to a file if one is named.
func (r *rows) show(out io.Writer, file string) error {
	if err := r.print(out); err != nil || file == "" {
		return err
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
