package transfer

import (
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// accepts returns how much a client wants a media type, from 0 to 1, and
// whether it names that very type. Who sends no Accept at all takes anything.
func accepts(accept []string, kind string) (q float64, exact bool) {
	if len(accept) == 0 {
		return 1, false
	}
	class, _, _ := strings.Cut(kind, "/")
	best := 0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		specific := 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case kind:
			specific = 3
		case class + "/*":
			specific = 2
		case "*/*", "*":
			specific = 1
		}
		if specific > best {
			best, q = specific, quality(params)
		}
	}
	return q, best == 3
}

// quality reads the q among the parameters of a type; 1 where there is none.
func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) { // what is no number is not in between either
			return 0
		}
		return q
	}
	return 1
}

// wantsPage reports whether a client asks for HTML by its name, as browsers do.
func wantsPage(r *http.Request) bool {
	q, exact := accepts(r.Header.Values("Accept"), "text/html")
	return exact && q > 0
}

// encode returns a writer that compresses as the client wishes, at little cost,
// and says so in h. Close ends what is compressed, and leaves w open.
func encode(h http.Header, r *http.Request, w io.Writer) io.WriteCloser {
	wish := r.Header.Values("Accept-Encoding")
	switch {
	case len(wish) == 0:
		return plain{w}
	case wishes(wish, "gzip"):
		h.Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is a valid one
		return z
	case wishes(wish, "deflate"):
		h.Set("Content-Encoding", "deflate")
		z, _ := zlib.NewWriterLevel(w, zlib.BestSpeed) // the level is a valid one
		return z
	}
	return plain{w}
}

func wishes(accept []string, encoding string) bool {
	q, _ := accepts(accept, encoding)
	return q > 0
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }
