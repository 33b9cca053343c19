package load

import (
	"fmt"
	"slices"
)

// sums turns what is in q into the sums up to there, in place.
func sums(q []float64) []float64 {
	var sum float64
	for i, v := range q {
		sum += v
		q[i] = sum
	}
	return q
}

// mostOfSharers is the part of the sharing peers that may have one file, or one of them
// where these are few. Above it, finding one more that has it not would take for ever.
const mostOfSharers = 0.3

// place gives each copy to a peer that shares and does not have the file yet.
// Of n peers that share, the first x in a random order get the part
// (x/n)^(1/3) of all copies: with 40 % free riders, 7 % of all peers share
// about half of everything (Saroiu, Gummadi, Gribble 2002).
func (w *Workload) place(popularity []float64) error {
	sharers := w.sharers()
	if len(sharers) == 0 {
		return fmt.Errorf("load: of %d peers none shares: take more peers or fewer free riders", w.cfg.Peers)
	}
	most := max(1, int(mostOfSharers*float64(len(sharers))))
	copies := Replicate(w.cfg.Replication, popularity, w.cfg.Copies, most)
	w.start = make([]int32, len(copies)+1)
	for f, n := range copies {
		w.start[f+1] = w.start[f] + int32(n)
	}
	w.holders = make([]int32, w.start[len(copies)])
	have := make([]int32, w.cfg.Peers) // the file that was placed there last, and 1
	r := stream{draw(w.cfg.Seed, forPlaces, 0)}
	for f := range copies {
		holders := w.holders[w.start[f]:w.start[f+1]]
		for i := range holders {
			holders[i] = giveOne(&r, sharers, have, int32(f)+1)
		}
		slices.Sort(holders)
	}
	return nil
}

// giveOne finds a sharer that does not have the file, and gives it to it.
func giveOne(r *stream, sharers, have []int32, file int32) int32 {
	for {
		u := r.unit()
		p := sharers[int(u*u*u*float64(len(sharers)))]
		if have[p] != file {
			have[p] = file
			return p
		}
	}
}

// sharers returns the peers that share, in a random order.
func (w *Workload) sharers() []int32 {
	out := make([]int32, 0, w.cfg.Peers)
	for p := range w.cfg.Peers {
		if w.Shares(int32(p)) {
			out = append(out, int32(p))
		}
	}
	r := stream{draw(w.cfg.Seed, forOrder, 0)}
	for i := len(out) - 1; i > 0; i-- {
		j := r.below(uint64(i + 1))
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// Shelves is what each peer shares: the same as [Workload.Holders], turned
// around.
type Shelves struct {
	start []int32
	files []int32
}

// Shelves makes the shelves of all peers. It takes four bytes a copy and peer.
func (w *Workload) Shelves() *Shelves {
	s := &Shelves{start: make([]int32, w.cfg.Peers+1), files: make([]int32, len(w.holders))}
	for _, p := range w.holders {
		s.start[p+1]++
	}
	for p := range w.cfg.Peers {
		s.start[p+1] += s.start[p]
	}
	at := slices.Clone(s.start[:w.cfg.Peers])
	for f := range w.cfg.Files {
		for _, p := range w.Holders(int32(f)) {
			s.files[at[p]] = int32(f)
			at[p]++
		}
	}
	return s
}

// Of returns what the peer shares, ascending. It must not be changed.
func (s *Shelves) Of(peer int32) []int32 {
	return s.files[s.start[peer]:s.start[peer+1]:s.start[peer+1]]
}
