package transfer

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
)

const (
	fourGiB  = 1 << 32
	zeroTail = 1<<20 + 77 // of the file of zeros beyond 4 GiB

	// zeroSum is what `head -c 4296015949 /dev/zero | sha1sum` says of that file,
	// and zeroState is where crypto/sha1 stands after its first 4 GiB.
	zeroSum   = "c25adb49a20fbfc76b179189ed3546fb080e6755"
	zeroState = "d6d0ccd0737c474d3119ccc0d168df143d2453be"
)

// zeros4GiB is the checkpoint of 4 GiB of zeros, without hashing them all: SHA-1
// from its known state, and a tiger tree whose halves are all the same.
func zeros4GiB(t *testing.T) checkpoint {
	t.Helper()
	c := checkpoint{size: fourGiB + zeroTail, offset: fourGiB}
	words, err := hex.DecodeString(zeroState)
	if err != nil {
		t.Fatal(err)
	}
	c.sha = append([]byte("sha\x01"), words...)
	c.sha = append(c.sha, make([]byte, 64)...) // no bytes of a block left over
	c.sha = binary.BigEndian.AppendUint64(c.sha, fourGiB)
	node := tiger.Sum(make([]byte, 1+tiger.LeafSize))
	for range 22 {
		node = tiger.Sum(slicesOf([]byte{1}, node[:], node[:]))
	}
	c.tree = binary.LittleEndian.AppendUint64([]byte{1}, fourGiB)
	c.tree = append(c.tree, node[:]...)
	if !c.states() {
		t.Fatal("these are no states after 4 GiB")
	}
	c.urn = zerosURN(t, c)
	return c
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// zerosURN goes on from c to the end of the file, and checks what that gives
// against another program.
func zerosURN(t *testing.T, c checkpoint) protocol.URN {
	t.Helper()
	sha, tree := newSHA1(), new(tiger.Tree)
	if err := errors.Join(sha.UnmarshalBinary(c.sha), tree.UnmarshalBinary(c.tree)); err != nil {
		t.Fatal(err)
	}
	sha.Write(make([]byte, zeroTail))
	tree.Write(make([]byte, zeroTail))
	u := protocol.URN{Tiger: tree.Root(), HasSHA1: true, HasTiger: true}
	if sha.Sum(u.SHA1[:0]); hex.EncodeToString(u.SHA1[:]) != zeroSum {
		t.Fatalf("sha1 %x, and sha1sum says %s", u.SHA1, zeroSum)
	}
	return u
}

// TestGetBeyond4GiB: an interrupted download of more than 4 GiB goes on beyond
// them, is interrupted there, and goes on again. All but the last mebibyte is a
// hole in the file, and was recorded by the test.
func TestGetBeyond4GiB(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 4 GiB")
	}
	if runtime.GOOS == "windows" {
		t.Skip("holes in files would be written as zeros")
	}
	c := zeros4GiB(t)
	j := Job{URN: c.urn, Name: "zeros.bin", Size: c.size, Dir: t.TempDir()}
	leavePart(t, &j, c)

	const stop = fourGiB + 600_001
	from := make(chan uint64, 10)
	kept := interruptedBeyond(t, j, stop, from)
	if at := <-from; at != fourGiB || kept.Bytes != stop {
		t.Errorf("asked from %d on, kept %d; want %d and %d", at, kept.Bytes, uint64(fourGiB), uint64(stop))
	}
	shared := newFolder(t)
	shared.addHole(t, "zeros.bin", c.size, c.urn)
	server, addr := startServer(t, ServerConfig{Files: shared})
	j.Sources = []Source{{Addr: addr}}
	r, err := NewClient(often()).Get(t.Context(), j, nil)
	if err != nil || !r.Verified || r.Existing || r.Bytes != c.size || r.URN != c.urn {
		t.Fatalf("%+v, %v", r, err)
	}
	if sent := server.Stats().Bytes; sent != c.size-stop {
		t.Errorf("%d bytes were sent, %d were missing", sent, c.size-stop)
	}
	if info, err := os.Stat(r.Path); err != nil || uint64(info.Size()) != c.size {
		t.Errorf("%v, %v", info, err)
	}
	wantOnly(t, j.Dir, "zeros.bin")
}

// leavePart makes what an interrupted download leaves that stood at c: a hole.
func leavePart(t *testing.T, j *Job, c checkpoint) {
	t.Helper()
	o, err := openOutput(j, createPart)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(o.file.Truncate(int64(c.offset)), o.journal.record(c)); err != nil {
		t.Fatal(err)
	}
	o.keep()
}

// interruptedBeyond downloads zeros up to byte stop.
func interruptedBeyond(t *testing.T, j Job, stop uint64, from chan<- uint64) *KeptError {
	t.Helper()
	first := uint64(0)
	j.Sources = []Source{{Addr: rogue(t, func(conn net.Conn, r *http.Request) bool {
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first) // 0 shows that it was none
		from <- first
		head := fmt.Sprintf("HTTP/1.1 206 Partial\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n",
			first, j.Size-1, j.Size, j.Size-first)
		return hangs(head, string(make([]byte, stop-min(first, stop))))(conn, r)
	})}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := NewClient(often())
	go cancelAt(ctx, cancel, client, int(stop-fourGiB))
	_, err := client.Get(ctx, j, nil)
	var kept *KeptError
	if !errors.As(err, &kept) {
		t.Fatalf("interrupted download: %v", err)
	}
	return kept
}

// addHole shares a file of zeros that takes no room.
func (f *folder) addHole(t *testing.T, name string, size uint64, urn protocol.URN) {
	t.Helper()
	file := f.add(t, name, nil)
	if err := os.Truncate(filepath.Join(f.dir, name), int64(size)); err != nil {
		t.Fatal(err)
	}
	f.files[len(f.files)-1] = library.File{
		Index: file.Index, Root: file.Root, Rel: file.Rel, Size: size, ModTime: file.ModTime, URN: urn,
	}
}
