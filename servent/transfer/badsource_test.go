package transfer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
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
		{"announces less", says(okHead(n-1), whole[1:]), errOtherSize, ErrUnavailable},
		{"announces more", says(okHead(n+1), whole+"x"), errOtherSize, ErrUnavailable},
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
