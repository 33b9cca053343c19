package load

import "github.com/seed282dab8e/servent/sim/exact"

// Workload is what all models get. It does not change, so any number of
// goroutines may read it.
type Workload struct {
	cfg        Config
	capacities []level[float64]
	down       []uint64 // peers that have crashed unnoticed

	asked   []float64 // how often files up to and with each are asked for, summed
	start   []int32   // where the holders of each file begin, and one more
	holders []int32   // ascending for each file

	words *words // nil when files have no names
}

// New makes the workload. An error names the field that is wrong.
func New(c Config) (*Workload, error) {
	c.setDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	w := &Workload{cfg: c, capacities: capacities()}
	w.findDown()
	popularity := exact.Zipf(c.Files, c.Zipf)
	if err := w.place(popularity); err != nil {
		return nil, err
	}
	w.asked = sums(popularity)
	if c.NameWords > 0 {
		w.words = newWords(c)
	}
	return w, nil
}

// Config returns what the workload was made from, with the defaults filled in.
func (w *Workload) Config() Config { return w.cfg }

// Peers returns how many peers there are, from 0 on.
func (w *Workload) Peers() int { return w.cfg.Peers }

// Files returns how many files there are, from 0 on, the most asked for first.
func (w *Workload) Files() int { return w.cfg.Files }

// Copies returns how many copies of all files there are.
func (w *Workload) Copies() int { return len(w.holders) }

// Holders returns the peers that share the file, ascending. They must not be
// changed.
func (w *Workload) Holders(file int32) []int32 {
	return w.holders[w.start[file]:w.start[file+1]:w.start[file+1]]
}
