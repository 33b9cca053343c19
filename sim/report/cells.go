package report

import (
	"math"
	"strconv"
)

// texts returns the cells of a table as people read them.
func (t Table) texts() [][]string {
	out := make([][]string, len(t.Rows))
	for i := range out {
		out[i] = make([]string, len(t.Columns))
	}
	for j := range t.Columns {
		places := t.places(j)
		for i, row := range t.Rows {
			out[i][j] = cellText(row[j], places)
		}
	}
	return out
}

func cellText(cell any, places int) string {
	switch c := cell.(type) {
	case string:
		return c
	case bool:
		if c {
			return "yes"
		}
		return "no"
	case int:
		return group(strconv.Itoa(c))
	case int64:
		return group(strconv.FormatInt(c, 10))
	case uint64:
		return group(strconv.FormatUint(c, 10))
	case float64:
		if places < 0 || math.IsNaN(c) || math.IsInf(c, 0) {
			return human(c)
		}
		return group(strconv.FormatFloat(c, 'f', places, 64))
	default:
		return nothing
	}
}

// places is how many digits behind the point all floats of a column get, so
// that the points stand below one another; -1 where sizes differ too much.
func (t Table) places(column int) int {
	most, largest := 0, 0.0
	for _, row := range t.Rows {
		v, ok := row[column].(float64)
		if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		most, largest = max(most, decimals(v)), max(largest, math.Abs(v))
	}
	const room = 7 // digits of the longest cell
	if whole := len(strconv.FormatFloat(largest, 'f', 0, 64)); most+whole > room {
		return -1
	}
	return most
}

// numeric says whether a column holds numbers only, so that it is set to the
// right.
func (t Table) numeric(column int) bool {
	found := false
	for _, row := range t.Rows {
		switch row[column].(type) {
		case int, int64, uint64, float64:
			found = true
		case nil:
		default:
			return false
		}
	}
	return found
}

func (c Column) head() string {
	if c.Unit == "" {
		return c.Name
	}
	return c.Name + " (" + c.Unit + ")"
}
