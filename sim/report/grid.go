package report

import (
	"strings"
	"unicode/utf8"
)

// grid is a table of texts.
type grid struct {
	heads []string
	right []bool // columns of numbers
	rows  [][]string
}

const (
	gap     = "  "
	minText = 16 // a column of text is not cut below that
)

// write writes the grid in aligned columns. Where the line is too short, texts
// are cut first; then columns at the end are left out. It returns how many.
func (g grid) write(t *text) (hidden int) {
	widths := g.widths()
	for !g.shrink(widths, t.width) && len(widths) > 1 {
		widths = g.widths()[:len(widths)-1]
		hidden++
	}
	t.line(g.line(g.heads, widths))
	for _, row := range g.rows {
		t.line(g.line(row, widths))
	}
	return hidden
}

func (g grid) widths() []int {
	widths := make([]int, len(g.heads))
	for i, h := range g.heads {
		widths[i] = columns(h)
		for _, row := range g.rows {
			widths[i] = max(widths[i], columns(row[i]))
		}
	}
	return widths
}

// shrink cuts the widest columns of text until the line fits, if it can.
func (g grid) shrink(widths []int, room int) bool {
	for {
		total, widest := -len(gap), -1
		for i, w := range widths {
			total += w + len(gap)
			if !g.right[i] && w > minText && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if total <= room {
			return true
		}
		if widest < 0 {
			return false
		}
		widths[widest] = max(minText, widths[widest]-(total-room))
	}
}

func (g grid) line(cells []string, widths []int) string {
	var b strings.Builder
	for i, w := range widths {
		if i > 0 {
			b.WriteString(gap)
		}
		cell := cut(cells[i], w)
		blanks := strings.Repeat(" ", w-columns(cell))
		if g.right[i] {
			b.WriteString(blanks + cell)
		} else {
			b.WriteString(cell + blanks)
		}
	}
	return b.String()
}

// columns is how many columns of a terminal s takes: reports are in English.
func columns(s string) int { return utf8.RuneCountInString(s) }

// cut shortens s to at most room columns.
func cut(s string, room int) string {
	if columns(s) <= room {
		return s
	}
	runes := []rune(s)
	return string(runes[:max(0, room-1)]) + "…"
}
