package churn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for n := range uint64(vocabulary) {
		w := wordOf(n)
		if seen[w] || len(w) < 4 {
			t.Fatalf("word %d: %q", n, w)
		}
		seen[w] = true
	}
	files := Files(7)
	if len(files) != PerLeaf || !reflect.DeepEqual(files, Files(7)) || reflect.DeepEqual(files, Files(8)) {
		t.Error("not the same files for one leaf, or the same for two")
	}
	for _, f := range files {
		for _, w := range f.Words {
			if !strings.Contains(f.Path, w) {
				t.Errorf("%q is not in %q", w, f.Path)
			}
		}
	}
}

// plain is an engine that looks at every name.
type plain struct {
	leaves map[int][]File
	passed int
}

func (p *plain) Add(leaf int) error    { p.leaves[leaf] = Files(leaf); return nil }
func (p *plain) Remove(leaf int) error { delete(p.leaves, leaf); return nil }
func (p *plain) Passed() error         { p.passed++; return nil }
func (p *plain) Settle() error         { return nil }

func (p *plain) Find(words []string) (hits int, err error) {
	if len(words) == 0 || len(words) > 3 {
		return 0, fmt.Errorf("%d words", len(words))
	}
	for _, files := range p.leaves {
		for _, f := range files {
			all := true
			for _, w := range words {
				all = all && strings.Contains(f.Path, w)
			}
			if all {
				hits++
			}
		}
	}
	return hits, nil
}

func TestServe(t *testing.T) {
	p := &plain{leaves: map[int][]File{}}
	var in, out bytes.Buffer
	for _, c := range []Command{{Do: "load", Leaves: 5}, {Do: "churn", Steps: 7}, {Do: "dance"}} {
		if err := json.NewEncoder(&in).Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := Serve(p, &in, &out); err != nil {
		t.Fatal(err)
	}
	if len(p.leaves) != 5 || p.passed != 7 || strings.Count(out.String(), "\n") != 3 || !strings.Contains(out.String(), "dance") {
		t.Errorf("%d leaves, %d steps, %s", len(p.leaves), p.passed, out.String())
	}
	r := newRun(p)
	if err := r.come(); err != nil {
		t.Fatal(err)
	}
	for _, q := range r.queries(300) {
		if n, err := p.Find(q); err != nil || n == 0 {
			t.Errorf("%q: %d hits, %v", q, n, err)
		}
	}
}
