package graph

// Flood is what a flood costs and reaches when every message takes the same
// time: each node that gets its first copy with TTL to spare passes it on to
// every neighbour but the one it came from, and drops what comes later.
type Flood struct {
	Messages   int   // copies sent, duplicates included
	Reached    int   // nodes that got one, without the source
	Duplicates int   // copies that came second or later
	SentAt     []int // copies sent with hops 0, 1, ...
	ReachedAt  []int // nodes whose first copy had hops 0, 1, ...
}

// Flood counts what a flood from source costs and reaches. Its last copies are
// sent with hops ttl-1.
func (g *Graph) Flood(source, ttl int) Flood {
	var f Flood
	seen := make([]bool, g.Len())
	seen[source] = true
	front := []int32{int32(source)}
	for hop := 0; hop < ttl && len(front) > 0; hop++ {
		var next []int32
		sent := 0
		for _, v := range front {
			sent += g.Degree(int(v))
			if hop > 0 {
				sent-- // nothing goes back to where it came from
			}
			next = g.visit(v, seen, next)
		}
		if sent == 0 {
			break
		}
		f.Messages += sent
		f.Reached += len(next)
		f.SentAt = append(f.SentAt, sent)
		f.ReachedAt = append(f.ReachedAt, len(next))
		front = next
	}
	f.Duplicates = f.Messages - f.Reached
	return f
}

// visit appends to next the neighbours of v that were not seen, and marks them.
func (g *Graph) visit(v int32, seen []bool, next []int32) []int32 {
	for _, w := range g.Neighbours(int(v)) {
		if !seen[w] {
			seen[w] = true
			next = append(next, w)
		}
	}
	return next
}

// Distances returns how many edges lie between source and each node; -1 where
// there is no way.
func (g *Graph) Distances(source int) []int {
	dist := make([]int, g.Len())
	for v := range dist {
		dist[v] = -1
	}
	dist[source] = 0
	queue := []int32{int32(source)}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for _, w := range g.Neighbours(int(v)) {
			if dist[w] < 0 {
				dist[w] = dist[v] + 1
				queue = append(queue, w)
			}
		}
	}
	return dist
}

// Components returns the sizes of the connected components, in the order of
// their lowest nodes.
func (g *Graph) Components() []int {
	var sizes []int
	seen := make([]bool, g.Len())
	for v := range seen {
		if seen[v] {
			continue
		}
		seen[v] = true
		part := []int32{int32(v)}
		for i := 0; i < len(part); i++ {
			part = g.visit(part[i], seen, part)
		}
		sizes = append(sizes, len(part))
	}
	return sizes
}
