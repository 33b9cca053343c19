package study

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// Shard is part I of N of a sweep, from 1 on. The zero value is all of it.
type Shard struct{ I, N int }

// Has says whether the point with that place belongs to the shard.
func (s Shard) Has(place int) bool { return s.N == 0 || place%s.N == s.I-1 }

// String returns "2/8"; nothing for all.
func (s Shard) String() string {
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.I, s.N)
}

// MaxShards is how many parts a sweep may have.
const MaxShards = 10_000

// ParseShard reads "i/n".
func ParseShard(text string) (Shard, error) {
	var s Shard
	if text == "" {
		return s, nil
	}
	n, _ := fmt.Sscanf(text, "%d/%d", &s.I, &s.N)
	if n != 2 || s.String() != text || s.I < 1 || s.N < s.I || s.N > MaxShards {
		return Shard{}, fmt.Errorf("%q is no part of a sweep: want i/n, such as 1/4, with i from 1 to n and n up to %d", text, MaxShards)
	}
	return s, nil
}

// Options says how a sweep is run. None of it changes what comes out.
type Options struct {
	Shard Shard
	// Memory is how many bytes points that run side by side may take together, as
	// they estimate it; one alone may take more. 0: any number.
	Memory int64
	// Progress, when not nil, is told from 0 to 1 how much is done, and what is
	// being done. It is called from one goroutine at a time.
	Progress func(done float64, point string)
	// Leave, when it is closed after ctx has ended, makes Run return without the
	// points that have not ended yet: making a network of a million peers takes
	// seconds in which nothing looks at ctx. They run on until the program ends, and
	// nobody is told what they give. Nil: Run waits for all.
	Leave <-chan struct{}
}

// Run runs the points of a study on all cores. When ctx ends it returns what is
// done, together with the error of ctx.
func Run(ctx context.Context, info Info, s Study, o Options) (*Results, error) {
	points, err := Ready(s)
	if err != nil {
		return nil, err
	}
	r := &runner{
		points: points, results: newResults(info, s, len(points)),
		fractions: make([]float64, len(points)), progress: o.Progress, room: newRoom(o.Memory), leave: o.Leave,
	}
	r.results.Shard = o.Shard.String()
	for i, p := range points {
		r.results.Points[i].Name = p.Name
		if o.Shard.Has(i) {
			r.total += p.weight()
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.fail = cancel
	r.runAll(ctx, o.Shard)
	if err := context.Cause(ctx); err != nil {
		return r.results, err
	}
	return r.results, nil
}

// Ready returns the points of a study that has all it needs to run. An error names
// the parameter that is to blame.
func Ready(s Study) ([]Point, error) {
	if c, ok := s.(Checker); ok {
		if err := c.Check(); err != nil {
			return nil, err
		}
	}
	return s.Points()
}

// runner runs the points of one sweep.
type runner struct {
	points  []Point
	results *Results
	fail    context.CancelCauseFunc
	room    *room
	leave   <-chan struct{}

	mu        sync.Mutex
	progress  func(float64, string)
	fractions []float64 // of each point, what is done
	total     float64
}

// runAll runs first the points that use all cores, one at a time, then the others side by side.
func (r *runner) runAll(ctx context.Context, shard Shard) {
	narrow := make(chan int, len(r.points))
	for i, p := range r.points {
		switch {
		case !shard.Has(i):
		case p.Wide:
			r.runOne(ctx, i)
		default:
			narrow <- i
		}
	}
	close(narrow)
	var wg sync.WaitGroup
	for range Workers() {
		wg.Go(func() {
			for i := range narrow {
				r.room.enter(r.points[i].Memory)
				r.runOne(ctx, i)
				r.room.leave(r.points[i].Memory)
			}
		})
	}
	wg.Wait()
}

// Workers is how many points run at a time.
func Workers() int { return runtime.GOMAXPROCS(0) }

func (r *runner) runOne(ctx context.Context, i int) {
	if ctx.Err() != nil {
		return
	}
	r.tick(i, 0)
	got, err := r.await(ctx, i)
	if ctx.Err() != nil {
		return
	}
	var raw json.RawMessage
	if err == nil {
		raw, err = json.Marshal(got)
		raw = canonical(raw)
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			err = fmt.Errorf("%s: %w", r.points[i].Name, err)
		}
		r.fail(err)
		return
	}
	r.results.Points[i].Result = raw
	r.tick(i, 1)
}

// await runs a point until it ends, or is left.
func (r *runner) await(ctx context.Context, i int) (got any, err error) {
	ended := make(chan struct{})
	var result any
	var failed error
	go func() {
		defer close(ended)
		result, failed = r.points[i].Run(ctx, func(done float64) {
			if ctx.Err() == nil {
				r.tick(i, done)
			}
		})
	}()
	select {
	case <-ended:
		return result, failed
	case <-r.leave:
		return nil, context.Cause(ctx)
	}
}

// tick notes that a point has come so far.
func (r *runner) tick(i int, done float64) {
	if r.progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fractions[i] = max(r.fractions[i], min(done, 1))
	var sum float64
	for j, f := range r.fractions {
		sum += float64(f * r.points[j].weight())
	}
	r.progress(sum/r.total, r.points[i].Name)
}

func (p Point) weight() float64 {
	if p.Weight <= 0 {
		return 1
	}
	return p.Weight
}

// Count returns how many of the points belong to the shard.
func (s Shard) Count(points int) int {
	n := 0
	for i := range points {
		if s.Has(i) {
			n++
		}
	}
	return n
}

// Memory estimates how many bytes a sweep needs at least: those of its largest point.
func Memory(points []Point, shard Shard) int64 {
	var most int64
	for i, p := range points {
		if shard.Has(i) {
			most = max(most, p.Memory)
		}
	}
	return most
}
