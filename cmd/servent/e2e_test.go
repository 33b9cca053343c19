//go:build loopback && unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
)

// peer is a servent that shares a folder.
type peer struct {
	*process
	args  []string
	ready readyLine
}

// share starts a servent with the given links on a free port.
func share(t *testing.T, dir string, links ...*peer) *peer {
	t.Helper()
	args := []string{"share", "--json", "--connect-only", "--role", "flat"}
	for _, l := range links {
		args = append(args, "--connect", l.ready.Listen)
	}
	p := &peer{args: append(args, dir)}
	p.process = newHome(t).spawn(t, append(p.args, "--listen", "127.0.0.1:0")...)
	p.ready = object[readyLine](t, p.line(t, `"ready"`))
	return p
}

// restart starts p again where it was.
func (p *peer) restart(t *testing.T) {
	t.Helper()
	p.process = p.home.spawn(t, append(p.args, "--listen", p.ready.Listen)...)
	if again := object[readyLine](t, p.line(t, `"ready"`)); again.GUID != p.ready.GUID || again.Listen != p.ready.Listen {
		t.Fatalf("after its restart it is another: %+v, was %+v", again, p.ready)
	}
}

// client speaks to p as commands do.
func (p *peer) client(t *testing.T) *control.Client {
	t.Helper()
	c, err := control.Dial(t.Context(), p.home.dataDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (p *peer) status(t *testing.T) servent.Status {
	t.Helper()
	code, out, errOut := p.home.call(t, "status", "--json")
	if code != 0 {
		t.Fatalf("status: exit %d: %s", code, errOut)
	}
	return object[servent.Status](t, out)
}

// awaitLinks waits until p has so many links.
func (p *peer) awaitLinks(t *testing.T, n int) {
	t.Helper()
	c := p.client(t)
	until(t, 10*time.Second, func() error {
		peers, err := c.Peers(t.Context())
		if err != nil || len(peers) == n {
			return err
		}
		return fmt.Errorf("%d links, want %d", len(peers), n)
	})
}

// line5 is five processes a-b-c-d-e in a line of which a shares dir.
func line5(t *testing.T, dir string) []*peer {
	t.Helper()
	nodes := []*peer{share(t, dir)}
	for i := range 4 {
		nodes = append(nodes, share(t, t.TempDir(), nodes[i]))
	}
	for i, n := range nodes {
		n.awaitLinks(t, map[bool]int{true: 1, false: 2}[i == 0 || i == 4])
	}
	return nodes
}

// smallTree looks like the part of the Go source tree that is searched for.
func smallTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 200 {
		writeFile(t, filepath.Join(dir, "net", "http", fmt.Sprintf("file%d.go", i)), fmt.Sprint("package http // ", i))
	}
	writeFile(t, filepath.Join(dir, "net", "http", "server.go"), "package http // "+strings.Repeat("serve ", 50_000))
	return dir
}

func TestLine(t *testing.T) {
	t.Run("small tree", func(t *testing.T) { testLine(t, smallTree(t), 201) })
	t.Run("go source tree", func(t *testing.T) {
		if testing.Short() {
			t.Skip("-short")
		}
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			t.Fatal(err)
		}
		testLine(t, filepath.Join(strings.TrimSpace(string(root)), "src"), 10_000)
	})
}

// testLine searches and gets over four links, and kills and restarts the node
// in the middle. dir holds net/http/server.go and at least so many files.
func testLine(t *testing.T, dir string, files int) {
	nodes := line5(t, dir)
	a, c, e := nodes[0], nodes[2], nodes[4]
	if a.ready.Files < files {
		t.Fatalf("a shares %d files, want %d", a.ready.Files, files)
	}
	want, err := os.ReadFile(filepath.Join(dir, "net", "http", "server.go"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	search := e.home.spawn(t, "search", "--json", "net http server")
	row := object[servent.Found](t, search.line(t, `"name":"server.go","path":"net/http"`))
	if took := time.Since(start); took > time.Second {
		t.Errorf("the search took %v", took)
	}
	if row.SHA1 != sha1Of(string(want)) || row.Hops != 4 || len(row.Sources) != 1 || row.Sources[0].GUID != a.ready.GUID {
		t.Errorf("found %+v", row)
	}
	if err := search.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := search.exit(t); code != 130 {
		t.Errorf("interrupted search: exit %d", code)
	}

	code, out, errOut := e.home.call(t, "search", "--json", "--ttl", "3", "--timeout", "1s", "net http server")
	if code != 3 || out != "" {
		t.Errorf("search over three links: exit %d: %s%s", code, out, errOut)
	}
	fetch(t, e, row.Magnet, want)

	c.kill()
	e.awaitLinks(t, 1)
	killed := time.Now()
	c.restart(t)
	awaitRow(t, e, "net http server", row.SHA1)
	t.Logf("the line works again %v after the kill", time.Since(killed).Round(time.Millisecond))
	fetch(t, e, "urn:sha1:"+row.SHA1, want)
}

// fetch downloads what link names, by a process beside p, and compares it.
func fetch(t *testing.T, p *peer, link string, want []byte) {
	t.Helper()
	dir := t.TempDir()
	code, out, errOut := p.home.call(t, "get", "--json", "--output", dir, link)
	if code != 0 || !strings.Contains(out, `"event":"done"`) {
		t.Fatalf("get: exit %d: %s%s", code, out, errOut)
	}
	got, err := os.ReadFile(filepath.Join(dir, "server.go"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, want %d: %v", len(got), len(want), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("the output folder holds %q", left)
	}
}

// awaitRow searches from p until the content is found, within 30 s.
func awaitRow(t *testing.T, p *peer, query, sha1 string) {
	t.Helper()
	c := p.client(t)
	until(t, 30*time.Second, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		found := errors.New("not found")
		err := c.Search(ctx, servent.SearchRequest{Query: query}, func(f servent.Found) {
			if f.SHA1 == sha1 {
				found = nil
				cancel()
			}
		})
		return errors.Join(err, found)
	})
}

func TestTwoServentsOnOneDataDir(t *testing.T) {
	h := newHome(t)
	first := h.spawn(t, "search", "--connect-only", "--listen", "127.0.0.1:0", "--timeout", "1m", "danube")
	until(t, 10*time.Second, func() error {
		_, err := os.Stat(filepath.Join(h.dataDir(), "identity.pem"))
		return err
	})
	code, out, errOut := h.call(t, "share", "--json", "--connect-only", "--listen", "127.0.0.1:0", t.TempDir())
	if code != 1 || out != "" || !strings.Contains(errOut, "`servent search` uses the data dir") || !strings.Contains(errOut, h.dataDir()) {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := first.exit(t); code != 130 {
		t.Errorf("the first ended with %d: %s", code, first.err.String())
	}
}

func TestSharerKilledAndStartedAgain(t *testing.T) {
	p := share(t, smallTree(t))
	p.kill()
	if code, _, errOut := p.home.call(t, "status"); code != 1 || !strings.Contains(errOut, "no servent runs") {
		t.Errorf("status of a killed servent: exit %d: %s", code, errOut)
	}
	p.restart(t)
	if code, _, errOut := p.home.call(t, "stop"); code != 0 {
		t.Errorf("stop: exit %d: %s", code, errOut)
	}
	if code := p.exit(t); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

func TestDirectoryThatDoesNotExist(t *testing.T) {
	h := newHome(t)
	code, out, errOut := h.call(t, "share", "--json", filepath.Join(t.TempDir(), "absent"))
	if code != 1 || out != "" || !strings.Contains(errOut, "there is no such folder") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	if _, err := os.Stat(h.dataDir()); !os.IsNotExist(err) {
		t.Errorf("something was started before: %v", err)
	}
}
