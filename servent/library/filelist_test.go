package library

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// copyOfList is what a supernode makes of the parts that it gets.
type copyOfList struct {
	digest  protocol.ListDigest
	records map[uint32]string
	parts   int
	changes int
}

func (c *copyOfList) take(t *testing.T, cut *ListCut, between func()) {
	t.Helper()
	for first := true; ; first = false {
		p := cut.Next()
		c.parts++
		if p.First != first {
			t.Fatalf("part %d: first %v", c.parts, p.First)
		}
		if p.Whole {
			c.records, c.digest = map[uint32]string{}, protocol.ListDigest{}
		}
		c.apply(t, p)
		if p.Last {
			if c.digest != p.Digest || int(p.Files) != len(c.records) {
				t.Fatalf("%d files with digest %x, told are %d with %x", len(c.records), c.digest, p.Files, p.Digest)
			}
			return
		}
		between()
	}
}

func (c *copyOfList) apply(t *testing.T, p protocol.ListPart) {
	t.Helper()
	body, err := p.Body()
	if err != nil {
		t.Fatal(err)
	}
	for change, err := range protocol.ListChanges(body) {
		if err != nil {
			t.Fatal(err)
		}
		c.changes++
		index := change.Index
		if change.Record != nil {
			f, err := protocol.ParseListFile(change.Record)
			if err != nil {
				t.Fatal(err)
			}
			index = f.Index
		}
		if old, ok := c.records[index]; ok {
			c.digest.Remove([]byte(old))
			delete(c.records, index)
		}
		if change.Record != nil {
			c.digest.Add(change.Record)
			c.records[index] = string(change.Record)
		}
	}
}

// wantRecords demands that the copy holds what the library shares.
func (c *copyOfList) wantRecords(t *testing.T, l *Library) {
	t.Helper()
	want := map[uint32]string{}
	for i, e := range l.files {
		want[i] = string(e.listFile().Append(nil))
	}
	if !maps.Equal(c.records, want) || c.digest != l.ListDigest() {
		t.Errorf("%d files, want %d", len(c.records), len(want))
	}
}

func nothing() {}

// TestListOfFiles: who takes the parts has what is shared, also when that changes
// between two of them, and gets no more than the changes the next time.
func TestListOfFiles(t *testing.T) {
	dir := tempDir(t)
	for i := range 2000 {
		write(t, dir, fmt.Sprintf("album %d/track %d of a long name.ogg", i/20, i), fmt.Sprint(i))
	}
	l := added(t, dir)
	var c copyOfList
	rescans := 0
	c.take(t, l.CutList(protocol.ListDigest{9}), func() {
		if rescans++; rescans > 1 {
			return
		}
		for i := range 100 {
			if err := os.Remove(filepath.Join(dir, fmt.Sprintf("album %d/track %d of a long name.ogg", i, i*20))); err != nil {
				t.Fatal(err)
			}
		}
		write(t, dir, "new.ogg", "new")
		if err := l.Rescan(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	c.wantRecords(t, l)
	if c.parts < 4 {
		t.Errorf("%d parts for 2,000 files", c.parts)
	}

	c.parts, c.changes = 0, 0
	c.take(t, l.CutList(c.digest), nothing)
	if c.parts != 1 || c.changes != 0 {
		t.Errorf("%d changes in %d parts though nothing has changed", c.changes, c.parts)
	}
	write(t, dir, "newer.ogg", "newer")
	write(t, dir, "new.ogg", "changed")
	if err := l.Rescan(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.changes = 0
	c.take(t, l.CutList(c.digest), nothing)
	c.wantRecords(t, l)
	if c.changes > 3 {
		t.Errorf("%d changes for two files", c.changes)
	}
}

// TestEmptyList is the zero digest, and one part.
func TestEmptyList(t *testing.T) {
	l := New(Config{})
	t.Cleanup(func() { _ = l.Close() })
	if d := l.ListDigest(); d != (protocol.ListDigest{}) {
		t.Errorf("digest %x", d)
	}
	var c copyOfList
	c.take(t, l.CutList(protocol.ListDigest{}), nothing)
	if c.parts != 1 || len(c.records) != 0 {
		t.Errorf("%d files in %d parts", len(c.records), c.parts)
	}
}

// TestListLog: at the limit the changes since are told, past it the whole list.
func TestListLog(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "one.txt", "one")
	l := added(t, dir)
	base := l.ListDigest()
	var e *entry
	for _, e = range l.files { // the only one
	}
	flip := func(times int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for range times / 2 {
			l.drop(e)
			l.put(e)
			base = l.list.log[0].before
		}
	}
	flip(maxListLog)
	if cut := l.CutList(protocol.ListDigest{}); !cut.whole {
		t.Error("the empty list is led on from")
	}
	if at, known := l.list.since(base); !known || at != l.list.lost+len(l.list.log) {
		t.Errorf("the present list is change %d, %v", at, known)
	}
	if n := len(l.list.log); n != maxListLog {
		t.Fatalf("%d changes remembered", n)
	}
	if _, known := l.list.events(0); !known {
		t.Error("the first change is forgotten at the limit")
	}
	flip(2)
	if _, known := l.list.events(0); known || len(l.list.log) > maxListLog {
		t.Errorf("past the limit %d are remembered, the first %v", len(l.list.log), known)
	}
}
