package transfer

import (
	"bufio"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// Limits of what one servent may tell of what it shares.
const (
	maxBrowseBytes = 1 << 30 // inflated
	maxBrowseFiles = 2_000_000
	maxBrowseTime  = 30 * time.Minute
)

// browseAccept asks for hits; the page for people tells at least that there is one.
const browseAccept = packets + ", text/html;q=0.1"

// What a servent that is browsed did wrong.
var (
	errNoBrowse     = errors.New("does not let others list what it shares; search for files by name")
	errPageOnly     = errors.New("lists what it shares as a page only: open it in a web browser")
	errOtherList    = errors.New("answers with something else than a list of files")
	errBadList      = errors.New("sends a list that cannot be read")
	errListTooLarge = errors.New("sends a list without end")
)

// Browse asks s what it shares and calls found for each file, with the hit that
// names it, as they come; until all have come or found returns false. What found
// gets aliases a buffer that is used again, but for the record.
func (c *Client) Browse(ctx context.Context, s Source, found func(protocol.QueryHit, protocol.FileRecord) bool) error {
	if err := c.browse(ctx, s, found); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("browse %s: %w", s, err)
	}
	return nil
}

func (c *Client) browse(ctx context.Context, s Source, found func(protocol.QueryHit, protocol.FileRecord) bool) error {
	ctx, cancel := context.WithTimeout(ctx, maxBrowseTime)
	defer cancel()
	l := c.park.take(keyOf(s))
	if l == nil {
		var err error
		if l, err = c.connect(ctx, s, func(string) {}); err != nil {
			return err
		}
	}
	kept := false
	defer func() {
		if !kept {
			l.close()
		}
	}()
	l.watch(ctx)
	resp, err := l.ask(request{path: "/", accept: browseAccept})
	if err != nil {
		return err
	}
	if err := judgeList(resp); err != nil {
		return err
	}
	body := io.Reader(resp.Body)
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "deflate") {
		z, err := zlib.NewReader(resp.Body)
		if err != nil {
			return l.explain(err, errBadList)
		}
		defer z.Close()
		body = z
	}
	r := hitReader{r: bufio.NewReaderSize(body, bufferSize)}
	err = r.each(found)
	switch {
	case err == nil && l.drain(resp):
		c.park.put(keyOf(s), l, parkTime)
		kept = true
	case err != nil && !errors.Is(err, errBadList) && !errors.Is(err, errListTooLarge):
		return l.explain(err, errBadList)
	}
	return err
}

// judgeList reads the header of an answer to Browse.
func judgeList(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		if after := retryAfter(resp.Header.Get("Retry-After"), time.Now()); after > 0 {
			return fmt.Errorf("%w (%s): try again in %v", errBusy, status(resp), after.Round(time.Second))
		}
		return busy(resp)
	case http.StatusForbidden, http.StatusNotFound, http.StatusNotAcceptable, http.StatusBadRequest, http.StatusNotImplemented:
		return fmt.Errorf("%w (%s)", errNoBrowse, status(resp))
	default:
		return fmt.Errorf("%w: %s", errRefused, status(resp))
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	encoding := resp.Header.Get("Content-Encoding")
	switch {
	case kind == "text/html":
		return errPageOnly
	case kind != packets:
		return errOtherList
	case encoding != "" && !strings.EqualFold(encoding, "identity") && !strings.EqualFold(encoding, "deflate"):
		return errEncoded
	}
	return nil
}

// hitReader reads a stream of messages.
type hitReader struct {
	r       *bufio.Reader
	payload []byte
	bytes   uint64
	files   int
}

// each calls found for each file, until the stream ends or found returns false.
func (h *hitReader) each(found func(protocol.QueryHit, protocol.FileRecord) bool) error {
	for {
		hit, err := h.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for record := range hit.Files() {
			if h.files++; h.files > maxBrowseFiles {
				return errListTooLarge
			}
			if !found(hit, record.File()) {
				return nil
			}
		}
	}
}

// next returns the next hit. Messages of other kinds are passed over; io.EOF says
// that there are no more.
func (h *hitReader) next() (protocol.QueryHit, error) {
	for {
		var head [protocol.HeaderSize]byte
		if _, err := io.ReadFull(h.r, head[:]); err != nil {
			return protocol.QueryHit{}, err
		}
		m, err := protocol.ParseHeader(head[:])
		if err != nil || m.Size > protocol.MaxSize(m.Kind) {
			return protocol.QueryHit{}, errBadList
		}
		if h.bytes += uint64(len(head)) + uint64(m.Size); h.bytes > maxBrowseBytes {
			return protocol.QueryHit{}, errListTooLarge
		}
		if uint32(cap(h.payload)) < m.Size {
			h.payload = make([]byte, m.Size)
		}
		h.payload = h.payload[:m.Size]
		if _, err := io.ReadFull(h.r, h.payload); err != nil {
			return protocol.QueryHit{}, noEOF(err)
		}
		if m.Kind != protocol.KindQueryHit {
			continue
		}
		hit, err := protocol.ParseQueryHit(h.payload)
		if err != nil {
			return protocol.QueryHit{}, errBadList
		}
		return hit, nil
	}
}

// noEOF makes the end of a stream within a message an error.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
