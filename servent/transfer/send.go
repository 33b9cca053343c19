package transfer

import (
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
)

// Upload is one body that was sent, or as much of it as went out: a whole file
// or a range of it.
type Upload struct {
	File    library.File
	Addr    netip.AddrPort // who asked
	Agent   string         // what it calls itself; not to be trusted nor printed raw
	Offset  uint64         // of the first byte sent; 0 for several ranges at once
	Bytes   uint64
	Elapsed time.Duration
	Whole   bool // all that was promised went out
}

// piece is a part of a file that went out, of a connection that can take another request;
// its zero value is none of that.
type piece struct {
	protocol.Range
	size uint64 // of the file
	open bool   // all from First on was asked for
}

// send answers with content or the range of it that is asked for.
func (s *Server) send(w http.ResponseWriter, r *http.Request, f library.File, content *os.File, l *lane) piece {
	s.describe(w.Header(), r, f)
	u := s.writer(w, r, l)
	http.ServeContent(u, r, "", f.ModTime, content)
	if r.Method != http.MethodGet || u.code != http.StatusOK && u.code != http.StatusPartialContent {
		return piece{}
	}
	return s.finish(u, r, f)
}

// describe sets the headers that tell of a file (section 19).
func (s *Server) describe(h http.Header, r *http.Request, f library.File) {
	kind := contentType(f.Name())
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition(kind, f.Name()))
	if f.URN.HasSHA1 {
		h.Set("X-Gnutella-Content-URN", contentURN(r, f.URN))
		h.Set("ETag", `"`+f.URN.SHA1.String()+`"`)
	}
	if f.URN.HasSHA1 && f.URN.HasTiger {
		h.Set("X-Thex-URI", "/uri-res/N2X?"+f.URN.SHA1URN()+";"+f.URN.Tiger.String())
	}
	if _, ok := featureOf(r.Header, faltFeature); ok {
		if nodes := s.cfg.Alternates(f.URN.SHA1); len(nodes) > 0 {
			h.Set(protocol.HeaderFalt, protocol.Firewalled(nodes))
		}
	}
	if !s.cfg.Firewalled() {
		return
	}
	proxies := s.cfg.Proxies()
	h.Set(protocol.HeaderFWNodeInfo, protocol.FWNodeInfo{Servent: s.cfg.GUID, Proxies: proxies}.String())
	if len(proxies) > 0 {
		h.Set(protocol.HeaderPushProxy, protocol.PushProxies(proxies))
	}
}

// contentURN names the content by both digests to who asked by both; others
// may know the SHA-1 only.
func contentURN(r *http.Request, u protocol.URN) string {
	if asked, err := url.QueryUnescape(r.URL.RawQuery); err == nil {
		if a, err := protocol.ParseURN(asked); err == nil && a.HasSHA1 && a.HasTiger {
			return u.String()
		}
	}
	return u.SHA1URN()
}

// finish counts a body, tells about it, and returns what it was of the file.
func (s *Server) finish(u *uploadWriter, r *http.Request, f library.File) piece {
	if r.Method != http.MethodGet {
		return piece{}
	}
	var first, last, size uint64
	_, err := fmt.Sscanf(u.Header().Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size)
	whole, elapsed := u.sent == u.promised, time.Since(u.begin)
	if whole {
		s.done.Add(1)
	} else {
		s.failed.Add(1)
	}
	s.cfg.Log.WithFields(logrus.Fields{"addr": r.RemoteAddr, "bytes": u.sent, "dur_ms": elapsed.Milliseconds()}).Debug("upload ended")
	if s.cfg.OnUpload != nil {
		addr, _ := netip.ParseAddrPort(r.RemoteAddr) // invalid where it is no TCP connection
		s.cfg.OnUpload(Upload{
			File: f, Addr: addr, Agent: r.UserAgent(), Offset: first,
			Bytes: uint64(u.sent), Elapsed: elapsed, Whole: whole,
		})
	}
	if !whole || err != nil || r.Close {
		return piece{}
	}
	asked := askedRanges(r, size)
	return piece{protocol.Range{First: first, End: last + 1}, size, len(asked) == 1 && asked[0].open}
}

func contentType(name string) string {
	if t := mime.TypeByExtension(filepath.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// disposition says under which name a browser saves the file, and whether it
// may show it: never what could run in the place of our own pages.
func disposition(kind, name string) string {
	how := "attachment"
	if isHarmless(kind) {
		how = "inline"
	}
	name = SafeName(name)
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	if plain == name {
		return fmt.Sprintf(`%s; filename="%s"`, how, name)
	}
	// The second is RFC 5987; who does not know it takes the first.
	return fmt.Sprintf(`%s; filename="%s"; filename*=UTF-8''%s`, how, plain, escape5987(name))
}

// escape5987 escapes all that is no letter, digit or one of a few signs.
func escape5987(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A").Replace(url.QueryEscape(s))
}

// isHarmless reports whether a browser that shows such a file runs nothing in it.
func isHarmless(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	class, _, _ := strings.Cut(kind, "/")
	switch kind {
	case "image/svg+xml":
		return false
	case "text/plain", "application/pdf":
		return true
	}
	return class == "image" || class == "audio" || class == "video"
}
