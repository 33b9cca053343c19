package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

func found(sha1 string, sources int, score float64) servent.Found {
	return servent.Found{
		Name: "file " + sha1, SHA1: sha1, Score: score, Hops: 1,
		Sources: make([]servent.FoundSource, sources),
	}
}

// names lists the rows' hashes in the order in which they are numbered.
func (v *searchView) names() string {
	var s []string
	for _, r := range v.rows {
		s = append(s, r.SHA1)
	}
	return strings.Join(s, " ")
}

// TestRowsKeepTheirNumbers shows rows in two batches.
func TestRowsKeepTheirNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		a := newApp(&out, &buffer{}, home{}.lookEnv)
		v := a.newSearchView("x")
		v.dataDir = t.TempDir()
		err := v.follow(t.Context(), time.Minute, func(_ context.Context, f func(servent.Found)) error {
			f(found("b", 1, 1))
			f(found("a", 1, 2))
			f(found("b", 3, 1)) // gains sources before it is shown
			f(found("c", 4, 1))
			time.Sleep(time.Second)
			f(found("a", 9, 2)) // and after
			f(found("d", 1, 9))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if v.names() != "a c b d" || !v.grown {
			t.Errorf("rows: %s, grown %v", v.names(), v.grown)
		}
		for i, want := range []string{"NAME", "file a", "file c", "file b", "file d"} {
			if line := strings.Split(out.String(), "\n")[i]; !strings.HasSuffix(line, want) {
				t.Errorf("line %d: %q, want %s", i, line, want)
			}
		}
		last, err := loadLastSearch(v.dataDir)
		if err != nil || len(last.Rows) != 4 || last.Rows[0].SHA1 != "a" || len(last.Rows[0].Sources) != 9 {
			t.Errorf("saved: %+v, %v", last, err)
		}
	})
}

func TestSearchEndsAfterItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(&buffer{}, &buffer{}, home{}.lookEnv)
		start := time.Now()
		err := a.newSearchView("x").follow(t.Context(), 10*time.Second, func(ctx context.Context, _ func(servent.Found)) error {
			<-ctx.Done()
			return nil
		})
		if took := time.Since(start); err != nil || took != 10*time.Second {
			t.Errorf("took %v, %v", took, err)
		}
	})
}

// TestQuiet ends a search that brings nothing new.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(&buffer{}, &buffer{}, home{}.lookEnv)
		v := a.newSearchView("x")
		v.quiet = time.Second
		start := time.Now()
		err := v.follow(t.Context(), time.Minute, func(ctx context.Context, f func(servent.Found)) error {
			time.Sleep(5 * time.Second)
			f(found("a", 1, 1))
			<-ctx.Done()
			return nil
		})
		if took := time.Since(start); err != nil || took < 6*time.Second || took > 7*time.Second {
			t.Errorf("took %v, %v", took, err)
		}
	})
}

func TestRowsWithoutHash(t *testing.T) {
	one := servent.Found{Name: "x", Size: 1, Sources: []servent.FoundSource{{GUID: "a"}}}
	two := servent.Found{Name: "x", Size: 1, Sources: []servent.FoundSource{{GUID: "b"}}}
	if rowKey(&one) == rowKey(&two) {
		t.Error("files of two servents are one row, though nothing says that they are equal")
	}
	if same := one; rowKey(&one) != rowKey(&same) {
		t.Error("a row is not known again")
	}
}

// TestJSONRowsOnlyWithNews: a script hears of a row when it is new or has
// gained a source, and not when it has merely been ranked anew.
func TestJSONRowsOnlyWithNews(t *testing.T) {
	var out buffer
	a := newApp(&out, &buffer{}, home{}.lookEnv)
	a.json = true
	v := a.newSearchView("x")
	for _, f := range []servent.Found{found("a", 1, 1), found("a", 1, 2), found("a", 2, 2), found("b", 1, 1), found("a", 2, 3)} {
		v.add(f)
	}
	if got := strings.Count(out.String(), "\n"); got != 3 || v.rows[0].Score != 3 {
		t.Errorf("%d lines:\n%s", got, out.String())
	}
}

func TestEmptySearchKeepsTheLast(t *testing.T) {
	dir := t.TempDir()
	a := newApp(&buffer{}, &buffer{}, home{}.lookEnv)
	for _, rows := range [][]servent.Found{{found("a", 1, 1)}, nil} {
		v := a.newSearchView("x")
		v.dataDir = dir
		for _, r := range rows {
			v.add(r)
		}
		v.show()
	}
	if last, err := loadLastSearch(dir); err != nil || len(last.Rows) != 1 {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestCutAnswers(t *testing.T) {
	v := newApp(&buffer{}, &buffer{}, home{}.lookEnv).newSearchView("x")
	for i := range answerLimit {
		if v.cut() {
			t.Fatalf("cut after %d files", i)
		}
		f := found(string(rune('A'+i)), 1, 1)
		f.Sources[0] = servent.FoundSource{Addr: "1.2.3.4:5", Index: uint32(i)}
		v.add(f)
	}
	if !v.cut() {
		t.Error("not cut")
	}
}

func TestMagnetsOfRows(t *testing.T) {
	var out buffer
	v := newApp(&out, &buffer{}, home{}.lookEnv).newSearchView("x")
	v.magnet = true
	f := found("a", 1, 1)
	f.Magnet = "magnet:?xt=urn:sha1:a"
	v.add(f)
	v.show()
	if lines := strings.Split(out.String(), "\n"); len(lines) != 4 || lines[2] != "     magnet:?xt=urn:sha1:a" {
		t.Errorf("%q", lines)
	}
}
