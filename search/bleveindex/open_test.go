package bleveindex

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

func TestReopen(t *testing.T) {
	o := &owner{}
	dir := filepath.Join(t.TempDir(), "new", "index")
	o.open(t, dir, 0)
	if !o.Fresh() {
		t.Error("a new index is not fresh")
	}
	if err := o.Apply(some(1, 2500), nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Apply(some(3000, 1), []search.DocID{2, 2, 77777}); err != nil {
		t.Fatal(err)
	}
	want := slices.Collect(o.IDs)
	for range 2 {
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		o.open(t, dir, 0)
		if o.Fresh() || o.Len() != 2500 || !o.Has(3000) || o.Has(2) {
			t.Errorf("fresh %t, %d documents", o.Fresh(), o.Len())
		}
		if got := slices.Collect(o.IDs); !slices.Equal(got, want) || !slices.Equal(o.findAll(t), want) {
			t.Error("other documents than before")
		}
	}
}

func TestOtherSchemaOrOwner(t *testing.T) {
	o := &owner{}
	dir := t.TempDir()
	o.open(t, dir, 0)
	if err := o.Apply(some(1, 10), nil); err != nil {
		t.Fatal(err)
	}
	again := func(owner string) (fresh bool) {
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		x, err := Open(Config{Dir: dir, Doc: o.doc, Owner: owner})
		if err != nil {
			t.Fatal(err)
		}
		o.Index = x
		t.Cleanup(func() { _ = x.Close() })
		return x.Fresh()
	}
	if again("") {
		t.Error("the same schema was not taken")
	}
	if !again("somebody") || o.Len() != 0 {
		t.Error("another's index was taken")
	}
	if again("somebody") {
		t.Error("one's own index was not taken")
	}
	if err := os.WriteFile(filepath.Join(dir, schemaFile), []byte("servent index 0\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !again("") || o.Len() != 0 {
		t.Error("another schema was taken")
	}
}

func TestClosed(t *testing.T) {
	o := newOwner(t)
	if err := errors.Join(o.Close(), o.Close()); err != nil {
		t.Fatal(err)
	}
	_, err := o.Find(context.Background(), search.Query{Words: []string{"a"}}, nil, 0)
	for _, err := range []error{err, o.Apply(some(1, 1), nil), o.Flush()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want %v", err, ErrClosed)
		}
	}
}

// TestCloseWhileBusy closes the index under the hands of others.
func TestCloseWhileBusy(t *testing.T) {
	o := newOwner(t)
	if err := o.Apply(some(1, 5000), nil); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		for i := 1; ; i++ {
			if err := o.Apply(some(i*5000, 1000), nil); err != nil {
				ended <- err
				return
			}
		}
	}()
	go func() {
		for {
			if _, err := o.Find(context.Background(), search.Query{Words: []string{"common"}}, nil, 0); err != nil {
				ended <- err
				return
			}
		}
	}()
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("ended with %v, want %v", err, ErrClosed)
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x01\x00", ballast, "12345678", "123456789"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := idOf(text)
		if ok := len(text) > 0 && len(text) <= 8; ok != (err == nil) {
			t.Fatalf("%q: %v", text, err)
		}
		if again, err2 := idOf(key(id)); err2 != nil || again != id {
			t.Fatalf("%d: got %d, %v", id, again, err2)
		}
	})
}

func TestKeys(t *testing.T) {
	for _, id := range []search.DocID{0, 1, 255, 256, 1<<32 - 1, 1 << 56, 1<<64 - 1} {
		if got, err := idOf(key(id)); err != nil || got != id {
			t.Errorf("%d: got %d, %v", id, got, err)
		}
	}
	if n := len(key(1 << 20)); n != 3 {
		t.Errorf("a small id takes %d bytes", n)
	}
	for _, bad := range []string{"", ballast} {
		if _, err := idOf(bad); err == nil {
			t.Errorf("%q was read as an id", bad)
		}
	}
}
