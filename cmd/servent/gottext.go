package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// doneEvent says that a file is there.
type doneEvent struct {
	Event string `json:"event"`
	*servent.Got
}

func (d *download) tellDone(got *servent.Got) {
	switch {
	case d.a.json:
		d.a.printJSON(doneEvent{"done", got})
	case d.minor && d.a.screen.on:
		d.all.noteMinor(got)
	case got.Existing:
		d.a.printf("%s%s is there already, %s, verified\n", d.row(), got.Path, byteText(got.Bytes))
	default:
		d.a.printf("%s%s  %s, verified\n", d.row(), got.Path, gotText(got))
	}
	if n := len(got.Liars); n > 0 && !d.a.json {
		d.a.note("%s: what %s sent was wrong, and came from others instead", search.Clean(filepath.Base(got.Path)), liarsText(got.Liars))
	}
}

// maxLiars is how many sources that lied are named.
const maxLiars = 3

func liarsText(liars []string) string {
	text := strings.Join(liars[:min(len(liars), maxLiars)], ", ")
	if more := len(liars) - maxLiars; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// gotText tells the size of a file, and in what time so much came. What an earlier
// download has left took none of that.
func gotText(got *servent.Got) string {
	size, took := byteText(got.Bytes), timeText(time.Duration(got.MS)*time.Millisecond)
	switch {
	case got.Fetched >= got.Bytes:
		size += " in " + took
		if got.Sources > 1 {
			size += " from " + countText(got.Sources, "source")
		}
		return size
	case got.Fetched == 0:
		return size
	}
	return fmt.Sprintf("%s, the last %s of it in %s", size, byteText(got.Fetched), took)
}

// row says which row of the search a file is, where there are several: they
// may have one name.
func (d *download) row() string {
	if d.file.row == 0 {
		return ""
	}
	return fmt.Sprintf("row %d → ", d.file.row)
}

func (d *download) tellError(err error) {
	if d.a.json {
		d.a.printJSON(map[string]string{"event": "error", "error": err.Error(), "sha1": d.sha1()})
		return
	}
	fmt.Fprintf(d.a.err, "servent: get %s: %v\n", search.Clean(d.file.label), err)
}
