package gia

import (
	"math/rand/v2"
	"slices"
)

// keywords is how many different things are asked for. Each has its own peers
// that have it, so that no single placement decides a figure.
const keywords = 500

// catalogue says who can answer what. A query asks for a keyword, and the files
// that match it are at a part of the peers that is chosen at random, the same
// for all keywords (section 5.1).
type catalogue struct {
	holders [][]int32  // who has what matches, ascending
	known   [][]uint64 // a bit for each peer that can answer
	few     bool       // who has what matches can answer, nobody else, and so few that it is quicker to look at these
}

// fewHolders fit into a line of the cache.
const fewHolders = 16

func newCatalogue(r *rand.Rand, n *Network, replication float64) *catalogue {
	c := &catalogue{holders: make([][]int32, keywords), known: make([][]uint64, keywords)}
	peers := len(n.class)
	copies := max(1, min(peers, int(float64(replication*float64(peers))+0.5)))
	c.few = copies <= fewHolders && !n.design.OneHop
	for k := range keywords {
		c.holders[k] = sample(r, peers, copies)
		c.known[k] = make([]uint64, (peers+63)/64)
		for _, v := range c.holders[k] {
			c.learn(n, k, v)
		}
	}
	return c
}

// sample draws k of n, ascending.
func sample(r *rand.Rand, n, k int) []int32 {
	drawn := make([]bool, n)
	out := make([]int32, 0, k)
	for len(out) < k {
		if v := r.IntN(n); !drawn[v] {
			drawn[v] = true
			out = append(out, int32(v))
		}
	}
	slices.Sort(out)
	return out
}

// learn notes who can answer with the file of v: itself, and with one-hop
// replication its neighbours. A supernode keeps no index of other supernodes.
func (c *catalogue) learn(n *Network, keyword int, v int32) {
	set(c.known[keyword], v)
	if !n.design.OneHop || n.design.Super && n.class[v] >= superClass {
		return
	}
	for _, w := range n.neighbours(v) {
		set(c.known[keyword], w)
	}
}

func (c *catalogue) knows(v, keyword int32) bool {
	if c.few {
		return contains(c.holders[keyword], v)
	}
	return has(c.known[keyword], v)
}

func set(bits []uint64, i int32)      { bits[i/64] |= 1 << (i % 64) }
func has(bits []uint64, i int32) bool { return bits[i/64]&(1<<(i%64)) != 0 }
