package report

import (
	"encoding/json"
	"math"
)

// number is a figure in JSON: null when it is no number, which JSON has no
// word for.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(rounded(v))
}

type jsonReport struct {
	Study    string        `json:"study"`
	Title    string        `json:"title"`
	Source   string        `json:"source,omitempty"`
	Summary  string        `json:"summary,omitempty"`
	Command  string        `json:"command"`
	Seed     uint64        `json:"seed"`
	Version  string        `json:"version"`
	Partial  string        `json:"partial,omitempty"`
	Params   []jsonParam   `json:"params"`
	Sections []jsonSection `json:"sections"`
}

type jsonParam struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Usage string `json:"usage,omitempty"`
}

type jsonSection struct {
	Title   string       `json:"title"`
	Text    string       `json:"text,omitempty"`
	Targets []jsonTarget `json:"targets,omitempty"`
	Figures []jsonFigure `json:"figures,omitempty"`
	Tables  []jsonTable  `json:"tables,omitempty"`
}

type jsonTarget struct {
	What      string  `json:"what"`
	Unit      string  `json:"unit,omitempty"`
	Kind      string  `json:"kind"`
	Published number  `json:"published"`
	Ours      *number `json:"ours"`
	Tolerance number  `json:"tolerance"`
	Source    string  `json:"source,omitempty"`
	Verdict   string  `json:"verdict"`
	Why       string  `json:"why,omitempty"`
}

type jsonFigure struct {
	Name   string       `json:"name"`
	Title  string       `json:"title"`
	Text   string       `json:"text,omitempty"`
	Kind   string       `json:"kind"`
	XLabel string       `json:"x_label"`
	YLabel string       `json:"y_label"`
	LogX   bool         `json:"log_x,omitempty"`
	LogY   bool         `json:"log_y,omitempty"`
	Labels []string     `json:"labels,omitempty"`
	Series []jsonSeries `json:"series"`
}

type jsonSeries struct {
	Name      string   `json:"name"`
	Published bool     `json:"published,omitempty"`
	X         []number `json:"x,omitempty"`
	Y         []number `json:"y"`
	Lo        []number `json:"lo,omitempty"`
	Hi        []number `json:"hi,omitempty"`
}

type jsonTable struct {
	Name    string       `json:"name"`
	Title   string       `json:"title"`
	Text    string       `json:"text,omitempty"`
	Columns []jsonColumn `json:"columns"`
	Rows    [][]any      `json:"rows"`
}

type jsonColumn struct {
	Name string `json:"name"`
	Unit string `json:"unit,omitempty"`
}
