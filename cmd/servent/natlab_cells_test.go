//go:build natlab && linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// cell is one pair of hosts behind NATs, and what was measured between them.
type cell struct {
	name     string    // as in "port-sym" or "same port"
	row, col string    // its place in the matrix; col is empty for two behind one NAT
	hosts    [2]string // in the lab
	udp, tcp bool      // whether a hole can be punched
	lan      bool      // both are on one LAN
}

// works says whether there is a way that needs no relay.
func (c *cell) works() bool { return c.udp || c.tcp || c.lan }

// kindHosts are the hosts that stand for a kind as rows and as columns.
var kindHosts = map[string][2]string{
	"open": {"p3", "p4"}, "full": {"fc1-h1", "fc2-h1"}, "addr": {"ar1-h1", "ar2-h1"}, "port": {"pr1-h1", "pr2-h1"}, "presv": {"pp1-h1", "pp2-h1"},
	"rej": {"rj1-h1", "rj2-h1"}, "sym": {"sy1-h1", "sy2-h1"}, "fw": {"fw1-h1", "fw2-h1"}, "cgn": {"cgha-h1", "cgna-h1"}, "udpbl": {"ub1-h1", "ub1-h1"},
}

// sameNAT are two hosts behind one NAT. The subscribers of a carrier are on no LAN.
var sameNAT = map[string][2]string{
	"full+hairpin": {"fc1-h1", "fc1-h2"}, "port": {"pr1-h1", "pr1-h2"}, "cgn+hairpin": {"cgha-h1", "cghb-h1"}, "cgn": {"cgna-h1", "cgnb-h1"}, "sym": {"sy1-h1", "sy1-h2"},
}

// readMatrix returns the kinds in their order and all cells.
func readMatrix(t *testing.T) (kinds []string, cells []*cell) {
	t.Helper()
	text, err := os.ReadFile(labDir + "/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	row := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "#":
		case kinds == nil:
			kinds = f
		case f[0] == "same" && len(f) == 3:
			cells = append(cells, sameCell(f[1], f[2]))
		case len(f) == 1+len(kinds) && row < len(kinds) && f[0] == kinds[row]:
			for col, how := range f[1:] {
				if col >= row && how != "." {
					cells = append(cells, apartCell(kinds[row], kinds[col], how))
				}
			}
			row++
		default:
			t.Fatalf("matrix.txt: %q", line)
		}
	}
	if len(cells) != 59 {
		t.Fatalf("matrix.txt: %d cells", len(cells))
	}
	return kinds, cells
}

func apartCell(row, col, how string) *cell {
	c := &cell{name: row + "-" + col, row: row, col: col, hosts: [2]string{kindHosts[row][0], kindHosts[col][1]}}
	c.udp, c.tcp = strings.Contains(how, "u"), strings.Contains(how, "t")
	return c
}

func sameCell(kind, how string) *cell {
	c := &cell{name: "same " + kind, row: "same " + kind, hosts: sameNAT[kind], lan: !strings.HasPrefix(kind, "cgn")}
	c.udp, c.tcp = strings.Contains(how, "u"), strings.Contains(how, "t")
	return c
}

// chosen are the cells of a list of names, all where it is empty.
func chosen(t *testing.T, cells []*cell, names string) []*cell {
	t.Helper()
	if names == "" {
		return cells
	}
	var some []*cell
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(cells, func(c *cell) bool { return c.name == name })
		if i < 0 {
			t.Fatalf("there is no cell %q: names are like port-sym, in the order of matrix.txt, or same port", name)
		}
		some = append(some, cells[i])
	}
	return some
}

// sitesOf are those that some hosts need.
func sitesOf(cells []*cell) (sites []string) {
	for _, c := range cells {
		for _, h := range c.hosts {
			site, _, _ := strings.Cut(h, "-")
			if strings.HasPrefix(site, "cg") {
				site = site[:3] // of a carrier with its subscribers
			}
			if !slices.Contains(sites, site) {
				sites = append(sites, site)
			}
		}
	}
	return sites
}

// grid writes what show says of each cell as matrix.txt has it.
func grid(kinds []string, cells []*cell, show func(*cell) string) string {
	var b strings.Builder
	write := func(first string, rest []string) {
		line := fmt.Sprintf("%-7s", first)
		for _, text := range rest {
			line += fmt.Sprintf("%-7s", text)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	at := func(row, col string) string {
		for _, c := range cells {
			if c.col != "" && (c.row == row && c.col == col || c.row == col && c.col == row) {
				return show(c)
			}
		}
		return "."
	}
	write("", kinds)
	for _, row := range kinds {
		var line []string
		for _, col := range kinds {
			line = append(line, at(row, col))
		}
		write(row, line)
	}
	for _, c := range cells {
		if c.col == "" {
			fmt.Fprintf(&b, "%-18s %s\n", c.name, show(c))
		}
	}
	return b.String()
}
