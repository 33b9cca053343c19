package swarm

// Star links each of n hosts to each of the first seeds: all get the file from
// them alone.
func Star(seeds, n int) []Edge {
	var edges []Edge
	for v := seeds; v < n; v++ {
		for s := range seeds {
			edges = append(edges, Edge{int32(s), int32(v)})
		}
	}
	return edges
}

// Line links each of n hosts to the next.
func Line(n int) []Edge {
	edges := make([]Edge, 0, n)
	for v := 1; v < n; v++ {
		edges = append(edges, Edge{int32(v - 1), int32(v)})
	}
	return edges
}
