package transfer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// vice is what is wrong with a foreignSource.
type vice int

const (
	noVice            vice = iota
	otherBytes             // the right headers, and other bytes, after so many right ones
	halfARange             // ends the connection after half of what it has announced
	rangeNotAsked          // another range than the one asked for, and says so
	wrongContentRange      // tells of twice what it sends
	endlessHeader          // a header that goes on for ever
	gzipBomb               // a small body that is large when it is unpacked
	busyForEver            // 503, and no place in a queue
	redirects              // to somewhere else
	treeOfOther            // a tree whose root is not the file's
	treeUnfit              // the root is right, the level below is not
	wildDIME               // a tree in records that tell of any length
	stalls                 // sends no more, and keeps the connection
	dies                   // ends all connections, and answers none
)

var viceNames = [...]string{
	"none", "other bytes", "half a range", "a range not asked for", "a wrong Content-Range", "an endless header", "a gzip bomb", "503 for ever",
	"a redirect", "a tree of another file", "a tree that does not fit its root", "DIME with wild lengths", "stalls", "dies",
}

func (v vice) String() string { return viceNames[v] }

// misbehaves does what comes before a vicious answer, or in its place; true: there
// is no more to say.
func (f *foreignSource) misbehaves(conn net.Conn) bool {
	switch f.vice {
	case endlessHeader:
		for err := error(nil); err == nil; {
			_, err = io.WriteString(conn, "X-Endless: "+strings.Repeat("y", 1000)+"\r\n")
		}
		return true
	case dies:
		return f.left() == 0
	}
	return false
}

// left is how many bytes go out before a vice that comes later.
func (f *foreignSource) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(0, f.after-f.count)
}

// send sends a part of the file, or what the source's vice makes of that; false: the
// connection ends.
func (f *foreignSource) send(conn net.Conn, status string, headers []string, part span) bool {
	body := f.content[part.first:part.end]
	good := len(body) // so many of them are as they should be
	switch f.vice {
	case otherBytes:
		good = min(len(body), f.left())
		body = append(slices.Clone(body[:good]), bytes.Repeat([]byte("lie "), len(body)/4+1)[:len(body)-good]...)
	case rangeNotAsked:
		shift := len(body) / 2
		other := span{part.first + shift, min(part.end+shift, len(f.content))}
		body, status = f.content[other.first:other.end], "206 Partial Content"
		headers, good = f.withRange(headers, other), 0
	case wrongContentRange:
		status, headers, good = "206 Partial Content", f.withRange(headers, span{part.first, part.end + len(body)}), 0
	case gzipBomb:
		return foreignSay(conn, status, append(headers, "Content-Encoding: gzip"), bomb())
	}
	if _, err := io.WriteString(conn, foreignHead(status, headers, len(body))); err != nil {
		return false
	}
	if f.vice == halfARange {
		body = body[:len(body)/2]
	}
	n, ok := f.pour(conn, body)
	if n = min(n, good); n > 0 {
		f.note(func(l *foreignLog) { l.sent = append(l.sent, span{part.first, part.first + n}) })
	}
	return ok && f.vice != halfARange
}

// withRange are headers with another Content-Range.
func (f *foreignSource) withRange(headers []string, s span) []string {
	var out []string
	for _, h := range headers {
		if !strings.HasPrefix(h, "Content-Range:") {
			out = append(out, h)
		}
	}
	return append(out, fmt.Sprintf("Content-Range: bytes %d-%d/%d", s.first, s.end-1, len(f.content)))
}

// pour writes at the source's pace, until its vice breaks in, and returns how many
// bytes have gone out; false: the connection ends.
func (f *foreignSource) pour(conn net.Conn, body []byte) (n int, ok bool) {
	const piece = 16 << 10
	tick := time.NewTicker(max(f.pace, time.Nanosecond))
	defer tick.Stop()
	for len(body) > 0 {
		room := len(body)
		if f.vice == stalls || f.vice == dies {
			room = min(room, f.left())
		}
		if room <= 0 {
			if f.vice == stalls {
				_, _ = io.Copy(io.Discard, conn) // until the other side gives up
			}
			return n, false
		}
		m, err := conn.Write(body[:min(piece, room)])
		n, body = n+m, body[m:]
		f.mu.Lock()
		f.count += m
		f.mu.Unlock()
		if err != nil {
			return n, false
		}
		if f.pace > 0 {
			<-tick.C
		}
	}
	return n, true
}

// bomb is a file of 64 MiB, packed.
func bomb() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, _ = w.Write(zeros) // into memory
	}
	_ = w.Close() // likewise
	return b.Bytes()
}

// answerTree sends the tree, or what the source's vice makes of that.
func (f *foreignSource) answerTree(conn net.Conn) bool {
	f.note(func(l *foreignLog) { l.trees++ })
	time.Sleep(f.reads)
	content := f.content
	if f.vice == treeOfOther {
		content = append([]byte("x"), content...)
	}
	levels := f.levels
	if levels == nil {
		levels = viceLevels(content)
	}
	if f.vice == treeUnfit && len(levels) > 1 {
		levels[1][0] ^= 1
	}
	if f.vice != wildDIME {
		return f.noTree || foreignSay(conn, "200 OK", []string{"Content-Type: application/dime"}, foreignTree(len(f.content), levels))
	}
	// Lengths of 4 GiB and 64 KiB, and a body without end.
	_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/dime\r\n\r\n")
	head := []byte{1<<3 | 1<<2, 1 << 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for body := append(head, make([]byte, 64<<10)...); err == nil; {
		_, err = conn.Write(body)
	}
	return false
}

// viceLevels are the upper ten levels of the tree of content, the root first
// (section 21): a leaf is the hash of a zero and 1024 bytes, a node that of a one and
// two below it; one that is left over goes up as it is.
func viceLevels(content []byte) [][]byte {
	var level [][]byte
	for at := 0; at == 0 || at < len(content); at += 1024 {
		leaf := tiger.Sum(append([]byte{0}, content[at:min(at+1024, len(content))]...))
		level = append(level, leaf[:])
	}
	levels := [][]byte{bytes.Join(level, nil)}
	for len(level) > 1 {
		var above [][]byte
		for ; len(level) > 1; level = level[2:] {
			node := tiger.Sum(bytes.Join([][]byte{{1}, level[0], level[1]}, nil))
			above = append(above, node[:])
		}
		level = append(above, level...)
		levels = append([][]byte{bytes.Join(level, nil)}, levels...)
	}
	return levels[:min(len(levels), 10)]
}
