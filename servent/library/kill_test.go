package library

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// scanChild is the environment variable that makes this test binary scan a
// folder, in place of testing: folder and cache, with a list separator between.
const scanChild = "LIBRARY_TEST_SCAN"

// killingTime is about how long TestKilledScans may take.
const killingTime = 15 * time.Second

// childScan scans what TestKilledScans wants, and tells on standard output how
// many files it has to hash, and when it has done so.
func childScan(what string) error {
	dir, path, _ := strings.Cut(what, string(os.PathListSeparator))
	told := false
	l := New(Config{CachePath: path, OnProgress: func(p Progress) {
		if p.TotalFiles > 0 && !told {
			told = true
			fmt.Fprintln(os.Stdout, "hash", p.TotalFiles)
		}
	}})
	if err := l.Add(context.Background(), dir); err != nil {
		return err
	}
	files, _ := l.Totals()
	fmt.Fprintln(os.Stdout, "done", files)
	return l.Close()
}

// records counts what the cache holds of a folder.
func records(t *testing.T, dir, path string) (n int) {
	t.Helper()
	c, why, err := openCache(path)
	if err != nil || why != nil {
		t.Fatalf("the cache is damaged after a kill: %v, %v", why, err)
	}
	defer func() { _ = c.close() }() // nothing was written
	if err := c.load(dir, func(_, _ []byte) { n++ }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKilledScans kills a scan at random moments. Each start reads what was not
// recorded and nothing else, and in the end every hash is right.
func TestKilledScans(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const files = 4000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir, path := tempDir(t), cachePath(t)
	content := func(i int) string { return strings.Repeat(fmt.Sprintf("%d ", i), 400) }
	for i := range files {
		write(t, dir, fmt.Sprintf("%02d/file %d.txt", i%20, i), content(i))
	}
	begin := time.Now()
	killedScan(t, dir, path, time.Hour)
	whole := time.Since(begin)
	kills := min(50, int(killingTime/whole)) // fewer under the race detector
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	recorded, interrupted := 0, 0
	for i := range kills {
		said := killedScan(t, dir, path, time.Duration(rnd.Int64N(int64(whole))))
		if len(said) > 0 && said[0] != fmt.Sprintf("hash %d", files-recorded) && recorded < files {
			t.Errorf("with %d of %d files recorded the scan says %q", recorded, files, said)
		}
		if now := records(t, dir, path); now < recorded {
			t.Errorf("%d files recorded, %d before", now, recorded)
		} else {
			recorded = now
		}
		if recorded == files && i < kills-1 { // once more from the beginning
			recorded = 0
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if recorded > 0 {
			interrupted++
		}
	}
	t.Logf("%d of %d kills came with a part recorded", interrupted, kills)
	if kills == 50 && interrupted < 3 {
		t.Error("too few to show anything")
	}
	k := open(t, path, nil)
	add(t, k.Library, dir)
	k.wantHashed(t, files-recorded)
	indices := map[uint32]bool{}
	for f := range k.From(dir, "") {
		var folder, i int
		if _, err := fmt.Sscanf(f.Rel, "%d/file %d.txt", &folder, &i); err != nil || f.URN != urnOf(content(i)) {
			t.Errorf("%s: %v, %v", f.Rel, f.URN, err)
		}
		indices[f.Index] = true
	}
	if len(indices) != files {
		t.Errorf("%d indices for %d files", len(indices), files)
	}
}

// killedScan runs a scan, kills it after some time, and returns what it said.
func killedScan(t *testing.T, dir, path string, after time.Duration) (said []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), scanChild+"="+dir+string(os.PathListSeparator)+path)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() { _ = child.Process.Kill() }) // it may have ended
	defer kill.Stop()
	for s := bufio.NewScanner(out); s.Scan(); {
		said = append(said, s.Text())
	}
	if err := child.Wait(); err == nil && !slices.Contains(said, "done 4000") {
		t.Errorf("the scan ended with %q", said)
	}
	return said
}
