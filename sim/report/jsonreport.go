package report

import "encoding/json"

// json writes all of the report, the points of its figures too.
func (r *Report) json() ([]byte, error) {
	out := jsonReport{
		Study: r.Study, Title: r.Title, Source: r.Source, Summary: r.Summary, Command: r.Command,
		Seed: r.Seed, Version: r.Version, Partial: r.Partial, Params: []jsonParam{}, Sections: []jsonSection{},
	}
	for _, p := range r.Params {
		out.Params = append(out.Params, jsonParam(p))
	}
	for _, s := range r.Sections {
		section := jsonSection{Title: s.Title, Text: s.Text}
		for _, t := range s.Targets {
			section.Targets = append(section.Targets, t.json())
		}
		for _, f := range s.Figures {
			section.Figures = append(section.Figures, f.json())
		}
		for _, t := range s.Tables {
			section.Tables = append(section.Tables, t.json())
		}
		out.Sections = append(out.Sections, section)
	}
	b, err := json.MarshalIndent(out, "", " ")
	return append(b, '\n'), err
}

func (t Target) json() jsonTarget {
	out := jsonTarget{
		What: t.What, Unit: t.Unit, Kind: t.Kind.String(), Published: number(t.Paper), Tolerance: number(t.Tolerance),
		Source: t.Source, Verdict: t.Verdict(), Why: t.account(),
	}
	if ours := number(t.Ours); !t.silent() {
		out.Ours = &ours
	}
	return out
}

func (f Figure) json() jsonFigure {
	out := jsonFigure{
		Name: f.Name, Title: f.Title, Text: f.Text, Kind: f.Kind.String(), XLabel: f.XLabel, YLabel: f.YLabel,
		LogX: f.LogX, LogY: f.LogY, Labels: f.Labels, Series: []jsonSeries{},
	}
	for _, s := range f.Series {
		one := jsonSeries{Name: s.Name, Published: s.Paper, Y: numbers(s.Y), Lo: numbers(s.Lo), Hi: numbers(s.Hi)}
		if f.Kind != Bars {
			one.X = numbers(s.X)
		}
		out.Series = append(out.Series, one)
	}
	return out
}

func (t Table) json() jsonTable {
	out := jsonTable{Name: t.Name, Title: t.Title, Text: t.Text, Columns: []jsonColumn{}, Rows: [][]any{}}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, jsonColumn(c))
	}
	for _, row := range t.Rows {
		cells := make([]any, len(row))
		for i, cell := range row {
			cells[i] = cell
			if v, ok := cell.(float64); ok {
				cells[i] = number(v)
			}
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}

func numbers(vs []float64) []number {
	out := make([]number, len(vs))
	for i, v := range vs {
		out[i] = number(v)
	}
	return out
}

// String names the kind as report.json does.
func (k FigureKind) String() string {
	switch k {
	case Points:
		return "points"
	case Bars:
		return "bars"
	default:
		return "lines"
	}
}
