package graph

// Flood is what a flood costs and reaches. A node that gets its first copy with
// TTL to spare passes it on to every neighbour but the one it came from, and
// drops what comes later.
type Flood struct {
	Messages   int   // copies sent, duplicates and lost ones included
	Reached    int   // nodes that got one, without the source
	Duplicates int   // copies that came second or later
	Lost       int   // copies to nodes that were down
	SentAt     []int // copies sent with hops 0, 1, ...
	ReachedAt  []int // nodes whose first copy had hops 0, 1, ...
}

// Flood counts what a flood from source costs and reaches when every message
// takes the same time. Its last copies are sent with hops ttl-1.
func (g *Graph) Flood(source, ttl int) Flood { return NewBFS(g).Flood(source, ttl) }

// hopCount counts the nodes whose first copy had crossed some number of links, and
// their neighbours.
type hopCount struct{ reached, degrees int }

// flood tells what a flood cost that reached nodes at 0, 1, ... hops; those at
// ttl hops sent nothing on. The first are the source.
func flood(at []hopCount, ttl int) Flood {
	hops := 0 // at which something was sent
	for hops < min(len(at), ttl) && at[hops].sent(hops) > 0 {
		hops++
	}
	if hops == 0 {
		return Flood{}
	}
	counts := make([]int, 2*hops)
	f := Flood{SentAt: counts[:hops:hops], ReachedAt: counts[hops:]}
	for hop := range hops {
		f.SentAt[hop] = at[hop].sent(hop)
		f.Messages += f.SentAt[hop]
		if hop+1 < len(at) {
			f.ReachedAt[hop] = at[hop+1].reached
			f.Reached += f.ReachedAt[hop]
		}
	}
	f.Duplicates = f.Messages - f.Reached
	return f
}

// sent returns how many copies went out: nothing goes back to where it came
// from, which the source alone did not have.
func (c hopCount) sent(hop int) int {
	if hop == 0 {
		return c.degrees
	}
	return c.degrees - c.reached
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
