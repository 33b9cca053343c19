package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestForeignSource holds the foreign source itself against the text: sub-ranges,
// 416 on a connection that stays, X-Available-Ranges, X-Alt, the queue, the tree.
func TestForeignSource(t *testing.T) {
	content := noise(600_000)
	f := &foreignSource{
		content: content, have: []span{{0, 200_000}, {300_000, 600_000}}, most: foreignRange,
		queue: 1, poll: [2]int{3, 9}, alts: func() string { return "192.0.2.7:6346" },
	}
	conn, err := net.Dial("tcp", f.serve(t).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	br := bufio.NewReader(conn)
	ask := func(target, rang string) (*http.Response, []byte) {
		t.Helper()
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nRange: %s\r\n\r\n", target, rang)
		r, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r, body
	}
	file := "/uri-res/N2R?" + urnOf(content).SHA1URN()
	if r, _ := ask(file, "bytes=0-"); r.StatusCode != 503 || r.Header.Get("X-Queue") != "position=1,length=2,limit=4,pollMin=3,pollMax=9" {
		t.Errorf("in the queue: %s %v", r.Status, r.Header)
	}
	for _, tt := range []struct {
		rang, content string
		code          int
		sent          span
	}{
		{"bytes=0-", "bytes 0-131071/600000", 206, span{0, foreignRange}},
		{"bytes=131072-262143", "bytes 131072-199999/600000", 206, span{foreignRange, 200_000}},
		{"bytes=200000-299999", "bytes */600000", 416, span{}},
		{"bytes=250000-300099", "bytes 300000-300099/600000", 206, span{300_000, 300_100}},
		{"bytes=600000-", "bytes */600000", 416, span{}},
		{"", "bytes */600000", 416, span{}},
	} {
		r, body := ask(file, tt.rang)
		if r.StatusCode != tt.code || r.Header.Get("Content-Range") != tt.content || r.Header.Get("X-Available-Ranges") != "bytes 0-199999,300000-599999" || r.Header.Get("X-Alt") != f.alts() {
			t.Errorf("%q: %s %v", tt.rang, r.Status, r.Header)
		}
		if !bytes.Equal(body, content[tt.sent.first:tt.sent.end]) {
			t.Errorf("%q: %d other bytes", tt.rang, len(body))
		}
	}
	r, body := ask(file, "bytes=0-0")
	if len(body) != 1 {
		t.Errorf("one byte: %d bytes", len(body))
	}
	_, tree := ask(r.Header.Get("X-Thex-URI"), "")
	x, err := protocol.ParseTHEX(tree, uint64(len(content)), urnOf(content).Tiger)
	if err != nil || len(x.Levels) != 10 {
		t.Errorf("tree of %d levels: %v", len(x.Levels), err)
	}
	if l := f.log(); l.conns != 1 || l.requests != 9 || l.trees != 1 || len(l.sent) != 4 {
		t.Errorf("it has seen %+v", l)
	}
}

// TestGetFromForeignSource: what LimeWire does is used. A place in its queue, as long
// as it wishes; answers of 128 KiB, one after the other over one connection.
func TestGetFromForeignSource(t *testing.T) {
	t.Parallel()
	content := noise(10*foreignRange + 4711)
	f := &foreignSource{content: content, most: foreignRange, queue: 2, poll: [2]int{1, 3}}
	mustGet(t, NewClient(quick()), jobFor(t, content, f.serve(t)), content)
	l := f.log()
	if l.conns != 1 {
		t.Errorf("%d connections, want 1", l.conns)
	}
	if twice := sentTwice(len(content), foreignRange, l); twice > 0 {
		t.Errorf("%d ranges went out twice", twice)
	}
	if len(l.queued) != 3 {
		t.Fatalf("asked %d times in the queue and at its end, want 3", len(l.queued))
	}
	for i := range 2 {
		if waited := l.queued[i+1].Sub(l.queued[i]); waited < time.Second || waited > 3*time.Second {
			t.Errorf("asked again after %v: not in the window of 1 to 3 s", waited)
		}
	}
}

// TestGetFromParts: two that have a part each make the file (section 20).
func TestGetFromParts(t *testing.T) {
	content := noise(2 << 20)
	first := &foreignSource{content: content, have: []span{{0, 1 << 20}}}
	second := &foreignSource{content: content, have: []span{{1 << 20, 2 << 20}}}
	mustGet(t, NewClient(quick()), jobFor(t, content, first.serve(t), second.serve(t)), content)
	for i, f := range []*foreignSource{first, second} {
		if len(f.log().sent) == 0 {
			t.Errorf("source %d was not used", i+1)
		}
	}
}

// vices are all, with what alone they lead to; nil: the file comes in spite of it.
func vices() map[vice]error {
	return map[vice]error{
		otherBytes: ErrNotVerified, halfARange: ErrUnavailable, rangeNotAsked: ErrUnavailable, wrongContentRange: ErrUnavailable,
		endlessHeader: ErrUnavailable, gzipBomb: ErrUnavailable, busyForEver: ErrUnavailable, redirects: ErrUnavailable,
		treeOfOther: nil, treeUnfit: nil, wildDIME: nil, stalls: ErrUnavailable, dies: ErrUnavailable,
	}
}

// TestGetFromViciousSources: nothing that a source does puts a wrong file in place,
// or keeps a good source from delivering the right one.
func TestGetFromViciousSources(t *testing.T) {
	content := noise(1<<20 + 4711)
	all := vices()
	if len(all) != len(viceNames)-1 {
		t.Fatalf("%d vices are tried, of %d", len(all), len(viceNames)-1)
	}
	for v, alone := range all {
		cfg := quick()
		if v == stalls {
			cfg = impatient()
		}
		bad := func() *foreignSource { return &foreignSource{content: content, vice: v, after: 300_000} }
		t.Run(v.String()+"/alone", func(t *testing.T) {
			t.Parallel()
			f := bad()
			j := jobFor(t, content, f.serve(t))
			_, err := NewClient(cfg).Get(t.Context(), j, nil)
			if !errors.Is(err, alone) || alone == nil && err != nil {
				t.Errorf("error %v, want %v", err, alone)
			}
			if f.log().requests == 0 {
				t.Error("the source was not asked")
			}
		})
		t.Run(v.String()+"/beside a good one", func(t *testing.T) {
			t.Parallel()
			f, good := bad(), &foreignSource{content: content}
			mustGet(t, NewClient(cfg), jobFor(t, content, f.serve(t), good.serve(t)), content)
			if f.log().requests == 0 {
				t.Error("the bad source was not asked")
			}
		})
	}
}

// TestGetWithoutRoot: where the job names no tiger root, liars may agree on the tree of
// another file, which fits all that they send. The SHA-1 of the whole decides.
func TestGetWithoutRoot(t *testing.T) {
	content, other := noise(1<<20+4711), noise(2 << 20)[1<<20-4711:]
	lie := urnOf(other)
	lie.SHA1 = urnOf(content).SHA1
	for _, kinds := range []string{"LH", "HL", "LLH", "LHL", "HLL"} {
		t.Run(kinds, func(t *testing.T) {
			t.Parallel()
			var addrs []netip.AddrPort
			for _, kind := range kinds {
				f := &foreignSource{content: content}
				if kind == 'L' {
					f = &foreignSource{content: other, urn: lie}
				}
				addrs = append(addrs, f.serve(t))
			}
			j := jobFor(t, content, addrs...)
			j.URN.HasTiger, j.URN.Tiger = false, tiger.Digest{}
			mustGet(t, NewClient(quick()), j, content)
		})
	}
}

// TestSwarmOfLiars: from eight sources of which two lie, one stalls and one dies midway
// the file arrives right, the liars are named, and no good block comes twice but those
// that were in flight.
func TestSwarmOfLiars(t *testing.T) {
	t.Parallel()
	const block = 256 << 10
	content := noise(32<<20 + 4711)
	sources, levels := make([]*foreignSource, 8), viceLevels(content)
	for i := range sources {
		// 8 MB/s, so that all are needed; for the tree a source reads the file first.
		sources[i] = &foreignSource{content: content, levels: levels, reads: time.Second, pace: 2 * time.Millisecond}
	}
	sources[1].vice = otherBytes
	sources[4].vice, sources[4].after = otherBytes, 800_000 // is believed at first
	sources[2].vice, sources[2].after = stalls, 700_000
	sources[6].vice, sources[6].after = dies, 900_000
	var addrs []netip.AddrPort
	for _, f := range sources {
		addrs = append(addrs, f.serve(t))
	}
	cfg := quick()
	cfg.IdleTimeout = 3 * time.Second // a machine that does much else stalls the good ones for a while, too
	r := mustGet(t, NewClient(cfg), jobFor(t, content, addrs...), content)
	var liars []string
	for _, s := range r.Liars {
		liars = append(liars, s.Addr.String())
	}
	slices.Sort(liars)
	want := []string{addrs[1].String(), addrs[4].String()}
	slices.Sort(want)
	if !slices.Equal(liars, want) {
		t.Errorf("liars %v, want %v", liars, want)
	}
	var good foreignLog
	for i, f := range sources {
		l := f.log()
		if len(l.asked) == 0 {
			t.Errorf("source %d was not asked", i+1)
		}
		good.sent = append(good.sent, l.sent...) // lies are not among it
	}
	if twice := sentTwice(len(content), block, good); twice > len(sources) {
		t.Errorf("%d blocks came right twice, want %d at most: one a source may be in flight at the end", twice, len(sources))
	}
	if r.Fetched > uint64(len(content))*3/2 { // lies are fetched, too, until there is a tree
		t.Errorf("%d bytes were fetched of %d", r.Fetched, len(content))
	}
}

// sentTwice counts the blocks of a file of which every byte went out right more than
// once.
func sentTwice(size, block int, l foreignLog) (twice int) {
	cuts := []int{}
	for _, s := range l.sent {
		cuts = append(cuts, s.first, s.end)
	}
	for first := 0; first < size; first += block {
		whole, least := span{first, min(first+block, size)}, len(l.sent)
		for _, at := range append(cuts, first) { // where the number may change
			if at < whole.first || at >= whole.end {
				continue
			}
			times := 0
			for _, s := range l.sent {
				if s.first <= at && at < s.end {
					times++
				}
			}
			least = min(least, times)
		}
		if least > 1 {
			twice++
		}
	}
	return twice
}

func TestSentTwice(t *testing.T) {
	for _, tt := range []struct {
		sent string
		want int
	}{
		{"0-10", 0},
		{"0-4 4-10", 0},
		{"0-10 4-8", 0},
		{"0-4 0-4 4-10", 0},
		{"0-4 0-4 4-10 4-10", 2},
		{"0-10 0-10", 2},
		{"0-5 5-10 0-5", 1},
		{"5-10 2-7 0-3", 0},
	} {
		var l foreignLog
		for field := range strings.FieldsSeq(tt.sent) {
			var s span
			_, _ = fmt.Sscanf(field, "%d-%d", &s.first, &s.end) // they are ours
			l.sent = append(l.sent, s)
		}
		if got := sentTwice(10, 5, l); got != tt.want {
			t.Errorf("%s: %d blocks twice, want %d", tt.sent, got, tt.want)
		}
	}
}
