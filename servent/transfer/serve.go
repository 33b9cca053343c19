package transfer

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
)

const (
	pathByURN   = "/uri-res/n2r" // compared in lower case
	pathTree    = "/uri-res/n2x"
	pathByIndex = "/get/"
	pathPush    = protocol.PushProxyPath
	pathPushOld = "/gnet/push-proxy" // gtk-gnutella's second name for it
)

// Handler returns what answers each request; Serve uses it by itself.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.handle) }

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	// A deadline of the request before must not hit this one. An error says
	// that w is no connection, as in a test.
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(s.cfg.WriteTimeout))
	h := w.Header()
	h.Set("Server", s.cfg.Agent)
	h.Set("X-Features", s.features)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch {
	case r.ContentLength != 0:
		// net/http reads on to the end of the body: not for ever.
		_ = rc.SetReadDeadline(time.Now().Add(s.cfg.HeaderTimeout))
		h.Set("Connection", "close")
		s.refuse(w, "a request must not have a body", http.StatusBadRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		s.refuse(w, "only GET and HEAD are served", http.StatusMethodNotAllowed)
	case isCrossOrigin(r):
		s.crossOrigin.Add(1)
		http.Error(w, "pages of other sites are not answered", http.StatusForbidden)
	default:
		s.route(w, r)
	}
}

// route answers by the path.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	switch path := strings.ToLower(r.URL.Path); {
	case path == "/":
		s.browse(w, r)
	case path == pathByURN || strings.HasPrefix(r.URL.Path, pathByIndex):
		s.serve(w, r)
	case path == pathTree:
		s.serveTree(w, r)
	case path == pathPush || path == pathPushOld:
		s.passPush(w, r)
	default:
		s.notFound(w, r)
	}
}

func (s *Server) refuse(w http.ResponseWriter, text string, code int) {
	s.refused.Add(1)
	http.Error(w, text, code)
}

// notFound says that there is nothing, to people and to programs.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.missing.Add(1)
	if !wantsPage(r) {
		http.NotFound(w, r)
		return
	}
	s.sendPage(w, r, http.StatusNotFound, pageData{Missing: true})
}

// serve finds the file and sends it, if there is a slot.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	f, part, err := s.find(r.URL)
	if err != nil {
		s.refuse(w, err.Error(), http.StatusBadRequest)
		return
	}
	if f == nil {
		s.notFound(w, r)
		return
	}
	if part != nil && !part.whole() {
		part.tellRanges(w.Header(), r) // with 503, too: without that it would mean that all is here
	}
	var self []netip.AddrPort
	if strings.EqualFold(r.URL.Path, pathByURN) {
		self = s.learnAlternates(r, f.URN.SHA1)
		s.tellAlternates(w.Header(), r, f.URN.SHA1, self)
	}
	if n := strings.Count(r.Header.Get("Range"), ","); n >= maxRanges {
		s.refuse(w, "too many ranges: ask for "+strconv.Itoa(maxRanges)+" at most", http.StatusRequestedRangeNotSatisfiable)
		return
	}
	_, ours := featureOf(r.Header, ourFeature)
	u := upload{
		host: remoteHost(r.RemoteAddr), file: f.URN.SHA1, size: f.Size, shares: s.shares(r, f.URN.SHA1, self),
		call: callOf(r), ours: ours,
	}
	open := func() (*os.File, error) { return s.cfg.Files.Open(*f) }
	if part != nil {
		if !part.whole() {
			s.servePart(w, r, part, u)
			return
		}
		open = func() (*os.File, error) { return s.openPart(r, part) }
	}
	s.upload(w, r, u, open, func(content *os.File, l *lane) piece {
		return s.send(w, r, *f, content, l)
	})
}

// upload has send send from a file that it opens, if there is a slot.
func (s *Server) upload(w http.ResponseWriter, r *http.Request, u upload, open func() (*os.File, error), send func(*os.File, *lane) piece) {
	var l *lane
	var sent piece
	if r.Method == http.MethodGet {
		if l = s.admit(w, r, u); l == nil {
			return
		}
		defer func() { s.release(u, sent) }()
	}
	content, err := open()
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		s.cfg.Log.WithError(err).Warn("no free file descriptor for an upload")
		s.later(w, s.cfg.RetryAfter, "no file can be opened now")
		return
	}
	if err != nil {
		s.cfg.Log.WithError(err).Debug("open shared file")
		s.notFound(w, r)
		return
	}
	defer content.Close()
	sent = send(content, l)
}

// find looks up what a URL names (section 19); nil when we do not have it. part is
// of a file that is asked by hash and is not whole yet.
func (s *Server) find(u *url.URL) (f *library.File, part *Partial, err error) {
	rest, ok := strings.CutPrefix(u.Path, pathByIndex)
	if !ok {
		return s.findURN(u.RawQuery)
	}
	number, name, _ := strings.Cut(rest, "/")
	index, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return nil, nil, errors.New("malformed file index")
	}
	shared, ok := s.cfg.Files.ByIndex(uint32(index))
	// A number may have meant another file to who has it from long ago, so the
	// name must fit.
	if !ok || !strings.EqualFold(shared.Name(), name) {
		return nil, nil, nil
	}
	return &shared, nil, nil
}

func (s *Server) findURN(query string) (f *library.File, part *Partial, err error) {
	text, err := url.QueryUnescape(query)
	if err != nil {
		return nil, nil, errors.New("malformed urn")
	}
	urn, err := protocol.ParseURN(text)
	if err != nil || !urn.HasSHA1 {
		return nil, nil, errors.New("malformed urn, or of a kind that is not served")
	}
	shared, ok := s.cfg.Files.BySHA1(urn.SHA1)
	if !ok {
		var p Partial
		if p, ok = s.cfg.Partial(urn.SHA1); ok {
			shared, part = p.File, &p
		}
	}
	if !ok || urn.HasTiger && shared.URN.HasTiger && urn.Tiger != shared.URN.Tiger {
		return nil, nil, nil
	}
	return &shared, part, nil
}
