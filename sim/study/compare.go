package study

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

func compareInfo() Info {
	return Info{
		Name:  "compare",
		Title: "Flooding against supernodes",
		Short: "Flooding against supernodes and other ways to find files",
		Long: `Gives the same files, peers and searches to each way of finding files, and
counts what it finds, what it costs, how long a user waits, and who carries the
load: a central index, flat flooding, supernodes, and more, from small networks
to a million peers, with peers that stay and with peers that come and go.`,
		Example: "servent sim compare\nservent sim compare --peers 1000000 --searches 100",
		New:     func() Study { return newCompare() },
	}
}

// compare is the study of that name.
type compare struct {
	peers    string
	models   string
	searches int
	session  float64
	rate     float64
	degree   int
	leaves   int
	links    int
	fastest  int
	slowest  int
	seed     int
	bare     bool // also floods bare graphs of a million peers, as published
}

func newCompare() *compare {
	return &compare{peers: "1000,10000,100000", models: "all", searches: 200, session: 60, rate: 6, degree: 4, leaves: 31, links: 30, fastest: 20, slowest: 200, seed: 1, bare: true}
}

// maxComparePeers is how large a network is compared; the largest of the graphs
// have 40 bytes a peer.
const maxComparePeers = 10_000_000

func (c *compare) Params() []Param {
	return []Param{
		{Name: "peers", Usage: "sizes of the networks, with commas between", Text: &c.peers},
		{Name: "models", Usage: "which are compared: all, or with commas between: " + strings.Join(modelKeys(), ", "), Text: &c.models},
		{Name: "searches", Usage: "searches in each network", Int: &c.searches, Min: 10, Max: 100_000},
		{Name: "session", Usage: "minutes after which half of the peers have left, where they come and go", Float: &c.session, Min: 1, Max: 100_000},
		{Name: "rate", Usage: "searches of each peer an hour, for the traffic in all", Float: &c.rate, Min: 0, Max: 3600},
		{Name: "degree", Usage: "neighbours of each peer when all are equal", Int: &c.degree, Min: 3, Max: 99},
		{Name: "leaves", Usage: "leaves of each supernode", Int: &c.leaves, Min: 1, Max: 10_000},
		{Name: "links", Usage: "links of a supernode to others, on average", Int: &c.links, Min: 2, Max: 1000},
		{Name: "fastest", Usage: "the least that a message takes, in ms", Int: &c.fastest, Min: 1, Max: 10_000},
		{Name: "slowest", Usage: "the most that a message takes, in ms", Int: &c.slowest, Min: 1, Max: 10_000},
		{Name: "seed", Usage: "what all that is random follows from", Int: &c.seed, Min: 0, Max: 1 << 53},
	}
}

// part says which section of the page a point belongs to.
type part string

const (
	partSize  part = "size"  // all models at one size
	partReach part = "reach" // one model at several TTLs
	partChurn part = "churn" // all models with peers that come and go
	partCopy  part = "copy"  // models that do not look everywhere, with copies shared out in other ways
	partGraph part = "graph" // floods of bare graphs, as published
)

// cell is one point of the comparison.
type cell struct {
	part    part
	model   string // key of a contender
	peers   int
	ttl     int           // 0: what reaches most
	session time.Duration // median; 0: nobody leaves
	copies  load.Strategy
}

// sizes reads --peers.
func (c *compare) sizes() ([]int, error) {
	sizes, err := Counts(c.peers, 100, maxComparePeers)
	if err != nil {
		return nil, fmt.Errorf("--peers: %w", err)
	}
	slices.Sort(sizes)
	return sizes, nil
}

// chosen reads --models.
func (c *compare) chosen() ([]contender, error) {
	if c.models == "all" {
		return contenders(), nil
	}
	var out []contender
	for _, key := range strings.Split(c.models, ",") {
		key = strings.TrimSpace(key)
		i := slices.Index(modelKeys(), key)
		switch {
		case i < 0:
			return nil, fmt.Errorf("--models: %q is none of %s; or use all", key, strings.Join(modelKeys(), ", "))
		case slices.ContainsFunc(out, func(m contender) bool { return m.key == key }):
			return nil, fmt.Errorf("--models: %s is there twice", key)
		}
		out = append(out, contenders()[i])
	}
	return out, nil
}

// check finds what a network of n peers cannot have.
func (c *compare) check(n int, models []contender) error {
	if n*c.degree%2 != 0 {
		return fmt.Errorf("--degree %d: %d peers cannot all have so many neighbours, since every link has two ends: make one of them even", c.degree, n)
	}
	unequal := func(m contender) bool { return m.key == "biased" }
	if most := c.mostLinks(n); c.degree > most && slices.ContainsFunc(models, unequal) {
		return fmt.Errorf("--degree %d: among %d peers of which few have most links (biased), use %d at most, or leave that out of --models", c.degree, n, most)
	}
	return nil
}

// Advice tells of networks that have too few supernodes for the links that these are
// to have.
func (c *compare) Advice() []string {
	sizes, err := c.sizes()
	models, wrong := c.chosen()
	if err != nil || wrong != nil || !slices.ContainsFunc(models, func(m contender) bool { return m.supers }) {
		return nil
	}
	var out []string
	for _, n := range sizes {
		if supers := c.supernodes(n); c.links > supers-1 {
			out = append(out, fmt.Sprintf("--links %d is more than there are others: of %d peers %d are supernodes (--leaves %d), and each has a link to all others", c.links, n, supers, c.leaves))
		}
	}
	return out
}

// supernodes is how many of n peers are supernodes.
func (c *compare) supernodes(n int) int { return max(1, n/(c.leaves+1)) }

// cells lists the comparison. The sweeps over TTLs, sessions and ways to copy are
// done at the largest size.
func (c *compare) cells() ([]cell, error) {
	sizes, err := c.sizes()
	if err != nil {
		return nil, err
	}
	if c.slowest < c.fastest {
		return nil, fmt.Errorf("--slowest %d: less than --fastest %d", c.slowest, c.fastest)
	}
	var cells []cell
	if c.bare {
		cells = append(cells, cell{part: partGraph})
	}
	models, err := c.chosen()
	if err != nil {
		return nil, err
	}
	for _, n := range sizes {
		if err := c.check(n, models); err != nil {
			return nil, err
		}
	}
	largest := sizes[len(sizes)-1]
	for _, n := range slices.Backward(sizes) {
		for _, m := range models {
			cells = append(cells, cell{part: partSize, model: m.key, peers: n, copies: load.Proportional})
		}
	}
	for _, m := range models {
		for _, ttl := range m.ttls {
			cells = append(cells, cell{part: partReach, model: m.key, peers: largest, ttl: ttl, copies: load.Proportional})
		}
	}
	for _, share := range sessionParts(largest) {
		session := time.Duration(share * c.session * float64(time.Minute))
		for _, m := range models {
			cells = append(cells, cell{part: partChurn, model: m.key, peers: largest, session: session, copies: load.Proportional})
		}
	}
	for _, m := range models {
		for _, s := range otherStrategies() {
			if m.partial {
				cells = append(cells, cell{part: partCopy, model: m.key, peers: largest, copies: s})
			}
		}
	}
	return cells, nil
}

// sessionParts are the sessions that are tried, as parts of --session. In networks of
// more than a hundred thousand each takes minutes: there only the longest and the shortest.
func sessionParts(peers int) []float64 {
	if peers > 100_000 {
		return []float64{1, 0.05}
	}
	return []float64{1, 0.25, 0.05}
}

// otherStrategies are those that the sizes are not compared with.
func otherStrategies() []load.Strategy {
	return []load.Strategy{load.Owner, load.Uniform, load.SquareRoot}
}

// Points returns one point for each network that searches are run in.
func (c *compare) Points() ([]Point, error) {
	cells, err := c.cells()
	if err != nil {
		return nil, err
	}
	points := make([]Point, len(cells))
	for i, l := range cells {
		points[i] = Point{Name: l.name(), Weight: c.weight(l), Memory: c.memory(l)}
		points[i].Run = func(ctx context.Context, tick func(float64)) (any, error) {
			if l.part == partGraph {
				return runBareGraphs(ctx, uint64(c.seed), tick)
			}
			return c.run(ctx, l, tick)
		}
	}
	return points, nil
}

func (l cell) name() string {
	if l.part == partGraph {
		return "bare graphs of 1,000,000 peers"
	}
	name := fmt.Sprintf("%s, %d peers", contenderOf(l.model).name, l.peers)
	switch {
	case l.ttl > 0:
		name += fmt.Sprintf(", TTL %d", l.ttl)
	case l.session > 0:
		name += fmt.Sprintf(", sessions of %g min", l.session.Minutes())
	case l.part == partCopy:
		name += fmt.Sprintf(", %s copies", l.copies)
	}
	return name
}

// weight guesses how long a point takes: what it floods, and what it builds.
func (c *compare) weight(l cell) float64 {
	if l.part == partGraph {
		return 1e6
	}
	return float64(l.peers) * (20 + contenderOf(l.model).work*float64(c.searches)/20)
}

// Bytes that graphs, searchers and the counting of one point take beside the
// workload, while the graph is built: a peer, more where a model says so, and an end of
// a link. TestMemoryOfPoints has what they take.
const bytesPerPeer, bytesPerEnd = 60, 13

// bytesOfGhosts is what a hash table takes more for each peer, where peers leave, for
// those that have left: there are up to nine for each that is there.
const bytesOfGhosts = 300

// bytesOfWord is what each word in use takes in a prefix tree.
const bytesOfWord = 70

func (c *compare) memory(l cell) int64 {
	if l.part == partGraph {
		return 100 << 20
	}
	m, ends, ghosts, words := contenderOf(l.model), 0, 0, 0
	switch {
	case m.alike:
		ends = l.peers * c.degree
	case m.supers:
		n := c.supernodes(l.peers)
		ends = n * min(c.links, n-1)
	}
	if m.words {
		words = load.Words
	}
	if l.session > 0 && m.table {
		ghosts = l.peers
	}
	return c.workload(l).Memory() + int64(l.peers)*max(bytesPerPeer, m.bytes) + int64(ends)*bytesPerEnd + int64(ghosts)*bytesOfGhosts + int64(words)*bytesOfWord
}

// workload is what all models of one size get.
func (c *compare) workload(l cell) load.Config {
	cfg := load.Config{Seed: uint64(c.seed), Peers: l.peers, Replication: l.copies}
	if l.session > 0 {
		const shape = 0.6 // between the published fits
		one := load.Weibull{Scale: time.Hour, Shape: shape}
		cfg.Session = load.Weibull{Scale: time.Duration(float64(time.Hour) * (float64(l.session) / float64(one.Median()))), Shape: shape}
	}
	return cfg
}

// Report makes the page.
func (c *compare) Report(results []json.RawMessage) (*report.Report, error) {
	cells, err := c.cells()
	if err != nil {
		return nil, err
	}
	p := &comparePage{c: c}
	for i, l := range cells {
		if err := p.add(l, results[i]); err != nil {
			return nil, err
		}
	}
	return p.page(), nil
}
