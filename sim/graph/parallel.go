package graph

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// share calls f(i) for each i from 0 to n-1, each core with the f that start made
// for it. What f does must depend on i alone and be kept by i, so that the cores'
// order never shows. When ctx ends, share stops soon, with its error.
func share(ctx context.Context, n int, start func() func(i int)) error {
	var (
		wg   sync.WaitGroup
		next atomic.Int64
	)
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			f := start()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
