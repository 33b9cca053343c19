package bleveindex

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/seed282dab8e/servent/search"
)

// harms are what may happen to a file behind our back.
func harms() map[string]func(path string) error {
	write := func(path string, at int64, garbage []byte) error {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(garbage, at)
		return errors.Join(err, f.Close())
	}
	cut := func(keep float64) func(string) error {
		return func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return os.Truncate(path, int64(float64(info.Size())*keep))
		}
	}
	return map[string]func(string) error{
		"emptied": cut(0),
		"halved":  cut(0.5),
		"cut":     cut(0.999),
		"deleted": os.Remove,
		"garbage": func(path string) error { return write(path, 64, slices.Repeat([]byte{0xA5, 0x5A, 0xFF}, 3000)) },
		"a byte":  func(path string) error { return write(path, 100, []byte{0x77}) },
	}
}

// damaged makes an index, and harms the first of its files that matches pattern
// while it is open or closed. It returns the owner, whose index is open if it
// was, and the folder.
func damaged(t *testing.T, pattern string, harm func(string) error, running bool) (*owner, string) {
	t.Helper()
	o := &owner{}
	dir := filepath.Join(t.TempDir(), "index")
	o.open(t, dir, 0)
	for i := range 3 {
		if err := o.Apply(some(i*500, 500), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Apply(nil, []search.DocID{7}); err != nil {
		t.Fatal(err)
	}
	if !running {
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.left)) {
		if ok, err := filepath.Match(pattern, name); err != nil || !ok {
			continue
		}
		if err := harm(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return o, dir
	}
	t.Fatalf("no file %s", pattern)
	return nil, ""
}

func patterns() []string { return []string{"*" + segmentExt, rootFile, schemaFile} }

func TestDamagedWhileClosed(t *testing.T) {
	for name, harm := range harms() {
		for _, pattern := range patterns() {
			t.Run(name+" "+pattern, func(t *testing.T) {
				o, dir := damaged(t, pattern, harm, false)
				o.open(t, dir, 0)
				if pattern == "*"+segmentExt && o.Len() > 0 && !o.Has(7) { // before 7 was deleted, all was well
					t.Errorf("nobody noticed: %d documents", o.Len())
				}
				o.heal(t, dir)
			})
		}
	}
}

// TestDamagedWhileRunning: answers may be missing, but none is wrong, nothing
// crashes, and what is cut or gone is noticed.
func TestDamagedWhileRunning(t *testing.T) {
	for name, harm := range harms() {
		for _, pattern := range patterns() {
			t.Run(name+" "+pattern, func(t *testing.T) {
				o, dir := damaged(t, pattern, harm, true)
				for _, query := range []string{"common", "word17 common", "word1*", `"common word99"`, "txt -word5", "absent"} {
					o.checkAnswers(t, query)
				}
				err := o.Flush()
				if err != nil && !errors.Is(err, ErrDamaged) {
					t.Error(err)
				}
				if err == nil && name != "garbage" && name != "a byte" {
					t.Error("nobody noticed")
				}
				err = o.Apply(some(1500, 100), []search.DocID{1, 2})
				if err != nil && !errors.Is(err, ErrDamaged) {
					t.Error(err)
				}
				o.heal(t, dir)
			})
		}
	}
}

// TestDamagedUnderMerge cuts a file short after Apply has looked, when bleve's
// goroutines have to find out.
func TestDamagedUnderMerge(t *testing.T) {
	for _, pattern := range patterns()[:2] {
		t.Run(pattern, func(t *testing.T) {
			o, dir := damaged(t, pattern, harms()["emptied"], true)
			if err := o.compact(); !errors.Is(err, ErrDamaged) {
				t.Errorf("compact: %v", err)
			}
			if _, err := o.Find(context.Background(), search.Query{Words: []string{"common"}}, nil, 0); !errors.Is(err, ErrDamaged) {
				t.Errorf("find: %v", err)
			}
			o.heal(t, dir)
		})
	}
}

// TestMergerFaults cuts a segment short between a batch and its merge, so that
// bleve's merger is the first to read it.
func TestMergerFaults(t *testing.T) {
	o := newOwner(t)
	if err := o.Apply(some(1, 3000), nil); err != nil {
		t.Fatal(err)
	}
	names, err := o.store.names()
	if err != nil {
		t.Fatal(err)
	}
	b := index.NewBatch()
	b.Update(bleveDocument(some(5000, 1)[0]))
	err = o.store.batch(b, func() *mergeplan.MergePlanOptions {
		if err := os.Truncate(filepath.Join(o.cfg.Dir, names[0]), 0); err != nil {
			t.Error(err)
		}
		return o.single()
	})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want %v", err, ErrDamaged)
	}
	o.heal(t, o.cfg.Dir)
}

// checkAnswers says whether all that is found is right.
func (o *owner) checkAnswers(t *testing.T, query string) {
	t.Helper()
	q, err := search.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := o.Find(context.Background(), q, nil, 0)
	if err != nil && !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	for _, h := range hits {
		if d, ok := o.doc(h.ID); !ok || !q.Match(d.Text, d.Size, d.Type) {
			t.Errorf("%s: document %d is a wrong answer", query, h.ID)
		}
	}
}

// heal does what an owner does: it opens the index again, begun anew or not,
// and brings it to what there is, until nothing is damaged.
func (o *owner) heal(t *testing.T, dir string) {
	t.Helper()
	for range 2 {
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		o.open(t, dir, 0)
		if err := o.reconcile(); err == nil {
			break
		} else if !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	}
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := o.findAll(t); len(got) != len(o.docs) || o.Len() != len(o.docs) {
		t.Errorf("healed: found %d and has %d of %d", len(got), o.Len(), len(o.docs))
	}
}

// reconcile puts what is missing and deletes what nobody has.
func (o *owner) reconcile() error {
	var put []search.Doc
	var del []search.DocID
	for _, d := range o.docs {
		if !o.Has(d.ID) {
			put = append(put, d)
		}
	}
	for id := range o.IDs {
		if _, ok := o.docs[id]; !ok {
			del = append(del, id)
		}
	}
	return o.Index.Apply(put, del)
}
