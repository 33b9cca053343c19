package report

import (
	"errors"
	"fmt"
)

// check finds what cannot be written down: names that are no file names or are
// taken, rows that do not fit their columns, series whose parts differ in
// length.
func (r *Report) check() error {
	tables, figures := make(map[string]bool), make(map[string]bool)
	for _, s := range r.Sections {
		for _, t := range s.Tables {
			if err := checkName(t.Name, tables); err != nil {
				return fmt.Errorf("table %q: %w", t.Name, err)
			}
			if err := t.check(); err != nil {
				return fmt.Errorf("table %q: %w", t.Name, err)
			}
		}
		for _, f := range s.Figures {
			if err := checkName(f.Name, figures); err != nil {
				return fmt.Errorf("figure %q: %w", f.Name, err)
			}
			if err := f.check(); err != nil {
				return fmt.Errorf("figure %q: %w", f.Name, err)
			}
		}
	}
	return nil
}

// checkName accepts names that are safe as file names everywhere. A figure and
// a table may share one: they differ in the ending.
func checkName(name string, taken map[string]bool) error {
	if name == "" {
		return errors.New("needs a name")
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return errors.New("a name is made of a-z, 0-9 and -")
		}
	}
	if taken[name] {
		return errors.New("the name is taken")
	}
	taken[name] = true
	return nil
}

func (t Table) check() error {
	seen := make(map[string]bool)
	for _, c := range t.Columns {
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("column %q: its name is empty or taken", c.Name)
		}
		seen[c.Name] = true
	}
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("row %d has %d cells, want %d", i+1, len(row), len(t.Columns))
		}
		for j, cell := range row {
			switch cell.(type) {
			case nil, string, bool, int, int64, uint64, float64:
			default:
				return fmt.Errorf("row %d, column %q: cannot write a %T", i+1, t.Columns[j].Name, cell)
			}
		}
	}
	return nil
}

func (f Figure) check() error {
	for _, s := range f.Series {
		n := len(s.Y)
		if f.Kind == Bars && n != len(f.Labels) {
			return fmt.Errorf("series %q has %d bars for %d labels", s.Name, n, len(f.Labels))
		}
		if f.Kind != Bars && n != len(s.X) {
			return fmt.Errorf("series %q has %d values of x and %d of y", s.Name, len(s.X), n)
		}
		if len(s.Lo) != len(s.Hi) || len(s.Lo) != 0 && len(s.Lo) != n {
			return fmt.Errorf("series %q has %d and %d ends of error bars for %d points", s.Name, len(s.Lo), len(s.Hi), n)
		}
	}
	return nil
}
