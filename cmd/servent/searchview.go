package main

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// searchView shows the rows of a search as they come. A row keeps the number
// that it was shown with.
type searchView struct {
	a         *app
	query     string
	linksText func() string // how many links there are; "": not known
	dataDir   string        // where the rows are kept for `servent get`; may be empty
	quiet     time.Duration // ends when nothing new came for so long after the first row; 0: does not
	most      int           // rows that are shown; 0: all
	indent    string
	magnet    bool // show the links, too
	start     time.Time
	last      time.Time // something came
	rows      []servent.Found
	at        map[string]int // rows, by key
	shown     int            // rows that are on the screen
	grown     bool           // rows that are on the screen have changed since
	unsaved   bool

	table *table
	mu    sync.Mutex
	state string // for the live line, which another goroutine draws
}

// showEvery is how often rows are shown: those that come together are shown
// best first, with all their sources.
const showEvery = 200 * time.Millisecond

func (a *app) newSearchView(query string) *searchView {
	room, _ := a.screen.size()
	return &searchView{
		a: a, query: query, start: time.Now(), at: map[string]int{}, linksText: func() string { return "" },
		table: newTable(room, []column{
			{title: "#", width: 3, right: true},
			{title: "SIZE", width: 7, right: true},
			{title: "SOURCES", right: true},
			{title: "HOPS", right: true},
			{title: "TIME", width: 6, right: true},
			{title: "NAME", middle: true},
		}),
	}
}

// follow shows what run finds, until it ends or timeout is over.
func (v *searchView) follow(ctx context.Context, timeout time.Duration, run func(context.Context, func(servent.Found)) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, ended := make(chan servent.Found), make(chan error, 1)
	go func() {
		ended <- run(ctx, func(f servent.Found) {
			select {
			case found <- f:
			case <-ctx.Done():
			}
		})
	}()
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	lines := v.a.lines()
	lines.text(v.line)
	for {
		select {
		case f := <-found:
			v.add(f)
		case <-tick.C:
			v.show()
			if v.quiet > 0 && len(v.rows) > 0 && time.Since(v.last) > v.quiet {
				cancel()
			}
		case err := <-ended:
			v.show()
			lines.close()
			return err
		}
	}
}

// add takes a row that is new or has changed.
func (v *searchView) add(f servent.Found) {
	v.unsaved, v.last = true, time.Now()
	key := rowKey(&f)
	i, known := v.at[key]
	if v.a.json && (!known || len(f.Sources) > len(v.rows[i].Sources)) {
		v.a.printJSON(f)
	}
	if !known {
		v.at[key] = len(v.rows)
		v.rows = append(v.rows, f)
		return
	}
	v.rows[i] = f
	v.grown = v.grown || i < v.shown
}

// rowKey is the same for all states of a row.
func rowKey(f *servent.Found) string {
	if f.SHA1 != "" || len(f.Sources) == 0 {
		return f.SHA1
	}
	return fmt.Sprintf("%s %d %s", f.Sources[0].GUID, f.Size, f.Name)
}

// show prints and saves what has come since it last did.
func (v *searchView) show() {
	if !v.a.json && v.shown < len(v.rows) {
		v.order(v.shown)
		if v.shown == 0 {
			v.a.printf("%s%s", v.indent, v.table.header())
		}
		for i := v.shown; i < len(v.rows) && (v.most == 0 || i < v.most); i++ {
			v.printRow(i)
		}
	}
	v.shown = len(v.rows)
	v.tell()
	if !v.unsaved || v.dataDir == "" {
		return
	}
	v.unsaved = false
	last := lastSearch{Query: v.query, Time: v.start, Rows: v.rows}
	if err := last.save(v.dataDir); err != nil {
		v.a.log.WithError(err).Warn("rows cannot be downloaded by number")
	}
}

// printRow prints row i.
func (v *searchView) printRow(i int) {
	v.a.printf("%s%s", v.indent, v.table.row(cells(i+1, &v.rows[i])))
	if v.magnet {
		v.a.printf("%s     %s\n", v.indent, v.rows[i].Magnet)
	}
}

// order puts the rows from i on in order, best first.
func (v *searchView) order(from int) {
	slices.SortStableFunc(v.rows[from:], func(a, b servent.Found) int { return byRank(&a, &b) })
	for i := from; i < len(v.rows); i++ {
		v.at[rowKey(&v.rows[i])] = i
	}
}

// byRank orders rows: by how well the name fits, then by sources, then by distance.
func byRank(a, b *servent.Found) int {
	return cmp.Or(
		cmp.Compare(b.Score, a.Score),
		cmp.Compare(len(b.Sources), len(a.Sources)),
		cmp.Compare(a.Hops, b.Hops),
	)
}

func cells(n int, f *servent.Found) []string {
	return []string{
		strconv.Itoa(n), byteText(f.Size), strconv.Itoa(len(f.Sources)), strconv.Itoa(f.Hops),
		timeText(time.Duration(f.MS) * time.Millisecond), path.Join(f.Path, f.Name),
	}
}

// tell prepares the live line.
func (v *searchView) tell() {
	links := v.linksText()
	if links != "" {
		links = " · " + links
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.state = countText(len(v.rows), "file") + links
}

func (v *searchView) line() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return fmt.Sprintf("searching %.0f s · %s · Ctrl-C ends", time.Since(v.start).Seconds(), v.state)
}

// conclude sums up for people. Where rows have changed since they were shown
// and the screen has room for all, they are shown again, best first.
func (v *searchView) conclude() {
	if v.a.json || !v.a.screen.on {
		return
	}
	ranked := make([]int, len(v.rows))
	for i := range ranked {
		ranked[i] = i
	}
	slices.SortStableFunc(ranked, func(a, b int) int { return byRank(&v.rows[a], &v.rows[b]) })
	_, lines := v.a.screen.size()
	if (v.grown || !slices.IsSorted(ranked)) && len(ranked)+3 <= lines {
		v.a.printf("\nbest first:\n")
		for _, i := range ranked {
			v.printRow(i)
		}
	}
	more := ""
	if v.cut() {
		more = " and perhaps more: add words to see others"
	}
	v.a.printf("\n%s in %s%s. Download the first with `%s`.\n",
		countText(len(v.rows), "file"), timeText(time.Since(v.start)), more, v.a.hint(fmt.Sprintf("get %d", ranked[0]+1)))
}

// answerLimit is how many files a servent answers one question with.
const answerLimit = 64

// cut says whether a source has answered with as many files as it may.
func (v *searchView) cut() bool {
	type source struct{ addr, guid string }
	files := map[source]int{}
	for i := range v.rows {
		for _, s := range v.rows[i].Sources {
			of := source{s.Addr, s.GUID}
			if files[of]++; files[of] >= answerLimit {
				return true
			}
		}
	}
	return false
}
