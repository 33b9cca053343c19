package load

import "github.com/seed282dab8e/servent/sim/exact"

// level is one class of peers and how many of a million belong to it.
type level[V any] struct {
	weight uint64
	value  V
}

// pick returns the value of the class that u falls into.
func pick[V any](levels []level[V], u uint64) V {
	var sum uint64
	for _, l := range levels {
		sum += l.weight
	}
	at := exact.Below(u, sum)
	for _, l := range levels {
		if at < l.weight {
			return l.value
		}
		at -= l.weight
	}
	panic("load: no class for a peer") // unreachable: at is below the sum
}

// capacities are messages a second, in five steps from a modem to a server
// (Chawathe et al. 2003, table 1, after the measurements of Saroiu et al. 2002).
func capacities() []level[float64] {
	return []level[float64]{{200, 1}, {450, 10}, {300, 100}, {49, 1000}, {1, 10000}}
}

// Access is how a peer's machine is attached.
type Access struct {
	Kind     string
	Up, Down int // bytes a second
}

// Fibre is the fastest kind of access.
func Fibre() Access { return Access{"fibre", 4_280_818, 8_165_793} }

// accesses are the means of four kinds of access and how many peers had each.
func accesses() []level[Access] {
	return []level[Access]{
		{1601, Access{"DSL", 87_355, 1_202_843}},
		{758, Access{"cable", 158_001, 1_856_966}},
		{258, Fibre()},
		{47, Access{"wireless", 89_000, 236_111}},
	}
}

// Accesses lists the kinds of access, that of most peers first.
func Accesses() []Access {
	var all []Access
	for _, l := range accesses() {
		all = append(all, l.value)
	}
	return all
}

// Capacity returns how many messages a second the peer can handle.
func (w *Workload) Capacity(peer int32) float64 {
	return pick(w.capacities, draw(w.cfg.Seed, forCapacity, uint64(peer)))
}

// Access returns how the peer is attached.
func (w *Workload) Access(peer int32) Access { return AccessOf(w.cfg.Seed, peer) }

// AccessOf is [Workload.Access] of every workload with that seed, for who needs no more
// of it.
func AccessOf(seed uint64, peer int32) Access {
	return pick(accesses(), draw(seed, forAccess, uint64(peer)))
}

// Shares says whether the peer shares files at all.
func (w *Workload) Shares(peer int32) bool {
	return exact.Unit(draw(w.cfg.Seed, forSharing, uint64(peer))) >= w.cfg.FreeRiders
}

// Firewalled says whether nobody can connect to the peer.
func (w *Workload) Firewalled(peer int32) bool {
	return exact.Unit(draw(w.cfg.Seed, forFirewall, uint64(peer))) < w.cfg.Firewalled
}

// Left says whether the peer has crashed so short a time ago that nobody has
// noticed yet.
func (w *Workload) Left(peer int32) bool {
	return len(w.down) > 0 && w.down[peer/64]>>(peer%64)&1 != 0
}

// Down is the set of peers of which [Workload.Left] is true, one bit each; nil
// when there are none. It must not be changed.
func (w *Workload) Down() []uint64 { return w.down }

// Departures returns how many of the peers leave in a second, on average; as
// many new ones come.
func (w *Workload) Departures() float64 {
	mean := w.cfg.Session.Mean()
	if mean == 0 {
		return 0
	}
	return float64(w.cfg.Peers) / mean.Seconds()
}

// findDown draws who has crashed unnoticed: the network was last right Lag ago,
// and since then some have come to the end of their session.
func (w *Workload) findDown() {
	if w.cfg.Session.Scale == 0 || w.cfg.Lag == 0 {
		return
	}
	rest := w.cfg.Session.Residuals()
	down := make([]uint64, (w.cfg.Peers+63)/64)
	for p := range w.cfg.Peers {
		left := rest.At(draw(w.cfg.Seed, forSession, uint64(p))) < w.cfg.Lag
		if left && exact.Unit(draw(w.cfg.Seed, forCrash, uint64(p))) < w.cfg.Crashes {
			down[p/64] |= 1 << (p % 64)
		}
	}
	w.down = down
}
