package main

import (
	"context"
	"math"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// dryRun tells what sharing folders would mean.
func (a *app) dryRun(ctx context.Context, dirs []string, listLeftOut bool) error {
	for i, dir := range dirs {
		scan := a.scan()
		cfg := servent.ReportConfig{Progress: func(files int) { scan.update(servent.ScanInfo{Dir: dir, Found: files}) }}
		if listLeftOut {
			cfg.Examples = math.MaxInt
		}
		r, err := servent.MakeReport(ctx, dir, cfg)
		scan.close()
		if err != nil {
			return err
		}
		if a.json {
			a.printJSON(struct {
				Event string `json:"event"`
				servent.Report
			}{"report", r})
			continue
		}
		if i > 0 {
			a.printf("\n")
		}
		a.printf("%s", a.reportText(&r, listLeftOut))
	}
	if !a.json {
		a.printf("\nThis was a dry run: no file was read, and nothing is shared by it.\n")
	}
	return nil
}

// reportText is a report for people.
func (a *app) reportText(r *servent.Report, listLeftOut bool) string {
	var b strings.Builder
	room, _ := a.screen.size()
	b.WriteString(search.Clean(r.Dir) + ": " + countText(r.Files, "file") + ", " + byteText(r.Bytes) + ", in " + countText(r.Folders, "folder") + "\n")
	if r.Files > 0 {
		b.WriteString("\n" + typeTable(room, r) + "\n" + largestTable(room, r))
	}
	if r.InvalidNames > 0 {
		b.WriteString("\n" + countText(r.InvalidNames, "path") + " not in valid UTF-8: others see � there\n")
	}
	switch {
	case len(r.LeftOut) == 0:
	case listLeftOut:
		b.WriteString(leftOutList(r))
	default:
		b.WriteString("\n" + leftOutTable(room, r))
	}
	return b.String()
}

func typeTable(room int, r *servent.Report) string {
	var rows [][]string
	for _, t := range r.Types {
		name := t.Type
		if name == search.Any.String() {
			name = "other"
		}
		rows = append(rows, []string{numberText(t.Files), byteText(t.Bytes), name})
	}
	return newTable(room, []column{{title: "FILES", width: 9, right: true}, {title: "SIZE", width: 6, right: true}, {title: "TYPE"}}, rows...).all(rows)
}

func largestTable(room int, r *servent.Report) string {
	var rows [][]string
	for _, f := range r.Largest {
		rows = append(rows, []string{"", byteText(f.Bytes), f.Path})
	}
	return newTable(room, []column{{width: 9}, {title: "SIZE", width: 6, right: true}, {title: "LARGEST", middle: true}}, rows...).all(rows)
}

// leftOutList names all that is left out, below the reasons.
func leftOutList(r *servent.Report) string {
	var b strings.Builder
	for _, o := range r.LeftOut {
		b.WriteString("\nleft out, " + o.Reason + ": " + numberText(o.Count) + "\n")
		for _, name := range o.Examples {
			b.WriteString("  " + name + "\n")
		}
	}
	return b.String()
}

func leftOutTable(room int, r *servent.Report) string {
	var rows [][]string
	for _, o := range r.LeftOut {
		names := strings.Join(o.Examples, ", ")
		if o.Count > len(o.Examples) {
			names += ", …"
		}
		rows = append(rows, []string{numberText(o.Count), o.Reason + ": " + names})
	}
	return newTable(room, []column{{title: "LEFT OUT", width: 9, right: true}, {title: "WHY"}}, rows...).all(rows)
}
