package transfer

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// part is what an answer offers: the bytes from first up to end of a file of
// total bytes. exact says that the body ends by its own length there.
type part struct {
	first, end, total uint64
	exact             bool
}

// wanted is what an answer is held against.
type wanted struct {
	urn      protocol.URN
	from, to uint64 // the bytes that were asked for; less of them may come,
	all      bool   // but where all was asked for, not less of the beginning
	size     uint64
	sized    bool // size is known
	limit    uint64
}

// judge reads the header of an answer. An error is always the source's fault
// or refusal.
func (w wanted) judge(resp *http.Response) (part, error) {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusNotFound, http.StatusBadRequest, http.StatusGone:
		return part{}, fault(fmt.Errorf("%w (%s)", errNotFound, status(resp)))
	case http.StatusRequestedRangeNotSatisfiable:
		return part{}, w.unsatisfied(resp)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return part{}, busy(resp)
	default:
		if resp.StatusCode/100 == 3 {
			return part{}, fault(errRedirect)
		}
		return part{}, fault(fmt.Errorf("%w: %s", errRefused, status(resp)))
	}
	if err := w.checkContent(resp.Header); err != nil {
		return part{}, err
	}
	p, err := w.extent(resp)
	if err != nil {
		return part{}, err
	}
	return p, w.checkTotal(p.total)
}

// unsatisfied tells a source whose file has another size from one that lacks this
// part of it.
func (w wanted) unsatisfied(resp *http.Response) error {
	text, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Range"))), "bytes")
	total, err := strconv.ParseUint(strings.TrimLeft(text, " =*/"), 10, 63)
	if ok && err == nil && total > 0 && total <= w.limit && (total <= w.from || w.sized && total != w.size) {
		return conflict(fmt.Errorf("%w (%d bytes, and byte %d was asked for)", errOtherSize, total, w.from), total)
	}
	return fault(errNoRange)
}

// checkContent refuses content that is announced as another one.
func (w wanted) checkContent(h http.Header) error {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return fault(errEncoded)
	}
	u, err := protocol.ParseURN(strings.TrimSpace(h.Get("X-Gnutella-Content-URN")))
	if err != nil {
		return nil // absent, or of a kind that we do not know
	}
	if u.HasSHA1 && w.urn.HasSHA1 && u.SHA1 != w.urn.SHA1 || u.HasTiger && w.urn.HasTiger && u.Tiger != w.urn.Tiger {
		return fault(errOtherURN)
	}
	return nil
}

// extent works out which bytes come.
func (w wanted) extent(resp *http.Response) (part, error) {
	length := resp.ContentLength
	if resp.StatusCode == http.StatusOK {
		switch {
		case length >= 0:
			return part{end: uint64(length), total: uint64(length), exact: true}, nil
		case w.sized:
			return part{end: w.size, total: w.size}, nil
		}
		return part{}, fault(errNoSize)
	}
	p, complete, err := parseContentRange(resp.Header.Get("Content-Range"))
	switch {
	case err != nil:
		return part{}, err
	case !complete && !w.sized:
		return part{}, fault(errNoSize)
	case !complete:
		p.total = w.size
	}
	if p.first < w.from || w.all && p.first > 0 || p.end > w.to || p.end > p.total || length >= 0 && uint64(length) != p.end-p.first {
		return part{}, fault(errRange)
	}
	p.exact = length >= 0
	return p, nil
}

// checkTotal compares the size of the file that the source has with what is
// known of it.
func (w wanted) checkTotal(total uint64) error {
	switch {
	case total > w.limit:
		return fault(fmt.Errorf("%w (%d bytes)", errTooBig, total))
	case w.sized && total != w.size:
		return conflict(fmt.Errorf("%w (%d bytes, not %d)", errOtherSize, total, w.size), total)
	}
	return nil
}

// parseContentRange reads "bytes 0-99/1000"; complete is false for "/*".
func parseContentRange(s string) (p part, complete bool, err error) {
	s, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(s)), "bytes")
	bounds, total, slash := strings.Cut(strings.TrimLeft(s, " ="), "/")
	first, last, dash := strings.Cut(bounds, "-")
	if !ok || !slash || !dash {
		return part{}, false, fault(errRange)
	}
	p.first, err = strconv.ParseUint(strings.TrimSpace(first), 10, 63)
	if err != nil {
		return part{}, false, fault(errRange)
	}
	p.end, err = strconv.ParseUint(strings.TrimSpace(last), 10, 63)
	if err != nil || p.end < p.first {
		return part{}, false, fault(errRange)
	}
	p.end++
	if total = strings.TrimSpace(total); total == "*" {
		return p, false, nil
	}
	p.total, err = strconv.ParseUint(total, 10, 63)
	if err != nil || p.end > p.total {
		return part{}, false, fault(errRange)
	}
	return p, true, nil
}

// busy reads when a busy source wants to be asked again.
func busy(resp *http.Response) error {
	e := &sourceError{kind: failBusy, err: fmt.Errorf("%w (%s)", errBusy, status(resp))}
	e.place = placeOf(resp.Header)
	e.after = max(retryAfter(resp.Header.Get("Retry-After"), time.Now()), e.place.PollMin)
	return e
}

// placeOf reads the place in a queue: what X-Queued says counts before what the
// older X-Queue does. One that cannot be read is none.
func placeOf(h http.Header) protocol.QueuePlace {
	place, _ := protocol.ParseQueuePlace(h.Get(protocol.HeaderQueue))
	if text := h.Get(protocol.HeaderQueued); text != "" {
		if queued, err := protocol.ParseQueuePlace(text); err == nil {
			queued.PollMin, queued.PollMax = place.PollMin, place.PollMax
			queued.Length = max(queued.Length, place.Length)
			return queued
		}
	}
	return place
}

// retryAfter reads a number of seconds or a date; 0 when it is neither.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return seconds(n)
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// status gives code and text of an answer, fit for an error.
func status(resp *http.Response) string {
	_, text, _ := strings.Cut(resp.Status, " ")
	return strconv.Itoa(resp.StatusCode) + " " + quote(text)
}
