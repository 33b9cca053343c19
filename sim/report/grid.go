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
	minText = 16 // a column of text is not narrower than that for want of room
)

// write writes the grid in aligned columns. Where the line is too short, texts
// go on below; then columns at the end are left out. It returns how many.
func (g grid) write(t *text) (hidden int) {
	widths := g.widths()
	for !g.shrink(widths, t.width) && len(widths) > 1 {
		widths = g.widths()[:len(widths)-1]
		hidden++
	}
	for _, row := range append([][]string{g.heads}, g.rows...) {
		for _, line := range g.lines(row, widths) {
			t.line(line)
		}
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

// shrink narrows the widest columns of text until the line fits, if it can.
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

// lines returns a row, as many lines as its longest cell takes.
func (g grid) lines(cells []string, widths []int) []string {
	parts, most := make([][]string, len(widths)), 1
	for i, w := range widths {
		parts[i] = folded(cells[i], w)
		most = max(most, len(parts[i]))
	}
	out := make([]string, most)
	for k := range out {
		var b strings.Builder
		for i, w := range widths {
			cell := ""
			if k < len(parts[i]) {
				cell = parts[i][k]
			}
			if i > 0 {
				b.WriteString(gap)
			}
			blanks := strings.Repeat(" ", w-columns(cell))
			if g.right[i] {
				b.WriteString(blanks + cell)
			} else {
				b.WriteString(cell + blanks)
			}
		}
		out[k] = b.String()
	}
	return out
}

// folded breaks s between words into lines of at most room columns. A word that is
// longer is cut.
func folded(s string, room int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(s) {
		word = cut(word, room)
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) > room:
			out = append(out, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(out, line)
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
