package transfer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(getChild); what != "" {
		if err := childGet(what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// folder is a Files over a temporary folder.
type folder struct {
	dir     string
	files   []library.File
	openErr error // what Open says; nil: it opens
}

func newFolder(t testing.TB) *folder { return &folder{dir: t.TempDir()} }

// add writes a file and returns it as the library would.
func (f *folder) add(t testing.TB, name string, content []byte) library.File {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
	file := library.File{
		Index: uint32(len(f.files) + 1), Root: f.dir, Rel: name, Size: uint64(len(content)),
		ModTime: time.Unix(1_700_000_000, 0), URN: urnOf(content),
	}
	f.files = append(f.files, file)
	return file
}

func (f *folder) ByIndex(i uint32) (library.File, bool) {
	return f.find(func(x library.File) bool { return x.Index == i })
}

func (f *folder) BySHA1(h protocol.SHA1) (library.File, bool) {
	return f.find(func(x library.File) bool { return x.URN.SHA1 == h })
}

func (f *folder) find(is func(library.File) bool) (library.File, bool) {
	for _, x := range f.files {
		if is(x) {
			return x, true
		}
	}
	return library.File{}, false
}

func (f *folder) Open(x library.File) (*os.File, error) {
	if f.openErr != nil {
		return nil, f.openErr
	}
	return os.Open(filepath.Join(f.dir, x.Rel))
}

// Tree returns the upper levels of the tree of a file, all of it where that is small.
func (f *folder) Tree(_ context.Context, x library.File) (tiger.Nodes, error) {
	content, err := os.Open(filepath.Join(f.dir, x.Rel))
	if err != nil {
		return nil, err
	}
	defer content.Close()
	size := tiger.PartSize(x.Size)
	if x.Size <= 16<<20 {
		size = tiger.LeafSize
	}
	var level []tiger.Digest
	for at := uint64(0); at == 0 || at < x.Size; at += size {
		var part tiger.Tree
		if _, err := io.CopyN(&part, content, int64(size)); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		level = append(level, part.Root())
	}
	return tiger.Expand(level), nil
}

func urnOf(content []byte) protocol.URN {
	var tree tiger.Tree
	tree.Write(content)
	return protocol.URN{SHA1: sha1.Sum(content), Tiger: tree.Root(), HasSHA1: true, HasTiger: true}
}

// noise returns n bytes that look random and are the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b) //nolint:errcheck // never fails
	return b
}

// startServer runs a server on a loopback port until the test ends.
func startServer(t testing.TB, cfg ServerConfig) (*Server, netip.AddrPort) {
	t.Helper()
	l := listen(t)
	s := NewServer(cfg)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, addrOf(l)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func addrOf(l net.Listener) netip.AddrPort { return netip.MustParseAddrPort(l.Addr().String()) }

// script is what a hand-written source does with one request. It may write
// anything to conn; false closes the connection.
type script func(conn net.Conn, r *http.Request) bool

// rogue runs a hand-written HTTP server until the test ends.
func rogue(t testing.TB, do script) netip.AddrPort {
	t.Helper()
	return rawServer(t, func(conn net.Conn) { converse(conn, do) })
}

// rawServer gives each connection to serve until the test ends, and then closes it.
func rawServer(t testing.TB, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l := listen(t)
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		stop()
		l.Close()
		running.Wait()
	})
	return addrOf(l)
}

func converse(conn net.Conn, do script) {
	br := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(br)
		if err != nil || !do(conn, r) {
			return
		}
	}
}

// says is a script that writes the parts and closes.
func says(parts ...string) script {
	return func(conn net.Conn, _ *http.Request) bool {
		for _, p := range parts {
			if _, err := io.WriteString(conn, p); err != nil {
				return false
			}
		}
		return false
	}
}

// hangs is a script that writes the parts and then nothing, until the other
// side gives up.
func hangs(parts ...string) script {
	return func(conn net.Conn, r *http.Request) bool {
		says(parts...)(conn, r)
		io.Copy(io.Discard, conn) //nolint:errcheck // any end will do
		return false
	}
}

// quick is a client configuration that does not wait where waiting is all that
// would happen.
func quick() ClientConfig {
	return ClientConfig{
		HeaderTimeout: patience,
		IdleTimeout:   patience,
		PushTimeout:   300 * time.Millisecond,
		RetryWait:     time.Millisecond,
	}
}

// impatient is quick for sources that stall.
func impatient() ClientConfig {
	cfg := quick()
	cfg.HeaderTimeout, cfg.IdleTimeout = time.Second, time.Second
	return cfg
}

// jobFor asks for content, whose hashes and size are known, from addrs.
func jobFor(t testing.TB, content []byte, addrs ...netip.AddrPort) Job {
	j := Job{URN: urnOf(content), Name: "file.bin", Size: uint64(len(content)), Dir: t.TempDir()}
	for _, a := range addrs {
		j.Sources = append(j.Sources, Source{Addr: a, Index: 1, Name: "file.bin"})
	}
	return j
}

// mustGet downloads and checks the content, and that nothing else lies there.
func mustGet(t testing.TB, c *Client, j Job, content []byte) Result {
	t.Helper()
	r, err := c.Get(t.Context(), j, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, content) {
		t.Fatalf("%s holds %d other bytes", r.Path, len(got))
	}
	wantFiles(t, j.Dir, filepath.Base(r.Path))
	return r
}

// mustFail downloads in vain, as want says, and checks that nothing is left.
func mustFail(t testing.TB, c *Client, j Job, want error) {
	t.Helper()
	_ = failure(t, c, j, want) // checked already
}

// failure is mustFail for who wants to see more of the error.
func failure(t testing.TB, c *Client, j Job, want error) error {
	t.Helper()
	_, err := c.Get(t.Context(), j, nil)
	if !errors.Is(err, want) {
		t.Fatalf("Get: %v; want %v", err, want)
	}
	wantFiles(t, j.Dir)
	return err
}

func wantFiles(t testing.TB, dir string, names ...string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if path != dir {
			got = append(got, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(names) {
		t.Fatalf("folder holds %q, want %q", got, names)
	}
	for i := range got {
		if got[i] != names[i] {
			t.Fatalf("folder holds %q, want %q", got, names)
		}
	}
}

// wantOnly checks that nothing else lies in dir.
func wantOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	if len(have) != len(names) {
		t.Errorf("in the folder lie %q, want %q", have, names)
		return
	}
	for i := range names {
		if have[i] != names[i] {
			t.Errorf("in the folder lie %q, want %q", have, names)
		}
	}
}
