package transfer

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
)

const (
	pathByURN   = "/uri-res/n2r" // compared in lower case
	pathByIndex = "/get/"
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
	h.Set("X-Features", features)
	switch {
	case r.ContentLength != 0:
		// net/http reads on to the end of the body: not for ever.
		_ = rc.SetReadDeadline(time.Now().Add(s.cfg.HeaderTimeout))
		h.Set("Connection", "close")
		s.refuse(w, "a request must not have a body", http.StatusBadRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		s.refuse(w, "only GET and HEAD are served", http.StatusMethodNotAllowed)
	default:
		s.serve(w, r)
	}
}

func (s *Server) refuse(w http.ResponseWriter, text string, code int) {
	s.refused.Add(1)
	http.Error(w, text, code)
}

// serve finds the file and sends it, if there is a slot.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	f, err := s.find(r.URL)
	if err != nil {
		s.refuse(w, err.Error(), http.StatusBadRequest)
		return
	}
	if f == nil {
		s.missing.Add(1)
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodGet {
		if !s.takeSlot() {
			s.later(w)
			return
		}
		defer s.releaseSlot()
	}
	content, err := s.cfg.Files.Open(*f)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		s.cfg.Log.WithError(err).Warn("no free file descriptor for an upload")
		s.later(w)
		return
	}
	if err != nil {
		s.cfg.Log.WithError(err).Debug("open shared file")
		s.missing.Add(1)
		http.NotFound(w, r)
		return
	}
	defer content.Close()
	s.send(w, r, *f, content)
}

// later tells a client that all slots are taken.
func (s *Server) later(w http.ResponseWriter) {
	w.Header().Set("Retry-After", s.wait())
	http.Error(w, "all upload slots are taken", http.StatusServiceUnavailable)
}

// find looks up what a URL names (section 19); nil when we do not have it.
func (s *Server) find(u *url.URL) (*library.File, error) {
	if strings.ToLower(u.Path) == pathByURN {
		return s.findURN(u.RawQuery)
	}
	rest, ok := strings.CutPrefix(u.Path, pathByIndex)
	if !ok {
		return nil, nil
	}
	number, name, _ := strings.Cut(rest, "/")
	index, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return nil, errors.New("malformed file index")
	}
	f, ok := s.cfg.Files.ByIndex(uint32(index))
	// Numbers change from one run to the next, so that the name must fit.
	if !ok || !strings.EqualFold(f.Name(), name) {
		return nil, nil
	}
	return &f, nil
}

func (s *Server) findURN(query string) (*library.File, error) {
	text, err := url.QueryUnescape(query)
	if err != nil {
		return nil, errors.New("malformed urn")
	}
	urn, err := protocol.ParseURN(text)
	if err != nil || !urn.HasSHA1 {
		return nil, errors.New("malformed urn, or of a kind that is not served")
	}
	f, ok := s.cfg.Files.BySHA1(urn.SHA1)
	if !ok || urn.HasTiger && f.URN.HasTiger && urn.Tiger != f.URN.Tiger {
		return nil, nil
	}
	return &f, nil
}

// send answers with content or the range of it that is asked for.
func (s *Server) send(w http.ResponseWriter, r *http.Request, f library.File, content *os.File) {
	h := w.Header()
	h.Set("Content-Type", contentType(f.Name()))
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.Name()}))
	h.Set("X-Content-Type-Options", "nosniff")
	if f.URN.HasSHA1 {
		h.Set("X-Gnutella-Content-URN", f.URN.SHA1URN())
		h.Set("ETag", `"`+f.URN.SHA1.String()+`"`)
	}
	u := &uploadWriter{ResponseWriter: w, server: s, ctx: r.Context(), control: http.NewResponseController(w)}
	begin := time.Now()
	http.ServeContent(u, r, "", f.ModTime, content)
	if r.Method == http.MethodGet && (u.code == http.StatusOK || u.code == http.StatusPartialContent) {
		s.finish(u, r, f, time.Since(begin))
	}
}

// finish counts a body and tells about it.
func (s *Server) finish(u *uploadWriter, r *http.Request, f library.File, elapsed time.Duration) {
	whole := u.sent == u.promised
	if whole {
		s.done.Add(1)
	} else {
		s.failed.Add(1)
	}
	addr, _ := netip.ParseAddrPort(r.RemoteAddr) // invalid where it is no TCP connection
	s.cfg.Log.WithFields(logrus.Fields{"addr": r.RemoteAddr, "bytes": u.sent, "dur_ms": elapsed.Milliseconds()}).Debug("upload ended")
	if s.cfg.OnUpload == nil {
		return
	}
	var offset uint64
	_, _ = fmt.Sscanf(u.Header().Get("Content-Range"), "bytes %d-", &offset) // absent: 0
	s.cfg.OnUpload(Upload{
		File: f, Addr: addr, Agent: r.UserAgent(), Offset: offset,
		Bytes: uint64(u.sent), Elapsed: elapsed, Whole: whole,
	})
}

func contentType(name string) string {
	if t := mime.TypeByExtension(filepath.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}
