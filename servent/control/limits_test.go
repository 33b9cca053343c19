package control

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestLineLength: a line of a stream may be so long with its end, and not longer.
func TestLineLength(t *testing.T) {
	b, err := json.Marshal(line{Found: &servent.Found{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{maxLine, maxLine + 1} {
		row := servent.Found{Name: strings.Repeat("a", length-len(b)-len("\n"))}
		node := &fakeNode{search: func(_ context.Context, found func(servent.Found)) error {
			found(row)
			return nil
		}}
		got := 0
		err := serve(t, node).client(t).Search(t.Context(), servent.SearchRequest{Query: "x"}, func(r servent.Found) { got = len(r.Name) })
		if fits := length <= maxLine; (err == nil) != fits || (got == len(row.Name)) != fits {
			t.Errorf("a line of %d bytes: %v, %d bytes of name", length, err, got)
		}
	}
}

// pipeWriter is an answer that somebody reads from the other end of a pipe.
type pipeWriter struct {
	net.Conn
	head http.Header
}

func (w *pipeWriter) Header() http.Header { return w.head }
func (w *pipeWriter) WriteHeader(int)     {}
func (w *pipeWriter) FlushError() error   { return nil }

// TestSlowReader: a client may take so long to read a line; a slower one is cut
// off.
func TestSlowReader(t *testing.T) {
	for _, late := range []time.Duration{-time.Millisecond, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			here, there := net.Pipe()
			defer here.Close()
			defer there.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			x := &exchange{w: &pipeWriter{here, http.Header{}}, ctx: ctx, cancel: cancel}
			time.AfterFunc(lineTimeout+late, func() {
				buf := make([]byte, 4096)
				n, err := there.Read(buf)
				if late < 0 && (err != nil || !bytes.HasSuffix(buf[:n], []byte("\n"))) {
					t.Errorf("read %q, %v", buf[:n], err)
				}
			})
			x.send(line{Found: &servent.Found{Name: "blue"}})
			if cut := ctx.Err() != nil; cut != (late > 0) {
				t.Errorf("reader comes %v after the limit: cut off %v", late, cut)
			}
			here.Close()
			synctest.Wait()
		})
	}
}
