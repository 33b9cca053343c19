package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed282dab8e/servent/servent"
)

// handler answers requests; those that take long end with answering.
func (s *server) handler(answering context.Context) http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, answer func(*exchange) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(answering, cancel)()
			x := &exchange{w: w, r: r, ctx: ctx, cancel: cancel, stopped: s.stopped}
			if err := answer(x); err != nil {
				x.fail(err)
			}
		})
	}
	route("GET "+apiVersion+"/version", s.version)
	route("GET "+apiVersion+"/status", func(x *exchange) error { return x.answer(s.node.Status()) })
	route("GET "+apiVersion+"/peers", func(x *exchange) error {
		return x.answer(append([]servent.PeerInfo{}, s.node.Peers()...)) // [], not null
	})
	route("POST "+apiVersion+"/search", s.search)
	route("POST "+apiVersion+"/own", s.own)
	route("POST "+apiVersion+"/browse", s.browse)
	route("POST "+apiVersion+"/get", s.get)
	route("GET "+apiVersion+"/downloads", func(x *exchange) error { return x.downloads(s.node.Downloads(), nil) })
	route("POST "+apiVersion+"/downloads/detach", s.detach)
	route("POST "+apiVersion+"/downloads/{action}", s.changeDownloads)
	route("POST "+apiVersion+"/share", s.share)
	route("POST "+apiVersion+"/unshare", s.unshare)
	route("POST "+apiVersion+"/stop", s.stopNode)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := fromBrowser(r); err != nil {
			(&exchange{w: w, r: r}).fail(err)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// fromBrowser refuses what a web page may have sent. No browser speaks to a
// unix socket; this is for the day when something puts one before it.
func fromBrowser(r *http.Request) error {
	if r.Host != host {
		return &requestError{kindForbidden, fmt.Errorf("host %q: want %s", r.Host, host)}
	}
	for _, h := range []string{"Origin", "Referer", "Sec-Fetch-Site", "Cookie"} {
		if r.Header.Get(h) != "" {
			return &requestError{kindForbidden, fmt.Errorf("header %s: browsers are not answered", h)}
		}
	}
	if kind := r.Header.Get("Content-Type"); r.ContentLength != 0 && kind != jsonType {
		return &requestError{kindBadRequest, fmt.Errorf("content type %q: want %s", kind, jsonType)}
	}
	return nil
}

// stopped is what a client hears that is cut off by the end of the servent.
func (s *server) stopped() error {
	select {
	case <-s.stopAsked:
		return errors.New("the running servent was stopped")
	default:
	}
	if s.command == "" {
		return ErrGone
	}
	return fmt.Errorf("%w: `servent %s`, through whose servent this went, has ended", ErrGone, s.command)
}

func (s *server) version(x *exchange) error {
	return x.answer(Version{Version: s.node.Version(), PID: os.Getpid(), Command: s.command})
}

func (s *server) search(x *exchange) error {
	var req servent.SearchRequest
	if err := x.read(&req); err != nil {
		return err
	}
	err := s.node.Search(x.ctx, req, func(f servent.Found) { x.send(line{Found: &f}) })
	return x.end(line{Done: true}, err)
}

func (s *server) own(x *exchange) error {
	var req ownQuery
	if err := x.read(&req); err != nil {
		return err
	}
	files, err := s.node.CountOwn(x.ctx, req.Query)
	if err != nil {
		return err
	}
	return x.answer(ownCount{files})
}

func (s *server) browse(x *exchange) error {
	var req servent.BrowseRequest
	if err := x.read(&req); err != nil {
		return err
	}
	err := s.node.Browse(x.ctx, req, func(f servent.Found) { x.send(line{Found: &f}) })
	return x.end(line{Done: true}, err)
}

func (s *server) get(x *exchange) error {
	var req servent.GetRequest
	if err := x.read(&req); err != nil {
		return err
	}
	if err := wantAbsolute(req.Dir); err != nil {
		return err
	}
	got, err := s.node.Get(x.ctx, req, func(p servent.GetProgress) { x.send(line{Progress: &p}) })
	return x.end(line{Got: &got, Done: true}, err)
}

func (s *server) share(x *exchange) error {
	var req folder
	if err := x.read(&req); err != nil {
		return err
	}
	if err := wantAbsolute(req.Dir); err != nil {
		return err
	}
	events, stop := s.node.Events()
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.node.Share(x.ctx, req.Dir) }()
	for {
		select {
		case e := <-events:
			if e.Scan != nil {
				x.send(line{Scan: e.Scan})
			}
		case err := <-ended:
			return x.end(line{Shared: s.shared(req.Dir), Done: true}, err)
		}
	}
}

// shared tells of a folder that was just shared; one within another counts as that.
func (s *server) shared(dir string) *Shared {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	out := Shared{Share: servent.ShareInfo{Dir: dir}, LeftOut: s.node.LeftOut(dir)}
	shares := s.node.Shares()
	if i := slices.IndexFunc(shares, func(i servent.ShareInfo) bool { return i.Dir == dir }); i >= 0 {
		out.Share = shares[i]
	}
	return &out
}

func (s *server) unshare(x *exchange) error {
	var req folder
	if err := x.read(&req); err != nil {
		return err
	}
	if err := wantAbsolute(req.Dir); err != nil {
		return err
	}
	if err := s.node.Unshare(req.Dir); err != nil {
		return err
	}
	return x.answer(line{Done: true})
}

// stopNode answers when the node has ended.
func (s *server) stopNode(x *exchange) error {
	s.stop.Do(func() { close(s.stopAsked) })
	<-s.gone
	return x.answer(line{Done: true})
}

func wantAbsolute(dir string) error {
	if !filepath.IsAbs(dir) {
		return &requestError{kindBadRequest, fmt.Errorf("folder %q: want an absolute path", dir)}
	}
	return nil
}

// decode reads the one JSON object of a request.
func decode(body io.Reader, into any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("more than one JSON value")
	}
	return &requestError{kindBadRequest, fmt.Errorf("read request: %w", err)}
}
