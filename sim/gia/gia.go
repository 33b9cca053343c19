// Package gia simulates Gia and what its authors held it against: Chawathe,
// Ratnasamy, Breslau, Lanham, Shenker, "Making Gnutella-like P2P systems
// scalable", SIGCOMM 2003 ("the paper" in this package). Peers differ in how
// many messages they can process in a second, what they cannot process waits,
// and the question is how many queries a peer may ask a second before answers
// cease to come: the collapse point.
//
// A [Design] says which of Gia's four components a network has. [NewOverlay]
// adapts a topology (section 3.2.1), [Build] makes a network that does not
// change any more, [Network.Run] sends queries through it, and [Collapse] looks
// for the collapse point. Everything follows from the *rand.Rand that is given,
// in integers, so it is the same on any machine.
//
// The paper's text was not at hand when this was written. What is told of it was
// told from memory, and checked where two of its figures imply a third.
package gia

// Design is a way to search. The zero value is a random walk over a random
// topology that knows of no file but a peer's own (RWRT, section 5.1, after Lv
// et al., ICS 2002).
type Design struct {
	Name string // as the paper has it

	Flood bool // to all neighbours, instead of a walk
	Super bool // the peers of the two highest classes flood among themselves and index the others

	OneHop  bool // a peer knows what its neighbours share (section 3.2.3)
	Biased  bool // a walk goes to the neighbour of the highest capacity (3.2.4)
	Adapted bool // the topology is that of section 3.2.1
	Tokens  bool // a query goes only where a token allows it (3.2.2)
}

// Flood is Gnutella: a flood over a random topology.
func Flood() Design { return Design{Name: "FLOOD", Flood: true} }

// RWRT is a random walk over a random topology.
func RWRT() Design { return Design{Name: "RWRT"} }

// Super is a flood over supernodes that index their leaves.
func Super() Design { return Design{Name: "SUPER", Flood: true, Super: true, OneHop: true} }

// Gia has all four components.
func Gia() Design {
	return Design{Name: "GIA", OneHop: true, Biased: true, Adapted: true, Tokens: true}
}

// Without returns Gia less each of its components, and With a random walk with
// each, both in the order of the paper's table.
func Without() []Design {
	designs := make([]Design, 0, len(components()))
	for _, c := range components() {
		d := Gia()
		d.Name = "GIA-" + c
		designs = append(designs, d.set(c, false))
	}
	return designs
}

// With returns a random walk with each of Gia's components: see [Without].
func With() []Design {
	designs := make([]Design, 0, len(components()))
	for _, c := range components() {
		d := RWRT()
		d.Name = "RWRT+" + c
		designs = append(designs, d.set(c, true))
	}
	return designs
}

// components returns the paper's names of them.
func components() []string { return []string{"OHR", "BIAS", "TADAPT", "FLWCTL"} }

func (d Design) set(component string, on bool) Design {
	switch component {
	case "OHR":
		d.OneHop = on
	case "BIAS":
		d.Biased = on
	case "TADAPT":
		d.Adapted = on
	case "FLWCTL":
		d.Tokens = on
	}
	return d
}
