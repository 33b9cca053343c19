package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/sim/report"
	"github.com/seed282dab8e/servent/sim/study"
)

// resultsFile is what the points of a study gave, in its folder.
const resultsFile = "results.json"

// runStudy runs a study and writes down what it shows.
func (a *app) runStudy(ctx context.Context, info study.Info, s study.Study, f *simFlags) error {
	points, err := study.Ready(s)
	if err != nil {
		return &usageError{err}
	}
	memory, err := memoryFor(study.Memory(points, f.shard.Shard), int64(f.memory), "take smaller networks")
	if err != nil {
		return err
	}
	dir, err := newFolder(f.out)
	if err != nil {
		return err
	}
	defer removeEmpty(dir)
	if s, ok := s.(study.Adviser); ok {
		for _, advice := range s.Advice() {
			a.note("%s", advice)
		}
	}
	p := a.studyProgress(info.Name)
	results, err := study.Run(ctx, info, s, study.Options{Shard: f.shard.Shard, Memory: memory, Progress: p.set, Leave: leaving(ctx)})
	p.close()
	if err != nil && ctx.Err() != nil {
		err = errInterrupted
	}
	switch {
	case results == nil:
		return err
	case err != nil && results.Done() == 0:
		return fmt.Errorf("%w; no point of the study was done, so nothing is kept", err)
	}
	results.Version = versionText()
	page, failed := saveStudy(dir, results)
	if failed != nil {
		return errors.Join(err, failed)
	}
	missed := a.tellStudy(dir, page, f.shard.N > 0)
	if err != nil { // whatever targets say
		return fmt.Errorf("%w; %d of %d points are done and kept in %s", err, results.Done(), f.shard.Count(len(points)), dir)
	}
	return missed
}

// leaveAfter is how long an interrupted run waits for what it can still keep.
const leaveAfter = 500 * time.Millisecond

// leaving returns a channel that is closed soon after ctx has ended.
func leaving(ctx context.Context) <-chan struct{} {
	leave := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(leaveAfter, func() { close(leave) }) })
	return leave
}

// saveStudy writes the results and the page.
func saveStudy(dir string, results *study.Results) (*report.Report, error) {
	var b bytes.Buffer
	if err := results.Write(&b); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, resultsFile), b.Bytes(), 0o644); err != nil {
		return nil, fmt.Errorf("write results: %w", err)
	}
	page, err := results.Report()
	if err != nil {
		return nil, err
	}
	if err := page.Write(dir); err != nil {
		return nil, fmt.Errorf("%w (the results are whole: `servent sim merge --out ELSEWHERE %s` makes the page)", err, dir)
	}
	return page, nil
}

// plainWidth is how wide a report is where there is no terminal.
const plainWidth = 120

// tellStudy prints what a study shows, and where the page is. A study that
// missed one of its targets without an account of why has failed.
func (a *app) tellStudy(dir string, page *report.Report, shard bool) error {
	index := filepath.Join(dir, "index.html")
	missed := page.Failed()
	switch {
	case a.json:
		a.printJSON(studyLine(page, index))
		if shard { // what is missed shows when all parts are there
			return nil
		}
	case shard:
		a.printf("%s\nResults: %s\nJoin it with the other parts: servent sim merge --out FOLDER %s ...\n", page.Partial, filepath.Join(dir, resultsFile), dir)
		return nil
	default:
		width, _ := a.screen.size()
		if err := page.Text(a.out, cmp.Or(width, plainWidth)); err != nil {
			return err
		}
		a.printf("\nPage: %s\n", index)
	}
	if len(missed) > 0 {
		return fmt.Errorf("targets of this study that were missed: %d, the first: %s", len(missed), missed[0].What)
	}
	return nil
}

// studyJSON is what --json prints of a study. The whole report is in a file.
type studyJSON struct {
	Study   string `json:"study"`
	Page    string `json:"page"`
	Seed    uint64 `json:"seed"`
	Version string `json:"version"`
	Partial string `json:"partial,omitempty"`

	Met        int      `json:"met"`
	Unverified int      `json:"unverified"`
	NotRun     int      `json:"not_run"`
	Fitted     int      `json:"fitted"`
	Away       int      `json:"does_not_apply"`
	Missed     []string `json:"missed"`
	Accounted  []string `json:"missed_accounted_for"`
}

func studyLine(page *report.Report, index string) studyJSON {
	line := studyJSON{Study: page.Study, Page: index, Seed: page.Seed, Version: page.Version, Partial: page.Partial, Missed: []string{}, Accounted: []string{}}
	for _, s := range page.Sections {
		for _, t := range s.Targets {
			switch t.Verdict() {
			case "does not apply":
				line.Away++
			case "not run":
				line.NotRun++
			case "unverified":
				line.Unverified++
			case "fitted":
				line.Fitted++
			case "met":
				line.Met++
			case "missed":
				line.Missed = append(line.Missed, t.What)
			default:
				line.Accounted = append(line.Accounted, t.What)
			}
		}
	}
	return line
}

// newFolder makes a folder for results. One that is there must be empty: nothing
// is written over.
func newFolder(name string) (string, error) {
	if name == "" {
		return "", usagef("--out is empty: name a folder")
	}
	dir, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("--out %s: %w", name, err)
	}
	err = os.Mkdir(dir, 0o755)
	_, above := os.Stat(filepath.Dir(dir))
	switch {
	case err == nil:
		return name, nil
	case above != nil:
		return "", usagef("--out %s: there is no folder %s: make it first", name, filepath.Dir(dir))
	case !errors.Is(err, os.ErrExist):
		return "", usagef("--out %s: %w: name a folder where you may write", name, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", usagef("--out %s is no folder: name another one", name)
	}
	if len(entries) > 0 {
		return "", usagef("--out %s exists and is not empty: remove it, or name another folder", name)
	}
	return name, nil
}

// removeEmpty removes a folder that nothing was written into.
func removeEmpty(dir string) { _ = os.Remove(dir) }

// indented puts the lines of an example as cobra shows them.
func indented(text string) string { return examples(strings.Split(text, "\n")...) }
