package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal"
)

// getChild is the environment variable that makes this test binary download, in
// place of testing: addresses with commas, URN and folder.
const getChild = "TRANSFER_TEST_GET"

// killingTime is about how long TestKilledDownloads may take.
const killingTime = 15 * time.Second

// childGet downloads what TestKilledDownloads and TestKilledSwarm want.
func childGet(what string) error {
	fields := strings.SplitN(what, " ", 3)
	urn, err := protocol.ParseURN(fields[1])
	if err != nil {
		return err
	}
	cfg := quick()
	cfg.CheckpointBytes = 1 << 20
	j := Job{URN: urn, Name: "file.bin", Dir: fields[2]}
	for text := range strings.SplitSeq(fields[0], ",") {
		addr, err := netip.ParseAddrPort(text)
		if err != nil {
			return err
		}
		j.Sources = append(j.Sources, Source{Addr: addr})
	}
	_, err = NewClient(cfg).Get(context.Background(), j, nil)
	return err
}

// TestKilledDownloads kills a download at random moments. No start asks for a block
// that was recorded, and whenever the file has its name it is right.
func TestKilledDownloads(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	content := noise(32<<20 + 123)
	asked := make(chan protocol.Range, 4096)
	addr := rogue(t, func(conn net.Conn, r *http.Request) bool {
		at, end := rangeOf(r, len(content))
		asked <- protocol.Range{First: uint64(at), End: uint64(end)}
		return says(fmt.Sprintf("HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n", at, end-1, len(content), end-at), string(content[at:end]))(conn, r) || true
	})
	dir := t.TempDir()
	part, final := filepath.Join(dir, "file.bin.part"), filepath.Join(dir, "file.bin")
	child := fmt.Sprintf("%s=%s %s %s", getChild, addr, urnOf(content), dir)
	begin := time.Now()
	killedGet(t, child, patience)
	whole := time.Since(begin)
	kills := min(50, int(killingTime/whole)) // fewer under the race detector
	drained(asked)
	if err := os.Remove(final); err != nil {
		t.Fatal(err)
	}
	resumed, finished := 0, 0
	for range kills {
		recorded := recordedIn(t, part, content)
		killedGet(t, child, time.Duration(rnd.Int64N(int64(whole))))
		for _, r := range drained(asked) {
			for i := r.First / tiger.MinPart; i*tiger.MinPart < r.End; i++ {
				if recorded[int(i)] {
					t.Errorf("asked for bytes %d to %d; block %d was recorded", r.First, r.End, i)
				}
			}
		}
		if len(recorded) > 0 {
			resumed++
		}
		if holdsRight(t, final, content) {
			killedGet(t, child, patience) // takes it, and cleans up
			wantOnly(t, dir, "file.bin")
			if err := os.Remove(final); err != nil {
				t.Fatal(err)
			}
			finished++
		}
	}
	t.Logf("of %d starts %d went on from records, %d downloads ended", kills, resumed, finished)
	if kills == 50 && resumed < 3 {
		t.Error("too few to show anything")
	}
	killedGet(t, child, patience)
	if !holdsRight(t, final, content) {
		t.Error("the last download did not end")
	}
	wantOnly(t, dir, "file.bin")
}

// drained takes what has been asked so far.
func drained(asked <-chan protocol.Range) (all []protocol.Range) {
	for {
		select {
		case r := <-asked:
			all = append(all, r)
		case <-time.After(20 * time.Millisecond): // what a source has yet to read
			return all
		}
	}
}

// recordedIn reads which blocks are recorded, and checks that the file holds them.
func recordedIn(t *testing.T, part string, content []byte) map[int]bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	text, err := os.ReadFile(part + journalSuffix)
	if errors.Is(err, fs.ErrNotExist) { // not begun
		return nil
	}
	err = errors.Join(err, os.WriteFile(path, text, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(path)
	if errors.Is(err, journal.ErrDamaged) && len(text) == 0 { // likewise
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	have, err := os.ReadFile(part)
	if errors.Is(err, fs.ErrNotExist) { // ended, and the journal is still to go
		return nil
	}
	recorded := make(map[int]bool)
	for i := 0; i*tiger.MinPart < len(content); i++ {
		if _, ok := j.Has(i); ok {
			recorded[i] = true
			from, to := i*tiger.MinPart, min((i+1)*tiger.MinPart, len(content))
			if !bytes.Equal(have[from:to], content[from:to]) {
				t.Errorf("block %d is recorded, and wrong", i)
			}
		}
	}
	return recorded
}

// holdsRight reports whether there is a file at path, which must hold content.
func holdsRight(t *testing.T, path string, content []byte) bool {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	if string(got) != string(content) {
		t.Fatal("a file of that name is not what was wanted")
	}
	return true
}

// killedGet runs a download and kills it after some time.
func killedGet(t *testing.T, env string, after time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), env)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() { _ = child.Process.Kill() }) // it may have ended
	defer kill.Stop()
	_ = child.Wait() // killed, as a rule
}
