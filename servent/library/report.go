package library

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed282dab8e/servent/search"
)

const (
	// reportLargest is how many of the largest files a report names.
	reportLargest = 10
	// reportExamples is how many names it gives for each reason as a rule.
	reportExamples = 3
	// reportReasons is how many reasons it tells apart: each error that there may
	// be with a file is one.
	reportReasons = 50
	reasonOther   = "other reasons"
)

// Report tells what sharing a folder would mean. Paths in it are those below
// the folder, fit to be shown.
type Report struct {
	Dir     string `json:"dir"` // absolute, without symbolic links
	Files   int    `json:"files"`
	Bytes   uint64 `json:"bytes"`
	Folders int    `json:"folders"` // that are entered, Dir included
	// InvalidNames is how many files have paths that are not valid UTF-8. Others
	// see them with replacement characters.
	InvalidNames int             `json:"invalid_names"`
	Types        []ReportType    `json:"types"`    // those there are, the most bytes first
	Largest      []ReportFile    `json:"largest"`  // ten at most, the largest first
	LeftOut      []ReportLeftOut `json:"left_out"` // the most frequent reason first

	examples int
}

// ReportType is what there is of a media type, by the names of the files.
type ReportType struct {
	Type  string `json:"type"`
	Files int    `json:"files"`
	Bytes uint64 `json:"bytes"`
}

// ReportFile is a large file.
type ReportFile struct {
	Path  string `json:"path"`
	Bytes uint64 `json:"bytes"`
}

// ReportLeftOut is what is left out for one reason. A folder counts once.
type ReportLeftOut struct {
	Reason   string   `json:"reason"`
	Count    int      `json:"count"`
	Examples []string `json:"examples"`
}

// ReportConfig says what a report is to be like. Its zero value is a good choice.
type ReportConfig struct {
	Progress func(files int) // hears how many files were found by now, often; may be nil
	Examples int             // names given for each reason of leaving out, where more than three
}

// MakeReport looks through a folder as Add does, but reads no file.
func MakeReport(ctx context.Context, dir string, cfg ReportConfig) (Report, error) {
	dir, err := checkDir(dir)
	if err != nil {
		return Report{}, fmt.Errorf("look through folder: %w", err)
	}
	r := Report{Dir: dir, Types: []ReportType{}, Largest: []ReportFile{}, LeftOut: []ReportLeftOut{}, examples: cfg.Examples}
	w := walker{dir: dir, leave: r.leave}
	todo := []string{""}
	for len(todo) > 0 && ctx.Err() == nil {
		rel := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		files, subs, err := w.look(rel)
		switch {
		case err != nil && rel == "":
			return Report{}, fmt.Errorf("look through %s: %w", dir, err)
		case err != nil:
			r.leave(strings.TrimSuffix(rel, "/"), reasonOf(err))
		}
		r.Folders++
		for _, c := range files {
			r.add(c)
		}
		slices.Reverse(subs)
		for _, name := range subs {
			todo = append(todo, rel+name+"/")
		}
		if cfg.Progress != nil {
			cfg.Progress(r.Files)
		}
	}
	slices.SortStableFunc(r.Types, func(a, b ReportType) int { return cmp.Compare(b.Bytes, a.Bytes) })
	slices.SortStableFunc(r.LeftOut, func(a, b ReportLeftOut) int { return cmp.Compare(b.Count, a.Count) })
	return r, context.Cause(ctx)
}

// add counts a file that would be shared.
func (r *Report) add(c candidate) {
	r.Files++
	r.Bytes += c.size
	if !utf8.ValidString(c.rel) {
		r.InvalidNames++
	}
	kind := search.TypeOf(path.Base(c.rel)).String()
	at := slices.IndexFunc(r.Types, func(t ReportType) bool { return t.Type == kind })
	if at < 0 {
		at = len(r.Types)
		r.Types = append(r.Types, ReportType{Type: kind})
	}
	r.Types[at].Files++
	r.Types[at].Bytes += c.size

	at, _ = slices.BinarySearchFunc(r.Largest, c.size, func(f ReportFile, size uint64) int {
		if f.Bytes >= size {
			return -1 // what came first stays before
		}
		return 1
	})
	if at < reportLargest {
		r.Largest = slices.Insert(r.Largest, at, ReportFile{search.Clean(c.rel), c.size})
		r.Largest = r.Largest[:min(len(r.Largest), reportLargest)]
	}
}

// leave counts what would be left out.
func (r *Report) leave(rel, reason string) {
	same := func(o ReportLeftOut) bool { return o.Reason == reason }
	at := slices.IndexFunc(r.LeftOut, same)
	if at < 0 && len(r.LeftOut) >= reportReasons-1 {
		reason = reasonOther
		at = slices.IndexFunc(r.LeftOut, same)
	}
	if at < 0 {
		at = len(r.LeftOut)
		r.LeftOut = append(r.LeftOut, ReportLeftOut{Reason: reason, Examples: []string{}})
	}
	o := &r.LeftOut[at]
	if o.Count++; o.Count <= max(r.examples, reportExamples) {
		o.Examples = append(o.Examples, search.Clean(rel))
	}
}
