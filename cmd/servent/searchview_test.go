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

func TestPeersTable(t *testing.T) {
	var out buffer
	a := newApp(&out, &buffer{}, home{}.lookEnv)
	now := time.Now()
	a.showPeers([]servent.PeerInfo{
		{Addr: "127.0.0.1:6346", Role: "flat", Agent: "Evil\x1b[2J/1.0", Since: now.Add(-time.Hour), In: 1234, Out: 5},
	}, now)
	want := "PEER            ROLE         UP     IN  OUT  AGENT\n127.0.0.1:6346  flat  1 h 0 min  1,234    5  Evil[2J/1.0\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}
