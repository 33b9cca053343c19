package load

import "slices"

// Query is one search: for files whose names have all its words or, where
// files have no names, for one file.
type Query struct {
	ID    uint64 // its place in the workload; seeds what is random about it
	From  int32  // who asks
	File  int32  // whose name the words were taken from
	Words []Word
}

// lengths are how many words queries have: 3.54 on average, and in 83 % at most
// 5, as was measured in Gnutella (see docs/decisions/0015).
func lengths() []level[int] {
	return []level[int]{
		{150, 1},
		{250, 2},
		{190, 3},
		{140, 4},
		{100, 5},
		{60, 6},
		{40, 7},
		{30, 8},
		{20, 9},
		{20, 10},
	}
}

// Query returns the search with that number. Who asks is any peer that is up;
// what is asked for follows the popularity of files.
func (w *Workload) Query(id uint64) Query {
	r := stream{draw(w.cfg.Seed, forQuery, id)}
	q := Query{ID: id, From: w.asker(&r), File: int32(find(w.asked, r.unit()))}
	q.Words = w.AppendName(nil, q.File)
	keep := min(len(q.Words), pick(lengths(), r.next()))
	for i := range keep {
		j := i + int(r.below(uint64(len(q.Words)-i)))
		q.Words[i], q.Words[j] = q.Words[j], q.Words[i]
	}
	q.Words = slices.Clip(q.Words[:keep])
	return q
}

func (w *Workload) asker(r *stream) int32 {
	for {
		if p := int32(r.below(uint64(w.cfg.Peers))); !w.Left(p) {
			return p
		}
	}
}

// Targets are the peers that share what a query asks for, and how many such
// files each has.
type Targets struct {
	Files  []int32 // ascending
	Peers  []int32 // ascending, each once
	Counts []int32 // files, by place in Peers
	Copies int     // at peers that are up
}

// Find sets t to the answer that a query would get from somebody who knew
// everything. It reuses what t has. The asker's own files do not count.
func (w *Workload) Find(q *Query, t *Targets) {
	t.Files = w.AppendMatches(t.Files[:0], q)
	all := t.Peers[:0]
	for _, f := range t.Files {
		all = append(all, w.Holders(f)...)
	}
	slices.Sort(all)
	t.Peers, t.Counts, t.Copies = all[:0], t.Counts[:0], 0
	for i := 0; i < len(all); {
		p, n := all[i], int32(0)
		for ; i < len(all) && all[i] == p; i++ {
			n++
		}
		if p == q.From {
			continue
		}
		t.Peers = append(t.Peers, p)
		t.Counts = append(t.Counts, n)
		if !w.Left(p) {
			t.Copies += int(n)
		}
	}
}
