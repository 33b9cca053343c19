package main

import "strings"

// column is one of a table.
type column struct {
	title string
	width int  // at least
	right bool // numbers

	middle bool // cut in the middle, else at the start
}

// table lays out rows. Its last column takes what room is left on the screen,
// and is cut there; without a screen it is whole.
type table struct {
	columns []column
	room    int // columns of the screen; 0 without one
}

const gap = "  "

// newTable returns a table in which rows have room; more rows may come.
func newTable(room int, cols []column, rows ...[]string) *table {
	t := &table{room: room}
	for i, c := range cols {
		c.width = max(c.width, columns(c.title))
		for _, r := range rows {
			c.width = max(c.width, columns(r[i]))
		}
		t.columns = append(t.columns, c)
	}
	return t
}

// width is how many columns its rows take.
func (t *table) width() int {
	n := -len(gap)
	for _, c := range t.columns {
		n += c.width + len(gap)
	}
	return n
}

func (t *table) header() string {
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.title
	}
	return t.row(titles)
}

func (t *table) row(cells []string) string {
	var b strings.Builder
	used := 0
	last := len(t.columns) - 1
	for i, c := range t.columns[:last] {
		cell := pad(cells[i], c.width, c.right)
		b.WriteString(cell + gap)
		used += columns(cell) + len(gap)
	}
	end := cells[last]
	if t.room > 0 {
		cut := fit
		if t.columns[last].middle {
			cut = fitMiddle
		}
		end = cut(end, max(t.room-used, 8))
	}
	b.WriteString(end)
	return strings.TrimRight(b.String(), " ") + "\n"
}

// all is the header and all rows.
func (t *table) all(rows [][]string) string {
	var b strings.Builder
	b.WriteString(t.header())
	for _, r := range rows {
		b.WriteString(t.row(r))
	}
	return b.String()
}
