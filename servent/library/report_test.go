package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	dir := tempDir(t)
	write(t, dir,
		"music/one.mp3", strings.Repeat("1", 100), "music/two.ogg", strings.Repeat("2", 50),
		"readme.txt", "12345", "what", "123",
		".git/config", "x", "music/.a", "x", "music/.b", "x", "music/.c", "x",
		"id_rsa", "x", "nothing.txt", "", "film.avi.part", "x")
	if err := os.Symlink("/", filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	var told []int
	got, err := MakeReport(t.Context(), dir, ReportConfig{Progress: func(files int) { told = append(told, files) }})
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		Dir: dir, Files: 4, Bytes: 158, Folders: 2,
		Types:   []ReportType{{"audio", 2, 150}, {"document", 1, 5}, {"any", 1, 3}},
		Largest: []ReportFile{{"music/one.mp3", 100}, {"music/two.ogg", 50}, {"readme.txt", 5}, {"what", 3}},
		LeftOut: []ReportLeftOut{
			{reasonHidden, 4, []string{".git", "music/.a", "music/.b"}},
			{reasonUnfinished, 1, []string{"film.avi.part"}},
			{reasonSecret, 1, []string{"id_rsa"}},
			{reasonLinkOut, 1, []string{"link"}},
			{reasonEmpty, 1, []string{"nothing.txt"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if !slices.Equal(told, []int{2, 4}) {
		t.Errorf("progress: %v", told)
	}
	l := added(t, dir) // does what was reported
	if root := l.Roots()[0]; root.Files != got.Files || root.Bytes != got.Bytes || root.LeftOut != 8 {
		t.Errorf("shared: %+v", root)
	}
}

// TestReportReadsNothing: files that cannot be read are no matter, as in a dry run.
func TestReportReadsNothing(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a.txt", "1")
	if err := os.Chmod(filepath.Join(dir, "a.txt"), 0); err != nil {
		t.Fatal(err)
	}
	if r, err := MakeReport(t.Context(), dir, ReportConfig{}); err != nil || r.Files != 1 || len(r.LeftOut) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReportBounds(t *testing.T) {
	var r Report
	for i := range 30 {
		r.add(candidate{rel: fmt.Sprintf("%d\xff.mp3", i), size: uint64(i % 20)})
	}
	if len(r.Largest) != reportLargest || r.Largest[0] != (ReportFile{"19\uFFFD.mp3", 19}) || r.Largest[9].Bytes != 10 {
		t.Errorf("%+v", r.Largest)
	}
	if r.InvalidNames != 30 || r.Files != 30 {
		t.Errorf("%+v", r)
	}
	for i := range reportReasons + 10 {
		r.leave("a", fmt.Sprint("reason ", i))
	}
	last := r.LeftOut[len(r.LeftOut)-1]
	if len(r.LeftOut) != reportReasons || last.Reason != reasonOther || last.Count != 11 || len(last.Examples) != reportExamples {
		t.Errorf("%d reasons, the last one %+v", len(r.LeftOut), last)
	}
}

func TestReportErrors(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a/b.txt", "x")
	for _, name := range []string{filepath.Join(dir, "absent"), filepath.Join(dir, "a", "b.txt")} {
		if _, err := MakeReport(t.Context(), name, ReportConfig{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := MakeReport(t.Context(), filepath.Join(dir, "absent"), ReportConfig{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := MakeReport(ctx, dir, ReportConfig{Progress: func(int) { cancel() }})
	if !errors.Is(err, context.Canceled) || r.Folders != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
