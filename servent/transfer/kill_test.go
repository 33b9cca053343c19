package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
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

// TestKilledSwarm kills a download from several sources, a process of its own, with
// kill -9 at 50 random moments. No start asks for a byte of a block that the journal
// tells of, what is recorded is right and stays recorded, and the file is right in the
// end.
func TestKilledSwarm(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const kills = 50
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	content := noise(32<<20 + 123)
	k := killedSwarm{dir: t.TempDir(), content: content}
	var addrs []string
	for range 3 {
		f := &foreignSource{content: content, pace: 2 * time.Millisecond}
		k.sources, k.addrs = append(k.sources, f), append(k.addrs, f.serve(t))
		addrs = append(addrs, k.addrs[len(k.addrs)-1].String())
	}
	k.child = fmt.Sprintf("%s=%s %s %s", getChild, strings.Join(addrs, ","), urnOf(content), k.dir)
	// How soon each is killed: it has begun by then, as a rule, and it takes all of them
	// to load the file at the sources' 24 MB/s.
	within := 2*startOf(t) + 200*time.Millisecond
	for range kills {
		k.run(t, time.Duration(rnd.Int64N(int64(within))))
	}
	k.run(t, time.Minute)
	if k.ended == 0 {
		t.Error("the last download did not end")
	}
	t.Logf("%d starts went on from %d blocks on the average, %d downloads ended", k.resumed, k.blocks/max(k.resumed, 1), k.ended)
	if k.resumed < kills/5 {
		t.Error("too few went on from a journal to show anything")
	}
}

// startOf is how long a child takes until it asks a source: here nobody, who listens
// nowhere.
func startOf(t *testing.T) time.Duration {
	t.Helper()
	l := listen(t)
	l.Close()
	begin := time.Now()
	killedGet(t, fmt.Sprintf("%s=%s %s %s", getChild, addrOf(l), urnOf(nil), t.TempDir()), patience)
	return time.Since(begin)
}

// killedSwarm is a download that is killed again and again.
type killedSwarm struct {
	dir, child string
	content    []byte
	sources    []*foreignSource
	addrs      []netip.AddrPort
	recorded   []span // by the journal after the last kill

	resumed, blocks, ended int
}

// run starts it, kills it after some time, and looks at what it asked for and left.
func (k *killedSwarm) run(t *testing.T, after time.Duration) {
	t.Helper()
	killedGet(t, k.child, after)
	asked := k.asked(t)
	for _, a := range asked {
		for _, r := range k.recorded {
			if max(a.first, r.first) < min(a.end, r.end) {
				t.Errorf("asked for bytes %d to %d, and %d to %d were recorded", a.first, a.end, r.first, r.end)
			}
		}
	}
	if len(asked) > 0 && len(k.recorded) > 0 {
		k.resumed, k.blocks = k.resumed+1, k.blocks+len(k.recorded)
	}
	final := filepath.Join(k.dir, "file.bin")
	if holdsRight(t, final, k.content) {
		killedGet(t, k.child, patience) // takes it, and cleans up
		wantOnly(t, k.dir, "file.bin")
		if err := os.Remove(final); err != nil {
			t.Fatal(err)
		}
		k.recorded, k.ended = nil, k.ended+1
		return
	}
	before := k.recorded
	k.recorded = blocksOf(t, final+".part"+journalSuffix)
	k.wantRight(t, final+".part")
	for _, b := range before {
		if !covered(k.recorded, b) {
			t.Errorf("bytes %d to %d are recorded no more", b.first, b.end)
		}
	}
}

// wantRight checks that the bytes that are recorded lie in the .part file.
func (k *killedSwarm) wantRight(t *testing.T, part string) {
	t.Helper()
	have, err := os.ReadFile(part)
	if len(k.recorded) > 0 && err != nil {
		t.Fatal(err)
	}
	for _, r := range k.recorded {
		if !bytes.Equal(have[r.first:r.end], k.content[r.first:r.end]) {
			t.Errorf("bytes %d to %d are recorded, and wrong", r.first, r.end)
		}
	}
}

// asked takes what the sources were asked for, when they have seen the child's end.
func (k *killedSwarm) asked(t *testing.T) (asked []span) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i, f := range k.sources {
		greet(t, k.addrs[i]) // who connects now is accepted after the child's connections
		for begin := time.Now(); f.log().open > 0; <-tick.C {
			if time.Since(begin) > patience {
				t.Fatalf("source %d still has a connection of a process that has ended", i+1)
			}
		}
		f.note(func(l *foreignLog) { asked, l.asked = append(asked, l.asked...), nil })
	}
	return asked
}

// greet connects to a source and has it answer.
func greet(t *testing.T, addr netip.AddrPort) {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\n\r\n")
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

// blocksOf reads which blocks a journal tells of. It reads a copy: to open one may
// change it.
func blocksOf(t *testing.T, path string) (blocks []span) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		return nil // not begun
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	if err == nil {
		_, err = f.Write(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	j, err := journal.Open(f)
	if errors.Is(err, journal.ErrDamaged) {
		return nil // not begun
	}
	if err != nil {
		t.Fatal(err)
	}
	h := j.Head()
	for i := range h.Blocks() {
		if _, ok := j.Has(i); ok {
			first := i * int(h.Block)
			blocks = append(blocks, span{first, min(first+int(h.Block), int(h.Size))})
		}
	}
	return blocks
}

func covered(all []span, s span) bool {
	for _, a := range all {
		if a.first <= s.first && s.end <= a.end {
			return true
		}
	}
	return false
}

// getChild is the environment variable that makes this test binary download, in
// place of testing: addresses with commas, URN and folder.
const getChild = "TRANSFER_TEST_GET"

// childGet downloads what TestKilledSwarm wants.
func childGet(what string) error {
	fields := strings.SplitN(what, " ", 3)
	urn, err := protocol.ParseURN(fields[1])
	if err != nil {
		return err
	}
	cfg := quick()
	cfg.CheckpointBytes = tiger.MinPart
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
