// Package load makes the one workload that every model of the simulator gets, and
// every crowd of real nodes: who shares what, who asks for what, who is up, and what
// each peer's machine can do. It knows nothing of networks. Everything follows from
// the seed; what can be computed from a peer's number is not stored, so that ten
// million peers fit into memory.
//
// No traces of real users are public, only figures about them; the defaults are
// those of docs/decisions/0015.
package load

import (
	"fmt"
	"math"
	"time"
)

// Config describes a workload. Zero fields mean the defaults named beside them.
type Config struct {
	Seed  uint64
	Peers int

	Files       int      // distinct ones; as many as Peers
	Copies      int      // of all files together; eight a peer
	Replication Strategy // how the copies are shared out among the files; Proportional
	Zipf        float64  // exponent of how often files are asked for; 0.8; negative: all alike
	FreeRiders  float64  // the part of the peers that shares nothing; 0.4; negative: none
	Firewalled  float64  // the part of the peers that nobody can connect to: they are behind a NAT box or a firewall; 0

	NameWords  int // words in the name of a file; 10; negative: files are asked for as such
	Vocabulary int // different words; 200,000

	Session Weibull       // how long a peer stays; the zero value: for ever
	Crashes float64       // the part of the peers that leaves without a goodbye; 0.3
	Lag     time.Duration // for which nobody notices that a peer has crashed; 30 s; negative: 0
}

// Words is how many different words there are where a Config does not say.
const Words = 200_000

// Limits of a Config, by which memory is bounded.
const (
	MaxPeers     = 20_000_000
	MaxFiles     = 20_000_000
	MaxCopies    = 400_000_000
	MaxNameWords = 32
	MaxWords     = 10_000_000 // in the vocabulary
)

func (c *Config) setDefaults() {
	zero := func(f *float64, def float64) {
		switch {
		case *f == 0:
			*f = def
		case *f < 0:
			*f = 0
		}
	}
	zero(&c.Zipf, 0.8)
	zero(&c.FreeRiders, 0.4)
	zero(&c.Crashes, 0.3)
	if c.Files == 0 {
		c.Files = c.Peers
	}
	if c.Copies == 0 {
		c.Copies = max(8*c.Peers, c.Files)
	}
	if c.NameWords == 0 {
		c.NameWords = 10
	}
	if c.Vocabulary == 0 {
		c.Vocabulary = Words
	}
	switch {
	case c.Lag == 0:
		c.Lag = 30 * time.Second
	case c.Lag < 0:
		c.Lag = 0
	}
}

// validate names the first field that is wrong, after the defaults are set.
func (c *Config) validate() error {
	within := func(name string, v, low, high float64) error {
		if !(v >= low && v <= high) { // NaN is not within
			return fmt.Errorf("load: %s %v: from %v to %v", name, v, low, high)
		}
		return nil
	}
	for _, err := range []error{
		within("Peers", float64(c.Peers), 2, MaxPeers),
		within("Files", float64(c.Files), 1, MaxFiles),
		within("Copies", float64(c.Copies), float64(c.Files), MaxCopies),
		within("Zipf", c.Zipf, 0, 4),
		within("FreeRiders", c.FreeRiders, 0, 0.99),
		within("Firewalled", c.Firewalled, 0, 1),
		within("NameWords", float64(c.NameWords), math.MinInt32, MaxNameWords),
		within("Vocabulary", float64(c.Vocabulary), 1, MaxWords),
		within("Session.Scale", float64(c.Session.Scale), 0, math.MaxInt64),
		within("Crashes", c.Crashes, 0, 1),
		within("Lag", float64(c.Lag), 0, math.MaxInt64),
	} {
		if err != nil {
			return err
		}
	}
	if c.Session.Scale > 0 {
		return within("Session.Shape", c.Session.Shape, 0.2, 10)
	}
	return nil
}

// Memory estimates how many bytes the workload that c describes takes up while
// it is made, which is when it takes most.
func (c Config) Memory() int64 {
	c.setDefaults()
	perFile := int64(8 + 3*8 + 2*4)         // popularity, what Replicate needs, where holders begin
	words := int64(4 * max(c.NameWords, 0)) // its postings
	perWord := int64(8 + 4 + 4)             // how often it is used, where its postings begin
	perPeer := int64(4 + 4)                 // order of the sharers, stamps
	perCopy := int64(4)                     // its holder
	if words > 0 {
		words = words*int64(c.Files) + perWord*int64(c.Vocabulary)
	}
	return int64(c.Files)*perFile + words + int64(c.Peers)*perPeer + int64(c.Copies)*perCopy
}
