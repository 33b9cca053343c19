package transfer

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// foreignRange is what one request of LimeWire asks for, and so what others are used
// to send (interop facts, transfers).
const foreignRange = 128 << 10

// span is the bytes from first up to end, which is not among them.
type span struct{ first, end int }

// foreignSource is a source written from the text of the protocol alone (sections 19
// to 22): raw TCP, none of our parsers and writers, nor those of net/http. Its fields
// are set before serve. What it has sent and was asked for can be looked at after.
type foreignSource struct {
	content []byte
	levels  [][]byte      // of its tree, where many have the same; nil: made each time
	have    []span        // what it has of the file, in order; nil: all (section 20)
	most    int           // bytes of one answer, a part of what was asked for; 0: any number
	queue   int           // requests that get a place in its queue first (section 22)
	poll    [2]int        // seconds: pollMin and pollMax in those answers
	pace    time.Duration // for each 16 KiB; 0: none
	alts    func() string // makes the X-Alt of each answer; nil: none
	noTree  bool          // does not offer its tree
	reads   time.Duration // for its tree, before it sends that
	vice    vice
	after   int // bytes of content that are sent before a vice that comes later

	urn   protocol.URN // what it says that content is; none: the truth, once it serves
	mu    sync.Mutex
	seen  foreignLog
	count int // bytes of content that went out
}

// foreignLog is what a source has seen.
type foreignLog struct {
	conns, requests, trees int
	open                   int         // connections
	queued                 []time.Time // when it was asked while it queued, and once more
	asked                  []span      // of the file, as far as the request said; open ends are the file's
	sent                   []span      // of the file: bytes that went out as they should
}

// serve runs the source until the test ends.
func (f *foreignSource) serve(t testing.TB) netip.AddrPort {
	t.Helper()
	if f.urn == (protocol.URN{}) {
		f.urn = urnOf(f.content)
	}
	return rawServer(t, func(conn net.Conn) {
		f.note(func(l *foreignLog) { l.conns, l.open = l.conns+1, l.open+1 })
		defer f.note(func(l *foreignLog) { l.open-- })
		br := bufio.NewReader(conn)
		for {
			r, err := readForeign(br)
			if err != nil || !f.answer(conn, r) {
				return
			}
		}
	})
}

func (f *foreignSource) note(what func(*foreignLog)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what(&f.seen)
}

// log returns what it has seen so far.
func (f *foreignSource) log() foreignLog {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// foreignRequest is a request as far as such a source reads it.
type foreignRequest struct {
	method, target string
	headers        map[string]string // names in lower case
}

// readForeign reads one request. Lines end in CR LF or LF.
func readForeign(br *bufio.Reader) (r foreignRequest, err error) {
	line, err := br.ReadString('\n')
	if err != nil {
		return r, err
	}
	words := strings.Fields(line)
	if len(words) != 3 || !strings.HasPrefix(words[2], "HTTP/1.") {
		return r, fmt.Errorf("no request: %q", line)
	}
	r = foreignRequest{words[0], words[1], make(map[string]string)}
	for {
		if line, err = br.ReadString('\n'); err != nil {
			return r, err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return r, nil
		}
		name, value, _ := strings.Cut(line, ":")
		r.headers[strings.ToLower(name)] = strings.TrimSpace(value)
	}
}

// span is the part of a file of size bytes that a request asks for, the first of
// several; false: it asks for none.
func (r *foreignRequest) span(size int) (s span, ranged bool) {
	value, ok := strings.CutPrefix(r.headers["range"], "bytes")
	if !ok {
		return span{0, size}, false
	}
	value, _, _ = strings.Cut(strings.TrimLeft(value, " ="), ",")
	s.end = size
	if n, _ := fmt.Sscanf(value, "%d-%d", &s.first, &s.end); n == 2 {
		s.end = min(s.end+1, size)
	}
	return s, true
}

// answer answers one request; false: the connection ends.
func (f *foreignSource) answer(conn net.Conn, r foreignRequest) bool {
	f.note(func(l *foreignLog) { l.requests++ })
	target := strings.ToLower(r.target)
	switch {
	case strings.HasPrefix(target, "/uri-res/n2x?"):
		return f.answerTree(conn)
	case !strings.Contains(target, strings.ToLower(f.urn.SHA1.String())) && !strings.HasPrefix(target, "/get/"):
		return foreignSay(conn, "404 Not Found", nil, nil)
	case f.misbehaves(conn):
		return false
	case f.vice == busyForEver:
		return foreignSay(conn, "503 Busy", nil, nil)
	case f.vice == redirects:
		return foreignSay(conn, "302 Found", []string{"Location: http://" + conn.LocalAddr().String() + "/elsewhere"}, nil)
	case f.queues():
		return foreignSay(conn, "503 Queued", []string{fmt.Sprintf("X-Queue: position=1,length=2,limit=4,pollMin=%d,pollMax=%d", f.poll[0], f.poll[1])}, nil)
	}
	return f.answerFile(conn, r)
}

// queues reports whether this request gets a place in the queue.
func (f *foreignSource) queues() (yes bool) {
	f.note(func(l *foreignLog) {
		if len(l.queued) <= f.queue && f.queue > 0 {
			l.queued = append(l.queued, time.Now())
		}
		yes = len(l.queued) <= f.queue && f.queue > 0
	})
	return yes
}

// answerFile sends what it has of the part that is asked for.
func (f *foreignSource) answerFile(conn net.Conn, r foreignRequest) bool {
	want, ranged := r.span(len(f.content))
	f.note(func(l *foreignLog) { l.asked = append(l.asked, want) })
	headers := f.describe()
	part := f.within(want)
	partial := f.have != nil
	switch {
	case part.first >= part.end || partial && !ranged:
		return foreignSay(conn, "416 Requested Range Not Satisfiable", append(headers, fmt.Sprintf("Content-Range: bytes */%d", len(f.content))), nil)
	case r.method == "HEAD":
		_, err := io.WriteString(conn, foreignHead("200 OK", headers, len(f.content)))
		return err == nil
	}
	status := "206 Partial Content"
	if whole := (span{0, len(f.content)}); !ranged && part == whole {
		status = "200 OK"
	} else {
		headers = append(headers, fmt.Sprintf("Content-Range: bytes %d-%d/%d", part.first, part.end-1, len(f.content)))
	}
	return f.send(conn, status, headers, part)
}

// within is the first part of want that it has, and sends in one answer.
func (f *foreignSource) within(want span) span {
	have := f.have
	if have == nil {
		have = []span{{0, len(f.content)}}
	}
	for _, h := range have {
		s := span{max(h.first, want.first), min(h.end, want.end)}
		if s.first >= s.end {
			continue
		}
		if f.most > 0 {
			s.end = min(s.end, s.first+f.most)
		}
		return s
	}
	return span{}
}

// describe are the headers that tell of the file.
func (f *foreignSource) describe() []string {
	headers := []string{"Content-Type: application/octet-stream", "X-Gnutella-Content-URN: urn:sha1:" + f.urn.SHA1.String()}
	if !f.noTree {
		headers = append(headers, "X-Thex-URI: /uri-res/N2X?urn:sha1:"+f.urn.SHA1.String()+";"+f.urn.Tiger.String())
	}
	if f.alts != nil {
		headers = append(headers, "X-Alt: "+f.alts())
	}
	if f.have == nil {
		return headers
	}
	var ranges []string
	for _, h := range f.have {
		ranges = append(ranges, fmt.Sprintf("%d-%d", h.first, h.end-1))
	}
	return append(headers, "X-Available-Ranges: bytes "+strings.Join(ranges, ","))
}

// foreignHead is the header of an answer with a body of so many bytes.
func foreignHead(status string, headers []string, length int) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nServer: Foreign/1.0\r\nConnection: Keep-Alive\r\n%sContent-Length: %d\r\n\r\n", status, lines(headers), length)
}

func lines(headers []string) string {
	var b strings.Builder
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String()
}

// foreignSay sends a whole answer, after which the connection stays.
func foreignSay(conn net.Conn, status string, headers []string, body []byte) bool {
	_, err := conn.Write(append([]byte(foreignHead(status, headers, len(body))), body...))
	return err == nil
}

// foreignTree is the tree of content as it goes out (section 21): two DIME records,
// a text and the nodes, level by level from root on, each level in order.
func foreignTree(size int, levels [][]byte) []byte {
	const id = "uuid:09233523-345b-4351-b623-5d5f35565d56"
	text := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE hashtree SYSTEM "http://open-content.net/spec/thex/thex.dtd">
<hashtree><file size="%d" segmentsize="1024"/><digest algorithm="http://open-content.net/spec/digest/tiger" outputsize="24"/><serializedtree depth="%d" type="http://open-content.net/spec/thex/breadthfirst" uri="%s"/></hashtree>`,
		size, len(levels), id)
	var nodes []byte
	for _, level := range levels {
		nodes = append(nodes, level...)
	}
	first := dimeRecord(1<<3|1<<2, 1, "", "text/xml", []byte(text))
	return append(first, dimeRecord(1<<3|1<<1, 2, id, "http://open-content.net/spec/thex/breadthfirst", nodes)...)
}

// dimeRecord is one record: flags is version, begin and end; sort is 1 for a MIME
// type, 2 for a URI.
func dimeRecord(flags, sort byte, id, kind string, data []byte) []byte {
	n := len(data)
	b := []byte{flags, sort << 4, 0, 0, 0, byte(len(id)), 0, byte(len(kind)), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	for _, part := range [][]byte{[]byte(id), []byte(kind), data} {
		b = append(b, part...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return b
}
