package transfer

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// claimsAll is a source that says that it has all of a file, and answers 416 to whatever
// part of it `has` does not allow.
func claimsAll(content []byte, asked *atomic.Int32, has func(at int) bool) script {
	claim := fmt.Sprintf("X-Available-Ranges: bytes 0-%d\r\n", len(content)-1)
	return func(conn net.Conn, r *http.Request) bool {
		asked.Add(1)
		at, end := rangeOf(r, len(content))
		if r.Method == http.MethodHead {
			return keepsAlive(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n", claim, len(content)), "")(conn, r)
		}
		if !has(at) {
			return keepsAlive(fmt.Sprintf("HTTP/1.1 416 No\r\n%sContent-Range: bytes */%d\r\nContent-Length: 0\r\n\r\n", claim, len(content)), "")(conn, r)
		}
		return keepsAlive(partHead(at, end, len(content), claim), string(content[at:end]))(conn, r)
	}
}

// TestGetFromPretender: who claims again and again what it does not have is left alone,
// and delays nobody else.
func TestGetFromPretender(t *testing.T) {
	content := noise(8 * tiger.MinPart)
	var asked atomic.Int32
	nothing := rogue(t, claimsAll(content, &asked, func(int) bool { return false }))
	t.Run("alone", func(t *testing.T) {
		begin := time.Now()
		mustFail(t, NewClient(quick()), jobFor(t, content, nothing), errNoRange)
		if n := asked.Load(); n > maxVain {
			t.Errorf("asked %d times in %v", n, time.Since(begin))
		}
	})
	t.Run("beside a good one", func(t *testing.T) {
		_, good := honest(t, content)
		mustGet(t, NewClient(quick()), jobFor(t, content, nothing, good), content)
	})
}

// TestGetFromShrinkingPart: who has lost a part of what it had is asked for the rest.
func TestGetFromShrinkingPart(t *testing.T) {
	content := noise(8 * tiger.MinPart)
	var asked atomic.Int32
	half := rogue(t, claimsAll(content, &asked, func(at int) bool { return at < len(content)/2 }))
	other := &foreignSource{content: content, have: []span{{len(content) / 2, len(content)}}}
	mustGet(t, NewClient(quick()), jobFor(t, content, half, other.serve(t)), content)
	if len(other.log().sent) == 0 {
		t.Error("the other part came from nowhere")
	}
}
