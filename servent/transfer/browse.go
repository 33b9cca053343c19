package transfer

import (
	"io"
	"net/http"
	"time"

	"github.com/seed282dab8e/servent/servent/library"
)

// packets is the media type of a stream of QueryHit messages.
const packets = "application/x-gnutella-packets"

// hitBatch is how many files are gathered before they become a message.
const hitBatch = 64

// browse answers who asks what is shared here (section 23): a person gets
// pages, a servent all of it as QueryHit messages.
func (s *Server) browse(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	if s.cfg.Catalog == nil {
		s.refuse(w, "this servent does not let others browse what it shares; search for files by name", http.StatusForbidden)
		return
	}
	switch answer := s.negotiate(r); {
	case answer == "":
		s.refuse(w, "there is text/html and "+packets, http.StatusNotAcceptable)
	case answer == packets:
		s.browseHits(w, r)
	case !isOwnName(r.Host):
		s.crossOrigin.Add(1)
		http.Error(w, "open this page by the address of the servent, not by a name", http.StatusForbidden)
	default:
		s.browsePage(w, r)
	}
}

// negotiate returns the type that a client wants, "" for none that we have. A
// servent that takes pages too is a servent still.
func (s *Server) negotiate(r *http.Request) string {
	accept := r.Header.Values("Accept")
	html, _ := accepts(accept, "text/html")
	hits, exact := accepts(accept, packets)
	if s.cfg.Hits == nil {
		hits = 0
	}
	switch {
	case hits > 0 && (hits > html || hits == html && exact):
		return packets
	case html > 0:
		return "text/html"
	}
	return ""
}

// browseHits streams everything that is shared, in memory that does not grow
// with it. Its rate is that of uploads.
func (s *Server) browseHits(w http.ResponseWriter, r *http.Request) {
	if !s.small.allow(time.Now(), remoteHost(r.RemoteAddr), listCost) {
		s.tooOften(w)
		return
	}
	if !s.lists.enter() {
		s.later(w, s.cfg.RetryAfter, "others are browsing")
		return
	}
	defer s.lists.leave()
	s.browses.Add(1)
	w.Header().Set("Content-Type", packets)
	if r.Method == http.MethodHead {
		return
	}
	// Its code stays 0: what it sends is no file content and not counted so.
	paced := &uploadWriter{ResponseWriter: w, server: s, ctx: r.Context(), control: http.NewResponseController(w)}
	out := encode(w.Header(), r, paced)
	if err := s.writeHits(out); err != nil {
		s.cfg.Log.WithError(err).Debug("list of what is shared broken off")
		return
	}
	_ = out.Close() // who has gone does not want it
}

// writeHits writes all shared files as QueryHit messages.
func (s *Server) writeHits(out io.Writer) error {
	var batch []library.File
	flush := func(down int) error {
		for len(batch) > down {
			msg, used := s.cfg.Hits(batch)
			batch = batch[:copy(batch, batch[used:])]
			if _, err := out.Write(msg); err != nil {
				return err
			}
		}
		return nil
	}
	for _, root := range s.cfg.Catalog.Roots() {
		for f := range s.cfg.Catalog.From(root.Dir, "") {
			batch = append(batch, f)
			if len(batch) < hitBatch {
				continue
			}
			if err := flush(hitBatch / 2); err != nil {
				return err
			}
		}
	}
	return flush(0)
}
