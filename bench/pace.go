package main

import (
	"crypto/sha256"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	paceTable = 8 << 20 // entries, of 4 bytes: more than the caches hold
	paceHops  = 400_000
	paceHash  = 16 << 20 // bytes
	paceTries = 5
)

// pacer tells how fast the machine is at the moment: others that use it slow a
// search, and this as well.
type pacer struct{ next []uint32 }

func newPacer() *pacer {
	next := make([]uint32, paceTable)
	order := rand.New(rand.NewPCG(7, 8)).Perm(paceTable)
	for i, at := range order {
		next[at] = uint32(order[(i+1)%paceTable])
	}
	return &pacer{next}
}

// time returns the milliseconds that a fixed piece of work takes on all cores at
// once, the median of some: hops through memory, each of which waits for the one
// before, and a hash.
func (p *pacer) time() float64 {
	took := make([]float64, paceTries)
	for i := range took {
		start := time.Now()
		var all sync.WaitGroup
		for core := range runtime.GOMAXPROCS(0) {
			all.Go(func() { p.work(uint32(core)) })
		}
		all.Wait()
		took[i] = time.Since(start).Seconds() * 1e3
	}
	slices.Sort(took)
	return took[paceTries/2]
}

func (p *pacer) work(at uint32) {
	for range paceHops {
		at = p.next[at]
	}
	buf := make([]byte, 1<<20)
	buf[0] = byte(at) // else the hops could be left out
	for range paceHash / len(buf) {
		sum := sha256.Sum256(buf)
		copy(buf, sum[:])
	}
}
