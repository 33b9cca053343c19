//go:build unix

package graph

import (
	"syscall"
	"testing"
)

// The benchmarks report millions of messages for each second of processor time
// that the process had, on all cores together.

// cpu returns the seconds of processor time that the process has had.
func cpu(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// measure reports the speed of floods, each of which returns its messages.
func measure(b *testing.B, flood func(i int) int) {
	b.Helper()
	flood(0) // grows what is reused
	messages := 0
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu(b)
	for i := range b.N {
		messages += flood(i)
	}
	b.ReportMetric(float64(messages)/1e6/(cpu(b)-start), "Mmsg/CPUs")
}

// graph31 is the largest of the SNAP graphs; where it is not at hand, one of about
// its size and degrees stands in, and the benchmark's name says so.
func graph31(b *testing.B) (name string, g *Graph) {
	b.Helper()
	if folder := snapFolder(); folder != "" {
		return "graph31", snap(b, folder, "31").Undirected()
	}
	g, err := PowerLaw(random(1), 62586, Powers{Min: 1, Max: 95, Mean: 4.73})
	if err != nil {
		b.Fatal(err)
	}
	return "like31", g
}

// latency is 20 to 200 ticks a message.
func latency(i int) Delay { return Delay{Lo: 20, Hi: 200, Seed: uint64(i)} }

// sources are n nodes that the degrees say nothing about.
func sources(g *Graph, n int) []int32 {
	r := random(7)
	list := make([]int32, n)
	for i := range list {
		list[i] = r.Int32N(int32(g.Len()))
	}
	return list
}

func BenchmarkLatency(b *testing.B) {
	name, g := graph31(b)
	floods := func(g *Graph, ttl int) func(b *testing.B) {
		return func(b *testing.B) {
			f, from := NewFlooder(g), sources(g, 1000)
			measure(b, func(i int) int { return f.Flood(int(from[i%len(from)]), ttl, latency(i)).Messages })
		}
	}
	b.Run(name, floods(g, 7))
	b.Run("regular10k", floods(Regular(random(1), 10_000, 4), 7))
	b.Run("regular100k", floods(Regular(random(1), 100_000, 4), 7))
	million := Regular(random(1), 1_000_000, 4)
	b.Run("million/TTL7", floods(million, 7))
	b.Run("million/TTL12", floods(million, 12))
	b.Run("million/full", floods(million, 100))
}

func BenchmarkBFS(b *testing.B) {
	name, g := graph31(b)
	floods := func(g *Graph, ttl int) func(b *testing.B) {
		return func(b *testing.B) {
			f, from := NewBFS(g), sources(g, 1000)
			measure(b, func(i int) int { return f.Flood(int(from[i%len(from)]), ttl).Messages })
		}
	}
	b.Run(name, floods(g, 7))
	b.Run("regular10k", floods(Regular(random(1), 10_000, 4), 7))
	million := Regular(random(1), 1_000_000, 4)
	b.Run("million/TTL7", floods(million, 7))
	b.Run("million/TTL12", floods(million, 12))
	b.Run("million/full", floods(million, 100))
}

func BenchmarkBatch(b *testing.B) {
	name, g := graph31(b)
	floods := func(g *Graph, ttl int) func(b *testing.B) {
		return func(b *testing.B) {
			m, from, floods := newBatch(coreOf(g)), sources(g, laneCount), make([]Flood, laneCount)
			measure(b, func(i int) int {
				m.flood(from, ttl, floods)
				messages := 0
				for _, f := range floods {
					messages += f.Messages
				}
				return messages
			})
		}
	}
	b.Run(name, floods(g, 7))
	b.Run("regular10k/TTL7", floods(Regular(random(1), 10_000, 4), 7))
	b.Run("regular10k/TTL12", floods(Regular(random(1), 10_000, 4), 12))
	b.Run("regular100k/TTL12", floods(Regular(random(1), 100_000, 4), 12))
}

func BenchmarkFloods(b *testing.B) {
	name, g := graph31(b)
	floods := func(g *Graph, n, ttl int) func(b *testing.B) {
		return func(b *testing.B) {
			from := sources(g, n)
			measure(b, func(int) int {
				all, err := Floods(b.Context(), g, from, ttl)
				if err != nil {
					b.Fatal(err)
				}
				messages := 0
				for _, f := range all {
					messages += f.Messages
				}
				return messages
			})
		}
	}
	b.Run(name, floods(g, 4096, 7))
	b.Run("regular10k/TTL7", floods(Regular(random(1), 10_000, 4), 4096, 7))
	b.Run("regular10k/TTL12", floods(Regular(random(1), 10_000, 4), 4096, 12))
	million := Regular(random(1), 1_000_000, 4)
	b.Run("million/TTL7", floods(million, 1024, 7))
	b.Run("million/TTL12", floods(million, 512, 12))
}
