package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// fakeNode downloads as it is told to.
type fakeNode struct {
	get func(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error)
}

func (n *fakeNode) Search(context.Context, servent.SearchRequest, func(servent.Found)) error {
	return nil
}

func (n *fakeNode) CountOwn(context.Context, string) (int, error) { return 0, nil }

func (n *fakeNode) Browse(context.Context, servent.BrowseRequest, func(servent.Found)) error {
	return nil
}

func (n *fakeNode) Get(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
	return n.get(ctx, req, progress)
}

func someFiles(n int) []wanted {
	var files []wanted
	for i := range n {
		sha1 := strings.Repeat(string(rune('A'+i)), 32)
		files = append(files, wanted{fmt.Sprintf("file %d", i), 0, 0, servent.GetRequest{Magnet: "urn:sha1:" + sha1}})
	}
	return files
}

func TestGravestErrorDecides(t *testing.T) {
	lies := fmt.Errorf("%w: a source lies", servent.ErrNotVerified)
	full := errors.New("disk is full")
	none := fmt.Errorf("%w: nobody has it", servent.ErrNoSource)
	tests := []struct {
		errs []error
		code int
	}{
		{nil, 0},
		{[]error{nil, nil}, 0},
		{[]error{nil, none}, 3},
		{[]error{none, full, nil}, 1},
		{[]error{none, full, lies}, 4},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.errs), func(t *testing.T) {
			var errOut buffer
			a := newApp(&buffer{}, &errOut, home{}.lookEnv)
			next := make(chan error, len(tt.errs))
			for _, err := range tt.errs {
				next <- err
			}
			n := &fakeNode{get: func(context.Context, servent.GetRequest, func(servent.GetProgress)) (servent.Got, error) {
				return servent.Got{}, <-next
			}}
			err := a.getAll(t.Context(), n, someFiles(len(tt.errs)), nil)
			if code := exitCode(err); code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			for _, e := range tt.errs {
				if e != nil && !strings.Contains(errOut.String(), e.Error()) {
					t.Errorf("the user is not told: %v", e)
				}
			}
			if err != nil && !errors.Is(err, errTold) {
				t.Error("the user would be told twice")
			}
		})
	}
}

// TestProgressAtMostTwiceASecond: besides, the first bytes are told of at once.
func TestProgressAtMostTwiceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		a := newApp(&out, &buffer{}, home{}.lookEnv)
		a.json = true
		n := &fakeNode{get: func(_ context.Context, _ servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
			for i := range uint64(300) { // three seconds
				progress(servent.GetProgress{Done: i, Total: 300, Sources: 1})
				time.Sleep(10 * time.Millisecond)
			}
			return servent.Got{Bytes: 300, Verified: true}, nil
		}}
		if err := a.getAll(t.Context(), n, someFiles(1), nil); err != nil {
			t.Fatal(err)
		}
		progress, done := strings.Count(out.String(), `"event":"progress"`), strings.Count(out.String(), `"event":"done"`)
		if progress != 1+6 || done != 1 || !strings.Contains(out.String(), `"done":1,`) {
			t.Errorf("%d lines of progress in 3 s, %d of the end:\n%s", progress, done, out.String())
		}
	})
}

func TestProgressWhileThereIsNoNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		a := newApp(&out, &buffer{}, home{}.lookEnv)
		a.json = true
		n := &fakeNode{get: func(_ context.Context, _ servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
			progress(servent.GetProgress{Done: 1, Total: 300, State: servent.StateLoading})
			time.Sleep(100 * time.Millisecond)
			progress(servent.GetProgress{Total: 300, State: servent.StateSearchingAgain})
			time.Sleep(5 * time.Second)
			return servent.Got{}, servent.ErrNoSource
		}}
		_ = a.getAll(t.Context(), n, someFiles(1), nil)
		if got := strings.Count(out.String(), `"state":"`+servent.StateSearchingAgain); got != 5 {
			t.Errorf("%d lines tell that it searches:\n%s", got, out.String())
		}
	})
}

// TestSlowDownloadIsToldOf: who has no terminal hears after a second, and every ten,
// how a download goes, and of many how all do; scripts have their own lines.
func TestSlowDownloadIsToldOf(t *testing.T) {
	slow := &fakeNode{get: func(_ context.Context, _ servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
		progress(servent.GetProgress{Name: "a", State: servent.StateSearching})
		time.Sleep(1500 * time.Millisecond)
		progress(servent.GetProgress{Name: "a", Done: 1000, Total: 3000, State: servent.StateLoading})
		time.Sleep(14 * time.Second)
		return servent.Got{Path: "/a", Bytes: 3000, Verified: true}, nil
	}}
	synctest.Test(t, func(t *testing.T) {
		var errOut buffer
		a := newApp(&buffer{}, &errOut, home{}.lookEnv)
		if err := a.getAll(t.Context(), slow, someFiles(1), nil); err != nil {
			t.Fatal(err)
		}
		if got, want := errOut.String(), "servent: note: a: searching, after 1.0 s\nservent: note: a: loading, 1.0 kB of 3.0 kB, after 11 s\n"; got != want {
			t.Errorf("told:\n%swant:\n%s", got, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var errOut buffer
		a := newApp(&buffer{}, &errOut, home{}.lookEnv)
		if err := a.getAll(t.Context(), slow, someFiles(getsAtOnce+1), nil); err != nil {
			t.Fatal(err)
		}
		if got := errOut.String(); !strings.Contains(got, "note: 4 of 5 files · 13 kB of 15 kB, after 21 s\n") {
			t.Errorf("of many: %s", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var errOut buffer
		a := newApp(&buffer{}, &errOut, home{}.lookEnv)
		a.json = true
		if err := a.getAll(t.Context(), slow, someFiles(1), nil); err != nil || errOut.String() != "" {
			t.Errorf("a script: %s, %v", errOut.String(), err)
		}
	})
}

// TestGotText: the time is told with what came in it.
func TestGotText(t *testing.T) {
	for _, c := range []struct {
		got  servent.Got
		want string
	}{
		{servent.Got{Bytes: 8e6, Fetched: 8e6, MS: 152}, "8.0 MB in 152 ms"},
		{servent.Got{Bytes: 8e6, Fetched: 9e6, MS: 153}, "8.0 MB in 153 ms"}, // some of it was wrong
		{servent.Got{MS: 1000}, "0 B in 1.0 s"},
		{servent.Got{Bytes: 8e6, Fetched: 8e6, MS: 152, Sources: 1}, "8.0 MB in 152 ms"},
		{servent.Got{Bytes: 8e6, Fetched: 8e6, MS: 152, Sources: 8}, "8.0 MB in 152 ms from 8 sources"},
		{servent.Got{Bytes: 8e6, Fetched: 1e6, MS: 152}, "8.0 MB, the last 1.0 MB of it in 152 ms"},
		{servent.Got{Bytes: 8e6, MS: 152}, "8.0 MB"},
	} {
		if text := gotText(&c.got); text != c.want {
			t.Errorf("%+v: %q, want %q", c.got, text, c.want)
		}
	}
}

// TestLiarsAreNamed beside the file that came all the same; to scripts in their line.
func TestLiarsAreNamed(t *testing.T) {
	for liars, want := range map[string]string{
		"":                    "",
		"192.0.2.1:1":         "servent: note: a: what 192.0.2.1:1 sent was wrong, and came from others instead\n",
		"a:1 b:1 c:1 d:1 e:1": "servent: note: a: what a:1, b:1, c:1 and 2 more sent was wrong, and came from others instead\n",
	} {
		n := &fakeNode{get: func(context.Context, servent.GetRequest, func(servent.GetProgress)) (servent.Got, error) {
			return servent.Got{Path: "/x/a", Verified: true, Liars: strings.Fields(liars)}, nil
		}}
		var out, errOut buffer
		a := newApp(&out, &errOut, home{}.lookEnv)
		if err := a.getAll(t.Context(), n, someFiles(1), nil); err != nil || errOut.String() != want {
			t.Errorf("told %q, want %q (%v)", errOut.String(), want, err)
		}
		a.json, errOut = true, buffer{}
		if _ = a.getAll(t.Context(), n, someFiles(1), nil); errOut.String() != "" || strings.Contains(out.String(), `"liars"`) != (liars != "") {
			t.Errorf("a script is told %q and %q", out.String(), errOut.String())
		}
	}
}

func TestSoManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(&buffer{}, &buffer{}, home{}.lookEnv)
		running := make(chan struct{}, getsAtOnce)
		n := &fakeNode{get: func(context.Context, servent.GetRequest, func(servent.GetProgress)) (servent.Got, error) {
			select {
			case running <- struct{}{}:
			default:
				t.Errorf("more than %d run at once", getsAtOnce)
			}
			time.Sleep(time.Second)
			<-running
			return servent.Got{}, nil
		}}
		start := time.Now()
		if err := a.getAll(t.Context(), n, someFiles(2*getsAtOnce+1), nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestGetInterrupted: exit code 130, and a line tells what is kept and how to go on.
func TestGetInterrupted(t *testing.T) {
	far := servent.GetProgress{Name: "a.flac", Done: 2_000_000, Total: 8_000_000}
	kept := &servent.KeptError{Err: context.Canceled, Path: "/music/a (1).flac.part", Bytes: 1_500_000}
	for name, tt := range map[string]struct {
		files    int
		progress servent.GetProgress
		err      error
		note     string
	}{
		"nothing has come":        {files: 3},
		"a part":                  {1, far, kept, "servent: note: 1.5 MB of 8.0 MB are kept in /music/a (1).flac.part: the same command goes on from there\n"},
		"size unknown":            {1, servent.GetProgress{Name: "a.flac", Done: 2_000_000}, kept, "servent: note: 1.5 MB are kept in /music/a (1).flac.part: the same command goes on from there\n"},
		"by another process":      {1, far, context.Canceled, "servent: note: 2.0 MB of 8.0 MB are kept in a.flac.part: the same command goes on from there\n"},
		"several":                 {3, far, kept, "servent: note: what has come of 3 files is kept as NAME.part: the same command goes on from there\n"},
		"a small file by another": {1, servent.GetProgress{Name: "a.flac", Done: 5, Total: keptFrom}, context.Canceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var errOut buffer
			a := newApp(&buffer{}, &errOut, home{}.lookEnv)
			ctx, cancel := context.WithCancel(t.Context())
			begun := make(chan struct{}, tt.files)
			n := &fakeNode{get: func(ctx context.Context, _ servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
				progress(tt.progress)
				if begun <- struct{}{}; len(begun) == tt.files {
					cancel()
				}
				<-ctx.Done()
				return servent.Got{}, errors.Join(ctx.Err(), tt.err)
			}}
			if err := a.getAll(ctx, n, someFiles(tt.files), nil); exitCode(err) != exitInterrupted {
				t.Errorf("getAll = %v", err)
			}
			if errOut.String() != tt.note {
				t.Errorf("told %q, want %q", errOut.String(), tt.note)
			}
		})
	}
}

func TestErrorLine(t *testing.T) {
	var out buffer
	a := newApp(&out, &buffer{}, home{}.lookEnv)
	a.json = true
	n := &fakeNode{get: func(context.Context, servent.GetRequest, func(servent.GetProgress)) (servent.Got, error) {
		return servent.Got{}, servent.ErrNoSource
	}}
	_ = a.getAll(t.Context(), n, someFiles(1), nil)
	line := object[map[string]string](t, out.String())
	if line["event"] != "error" || line["error"] != servent.ErrNoSource.Error() || line["sha1"] != strings.Repeat("A", 32) {
		t.Errorf("line: %v", line)
	}
}

func TestRowsOfTheLastSearch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	last := lastSearch{Query: "danube", Rows: []servent.Found{
		{Name: "a", SHA1: "x", Magnet: "magnet:a", Sources: []servent.FoundSource{{Addr: "127.0.0.1:1"}}},
		{Name: "b"},
	}}
	if err := last.save(dir); err != nil {
		t.Fatal(err)
	}
	a := newApp(&buffer{}, &buffer{}, home{}.lookEnv)
	a.dataDir = dir
	files, err := a.wanted([]string{"1", "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB"})
	if err != nil || len(files) != 2 || files[0].req.Magnet != "magnet:a" || len(files[0].req.Sources) != 1 || len(files[1].req.Sources) != 0 {
		t.Errorf("wanted %+v, %v", files, err)
	}
	if files, _ := a.wanted([]string{"1", "1"}); len(files) != 2 || files[1].row != 1 {
		t.Errorf("rows are not told apart: %+v", files)
	}
	for arg, code := range map[string]int{"0": exitUsage, "3": exitUsage, "2": exitFailed, "-1": exitUsage} {
		if _, err := a.wanted([]string{arg}); exitCode(err) != code {
			t.Errorf("row %s: %v", arg, err)
		}
	}
	writeFile(t, filepath.Join(dir, lastSearchFile), "{")
	if _, err := a.wanted([]string{"1"}); exitCode(err) != exitFailed || !strings.Contains(err.Error(), "search again") {
		t.Errorf("damaged file: %v", err)
	}
}
