package transfer

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
)

// treeRetry is when to ask again for a tree while too many others are sent or made.
const treeRetry = 5 * time.Second

// foreignLevels is how many levels of a tree other programs get: gtk-gnutella takes
// no message longer than 260 KiB, versions before 2011 none longer than 64, and all
// verify by ten levels. Servents like us get all down to the parts.
const foreignLevels = 10

// serveTree answers with the tiger tree of a file (section 21).
func (s *Server) serveTree(w http.ResponseWriter, r *http.Request) {
	urn, root, _ := strings.Cut(r.URL.RawQuery, ";")
	f, part, err := s.findURN(urn)
	if err != nil {
		s.refuse(w, err.Error(), http.StatusBadRequest)
		return
	}
	if f == nil || !f.URN.HasTiger || root != "" && !strings.EqualFold(root, f.URN.Tiger.String()) {
		s.notFound(w, r)
		return
	}
	if !s.small.allow(time.Now(), remoteHost(r.RemoteAddr), 1) {
		s.tooOften(w)
		return
	}
	if part != nil {
		s.sendTree(w, r, *f, part.Tree, nil)
		return
	}
	if !s.trees.enter() {
		s.later(w, treeRetry, "too many others want trees")
		return
	}
	defer s.trees.leave()
	ctx, cancel := context.WithTimeout(r.Context(), treeTimeout)
	defer cancel()
	levels, err := s.cfg.Files.Tree(ctx, *f)
	s.sendTree(w, r, *f, levels, err)
}

// sendTree sends a tree, if there is one that fits.
func (s *Server) sendTree(w http.ResponseWriter, r *http.Request, f library.File, levels tiger.Nodes, err error) {
	if err != nil || len(levels) == 0 || len(levels[0]) != 1 || levels[0][0] != f.URN.Tiger {
		s.cfg.Log.WithError(err).Debug("no tree of a shared file")
		s.notFound(w, r)
		return
	}
	if _, ours := featureOf(r.Header, ourFeature); !ours {
		levels = levels[:min(len(levels), foreignLevels)]
	}
	body := protocol.THEX{Size: f.Size, Levels: levels}.Append(nil)
	w.Header().Set("Content-Type", "application/dime")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	// Reading the file may have taken longer than the deadline was set for.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.cfg.WriteTimeout))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // who has gone does not want it
	}
	s.treesSent.Add(1)
}

// treeTimeout bounds the reading of a file for its tree.
const treeTimeout = 10 * time.Minute

// tooOften refuses who has asked for more than its share.
func (s *Server) tooOften(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "10")
	http.Error(w, "too many requests from your address", http.StatusTooManyRequests)
}
