package study

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/seed282dab8e/servent/sim/graph"
)

// onCores is what came out alike on one core and on two.
type onCores struct{ Floods, Page bool }

// cores runs floods and a small comparison on one core and on two.
func (v *validate) cores(ctx context.Context, tick func(float64)) (any, error) {
	var same onCores
	var err error
	if same.Floods, err = alike(func() ([]byte, error) { return v.floods(ctx) }); err != nil {
		return nil, err
	}
	tick(0.2)
	same.Page, err = alike(func() ([]byte, error) { return v.smallPage(ctx) })
	return same, err
}

// alike says whether something gives the same bytes on one core and on two.
func alike(run func() ([]byte, error)) (bool, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var got [2][]byte
	for i := range got {
		runtime.GOMAXPROCS(i + 1)
		var err error
		if got[i], err = run(); err != nil {
			return false, err
		}
	}
	return bytes.Equal(got[0], got[1]), nil
}

// floods is what floods over all cores count: short ones, which are run one by
// one, and long ones, of which hundreds are run at once.
func (v *validate) floods(ctx context.Context) ([]byte, error) {
	const many = 1000 // several times as many as are run at once
	r := rand.New(rand.NewPCG(uint64(v.seed), 4))
	g := graph.Random(r, v.nodes, v.nodes*v.degree/2)
	sources := make([]int32, many)
	for i := range sources {
		sources[i] = r.Int32N(int32(g.Len()))
	}
	var out []byte
	for _, ttl := range []int{1, 30} {
		floods, err := graph.Floods(ctx, g, sources, ttl)
		if err != nil {
			return nil, err
		}
		out = fmt.Appendln(out, floods)
	}
	return out, nil
}

// smallPage is the sum of all files of a small comparison, its results included.
func (v *validate) smallPage(ctx context.Context) ([]byte, error) {
	c := newCompare()
	c.peers, c.searches, c.seed, c.bare = "500", 20, v.seed, false
	got, err := Run(ctx, compareInfo(), c, Options{})
	if err != nil {
		return nil, err
	}
	raw := make([]json.RawMessage, len(got.Points))
	for i, p := range got.Points {
		raw[i] = p.Result
	}
	page, err := c.Report(raw)
	if err != nil {
		return nil, err
	}
	page.Study, page.Title = compareInfo().Name, compareInfo().Title
	sum, err := page.Sum()
	if err != nil {
		return nil, err
	}
	results, err := json.Marshal(got)
	return append(sum, results...), err
}
