package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/search"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// page makes the pages that people see. They bring all that they need: a
// browser is told to load and run nothing.
type page struct {
	html   *template.Template
	policy string // Content-Security-Policy
}

func newPage() *page {
	sum := sha256.Sum256([]byte(pageStyle))
	return &page{
		html: template.Must(template.New("page").Parse(pageText)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
}

// pageTimeout bounds the making of a page, maxQuery the text that is sought,
// maxPage the page that may be asked for.
const (
	pageTimeout = 10 * time.Second
	maxQuery    = 256
	maxPage     = 100_000
)

// browsePage answers with the page of a folder (in), or of what was found (q).
func (s *Server) browsePage(w http.ResponseWriter, r *http.Request) {
	if !s.small.allow(time.Now(), remoteHost(r.RemoteAddr), 1) {
		s.tooOften(w)
		return
	}
	if !s.pages.enter() {
		s.later(w, time.Second, "others are browsing: load the page again")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	data, code := s.lookUp(ctx, r)
	cancel()
	s.pages.leave() // who reads slowly does not keep others waiting
	s.browses.Add(1)
	s.sendPage(w, r, code, data)
}

// lookUp gathers what a page shows.
func (s *Server) lookUp(ctx context.Context, r *http.Request) (pageData, int) {
	params := r.URL.Query()
	v := view{
		folder: params.Get("in"), query: cutQuery(params.Get("q")),
		order: order{by: params.Get("sort"), back: params.Get("desc") == "1"},
	}
	if n, err := strconv.Atoi(params.Get("page")); err == nil {
		v.page = min(max(n, 1), maxPage) - 1
	}
	if v.query == "" {
		l := list(ctx, s.cfg.Catalog, v.folder, v.order, v.page)
		if v.folder != "" && l.total == 0 && len(l.folders) == 0 {
			return pageData{Missing: true}, http.StatusNotFound
		}
		return newPageData(v, l, r.Host), http.StatusOK
	}
	q, err := search.ParseQuery(v.query)
	if err != nil {
		return pageData{Query: v.query, Note: "This cannot be searched for: " + err.Error() + "."}, http.StatusOK
	}
	l, err := find(ctx, s.cfg.Catalog, q, v.order, v.page)
	if err != nil {
		s.cfg.Log.WithError(err).Debug("search of a page")
		return pageData{Query: v.query, Note: "The search took too long. Try other words."}, http.StatusServiceUnavailable
	}
	return newPageData(v, l, r.Host), http.StatusOK
}

// cutQuery cuts a text that is sought to what any search takes.
func cutQuery(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxQuery)], "")
}

// sendPage makes a page and sends it, compressed where the browser likes that.
func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, code int, data pageData) {
	data.Agent, data.Style = search.Clean(s.cfg.Agent), template.CSS(pageStyle)
	if s.cfg.Catalog != nil {
		files, size := s.cfg.Catalog.Totals()
		data.Totals = counted(files, "file") + ", " + sizeText(size)
	}
	var text bytes.Buffer
	if err := s.page.html.Execute(&text, data); err != nil {
		s.cfg.Log.WithError(err).Error("make a page")
		http.Error(w, "this page cannot be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", s.page.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	var body bytes.Buffer
	z := encode(h, r, &body)
	_, _ = z.Write(text.Bytes()) // a buffer takes everything
	_ = z.Close()
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(code)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body.Bytes()) // who has gone does not want it
	}
}
