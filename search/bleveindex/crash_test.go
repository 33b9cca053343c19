package bleveindex

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

// writerDir is set for a process that TestKilled starts.
const writerDir = "BLEVEINDEX_TEST_WRITER"

// batchDocs are the documents of one batch of the writer. Each batch deletes
// half of the one before.
const perBatch = 300

func batchDocs(n int) []search.Doc { return some(n*perBatch, perBatch) }

func deletedBy(n int) []search.DocID {
	var del []search.DocID
	for i := range perBatch / 2 {
		del = append(del, search.DocID((n-1)*perBatch+i))
	}
	return del
}

// TestWriter is not a test but what TestKilled kills: it applies batches for
// ever, and names each once it has been applied.
func TestWriter(t *testing.T) {
	dir := os.Getenv(writerDir)
	if dir == "" {
		t.Skip("runs as a process of TestKilled")
	}
	o := &owner{}
	o.open(t, dir, 0)
	for n := 1; ; n++ {
		if err := o.Apply(batchDocs(n), deletedBy(n)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(os.Stdout, n)
	}
}

// TestKilled kills a writer at moments by chance: every batch that was applied
// is there, and the one under way as a whole or not at all.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	for round := range 8 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "index")
			last := killedAfter(t, dir, 1+rand.IntN(25))
			o := &owner{docs: map[search.DocID]search.Doc{}}
			for n := 1; n <= last+1; n++ {
				for _, d := range batchDocs(n) {
					o.docs[d.ID] = d
				}
			}
			o.open(t, dir, 0)
			if o.Fresh() {
				t.Fatal("begun anew")
			}
			whole := (last-1)*perBatch/2 + perBatch
			next := last*perBatch/2 + perBatch
			if got := o.Len(); got != whole && got != next {
				t.Errorf("%d documents; want %d, or %d with the batch under way", got, whole, next)
			}
			if got := o.findAll(t); len(got) != o.Len() {
				t.Errorf("found %d of %d", len(got), o.Len())
			}
			if err := o.Apply(batchDocs(last+1), deletedBy(last+1)); err != nil {
				t.Fatal(err)
			}
			if o.Len() != next {
				t.Errorf("%d documents after the batch was repeated, want %d", o.Len(), next)
			}
		})
	}
}

// killedAfter runs a writer until it has named n batches, kills it a little
// later, and returns the last batch that it named.
func killedAfter(t *testing.T, dir string, n int) (last int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestWriter$")
	cmd.Env = append(os.Environ(), writerDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		got, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
		if last = got; last == n {
			cancel() // kills it, in the middle of the next batch
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
		t.Fatalf("the writer has ended by itself: %v", err)
	}
	return last
}
