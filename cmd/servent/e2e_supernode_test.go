//go:build loopback && unix

package main

import (
	"crypto/sha1"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// serve starts a servent by a command that serves, with the given links.
func serve(t *testing.T, links []*peer, args ...string) *peer {
	t.Helper()
	args = append(args, "--json", "--connect-only")
	for _, l := range links {
		args = append(args, "--connect", l.ready.Listen)
	}
	p := &peer{args: args}
	p.process = newHome(t).spawn(t, append(p.args, "--listen", "127.0.0.1:0")...)
	p.ready = object[readyLine](t, p.line(t, `"ready"`))
	return p
}

// leafFile is what leaf number i shares.
func leafFile(i int) (name, content string) {
	return fmt.Sprintf("walzer%c opus.flac", 'a'+i), fmt.Sprint("walzer ", i)
}

// TestSupernodes: leaves under supernodes find each other's files, see no questions,
// or with a table alone those that they may have an answer to, and go on when a
// supernode is killed.
func TestSupernodes(t *testing.T) {
	const count = 6
	var supers, leaves []*peer
	for range 3 {
		supers = append(supers, serve(t, supers, "supernode"))
	}
	for i := range count {
		dir := t.TempDir()
		name, content := leafFile(i)
		writeFile(t, filepath.Join(dir, name), content)
		args := []string{"share", "--role", "leaf", dir}
		if i == 1 { // as those of other kinds
			args = append(args, "--index", "qrp")
		}
		leaves = append(leaves, serve(t, []*peer{supers[i%3], supers[(i+1)%3]}, args...))
	}
	for _, s := range supers {
		s.awaitLinks(t, 2+2*count/3)
	}
	for _, l := range leaves {
		l.awaitLinks(t, 2)
	}
	allFound := func(from []*peer) {
		t.Helper()
		for i, p := range from {
			for k := range 3 { // of all others, some
				wanted := (i + k + 1) % count
				_, content := leafFile(wanted)
				awaitRow(t, p, fmt.Sprintf("walzer%c", 'a'+wanted), protocol.SHA1(sha1.Sum([]byte(content))).String())
			}
		}
	}
	allFound(leaves)

	before := make([]uint64, count)
	for i, l := range leaves {
		before[i] = l.status(t).Messages["query"].In
	}
	_, content := leafFile(1)
	awaitRow(t, leaves[0], "walzerb", protocol.SHA1(sha1.Sum([]byte(content))).String())
	for i, l := range leaves {
		got := l.status(t).Messages["query"].In - before[i]
		if i == 1 && got == 0 || i != 1 && got > 0 {
			t.Errorf("leaf %d has got %d queries for what leaf 1 holds", i, got)
		}
	}

	supers[0].kill()
	for _, l := range leaves {
		until(t, 10*time.Second, func() error {
			if n := linksOf(l.status(t).Links); n == 0 {
				return fmt.Errorf("no link is left")
			}
			return nil
		})
	}
	allFound(append(leaves[:0:0], leaves...))
	code, _, errOut := newHome(t).call(t, "search", "--connect-only", "--listen", "127.0.0.1:0", "--role", "leaf", "--connect", supers[1].ready.Listen,
		"--limit", "1", "walzera")
	if code != 0 {
		t.Errorf("a search as leaf: exit %d: %s", code, errOut)
	}
}

func linksOf(byRole map[string]int) (n int) {
	for _, k := range byRole {
		n += k
	}
	return n
}
