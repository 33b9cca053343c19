package transfer

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// twoRecords makes a journal with a checkpoint at each of two offsets.
func twoRecords(t *testing.T, path string) (older, last checkpoint) {
	t.Helper()
	content := noise(5000)
	j, err := newJournal(path, &Job{URN: urnOf(content), Size: uint64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	older, last = checkpointAt(t, content, 1500), checkpointAt(t, content, 4999)
	for _, c := range []checkpoint{older, last} {
		if err := j.record(c); err != nil {
			t.Fatal(err)
		}
	}
	return older, last
}

// checkpointAt is the checkpoint of a download that stands at an offset.
func checkpointAt(t *testing.T, content []byte, offset int) checkpoint {
	t.Helper()
	sha, tree := newSHA1(), new(tiger.Tree)
	sha.Write(content[:offset])
	tree.Write(content[:offset])
	c := checkpoint{urn: urnOf(content), size: uint64(len(content)), offset: uint64(offset)}
	var err error
	if c.sha, err = sha.MarshalBinary(); err != nil {
		t.Fatal(err)
	}
	if c.tree, err = tree.MarshalBinary(); err != nil {
		t.Fatal(err)
	}
	return c
}

func same(a, b checkpoint) bool {
	return a.urn == b.urn && a.size == b.size && a.offset == b.offset && slices.Equal(a.sha, b.sha) && slices.Equal(a.tree, b.tree)
}

// TestJournalDamaged: a bit that flips anywhere in a record, and a file that ends
// anywhere, leave the other record; both damaged, there is none.
func TestJournalDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.journal")
	older, last := twoRecords(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Three records: the first and the last are in the second slot.
	slot := func(c checkpoint) (begin, end int) {
		if same(c, last) {
			begin = slotSize
		}
		return begin, begin + len(appendRecord(nil, 0, c))
	}
	check := func(b []byte, what string, at int, want ...checkpoint) {
		t.Helper()
		_, c, err := newer(bytes.NewReader(b))
		if len(want) == 0 && err == nil || len(want) > 0 && (err != nil || !same(c, want[0])) {
			t.Errorf("%s at %d: offset %d, %v", what, at, c.offset, err)
		}
	}
	check(whole, "nothing", 0, last)
	for _, damaged := range []checkpoint{older, last} {
		begin, end := slot(damaged)
		left := older
		if same(damaged, older) {
			left = last
		}
		for at := begin; at < end; at++ {
			b := slices.Clone(whole)
			b[at] ^= 1 << (at % 8)
			check(b, "a bit flipped", at, left)
			both := slices.Clone(b)
			clear(both[(begin+slotSize)%(slots*slotSize):][:slotHead])
			check(both, "a bit flipped beside a slot of zeros", at)
		}
		b := slices.Clone(whole)
		clear(b[begin : begin+slotSize])
		check(b, "zeros", begin, left)
	}
	_, end := slot(last)
	check(whole[:end], "cut behind the record", end, last)
	for at := slotSize; at < end; at++ {
		check(whole[:at], "cut", at, older)
	}
	_, end = slot(older)
	for at := 0; at < end; at += 7 {
		check(whole[:at], "cut", at)
	}
	check(make([]byte, slots*slotSize), "zeros only", 0)
}

// TestJournalContradicts: a record with a right checksum that cannot be true is none.
func TestJournalContradicts(t *testing.T) {
	content := noise(5000)
	for name, spoil := range map[string]func(*checkpoint){
		"offset beyond the states": func(c *checkpoint) { c.offset++ },
		"offset beyond the size":   func(c *checkpoint) { c.size = c.offset - 1 },
		"no tree":                  func(c *checkpoint) { c.tree = nil },
		"no sha1":                  func(c *checkpoint) { c.sha = nil },
		"tree too long":            func(c *checkpoint) { c.tree = append(c.tree, 0) },
		"sha1 too short":           func(c *checkpoint) { c.sha = c.sha[1:] },
	} {
		c := checkpointAt(t, content, 3000)
		if _, _, err := parseRecord(appendRecord(nil, 1, c)); err != nil {
			t.Fatal(err)
		}
		spoil(&c)
		if _, _, err := parseRecord(appendRecord(nil, 1, c)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestLargestRecordFits: the states of the largest file there can be fit a slot.
func TestLargestRecordFits(t *testing.T) {
	c := checkpointAt(t, nil, 0)
	record := appendRecord(nil, 1, c)
	if most := len(record) - len(c.tree) + tiger.MaxState; most > slotSize {
		t.Errorf("a record may have %d bytes, a slot %d", most, slotSize)
	}
}

// TestGetResumesLostJournal: where no record is left the .part file is not known to
// be ours any more, stays where it is, and the right file comes.
func TestGetResumesLostJournal(t *testing.T) {
	content := noise(2 << 20)
	const stop = 1<<20 + 5
	for name, damage := range map[string]func(t *testing.T, part string){
		"zeros": func(t *testing.T, part string) {
			if err := os.WriteFile(part+journalSuffix, make([]byte, slots*slotSize), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"empty": func(t *testing.T, part string) { truncate(t, part+journalSuffix, 0) },
		"noise": func(t *testing.T, part string) {
			if err := os.WriteFile(part+journalSuffix, noise(slots*slotSize), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"a folder": func(t *testing.T, part string) {
			remove(t, part+journalSuffix)
			mkdir(t, part+journalSuffix)
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := make(chan int, 10)
			j := jobFor(t, content, rogue(t, ranges(content, began)))
			kept := interrupted(t, j, content, stop)
			damage(t, kept.Path)
			wantGet(t, j, content)
			if at := <-began; at != 0 {
				t.Errorf("went on at %d", at)
			}
			if info, err := os.Lstat(kept.Path); err != nil || info.Size() != stop {
				t.Errorf("part of who knows: %v, %v", info, err)
			}
		})
	}
}

// TestGetResumesEditedUnseen: bytes that changed while the times did not are found
// out before the file gets its name, and it is fetched once more, from the start.
// Nobody is to blame.
func TestGetResumesEditedUnseen(t *testing.T) {
	content := noise(2 << 20)
	const stop = 1<<20 + 5
	began := make(chan int, 10)
	j := jobFor(t, content, rogue(t, ranges(content, began)))
	kept := interrupted(t, j, content, stop)
	info, err := os.Stat(kept.Path)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, kept.Path, 12345)
	if err := os.Chtimes(kept.Path, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	c := NewClient(often())
	mustGet(t, c, j, content)
	if a, b := <-began, <-began; a != stop || b != 0 || len(began) > 0 {
		t.Errorf("asked from byte %d, %d and %d times more", a, b, len(began))
	}
	if s := c.Stats(); s.Lies != 0 || s.Failed != 0 {
		t.Errorf("stats %+v", s)
	}
	wantOnly(t, j.Dir, "file.bin")
}

// TestGetResumesLiar: a source whose bytes do not match after a resume is asked for
// the whole file once, and not again.
func TestGetResumesLiar(t *testing.T) {
	content := noise(2 << 20)
	const stop = 1<<20 + 5
	began := make(chan int, 10)
	lie := slices.Clone(content)
	lie[len(lie)-1] ^= 1
	j := jobFor(t, content, rogue(t, ranges(lie, began)))
	if kept := interrupted(t, j, content, stop); kept.Bytes != stop {
		t.Fatalf("kept %+v", kept)
	}
	mustFail(t, NewClient(often()), j, ErrNotVerified) // which leaves nothing
	if a, b := <-began, <-began; a != stop || b != 0 || len(began) > 0 {
		t.Errorf("asked from byte %d, %d and %d times more", a, b, len(began))
	}
}
