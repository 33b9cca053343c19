package transfer

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
)

// Partial is a file of which there are only parts yet, as a download has it that
// is under way (section 20).
type Partial struct {
	File library.File     // as it will be; its Index and where it will lie do not matter
	Path string           // where the parts lie now, each at its offset
	Have []protocol.Range // that are verified, in order, apart; they are not written to any more
	Tree tiger.Nodes      // nil: not known
	// Claims are what the download waits for, so that others who load the same file ask
	// for something else, in order, apart.
	Claims []protocol.Range
}

// whole says that nothing is missing.
func (p *Partial) whole() bool {
	return len(p.Have) == 1 && p.Have[0] == protocol.Range{End: p.File.Size}
}

const (
	// maxRangesText is how long an X-Available-Ranges may be, and maxRangesOurs towards one
	// of ours, of whom it is known that long headers do no harm.
	maxRangesText = 1 << 10
	maxRangesOurs = 4 << 10
)

// tellRanges says which parts there are. Where they are too many it begins with another one
// each time, so that who asks again learns of all.
func (p *Partial) tellRanges(h http.Header, r *http.Request) {
	limit := maxRangesText
	if _, ours := featureOf(r.Header, ourFeature); ours {
		limit = maxRangesOurs
		if len(p.Claims) > 0 {
			text, _ := protocol.AvailableRanges(p.Claims, maxRangesText)
			h.Set(protocol.HeaderClaims, text)
		}
	}
	text, all := protocol.AvailableRanges(p.Have, limit)
	if !all {
		i := rand.IntN(len(p.Have))
		text, _ = protocol.AvailableRanges(slices.Concat(p.Have[i:], p.Have[:i]), limit)
		h.Set(protocol.HeaderAvailable, protocol.Available(p.Have))
	}
	h.Set(protocol.HeaderAvailableRanges, text)
}

// choose returns what of the asked ranges is sent: the first run of bytes that there is in the
// first of them in which there is any.
func (p *Partial) choose(asked []asked) (protocol.Range, bool) {
	for _, a := range asked {
		for _, have := range p.Have {
			run := protocol.Range{First: max(have.First, a.First), End: min(have.End, a.End)}
			if run.First < run.End {
				return run, true
			}
		}
	}
	return protocol.Range{}, false
}

// asked is a range of a request. Who asks for an open one wants all from there to the end.
type asked struct {
	protocol.Range
	open bool
}

// askedRanges reads the Range of a request for a file of that size (RFC 9110, 14.1.2), as far as
// the file goes. What cannot be read asks for nothing.
func askedRanges(r *http.Request, size uint64) (ranges []asked) {
	list, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if !ok {
		return nil
	}
	for part := range strings.SplitSeq(list, ",") {
		first, last, dash := strings.Cut(strings.TrimSpace(part), "-")
		from, err1 := strconv.ParseUint(strings.TrimSpace(first), 10, 63)
		to, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 63)
		a := asked{Range: protocol.Range{First: from, End: min(to, size-1) + 1}}
		switch {
		case !dash || size == 0 || err1 != nil && err2 != nil:
			return nil
		case first == "":
			a = asked{protocol.Range{First: size - min(to, size), End: size}, true}
		case last == "":
			a = asked{protocol.Range{First: from, End: size}, true}
		case err1 != nil || err2 != nil || from > to:
			return nil
		}
		if a.First < a.End {
			ranges = append(ranges, a)
		}
	}
	return ranges
}

// servePart sends a part of what there is of a file, or says what there is.
func (s *Server) servePart(w http.ResponseWriter, r *http.Request, p *Partial, u upload) {
	h := w.Header()
	size := strconv.FormatUint(p.File.Size, 10)
	if r.Method == http.MethodHead && r.Header.Get("Range") == "" {
		s.describePart(h, r, p)
		h.Set("Content-Length", size)
		return
	}
	run, ok := p.choose(askedRanges(r, p.File.Size))
	if !ok {
		s.unavailable.Add(1)
		h.Set("Content-Range", "bytes */"+size)
		h.Set("Content-Length", "0")
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) // without text: see admit
		return
	}
	s.upload(w, r, u, func() (*os.File, error) { return s.openPart(r, p) }, func(content *os.File, l *lane) piece {
		s.describePart(h, r, p)
		h.Set("Content-Range", "bytes "+strconv.FormatUint(run.First, 10)+"-"+strconv.FormatUint(run.End-1, 10)+"/"+size)
		h.Set("Content-Length", strconv.FormatUint(run.Size(), 10))
		_, err := content.Seek(int64(run.First), io.SeekStart)
		body := s.writer(w, r, l)
		body.WriteHeader(http.StatusPartialContent)
		if r.Method == http.MethodGet && err == nil {
			s.parts.Add(1)
			_, _ = io.CopyN(body, content, int64(run.Size())) // finish tells whether all went out
		}
		return s.finish(body, r, p.File)
	})
}

func (s *Server) describePart(h http.Header, r *http.Request, p *Partial) {
	s.describe(h, r, p.File)
	h.Set("Accept-Ranges", "bytes")
	if p.Tree == nil {
		h.Del("X-Thex-URI")
	}
}

// openPart opens what there is of a file, be it that it has become whole meanwhile.
func (s *Server) openPart(r *http.Request, p *Partial) (*os.File, error) {
	content, err := os.Open(p.Path)
	if !errors.Is(err, fs.ErrNotExist) {
		return content, err
	}
	f, again, _ := s.find(r.URL) // has been read before
	switch {
	case f == nil:
		return nil, err
	case again == nil:
		return s.cfg.Files.Open(*f)
	}
	return os.Open(again.Path)
}
