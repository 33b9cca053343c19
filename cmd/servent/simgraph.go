package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
)

// bytesPerLink is what a line of a graph's file takes in memory while the graph is
// made, which is when it takes most, and the floods of that graph.
const bytesPerLink = 60 // 47 were seen where three lines come on a node

// graphMemory estimates how many bytes it takes to read and flood a graph by its
// size and its first lines, ids being no shorter later. 0: nobody knows, since it is no
// plain file.
func graphMemory(name string) (int64, error) {
	info, err := os.Stat(name) // a pipe is not opened twice
	switch {
	case err != nil:
		return 0, fmt.Errorf("--graph: %w", err)
	case info.IsDir():
		return 0, fmt.Errorf("--graph %s: that is a folder: name a file in it", name)
	case !info.Mode().IsRegular():
		return 0, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("--graph: %w", err)
	}
	defer file.Close()
	first, size := firstBytes(file, info.Size())
	lines := int64(bytes.Count(first, []byte("\n")) + 1)
	return bytesPerLink * lines * size / max(1, int64(len(first))), nil
}

// mostPacked is how many times as long a file can be unpacked: so a file that is cut
// off, whose last bytes are not its length, is not taken for a giant.
const mostPacked = 20

// firstBytes returns what a file begins with, unpacked, and how long all of it is.
func firstBytes(file *os.File, size int64) ([]byte, int64) {
	read := func(in io.Reader) []byte {
		b, _ := io.ReadAll(io.LimitReader(in, graph.MaxLine)) // what is wrong is told when it is read
		return b
	}
	in := bufio.NewReader(file)
	if magic, _ := in.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return read(in), size
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, 0
	}
	first := read(z)
	var length [4]byte // of what is packed, modulo 2^32: the end of a gzip file (RFC 1952)
	_, _ = file.ReadAt(length[:], size-4)
	return first, min(max(size, int64(binary.LittleEndian.Uint32(length[:]))), size*mostPacked)
}

func readGraph(name string, p *graphProgress) (*graph.Digraph, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--graph: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		p.begin(info.Size())
	}
	d, err := graph.Read(io.TeeReader(file, p))
	if err != nil {
		return nil, fmt.Errorf("--graph %s: %w", name, err)
	}
	return d, nil
}

// readingPart is what reading takes of all the time: the rest is for sorting links and
// the floods, which do not tell how far they are.
const readingPart = 0.07

// graphProgress shows how far the reading and flooding of a graph is.
type graphProgress struct {
	p    *studyProgress
	stop func()
	size int64 // of the file; 0: not known

	mu   sync.Mutex
	read int64
	last time.Time // when something was read
}

func (a *app) graphProgress() *graphProgress {
	g := &graphProgress{p: a.studyProgress("flood")}
	g.stop = repeatedly(200*time.Millisecond, func() { g.p.set(g.part(time.Now())) })
	return g
}

func (g *graphProgress) begin(size int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size = size
}

// Write counts what is read.
func (g *graphProgress) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read += int64(len(b))
	g.last = time.Now()
	return len(b), nil
}

// part says how much is done, and what is being done: after the reading, what its time
// lets one expect.
func (g *graphProgress) part(now time.Time) (float64, string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.size == 0 || g.read < g.size {
		return readingPart * float64(g.read) / float64(max(g.size, g.read, 1)), "reading"
	}
	took := g.last.Sub(g.p.begun)
	return min(0.99, readingPart*float64(now.Sub(g.p.begun))/float64(max(took, 1))), "sorting the links and flooding"
}

func (g *graphProgress) close() {
	g.stop()
	g.p.close()
}
