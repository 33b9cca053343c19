package transfer

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"testing"

	"github.com/seed282dab8e/servent/servent/library"
)

func TestNegotiate(t *testing.T) {
	const html = "text/html"
	tests := []struct{ accept, want string }{
		{"", html},
		{"*/*", html},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", html},
		{packets, packets},
		{"text/html, " + packets, packets}, // a servent that shows pages too
		{"text/html, " + packets + ";q=0.5", html},
		{"text/html;q=0.5, " + packets, packets},
		{"APPLICATION/X-GNUTELLA-PACKETS", packets},
		{"application/*", packets},
		{"text/*", html},
		{"*/*, " + packets + ";q=0", html},
		{"text/html;q=0, */*", packets},
		{"text/html;q=nonsense", ""},
		{"text/html;q=2", ""},
		{"image/png", ""},
		{packets + ";q=0", ""},
	}
	s := NewServer(ServerConfig{Hits: func(f []library.File) ([]byte, int) { return nil, len(f) }})
	for _, tt := range tests {
		r := &http.Request{Header: http.Header{}}
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		if got := s.negotiate(r); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.accept, got, tt.want)
		}
	}
}

func TestEncode(t *testing.T) {
	tests := []struct{ accept, want string }{
		{"", ""},
		{"gzip, deflate, br", "gzip"},
		{"deflate", "deflate"},
		{"gzip;q=0, deflate", "deflate"},
		{"identity", ""},
		{"br", ""},
	}
	for _, tt := range tests {
		r := &http.Request{Header: http.Header{}}
		if tt.accept != "" {
			r.Header.Set("Accept-Encoding", tt.accept)
		}
		h := http.Header{}
		var out bytes.Buffer
		w := encode(h, r, &out)
		if _, err := io.WriteString(w, "marmalade"); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := h.Get("Content-Encoding"); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.accept, got, tt.want)
		}
		if text := decoded(t, tt.want, out.Bytes()); string(text) != "marmalade" {
			t.Errorf("%q: sends %q", tt.accept, text)
		}
	}
}

// decoded undoes a Content-Encoding.
func decoded(t *testing.T, encoding string, b []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(b)
	var err error
	switch encoding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	}
	if err == nil {
		b, err = io.ReadAll(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzAccepts(f *testing.F) {
	f.Add("text/html,application/xhtml+xml,*/*;q=0.8", "text/html")
	f.Add("application/x-gnutella-packets;q=0", packets)
	f.Add("*;q=NaN", "gzip")
	f.Fuzz(func(t *testing.T, accept, kind string) {
		if q, _ := accepts([]string{accept}, kind); !(q >= 0 && q <= 1) {
			t.Errorf("wants it %v times", q)
		}
	})
}
