package transfer

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// badSource is a source that misbehaves, and what is said of it.
type badSource struct {
	name string
	do   script
	want error // the source's failure
	all  error // what Get says when it is the only source
}

func badSources(content []byte) []badSource {
	n := len(content)
	whole, half := string(content), string(content[:n/2])
	wrong := strings.Repeat("x", n)
	endless := func(conn net.Conn, _ *http.Request) bool {
		line := "X-Endless: " + strings.Repeat("y", 1000) + "\r\n"
		for err := error(nil); err == nil; {
			_, err = io.WriteString(conn, line)
		}
		return false
	}
	urn := "X-Gnutella-Content-URN: " + urnOf([]byte("other")).SHA1URN()
	return []badSource{
		{"too little", says(okHead(n), half), errShort, ErrUnavailable},
		{"nothing", says(), errShort, ErrUnavailable},
		{"announces less", says(okHead(n-1), whole[1:]), errWrongContent, ErrNotVerified},
		{"announces more", says(okHead(n+1), whole+"x"), errWrongContent, ErrNotVerified},
		{"chunks of other bytes and too many", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n%sx\r\n0\r\n\r\n", n+1, wrong)), errWrongContent, ErrNotVerified},
		{"too few chunks", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n/2, half)), errShort, ErrUnavailable},
		{"chunked nonsense", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "zz\r\nnonsense\r\n"), errChunks, ErrUnavailable},
		{"chunk without end", hangs("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", strings.Repeat("0", 1<<20)), errChunks, ErrUnavailable},
		{"unknown encoding", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\n", whole), errHeaders, ErrUnavailable},
		{"compressed", says(okHead(n, "Content-Encoding: deflate"), whole), errEncoded, ErrUnavailable},
		{"other bytes", says(okHead(n), wrong), errWrongContent, ErrNotVerified},
		{"one bit wrong", says(okHead(n), whole[:n-1], string([]byte{whole[n-1] ^ 1})), errWrongContent, ErrNotVerified},
		{"other content announced", says(okHead(n, urn), wrong), errOtherURN, ErrUnavailable},
		{"headers that never end", endless, errHeaders, ErrUnavailable},
		{"header line that never ends", hangs("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20)), errHeadersSize, ErrUnavailable},
		{"headers that stop", hangs("HTTP/1.1 200 OK\r\n"), errStalled, ErrUnavailable},
		{"stalls at once", hangs(), errStalled, ErrUnavailable},
		{"stalls in the middle", hangs(okHead(n), half), errStalled, ErrUnavailable},
		{"no http", says("220 ready\r\n\r\n"), errHeaders, ErrUnavailable},
		{"random bytes", says(string(noise(4096)[:1000]) + "\r\n\r\n"), errHeaders, ErrUnavailable},
		{"two lengths", says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), errHeaders, ErrUnavailable},
		{"negative length", says("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"), errHeaders, ErrUnavailable},
		{"interim for ever", says(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100)), errHeaders, ErrUnavailable},
		{"redirect", says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"), errRedirect, ErrUnavailable},
		{"not found", says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), errNotFound, ErrUnavailable},
		{"range refused", says("HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n"), errNoRange, ErrUnavailable},
		{"other range", says(fmt.Sprintf("HTTP/1.1 206 Partial\r\nContent-Range: bytes 5-%d/%d\r\n\r\n", n-1, n), whole[5:]), errRange, ErrUnavailable},
		{"range and length disagree", says(fmt.Sprintf("HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-%d/%d\r\nContent-Length: 3\r\n\r\n", n-1, n), whole), errRange, ErrUnavailable},
		{"partial without range", says("HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\nabc"), errRange, ErrUnavailable},
		{"busy for an hour", says("HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"), errBusy, ErrUnavailable},
		{"busy for ever", says("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), errBusy, ErrUnavailable},
		{"busy past all numbers", says("HTTP/1.1 503 Busy\r\nRetry-After: 18446744073709551615\r\nContent-Length: 0\r\n\r\n"), errBusy, ErrUnavailable},
		{"error", says("HTTP/1.1 500 \x1b[31mboom\r\nContent-Length: 0\r\n\r\n"), errRefused, ErrUnavailable},
	}
}

func TestGetFromBadSources(t *testing.T) {
	content := noise(100_000)
	_, good := honest(t, content)
	for _, tt := range badSources(content) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := quick()
			if errors.Is(tt.want, errStalled) {
				cfg = impatient()
			}
			bad := rogue(t, tt.do)
			t.Run("alone", func(t *testing.T) {
				t.Parallel()
				err := failure(t, NewClient(cfg), jobFor(t, content, bad), tt.all)
				if !errors.Is(err, tt.want) && !(errors.Is(tt.want, errHeaders) && errors.Is(err, errHeadersSize)) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if strings.ContainsAny(err.Error(), "\x1b\n") {
					t.Errorf("error passes on what the source sent: %q", err)
				}
			})
			t.Run("before a good one", func(t *testing.T) {
				t.Parallel()
				mustGet(t, NewClient(cfg), jobFor(t, content, bad, good), content)
			})
		})
	}
}

func TestGetTooMuchUnverified(t *testing.T) {
	content := noise(5000)
	bad := rogue(t, says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1389\r\n", string(content), "x\r\n0\r\n\r\n"))
	j := jobFor(t, content, bad)
	// The hash is what counts: with it the file is right.
	mustGet(t, NewClient(quick()), j, content)
}

// TestGetWrongSize: the size of a job that names a hash is a hint only. Sources
// that agree with it go first, and who has the content delivers it.
func TestGetWrongSize(t *testing.T) {
	content := noise(50_000)
	_, good := honest(t, content)
	liar := rogue(t, says(okHead(len(content)+1), string(content), "x"))
	broken := rogue(t, says(okHead(len(content)+1), string(content[:20_000])))
	tests := []struct {
		name    string
		hint    int
		sources []netip.AddrPort
		lies    uint64
	}{
		{"one too many, no liar", len(content) + 1, []netip.AddrPort{good}, 0},
		{"one too few, no liar", len(content) - 1, []netip.AddrPort{good}, 0},
		{"past every limit", math.MaxInt64, []netip.AddrPort{good}, 0},
		{"the honest one first", len(content) + 1, []netip.AddrPort{good, liar, liar}, 2},
		{"the honest one last", len(content) + 1, []netip.AddrPort{liar, liar, good}, 2},
		{"a liar that breaks off", len(content) + 1, []netip.AddrPort{good, broken}, 0},
		{"the hint is right", len(content), []netip.AddrPort{liar, liar, good}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := jobFor(t, content, tt.sources...)
			j.Size = uint64(tt.hint)
			c := NewClient(quick())
			mustGet(t, c, j, content)
			if st := c.Stats(); st.Lies != tt.lies {
				t.Errorf("%d lies, want %d", st.Lies, tt.lies)
			}
		})
	}
	t.Run("the limit holds", func(t *testing.T) {
		cfg := quick()
		cfg.MaxFileSize = uint64(len(content)) - 1
		j := jobFor(t, content, good)
		j.Size = 10
		mustFail(t, NewClient(cfg), j, errTooBig)
	})
	t.Run("without a hash the size binds", func(t *testing.T) {
		j := jobFor(t, content, good)
		j.URN, j.Size = protocol.URN{}, j.Size+1
		mustFail(t, NewClient(quick()), j, errOtherSize)
	})
}
