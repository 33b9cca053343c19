package sim

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// labSite is one of the sites of the laboratory of network namespaces, by its name in the
// matrix.
func labSite(t *testing.T, name string) NodeConfig {
	t.Helper()
	router, carrier, ok := natbox.Named(name)
	if !ok {
		t.Fatalf("the matrix names a site %q", name)
	}
	return NodeConfig{Router: router, Carrier: carrier}
}

// cell is one of the matrix: two sites, and by what they reach each other.
type cell struct {
	name     string
	a, b     NodeConfig
	same     bool // behind one router
	possible [2]bool
}

// labCells reads the laboratory's matrix: each pair both ways round, and pairs that are
// behind one router.
func labCells(t *testing.T) (cells []cell) {
	t.Helper()
	f, err := os.Open("../nat/testdata/lab/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var columns []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 0 || words[0] == "#" || strings.HasPrefix(words[0], "#"):
		case columns == nil:
			columns = words
		case words[0] == "same":
			cells = append(cells, sameCell(t, words[1], words[2]))
		default:
			for i, how := range words[1:] {
				if how != "." {
					c := cell{name: words[0] + " with " + columns[i], a: labSite(t, words[0]), b: labSite(t, columns[i])}
					c.possible = [2]bool{nat.UDP: strings.Contains(how, "u"), nat.TCP: strings.Contains(how, "t")}
					cells = append(cells, c)
				}
			}
		}
	}
	return cells
}

// sameCell is one of two behind the same router, the outer one.
func sameCell(t *testing.T, what, how string) cell {
	t.Helper()
	cfg := labSite(t, what)
	if cfg.Carrier == (natbox.Kind{}) {
		cfg.Site = 1
	} else {
		cfg.CarrierSite = 1
	}
	return cell{
		name: "same " + what, a: cfg, b: cfg, same: true,
		possible: [2]bool{nat.UDP: strings.Contains(how, "u"), nat.TCP: strings.Contains(how, "t")},
	}
}

// TestLabMatrixIsWhole: all of the laboratory's 59 cells, 44 of them both ways round.
func TestLabMatrixIsWhole(t *testing.T) {
	cells := labCells(t)
	same := 0
	for _, c := range cells {
		if c.same {
			same++
		}
	}
	if len(cells)-same != 99 || same != 5 {
		t.Errorf("%d pairs and %d behind one router", len(cells)-same, same)
	}
}

// outsideOnly is what the laboratory's probe tells: not where a host is in its LAN.
func outsideOnly(p *puncher) []nat.Candidate {
	return slices.DeleteFunc(p.candidates(), func(c nat.Candidate) bool {
		return c.Kind == nat.KindLocal && p.seen[c.Transport].IsValid() && c.Addr != p.seen[c.Transport]
	})
}

// TestLabMatrixUDP: the holes that nat.Punch opens through simulated routers are those
// that were opened in the laboratory, whenever the two begin; quickly.
func TestLabMatrixUDP(t *testing.T) {
	for _, c := range labCells(t) {
		for seed, answer := range []time.Duration{0, 130 * time.Millisecond, 2700 * time.Millisecond} {
			took, got := newDuo(uint64(seed), c.a, c.b).punched(answer, outsideOnly)
			if got != c.possible[nat.UDP] || took > time.Second {
				t.Errorf("%s, answered after %v: %v after %v, in the laboratory %v", c.name, answer, got, took, c.possible[nat.UDP])
			}
		}
	}
}

// TestLabMatrixTCP: the same for connections that both dial, as nat.Dialer says.
func TestLabMatrixTCP(t *testing.T) {
	for _, c := range labCells(t) {
		for seed, answer := range []time.Duration{0, 15 * time.Millisecond, 35 * time.Millisecond, 130 * time.Millisecond, 2700 * time.Millisecond} {
			took, got := newDuo(uint64(seed), c.a, c.b).opened(answer, outsideOnly)
			if got != c.possible[nat.TCP] || took > 900*time.Millisecond {
				t.Errorf("%s, answered after %v: %v after %v, in the laboratory %v", c.name, answer, got, took, c.possible[nat.TCP])
			}
		}
	}
}

// TestLabMatrixByLAN: two behind one router reach each other by their own addresses,
// whatever it is; two behind one carrier's do not.
func TestLabMatrixByLAN(t *testing.T) {
	for _, c := range labCells(t) {
		if !c.same {
			continue
		}
		want := c.possible[nat.UDP] || c.a.CarrierSite == 0
		if took, got := newDuo(1, c.a, c.b).punched(100*time.Millisecond, (*puncher).candidates); got != want || took > time.Second {
			t.Errorf("%s by UDP: %v after %v, want %v", c.name, got, took, want)
		}
		if took, got := newDuo(1, c.a, c.b).opened(100*time.Millisecond, (*puncher).candidates); got != want || took > time.Second {
			t.Errorf("%s by TCP: %v after %v, want %v", c.name, got, took, want)
		}
	}
}

// TestLabMatrixPossible: what nat says of two behaviours is what the laboratory says.
func TestLabMatrixPossible(t *testing.T) {
	behaviour := func(c NodeConfig, by nat.Transport) (b nat.Behaviour) {
		b.Mapping, b.Filtering = max(c.Router.Mapping, nat.MappingNone), max(c.Router.Filtering, nat.FilteringEndpoint)
		if c.Router.Blocked && by == nat.UDP {
			b.Blocked = nat.Yes
		}
		return b
	}
	for _, c := range labCells(t) {
		for by, want := range c.possible {
			by := nat.Transport(by)
			if got := nat.Possible(behaviour(c.a, by), behaviour(c.b, by)); got != want && !c.same {
				t.Error(fmt.Sprint(c.name, " by ", by, ": ", got, ", in the laboratory ", want))
			}
		}
	}
}
