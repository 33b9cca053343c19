package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal"
)

// TestGetBeyond4GiB: a download of more than 4 GiB goes on beyond them: its last two
// blocks are asked for, come to their place and are recorded. All before is a hole in the
// file, and was recorded by the test, which ends before the whole is hashed.
func TestGetBeyond4GiB(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("holes in files would be written as zeros")
	}
	const size = 4<<30 + 3<<20 + 77
	part := tiger.PartSize(size)
	n := int((size + part - 1) / part)
	start := uint64(n-2) * part // of what is missing
	tail := noise(int(size - start))
	if start <= 1<<32 {
		t.Fatalf("block %d begins within 4 GiB", n-2)
	}
	var zeros tiger.Tree
	zeros.Write(make([]byte, part))
	roots := make([]tiger.Digest, n)
	had := make([]journal.Block, n-2)
	for i := range had {
		roots[i], had[i] = zeros.Root(), journal.Block{Index: i, Root: zeros.Root()}
	}
	roots[n-2], roots[n-1] = urnOf(tail[:part]).Tiger, urnOf(tail[part:]).Tiger
	j := Job{Name: "large.bin", Size: size, Dir: t.TempDir(), URN: protocol.URN{Tiger: tiger.Expand(roots)[0][0], HasTiger: true}}
	leavePart(t, &j, part, had)

	asked := make(chan protocol.Range, 100)
	j.Sources = []Source{{Name: "large.bin", Index: 1, Addr: rogue(t, func(conn net.Conn, r *http.Request) bool {
		var first, last uint64
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last) // 0 shows that it was none
		asked <- protocol.Range{First: first, End: last + 1}
		if first < start || last >= size {
			return false
		}
		return keepsAlive(partHead(int(first), int(last+1), size), string(tail[first-start:last+1-start]))(conn, r)
	})}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := NewClient(often()).Get(ctx, j, func(p Progress) {
		if p.State == StateVerifying {
			cancel()
		}
	})
	var kept *KeptError
	if !errors.As(err, &kept) || !errors.Is(err, context.Canceled) || kept.Bytes != size {
		t.Fatalf("error %v; want %d bytes kept", err, uint64(size))
	}
	for len(asked) > 0 {
		if r := <-asked; r.First < start || r.End > size {
			t.Errorf("asked for bytes %d to %d", r.First, r.End)
		}
	}
	f, err := os.Open(kept.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := make([]byte, len(tail)+int(part))
	if _, err := f.ReadAt(got, int64(start-part)); err != nil || !bytes.Equal(got[part:], tail) || !bytes.Equal(got[:part], make([]byte, part)) {
		t.Errorf("other bytes lie at the end, or before it (%v)", err)
	}
}

// leavePart makes what an interrupted download leaves that had some blocks: a hole.
func leavePart(t *testing.T, j *Job, part uint64, had []journal.Block) {
	t.Helper()
	o, err := openOutput(j, createPart)
	if err != nil {
		t.Fatal(err)
	}
	if o.begin(journal.Head{URN: j.URN, Size: j.Size, Block: part}, newPublisher()) == nil {
		t.Fatal("no journal")
	}
	if err := errors.Join(o.file.Truncate(int64(j.Size)), o.journal.Record(had)); err != nil {
		t.Fatal(err)
	}
	o.keep()
}
