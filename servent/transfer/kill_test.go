package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
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

// TestKilledDownloads kills a download at random moments. Each start asks for what
// was not recorded and nothing else, and whenever the file has its name it is right.
func TestKilledDownloads(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	content := noise(32<<20 + 123)
	began := make(chan int, 10)
	addr := rogue(t, rangesOr416(content, began))
	dir := t.TempDir()
	part, final := filepath.Join(dir, "file.bin.part"), filepath.Join(dir, "file.bin")
	child := fmt.Sprintf("%s=%s %s %s", getChild, addr, urnOf(content), dir)
	begin := time.Now()
	killedGet(t, child, patience)
	whole := time.Since(begin)
	kills := min(50, int(killingTime/whole)) // fewer under the race detector
	<-began
	if err := os.Remove(final); err != nil {
		t.Fatal(err)
	}
	recorded, resumed, finished := uint64(0), 0, 0
	for range kills {
		for len(began) > 0 {
			<-began // of one that was killed before the server had read what it asked
		}
		killedGet(t, child, time.Duration(rnd.Int64N(int64(whole))))
		select {
		case at := <-began:
			if uint64(at) != recorded {
				t.Errorf("asked from byte %d on, %d were recorded", at, recorded)
			}
			if at > 0 {
				resumed++
			}
		default: // it did not come to ask
		}
		if holdsRight(t, final, content) {
			killedGet(t, child, patience) // takes it, and cleans up
			wantOnly(t, dir, "file.bin")
			if err := os.Remove(final); err != nil {
				t.Fatal(err)
			}
			finished++
		}
		recorded = recordedIn(t, part, recorded)
	}
	t.Logf("%d starts went on from a record, %d downloads ended", resumed, finished)
	if kills == 50 && resumed < 3 {
		t.Error("too few to show anything")
	}
	killedGet(t, child, patience)
	if !holdsRight(t, final, content) {
		t.Error("the last download did not end")
	}
	wantOnly(t, dir, "file.bin")
}

// recordedIn reads how far a download is for certain. It never goes back.
func recordedIn(t *testing.T, part string, before uint64) uint64 {
	t.Helper()
	c, err := readJournal(part + journalSuffix)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errJournal) { // not begun
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(part); errors.Is(err, fs.ErrNotExist) { // ended, and the journal is still to go
		return 0
	}
	if c.offset < before && c.offset > 0 {
		t.Errorf("%d bytes recorded, %d before", c.offset, before)
	}
	return c.offset
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
