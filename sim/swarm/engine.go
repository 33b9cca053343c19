package swarm

import (
	"math/rand/v2"

	"github.com/seed282dab8e/servent/servent/transfer/pick"
)

// engine is a run. A peer is one file on one host, peer = file*hosts + host.
type engine struct {
	Config
	events
	r   *rand.Rand
	now int64

	pieces, words int // of a file, and of a set of its pieces
	pipe          int // places for asks on each half of a link

	hosts  []host
	peers  []peer
	halves []half
	out    []int32 // asks under way on each half, pipe places each
	asks   []ask
	free   int32 // the first ask that is not in use; they are chained by next

	// Sets of pieces, words words for each peer.
	have  pick.Set // what it has
	told  pick.Set // what of that its neighbours know of
	asked pick.Set // what it has asked for and waits for
	// claimed is what its neighbours know that it waits for, until they know that
	// it has it.
	claimed pick.Set
	rare    []uint16 // for each peer and piece, how many neighbours told of it or claim it

	listed [][]int32  // for each file, the peers that the tracker knows
	ranks  [3][]int32 // of a handout; kept to be used again

	busy          int   // downloads that are not done and may yet be
	given, wanted int64 // pieces, of all peers
	gotAt         int64 // when a peer last got a piece; not before all have begun
	count         int64
	wasted        int64
	refused       int64

	// trace, when set, is told of each piece that passes an access link: the
	// host, whether it went up, and from when to when.
	trace func(host int32, up bool, a *ask, from, to int64)
}

// host is the access link of a machine.
type host struct {
	first, last int32 // asks that wait, -1: none
	sending     bool
	up, down    gate
	sent        int64 // bytes of whole pieces
	turn        int32 // the file that is announced next
}

// peer is one file on one host.
type peer struct {
	start, end int32 // its halves
	missing    int32 // pieces
	open       int32 // links
	pending    int32 // links that it has asked for
	left       bool
	begun      bool
	loose      bool  // it may have asked twice for a piece
	done       int64 // negative: not yet
	shunned    []shun
}

// shun is a peer that is not tried again for a while.
type shun struct {
	peer  int32
	until int64
}

// half is one side of a link: where one peer asks the other.
type half struct {
	to, back int32 // the neighbour, -1: no link; and its half
	asks     int32 // under way
}

// ask is one piece asked for, until it is in or given up by both sides.
type ask struct {
	from, to int32 // who asked whom
	half     int32 // of who asked; -1: no longer waited for
	piece    int32
	next     int32 // in the giver's queue, or of those not in use
	at       int64 // when it was made
	off      int64 // when it was taken back, if it was
}

// never is later than any event.
const never = int64(1<<62 - 1)

func newEngine(c Config, r *rand.Rand) *engine {
	e := &engine{Config: c, r: r, free: -1}
	e.pieces = int((c.Size + c.Piece - 1) / c.Piece)
	e.words = len(pick.NewSet(e.pieces))
	e.pipe = max(c.Pipeline, c.SeedPipeline)
	e.hosts = make([]host, len(c.Hosts))
	for i := range e.hosts {
		e.hosts[i].first, e.hosts[i].last = -1, -1
	}
	n := c.Files * len(c.Hosts)
	e.peers = make([]peer, n)
	e.have = make(pick.Set, n*e.words)
	e.told = make(pick.Set, n*e.words)
	e.asked = make(pick.Set, n*e.words)
	e.claimed = make(pick.Set, n*e.words)
	e.rare = make([]uint16, n*e.pieces)
	e.listed = make([][]int32, c.Files)
	e.place()
	return e
}

// place gives each peer the halves of its links, free at first.
func (e *engine) place() {
	degree := make([]int32, len(e.Hosts))
	for i := range degree {
		if e.Tracker != nil {
			degree[i] = int32(e.most(int32(i)))
		}
	}
	for _, d := range e.Edges {
		degree[d.A]++
		degree[d.B]++
	}
	total := int32(0)
	for v := range e.peers {
		e.peers[v].start = total
		total += degree[e.host(int32(v))]
		e.peers[v].end = total
		e.peers[v].done = -1
		e.peers[v].missing = int32(e.pieces)
	}
	e.halves = make([]half, total)
	for i := range e.halves {
		e.halves[i].to = -1
	}
	e.out = make([]int32, int(total)*e.pipe)
}

// most is how many links a peer may have under a tracker.
func (e *engine) most(v int32) int {
	if e.seed(v) {
		return e.Tracker.SeedLinks
	}
	return e.Tracker.Links
}

func (e *engine) host(v int32) int32 { return v % int32(len(e.Hosts)) }
func (e *engine) seed(v int32) bool  { return int(e.host(v)) < e.Seeds }

// wants says whether v downloads now.
func (e *engine) wants(v int32) bool {
	p := &e.peers[v]
	return p.begun && !p.left && p.missing > 0
}

// set returns the set of v among those of all peers.
func (e *engine) set(of pick.Set, v int32) pick.Set {
	return of[int(v)*e.words : (int(v)+1)*e.words]
}

// size is how many bytes a piece has.
func (e *engine) size(piece int32) int64 {
	return min(e.Piece, e.Size-int64(piece)*e.Piece)
}

// start fills the seeds, makes the links and plans what comes from outside.
func (e *engine) start() {
	for v := range int32(len(e.peers)) {
		h := e.Hosts[e.host(v)]
		if e.seed(v) {
			e.fillSeed(v)
		} else {
			e.busy++
			e.wanted += int64(e.pieces)
			e.add(int64(h.Start), begin, v, 0)
			e.gotAt = max(e.gotAt, int64(h.Start))
		}
		if h.Leave > 0 {
			e.add(int64(h.Leave), leave, v, 0)
		}
	}
	for f := range int32(e.Files) {
		base := f * int32(len(e.Hosts))
		for _, d := range e.Edges {
			e.link(base+d.A, base+d.B)
		}
	}
	e.startTurns()
}

func (e *engine) fillSeed(v int32) {
	e.set(e.have, v).AddRange(0, e.pieces)
	e.set(e.told, v).AddRange(0, e.pieces)
	e.peers[v].missing, e.peers[v].begun = 0, true
}

// begin lets v ask for the first time.
func (e *engine) begin(v int32) {
	if e.peers[v].left {
		return
	}
	e.peers[v].begun = true
	if e.Timeout > 0 {
		e.add(e.now+int64(e.Timeout)/2, watch, v, 0)
	}
	if e.Tracker != nil {
		file := v / int32(len(e.Hosts))
		e.listed[file] = append(e.listed[file], v)
		e.announce(v)
	}
	e.refillAll(v)
}

// leave takes v out of the swarm, with its links and all that it had.
func (e *engine) leave(v int32) {
	p := &e.peers[v]
	if p.left {
		return
	}
	p.left = true
	if p.missing > 0 {
		e.busy--
	}
	for h := p.start; h < p.end; h++ {
		if e.halves[h].to >= 0 {
			e.unlink(h)
		}
	}
}
