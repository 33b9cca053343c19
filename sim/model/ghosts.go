package model

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/load"
)

// ghosts are peers that have left and that a hash table still names. There are
// three things that it knows wrongly while peers come and go:
//
//   - Entries of tables are looked at once in care.Probe. Of those, [dht.Stale] are
//     of peers that have left since: these are nodes of the table at random
//     places. Neighbours on the ring are looked after every 30 s, so that only
//     those are named to them that have crashed unnoticed ([load.Workload.Left]).
//   - Lists keep what was published for care.Publish, so they name files of
//     peers that have left since ([load.Weibull.Named]), who had as many as others.
//   - What a peer has published is lost when all nodes with a copy have left since.
//     It is there again when the peer publishes it anew. Nodes hand nothing over,
//     when they come or when they go: all rests on publishing, as in KAD and in
//     BitTorrent's table.
//
// Peers of the workload that have crashed unnoticed count among those that have
// left. Whether what is under a key is lost is drawn for the key, and does not
// depend on where the ghosts are.
type ghosts struct {
	count   int     // nodes of the table that are ghosts
	records float64 // of peers that have left, beside each of a peer of the workload
	seed    uint64
	copies  int
	publish time.Duration
	ages    *load.Residuals // of what is there at some moment; nil when nobody leaves
}

// mostGhosts is how many ghosts a table has at most beside each peer. That nine of
// ten entries are dead is worse than tables bear.
const mostGhosts = 9

func newGhosts(w *load.Workload, cfg TableConfig, care dht.Care) ghosts {
	session := w.Config().Session
	if session.Scale == 0 {
		return ghosts{}
	}
	entries := 1 / (1 - dht.Stale(care.Probe, session.Leaving))
	return ghosts{
		count:   int(math.Round(min(mostGhosts, beside(w, entries)) * float64(w.Peers()))),
		records: beside(w, session.Named(care.Publish)),
		seed:    exact.Mix(cfg.Seed),
		copies:  cfg.Copies,
		publish: care.Publish,
		ages:    session.Residuals(),
	}
}

// beside returns how many that have left there are beside each peer of w, when
// for each that is up so many are named. Some of the peers of w have left
// already.
func beside(w *load.Workload, named float64) float64 {
	left := 0
	for _, b := range w.Down() {
		left += bits.OnesCount64(b)
	}
	up := 1 - float64(left)/float64(w.Peers())
	return max(0, float64(named*up)-1)
}

// settle gives each peer a node of the table, and the ghosts those that are left.
func (t *Table) settle(r *rand.Rand) {
	ghosts := t.count
	t.peer, t.node = make([]int32, t.w.Peers()+ghosts), make([]int32, 0, t.w.Peers())
	for v := range t.peer {
		if r.IntN(len(t.peer)-v) < ghosts {
			t.peer[v] = -1
			ghosts--
			continue
		}
		t.peer[v] = int32(len(t.node))
		t.node = append(t.node, int32(v))
	}
}

// whoIsDead sets which nodes do not answer, and returns which of them their
// neighbours have noticed: the ghosts.
func (t *Table) whoIsDead() (noticed dht.Dead) {
	if t.w.Down() == nil {
		return nil
	}
	t.dead, noticed = make(dht.Dead, len(t.peer)), make(dht.Dead, len(t.peer))
	for v, p := range t.peer {
		noticed[v] = p < 0
		t.dead[v] = p < 0 || t.w.Left(p)
	}
	return noticed
}

// kept returns how long ago what is under key now was published at the earliest:
// since then one of those that have copies is there.
func (g *ghosts) kept(key dht.ID) time.Duration {
	if g.ages == nil {
		return math.MaxInt64
	}
	var longest time.Duration
	seed := exact.Mix(g.seed ^ uint64(key))
	for i := range uint64(g.copies) {
		longest = max(longest, g.ages.At(exact.Mix(seed+i)))
	}
	return longest
}

// has says whether what peer has published is among what was kept for so long.
// The peer has published when it came, and then once in each period.
func (g *ghosts) has(peer int32, kept time.Duration) bool {
	return kept >= g.publish || g.ages.At(exact.Mix(g.seed+uint64(peer)))%g.publish <= kept
}
