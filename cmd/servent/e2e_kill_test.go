//go:build loopback && unix

package main

import (
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
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
	// killedWithin is in how many hundredths of the time that a whole download takes
	// each is killed: there are some records by then, and some downloads end.
	killedWithin  = 38
	killedSources = 3
)

// TestKilledGet kills `servent get` with kill -9 at random moments. No start asks for
// a byte that the journal tells of, and whenever the file has its name it is right.
func TestKilledGet(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := mathrand.New(mathrand.NewPCG(seed, 0))
	shared := t.TempDir()
	sum := writeNoise(t, filepath.Join(shared, "noise.bin"), seed)
	k := &killed{home: newHome(t), dir: t.TempDir(), sum: sum}
	k.link = fmt.Sprintf("magnet:?xt=urn:sha1:%s&dn=noise.bin&xl=%d", base32.StdEncoding.EncodeToString(sum), killedSize)
	for range killedSources {
		wire := newTap(t, share(t, shared).ready.Listen)
		k.wires = append(k.wires, wire)
		k.link += "&xs=http://" + wire.addr + "/"
	}
	whole := k.undisturbed(t)
	span := whole * killedWithin / 100
	begin, fetched := time.Now(), k.fetched()
	n := 0
	for ; n < kills && time.Since(begin) < killingTime; n++ {
		k.round(t, time.Duration(rnd.Int64N(int64(span))))
	}
	k.run(t, wholeTime)
	k.finished(t)
	fetched = k.fetched() - fetched
	again := fetched - int64(k.done)*killedSize
	t.Logf("%d kills within %v each: %d starts went on from a record, %d downloads ended, %.1f of %.1f GB were fetched again (%.1f MB a kill)",
		n, span.Round(time.Millisecond), k.resumed, k.done, float64(again)/1e9, float64(fetched)/1e9, float64(again)/1e6/float64(n))
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
	wires     []*tap
	dir, link string
	sum       []byte

	recorded      []extent // in the journal after the last kill
	resumed, done int
}

// fetched is how many bytes have come.
func (k *killed) fetched() (n int64) {
	for _, w := range k.wires {
		n += w.bytes.Load()
	}
	return n
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

// run starts a download, which it kills after some time, and checks what it asks for.
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
	var asked []extent
	for _, w := range k.wires {
		w.idle.Wait()
		asked = append(asked, w.asked()...)
	}
	for _, a := range asked {
		for _, r := range k.recorded {
			if max(a.first, r.first) < min(a.end, r.end) {
				t.Errorf("asked for bytes %d to %d, and %d to %d were recorded", a.first, a.end, r.first, r.end)
			}
		}
	}
	if len(asked) > 0 && len(k.recorded) > 0 {
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
	before := lengthOf(k.recorded)
	k.recorded = recordedIn(filepath.Join(k.dir, "noise.bin.part.journal"))
	if now := lengthOf(k.recorded); now < before {
		t.Errorf("%d bytes are recorded, %d were", now, before)
	}
}

func lengthOf(all []extent) (n uint64) {
	for _, e := range all {
		n += e.end - e.first
	}
	return n
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
	k.recorded = nil
	k.done++
}

// recordedIn reads which bytes the journal of a download tells of.
func recordedIn(path string) []extent {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil // not begun
	}
	return blocksIn(b)
}

// blocksIn reads a journal: a head of 512 bytes ("SRVTBLKS", a version, the
// size of the file, that of its blocks, …, CRC-32C), and two halves of records, of
// which the one with the higher number counts. A record is its checksum, which goes on
// from the head's, the length of what follows, a number, flags, how many blocks it
// adds, and of each its index and its root.
func blocksIn(b []byte) (all []extent) {
	const head, recordHead, block, digest = 512, 21, 28, 24
	le := binary.LittleEndian
	if len(b) < head || string(b[:8]) != "SRVTBLKS" {
		return nil
	}
	seed, size, length := le.Uint32(b[head-4:]), le.Uint64(b[9:]), le.Uint64(b[17:])
	n := (size-1)/length + 1
	half := (recordHead + digest + n*digest + n*(recordHead+block) + 511) / 512 * 512
	newest := uint64(0)
	for b = b[head:]; len(b) > 0; b = b[min(half, uint64(len(b))):] {
		var seq uint64
		var blocks []extent
		for rest := b[:min(half, uint64(len(b)))]; len(rest) >= recordHead; {
			end := 8 + uint64(le.Uint32(rest[4:]))
			if end < recordHead || end > uint64(len(rest)) || crc32.Update(seed, crc32.MakeTable(crc32.Castagnoli), rest[4:end]) != le.Uint32(rest) {
				break
			}
			seq = le.Uint64(rest[8:])
			for i := range uint64(le.Uint32(rest[17:])) {
				first := uint64(le.Uint32(rest[recordHead+i*block:])) * length
				blocks = append(blocks, extent{first, min(first+length, size)})
			}
			rest = rest[end:]
		}
		if seq > newest {
			newest, all = seq, blocks
		}
	}
	return all
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
