package sim

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

// CrowdConfig says what a Crowd is. Zero fields mean the defaults named beside them.
type CrowdConfig struct {
	Seed  uint64
	Nodes int // 400

	// Supernodes is how many nodes are supernodes, and stay; all others are leaves. 0:
	// all nodes know one bootstrap node only and find their roles themselves.
	Supernodes int
	Parents    int // supernodes of a leaf, where Supernodes says which they are; 3
	Places     int // leaves that a supernode takes; 60, or what Supernodes makes necessary

	Hosts int // in a node's host cache; the node's own default

	// Load is the workload that the nodes get (docs/decisions/0015): who shares what,
	// what is searched for, how each is attached, who cannot be connected to, and how
	// long each stays. Its Seed and Peers are those above. For each session that ends
	// another node joins soon, in the place of the same peer. The Supernodes, or the
	// bootstrap node, are the first peers; they stay and can be connected to.
	Load load.Config
	Ramp time.Duration // in which the nodes join; 30 min

	Latency   Latency // of links and datagrams; Uniform(10 ms, 150 ms)
	Loss      float64 // of packets; 0
	Boasters  float64 // part of the nodes that claim what they have not; 0
	FalseHits float64 // likewise, that answer every query with a file that they have not; 0
	Garblers  float64 // likewise, that damage what they send; 0

	Check  bool      // hold every step to the invariants; takes time and memory
	Record io.Writer // gets all that is done to the nodes, for Replay; nil: nobody
}

func (c CrowdConfig) withDefaults() CrowdConfig {
	c.Nodes = cmp.Or(c.Nodes, 400)
	c.Parents = cmp.Or(c.Parents, 3)
	if c.Supernodes > 0 { // with some to spare, since leaves choose at random
		c.Places = cmp.Or(c.Places, 10+2*c.Parents*c.Nodes/c.Supernodes)
	}
	c.Places = cmp.Or(c.Places, 60)
	c.Load.Seed, c.Load.Peers, c.Load.Lag = c.Seed, c.Nodes, -1 // who crashes does so under way
	c.Ramp = cmp.Or(c.Ramp, 30*time.Minute)
	c.Latency = cmp.Or(c.Latency, Uniform(10*time.Millisecond, 150*time.Millisecond))
	return c
}

func (c CrowdConfig) validate() error {
	for _, part := range []struct {
		name string
		v    float64
	}{{"Loss", c.Loss}, {"Boasters", c.Boasters}, {"FalseHits", c.FalseHits}, {"Garblers", c.Garblers}} {
		if part.v < 0 || part.v > 1 || math.IsNaN(part.v) {
			return fmt.Errorf("crowd: %s %v is no part: use 0 to 1", part.name, part.v)
		}
	}
	switch {
	case c.Nodes < 2 || c.Nodes >= maxAddresses:
		return fmt.Errorf("crowd: Nodes %d is not within 2 to %d", c.Nodes, maxAddresses-1)
	case c.Supernodes < 0 || c.Supernodes >= c.Nodes || c.Supernodes == 1:
		return fmt.Errorf("crowd: Supernodes %d: use 0, or 2 to under Nodes, %d", c.Supernodes, c.Nodes)
	case min(c.Parents, c.Places, c.Hosts) < 0 || c.Ramp < 0:
		return fmt.Errorf("crowd: Parents, Places, Hosts or Ramp is negative")
	case c.Load.NameWords < 0:
		return fmt.Errorf("crowd: Load.NameWords %d: nodes find files by the words of their names", c.Load.NameWords)
	}
	return nil
}

// maxAddresses is how many nodes get an address of their own.
const maxAddresses = 1<<24 - 1
