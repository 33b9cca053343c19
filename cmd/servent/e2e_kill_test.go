//go:build loopback && unix

package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	killedSize = 512<<20 + 12345
	kills      = 50
	// killingTime is about how long TestKilledGet may kill: on slow machines less often.
	killingTime = 30 * time.Second
	// wholeTime is what one download may take.
	wholeTime = time.Minute
	// recordedEvery is how many bytes of a download are on their way to the journal
	// at most: ClientConfig.CheckpointBytes.
	recordedEvery = 64 << 20
)

// TestKilledGet kills `servent get` with kill -9 at random moments. Each start goes
// on from the last record in the journal, not a byte before it, and whenever the
// file has its name it is right.
func TestKilledGet(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := mathrand.New(mathrand.NewPCG(seed, 0))
	shared := t.TempDir()
	sum := writeNoise(t, filepath.Join(shared, "noise.bin"), seed)
	sharer := share(t, shared)
	wire := newTap(t, sharer.ready.Listen)
	k := &killed{
		home: newHome(t), wire: wire, dir: t.TempDir(), sum: sum,
		link: fmt.Sprintf("magnet:?xt=urn:sha1:%s&dn=noise.bin&xl=%d&xs=http://%s/",
			base32.StdEncoding.EncodeToString(sum), killedSize, wire.addr),
	}
	whole := k.undisturbed(t)
	span := 3 * whole * recordedEvery / killedSize // some records
	begin, fetched := time.Now(), wire.bytes.Load()
	n := 0
	for ; n < kills && time.Since(begin) < killingTime; n++ {
		k.round(t, time.Duration(rnd.Int64N(int64(span))))
	}
	k.run(t, wholeTime)
	k.finished(t)
	fetched = wire.bytes.Load() - fetched
	again := fetched - int64(k.done)*killedSize
	t.Logf("%d kills within %v each: %d starts went on from a record, %d downloads ended, %.1f of %.1f GB were fetched again (%.1f MB a kill), the sharer says it sent %.1f GB",
		n, span.Round(time.Millisecond), k.resumed, k.done, float64(again)/1e9, float64(fetched)/1e9, float64(again)/1e6/float64(n), float64(sharer.status(t).Transfer.Uploaded)/1e9)
	if n == kills && k.resumed < 5 {
		t.Error("too few went on from a record to show anything")
	}
	if k.done == 0 {
		t.Error("no download ended")
	}
}

// killed is a download that is killed again and again.
type killed struct {
	home      home
	wire      *tap
	dir, link string
	sum       []byte

	recorded      uint64 // in the journal after the last kill
	resumed, done int
}

// undisturbed downloads the file once and returns how long that takes.
func (k *killed) undisturbed(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	k.run(t, wholeTime)
	whole := time.Since(begin)
	k.finished(t)
	k.done = 0
	return whole
}

// run starts a download, which it kills after some time, and checks from where on
// it asks.
func (k *killed) run(t *testing.T, after time.Duration) {
	t.Helper()
	p := k.home.spawn(t, "get", "--json", "--connect-only", "--listen", "127.0.0.1:0", "--output", k.dir, k.link)
	select {
	case <-p.ended:
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			t.Fatalf("get: exit %d: %s", code, p.err.String())
		}
	case <-time.After(after):
		p.kill()
	}
	k.wire.idle.Wait()
	asked := k.wire.asked()
	if len(asked) > 0 && asked[0] != k.recorded {
		t.Errorf("asked from byte %d on, %d were recorded", asked[0], k.recorded)
	}
	if len(asked) > 0 && asked[0] > 0 {
		k.resumed++
	}
}

// round kills one download and looks at what it leaves.
func (k *killed) round(t *testing.T, after time.Duration) {
	t.Helper()
	k.run(t, after)
	if _, err := os.Lstat(filepath.Join(k.dir, "noise.bin")); err == nil {
		k.run(t, wholeTime) // takes it, and tidies up
		k.finished(t)
		return
	}
	before := k.recorded
	if k.recorded = recordIn(filepath.Join(k.dir, "noise.bin.part.journal")); k.recorded < before {
		t.Errorf("%d bytes are recorded, %d were", k.recorded, before)
	}
}

// finished checks the file and its folder, and removes the file.
func (k *killed) finished(t *testing.T) {
	t.Helper()
	path := filepath.Join(k.dir, "noise.bin")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha1.New()
	if _, err := io.Copy(sum, f); err != nil || string(sum.Sum(nil)) != string(k.sum) {
		t.Fatalf("the file is another: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(k.dir, "*")); len(left) != 1 {
		t.Errorf("the output folder holds %q", left)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	k.recorded = 0
	k.done++
}

// recordIn reads how many bytes the newer of two records tells of; 0: there is none.
// Each has 8 KiB: checksum and length, "SRVTJRNL", a version, a number, size, offset.
func recordIn(path string) (offset uint64) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	var last uint64
	for ; len(b) >= 8<<10; b = b[8<<10:] {
		size := binary.LittleEndian.Uint32(b[4:])
		if size < 33 || size > 8<<10-8 || crc32.ChecksumIEEE(b[8:8+size]) != binary.LittleEndian.Uint32(b) {
			continue
		}
		if n := binary.LittleEndian.Uint64(b[17:]); n > last {
			last, offset = n, binary.LittleEndian.Uint64(b[33:])
		}
	}
	return offset
}

// noiseOf makes a file of random bytes and returns them.
func noiseOf(t *testing.T, path string, size int) []byte {
	t.Helper()
	b := make([]byte, size)
	_, _ = mathrand.NewChaCha8([32]byte{1}).Read(b) // never fails
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// writeNoise makes a file of killedSize random bytes and returns its SHA-1.
func writeNoise(t *testing.T, path string, seed uint64) []byte {
	t.Helper()
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	sum := sha1.New()
	f, err := os.Create(path)
	if err == nil {
		_, err = io.CopyN(io.MultiWriter(f, sum), mathrand.NewChaCha8(key), killedSize)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return sum.Sum(nil)
}

// tap stands before a servent: it counts what that sends and notes what is asked.
type tap struct {
	addr  string
	bytes atomic.Int64
	idle  sync.WaitGroup // connections
	open  atomic.Int64   // likewise
	most  atomic.Int64   // of them at once

	mu   sync.Mutex
	from []uint64 // of each request, since asked was called
}

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tap{addr: l.Addr().String()}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.idle.Add(1)
			w.most.Store(max(w.most.Load(), w.open.Add(1)))
			go w.pass(conn, to)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
		w.idle.Wait()
	})
	return w
}

// pass passes on what both sides say. The other side is a process that ends.
func (w *tap) pass(conn net.Conn, to string) {
	defer w.idle.Done()
	defer w.open.Add(-1)
	defer conn.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer server.Close()
		w.requests(io.TeeReader(conn, server))
	}()
	b := make([]byte, 256<<10)
	for {
		n, err := server.Read(b)
		if n > 0 {
			_, werr := conn.Write(b[:n])
			if w.bytes.Add(int64(n)); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// requests notes from where on each request asks.
func (w *tap) requests(r io.Reader) {
	from := uint64(0)
	for s := bufio.NewScanner(r); s.Scan(); {
		switch line := s.Text(); {
		case strings.HasPrefix(line, "Range:"):
			_, _ = fmt.Sscanf(line, "Range: bytes=%d-", &from) // 0 shows that it was none
		case line == "":
			w.mu.Lock()
			w.from = append(w.from, from)
			w.mu.Unlock()
			from = 0
		}
	}
}

// asked returns from where on was asked since the last call.
func (w *tap) asked() []uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := w.from
	w.from = nil
	return from
}
