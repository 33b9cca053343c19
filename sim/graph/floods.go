package graph

import (
	"context"
	"runtime"
)

// Floods does what [Graph.Flood] does for each of sources, on all cores. Floods
// that reach much of the graph are run hundreds at once, others one by one; a few
// of them, run first, tell which it is. What it returns is the same.
func Floods(ctx context.Context, g *Graph, sources []int32, ttl int) ([]Flood, error) {
	floods := make([]Flood, len(sources))
	if !atOnce(g, sources, ttl) {
		err := share(ctx, len(sources), func() func(int) {
			b := NewBFS(g)
			return func(i int) { floods[i] = b.Flood(int(sources[i]), ttl) }
		})
		return floods, err
	}
	s := coreOf(g)
	err := share(ctx, (len(sources)+laneCount-1)/laneCount, func() func(int) {
		b := newBatch(s)
		return func(i int) {
			begin, end := i*laneCount, min((i+1)*laneCount, len(sources))
			b.flood(sources[begin:end], ttl, floods[begin:end])
		}
	})
	return floods, err
}

const (
	samples     = 8       // floods that are run to see how many messages they send
	mostBatches = 1 << 30 // bytes that the batches of all cores may take
)

// atOnce says whether it pays to run the floods at once: when those of a batch
// send more messages than it looks at edges. Measured on graphs of 10,000 to
// 1,000,000 nodes, either takes about as long.
func atOnce(g *Graph, sources []int32, ttl int) bool {
	cores := min(runtime.GOMAXPROCS(0), (len(sources)+laneCount-1)/laneCount)
	if len(sources) < samples || int64(cores)*int64(g.Len())*batchBytes > mostBatches {
		return false
	}
	b := NewBFS(g)
	messages, looks := 0, 0
	for i := range samples {
		f := b.Flood(int(sources[i*len(sources)/samples]), ttl)
		messages += f.Messages
		looks += len(f.SentAt) * len(g.to)
	}
	return messages*min(len(sources), laneCount) > looks
}
