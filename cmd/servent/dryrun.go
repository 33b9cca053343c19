package main

import (
	"context"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// dryRun tells what sharing folders would mean.
func (a *app) dryRun(ctx context.Context, dirs []string) error {
	for i, dir := range dirs {
		scan := a.scan()
		r, err := servent.MakeReport(ctx, dir, func(files int) {
			scan.update(servent.ScanInfo{Dir: dir, Found: files})
		})
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
		a.printf("%s", a.reportText(&r))
	}
	if !a.json {
		a.printf("\nThis was a dry run: no file was read, and nothing is shared by it.\n")
	}
	return nil
}

// reportText is a report for people.
func (a *app) reportText(r *servent.Report) string {
	var b strings.Builder
	room, _ := a.screen.size()
	b.WriteString(search.Clean(r.Dir) + ": " + countText(r.Files, "file") + ", " + byteText(r.Bytes) + ", in " + countText(r.Folders, "folder") + "\n")
	if r.Files > 0 {
		b.WriteString("\n" + typeTable(room, r) + "\n" + largestTable(room, r))
	}
	if r.InvalidNames > 0 {
		b.WriteString("\n" + countText(r.InvalidNames, "path") + " not in valid UTF-8: others see � there\n")
	}
	if len(r.LeftOut) > 0 {
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
