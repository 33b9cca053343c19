package library

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

func sampleEntry() entry {
	u := urnOf("sample")
	return entry{
		index: 7, away: 9, size: 6, mtime: -1, inode: 1 << 63, kind: search.Program, sha1: u.SHA1, tiger: u.Tiger, words: "Blue Danube", known: true,
	}
}

func TestRecord(t *testing.T) {
	e := sampleEntry()
	b := e.appendRecord([]byte("before"), "a/b")[len("before"):]
	var got entry
	if len(b) != recordSize+len(e.words) || !got.readRecord("a/b", b) || got != e {
		t.Errorf("%d bytes, %+v, want %+v", len(b), got, e)
	}
	if new(entry).readRecord("a/c", b) {
		t.Error("the record of another file was taken")
	}
	for i := range b {
		b[i] ^= 1
		if new(entry).readRecord("a/b", b) {
			t.Errorf("byte %d does not matter", i)
		}
		b[i] ^= 1
	}
	for _, n := range []int{0, 1, recordSize - 1} {
		if new(entry).readRecord("a/b", append(b, 0)[:n]) {
			t.Errorf("%d bytes were taken", n)
		}
	}
	for name, change := range map[string]func(*entry){
		"index": func(e *entry) { e.index = 0 }, "size": func(e *entry) { e.size = 0 }, "kind": func(e *entry) { e.kind = search.Program + 1 },
	} {
		e := sampleEntry()
		change(&e)
		if new(entry).readRecord("x", e.appendRecord(nil, "x")) {
			t.Errorf("impossible %s was taken", name)
		}
	}
}

// TestRecordWords: words of tags are bounded.
func TestRecordWords(t *testing.T) {
	for n, want := range map[int]bool{0: true, maxTags: true, maxTags + 1: false} {
		e := sampleEntry()
		e.words = strings.Repeat("w", n)
		if got := new(entry).readRecord("x", e.appendRecord(nil, "x")); got != want {
			t.Errorf("%d bytes: taken %v", n, got)
		}
	}
}

func FuzzRecord(f *testing.F) {
	e := sampleEntry()
	f.Add("a/b", e.appendRecord(nil, "a/b"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, rel string, b []byte) {
		var e entry
		if e.readRecord(rel, b) && !bytes.Equal(e.appendRecord(nil, rel), b) {
			t.Errorf("%x reads as %+v", b, e)
		}
	})
}
