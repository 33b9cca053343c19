package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// ofOne are files of one servent of so many bytes each.
func ofOne(sizes ...uint64) []wanted {
	files := someFiles(min(len(sizes), 26))
	for len(files) < len(sizes) {
		files = append(files, files[0])
	}
	for i, size := range sizes {
		files[i].label, files[i].size, files[i].req.From = fmt.Sprintf("file %d", i), size, "192.0.2.1:6346"
	}
	return files
}

// TestSmallFilesOfOneAtOnce: so many of all that one servent shares load at once, up to a
// size, and beside these one that is larger or of which that is not known.
func TestSmallFilesOfOneAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		sizes []uint64
		most  int
	}{
		"small":         {sizesOf(40, smallFile), 1 + smallAtOnce},
		"large":         {sizesOf(12, smallFile+1), 1},
		"unknown":       {sizesOf(12, 0), 1},
		"large between": {append(sizesOf(5, smallFile+1), sizesOf(40, 10)...), 1 + smallAtOnce},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApp(&buffer{}, &buffer{}, home{}.lookEnv)
				var mu sync.Mutex
				now, most := 0, 0
				n := &fakeNode{get: func(context.Context, servent.GetRequest, func(servent.GetProgress)) (servent.Got, error) {
					mu.Lock()
					now++
					most = max(most, now)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					now--
					mu.Unlock()
					return servent.Got{}, nil
				}}
				if err := a.getAll(t.Context(), n, ofOne(tt.sizes...), nil); err != nil || most != tt.most {
					t.Errorf("%d at once, want %d; %v", most, tt.most, err)
				}
			})
		})
	}
}

// TestManySmallFilesInOneLine: on a terminal they are counted, and those that fail named;
// elsewhere each has its line, and for scripts no other one unless it takes long.
func TestManySmallFilesInOneLine(t *testing.T) {
	node := func(slow time.Duration) *fakeNode {
		var mu sync.Mutex
		asked := 0
		return &fakeNode{get: func(_ context.Context, _ servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
			mu.Lock()
			asked++
			got, failed := servent.Got{Path: "/a", Bytes: 1000, Verified: true, Existing: asked == 2}, asked == 3
			mu.Unlock()
			progress(servent.GetProgress{Total: 1000})
			time.Sleep(slow)
			progress(servent.GetProgress{Done: 1000, Total: 1000, State: servent.StateLoading})
			if failed {
				return servent.Got{}, servent.ErrNoSource
			}
			return got, nil
		}}
	}
	run := func(t *testing.T, files int, terminal, json bool, slow time.Duration) (told, errs string) {
		synctest.Test(t, func(t *testing.T) {
			var out, errOut buffer
			a := newApp(&out, &errOut, home{}.lookEnv)
			a.screen.on, a.json = terminal, json
			_ = a.getAll(t.Context(), node(slow), ofOne(sizesOf(files, 1000)...), nil)
			told, errs = out.String(), errOut.String()
		})
		return told, errs
	}
	told, errs := run(t, 20, true, false, time.Millisecond)
	if want := "18 small files  18 kB in 3 ms, verified\n1 small file there already, verified\n"; told != want {
		t.Errorf("on a terminal: %q, want %q", told, want)
	}
	if strings.Count(errs, "servent: get file ") != 1 {
		t.Errorf("who failed: %q", errs)
	}
	if told, _ := run(t, getsAtOnce, true, false, time.Millisecond); strings.Count(told, "/a") != getsAtOnce-1 {
		t.Errorf("few files: %q", told)
	}
	if told, _ := run(t, 20, false, false, time.Millisecond); strings.Count(told, "/a") != 19 {
		t.Errorf("without a terminal: %q", told)
	}
	if told, _ := run(t, 20, true, true, time.Millisecond); strings.Count(told, "\n") != 20 {
		t.Errorf("a script: %s", told)
	}
	if told, _ := run(t, 20, true, true, time.Minute); strings.Count(told, `"event":"progress"`) < 20*59 {
		t.Errorf("a script hears nothing of slow ones: %s", told)
	}
}

// sizesOf is n times the same size.
func sizesOf(n int, size uint64) []uint64 { return slices.Repeat([]uint64{size}, n) }
