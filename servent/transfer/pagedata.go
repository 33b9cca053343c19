package transfer

import (
	"fmt"
	"html/template"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/library"
)

// view is what a reader looks at.
type view struct {
	folder string // path below the shared folders
	query  string // sought; else "", and folder counts
	order  order
	page   int // from 0
}

// link returns the address of a view.
func (v view) link() string {
	p := url.Values{}
	set := func(key, value string) {
		if value != "" {
			p.Set(key, value)
		}
	}
	set("q", v.query)
	set("in", v.folder)
	set("sort", v.order.by)
	if v.order.back {
		set("desc", "1")
	}
	if v.page > 0 {
		set("page", strconv.Itoa(v.page+1))
	}
	if len(p) == 0 {
		return "/"
	}
	return "/?" + p.Encode()
}

// pageData is what page.html shows.
type pageData struct {
	Agent, Totals string
	Style         template.CSS
	Missing       bool   // there is no such page
	Waiting       string // for a free slot
	Note          string
	Query         string
	Folder        string     // its name
	Crumbs        []pageLink // the way to the folder
	Summary       string     // how much is in it
	Columns       []pageColumn
	Folders       []pageLink
	Files         []pageFile
	Pages         pager
}

type pageLink struct{ Name, Link string }

// pageColumn is the head of a column, by which it is sorted.
type pageColumn struct {
	pageLink
	Class string
	Sort  string // of aria-sort, if it is sorted by this
	by    string // of the order
}

type pageFile struct {
	Name, Type, Size, Date string
	Link                   string
	Magnet                 template.URL
	In                     pageLink // the folder, of what was found
}

// pager leads to the other pages.
type pager struct {
	First, Previous, Next, Last string
	Number, Count               int
}

func newPageData(v view, l listing, host string) pageData {
	d := pageData{Query: v.query, Summary: summary(v, l)}
	if v.query == "" {
		d.Crumbs = crumbs(v.folder)
	}
	if v.folder != "" {
		d.Folder = shown(path.Base(v.folder))
	}
	d.Columns = columns(v, l.sorted && l.total > 1)
	if v.page == 0 {
		for _, f := range l.folders {
			d.Folders = append(d.Folders, pageLink{shown(path.Base(f)), view{folder: f}.link()})
		}
	}
	for _, f := range l.files {
		d.Files = append(d.Files, newPageFile(f, v.query != "", host))
	}
	d.Pages = newPager(v, l.total)
	return d
}

// crumbs is the way from the top to a folder, which has no link itself.
func crumbs(folder string) []pageLink {
	out := []pageLink{{"All files", "/"}}
	for i, c := range folder {
		if c == '/' {
			out = append(out, pageLink{shown(path.Base(folder[:i])), view{folder: folder[:i]}.link()})
		}
	}
	if folder != "" {
		out = append(out, pageLink{Name: shown(path.Base(folder))})
	} else {
		out[0].Link = ""
	}
	return out
}

// columns are the heads of the table. Where files are sorted each leads to its
// order, or to that order backwards.
func columns(v view, sorted bool) []pageColumn {
	out := []pageColumn{
		{pageLink: pageLink{Name: "Name"}, Class: "name"},
		{pageLink: pageLink{Name: "Type"}, Class: "type", by: "type"},
		{pageLink: pageLink{Name: "Size"}, Class: "size", by: "size"},
		{pageLink: pageLink{Name: "Changed"}, Class: "date", by: "time"},
	}
	if !sorted {
		return out
	}
	for i := range out {
		c := &out[i]
		to := view{folder: v.folder, query: v.query, order: order{by: c.by, back: c.by == "size" || c.by == "time"}}
		if c.by == v.order.by && (v.query == "" || c.by != "") { // what is found is sorted by nothing at first
			to.order.back = !v.order.back
			if c.Sort = "ascending"; v.order.back {
				c.Sort = "descending"
			}
		}
		c.Link = to.link()
	}
	return out
}

func newPageFile(f library.File, found bool, host string) pageFile {
	row := pageFile{
		Name: shown(f.Name()), Type: typeName(f), Size: sizeText(f.Size),
		Link: "/uri-res/N2R?" + f.URN.SHA1URN(), Magnet: magnetOf(f, host),
	}
	if f.ModTime.Unix() > 0 {
		row.Date = f.ModTime.UTC().Format("2006-01-02")
	}
	if folder := path.Dir(f.Rel); found && folder != "." {
		row.In = pageLink{shown(folder), view{folder: folder}.link()}
	}
	return row
}

// magnetOf is a link to a file by its content, which names us as a source.
func magnetOf(f library.File, host string) template.URL {
	m := protocol.Magnet{URN: protocol.URN{SHA1: f.URN.SHA1, HasSHA1: true}, Name: f.Name(), Size: f.Size}
	if host != "" {
		m.Sources = []string{"http://" + host + "/uri-res/N2R?" + f.URN.SHA1URN()}
	}
	text := m.String()
	if f.URN.HasTiger {
		text += "&xt.1=" + protocol.URN{Tiger: f.URN.Tiger, HasTiger: true}.String()
	}
	return template.URL(text) // all that is not ours in it is escaped
}

func newPager(v view, total int) pager {
	count := (total + pageSize - 1) / pageSize
	p := pager{Number: v.page + 1, Count: count}
	to := func(page int) string {
		w := v
		w.page = page
		return w.link()
	}
	if v.page > 0 {
		p.First, p.Previous = to(0), to(min(v.page, count)-1)
	}
	if v.page+1 < count {
		p.Next, p.Last = to(v.page+1), to(count-1)
	}
	return p
}

// summary says how much a view holds.
func summary(v view, l listing) string {
	var parts []string
	if n := len(l.folders); n > 0 {
		parts = append(parts, counted(n, "folder"))
	}
	if l.total > 0 {
		parts = append(parts, counted(l.total, "file")+", "+sizeText(l.bytes))
	}
	text := strings.Join(parts, " and ")
	switch {
	case v.query != "" && l.more:
		return "The first " + text + ". More words find less."
	case l.more:
		return "The first " + text + "; there are more folders than can be shown. Search for the rest."
	}
	return text
}

// shown makes a name fit to be seen; one of which nothing is left has a name too.
func shown(name string) string {
	if s := strings.TrimSpace(search.Clean(name)); s != "" {
		return s
	}
	return "(no name)"
}

func counted(n int, what string) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:] // a narrow space between the thousands
	}
	if n != 1 {
		what += "s"
	}
	return text + " " + what
}

func sizeText(n uint64) string {
	if n < 1000 {
		return counted(int(n), "byte")
	}
	f, units := float64(n)/1000, "kMGTPE"
	for f >= 999.5 && len(units) > 1 {
		f, units = f/1000, units[1:]
	}
	if f < 9.95 {
		return fmt.Sprintf("%.1f %cB", f, units[0])
	}
	return fmt.Sprintf("%.0f %cB", f, units[0])
}
