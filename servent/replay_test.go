package servent

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// captured is one thing that went over a link to gtk-gnutella 1.2.3
// (protocol/testdata/gtkg, docs/interop.md).
type captured struct {
	at     time.Duration
	theirs bool
	bytes  []byte // a header group or a message
}

func readSession(t *testing.T, name string) (out []captured) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../protocol/testdata/gtkg", name+".session"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		ms, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatal(err)
		}
		b, err := hex.DecodeString(f[2])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, captured{time.Duration(ms) * time.Millisecond, f[1] == ">", b})
	}
	return out
}

// replay is gtk-gnutella's end of a captured session.
type replay struct {
	t       *testing.T
	session []captured
	begin   time.Time // of the session's clock; the end of the handshake where it is zero
	conn    net.Conn
	said    map[protocol.Kind]int // by our servent
	all     []captured            // its messages
	bye     string
	hits    []string               // names in our hits
	answers map[protocol.GUID]bool // ids of queries that we answered
	ended   chan struct{}
}

func newReplay(t *testing.T, session []captured) *replay {
	return &replay{t: t, session: session, said: map[protocol.Kind]int{}, answers: map[protocol.GUID]bool{}, ended: make(chan struct{})}
}

// run plays the session, in its own time, against our servent. It reads all that
// our servent says.
func (r *replay) run() {
	in := bufio.NewReader(r.conn)
	packed, ok := r.shake(in)
	if !ok {
		close(r.ended)
		return
	}
	if r.begin.IsZero() {
		r.begin = time.Now()
	}
	go r.read(in, packed)
	z := zlib.NewWriter(r.conn)
	for _, c := range r.session[3:] {
		if !c.theirs {
			continue
		}
		time.Sleep(time.Until(r.begin.Add(c.at)))
		if _, err := z.Write(c.bytes); err != nil {
			r.t.Errorf("after %v: %v", c.at, err)
			return
		}
		if err := z.Flush(); err != nil {
			r.t.Errorf("after %v: %v", c.at, err)
			return
		}
	}
}

// shake plays the handshake, and says whether our servent compresses, which it did
// when the session was captured.
func (r *replay) shake(in *bufio.Reader) (packed, ok bool) {
	for i, c := range r.session[:3] {
		if c.theirs {
			if _, err := r.conn.Write(c.bytes); err != nil {
				r.t.Error(err)
				return packed, false
			}
			continue
		}
		now := strings.Contains(strings.ToLower(r.group(in)), "content-encoding: deflate")
		if then := bytes.Contains(bytes.ToLower(c.bytes), []byte("content-encoding: deflate")); now != then {
			r.t.Errorf("group %d: our servent compresses: %v; it did: %v", i, now, then)
		}
		packed = packed || now
	}
	return packed, true
}

// group reads one group of headers.
func (r *replay) group(in *bufio.Reader) string {
	var all strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			r.t.Errorf("handshake: %v after %q", err, all.String())
			return all.String()
		}
		if all.WriteString(line); line == "\r\n" {
			return all.String()
		}
	}
}

// read takes apart what our servent says, to the end of the link.
func (r *replay) read(in io.Reader, packed bool) {
	defer close(r.ended)
	if packed {
		z, err := zlib.NewReader(in)
		if err != nil {
			r.t.Error(err)
			return
		}
		in = z
	}
	for {
		head := make([]byte, protocol.HeaderSize)
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		h, err := protocol.ParseHeader(head)
		if err != nil {
			r.t.Error(err)
			return
		}
		payload := make([]byte, h.Size)
		if _, err := io.ReadFull(in, payload); err != nil {
			return
		}
		r.said[h.Kind]++
		r.all = append(r.all, captured{bytes: append(head, payload...)})
		switch h.Kind {
		case protocol.KindBye:
			r.bye = string(payload)
		case protocol.KindQueryHit:
			r.hit(h, payload)
		}
	}
}

func (r *replay) hit(h protocol.Header, payload []byte) {
	hit, err := protocol.ParseQueryHit(payload)
	if err != nil {
		r.t.Error(err)
		return
	}
	r.answers[h.ID] = true
	for rec := range hit.Files() {
		r.hits = append(r.hits, string(rec.Name))
	}
}

// pings is how often the other end has pinged.
func (r *replay) pings() (n int) {
	for _, c := range r.session {
		if h, err := protocol.ParseHeader(c.bytes); err == nil && c.theirs && h.Kind == protocol.KindPing {
			n++
		}
	}
	return n
}

// TestReplay: gtk-gnutella's side of a link that was captured keeps its link to our
// servent as it stands, and gets the answers that it got then.
func TestReplay(t *testing.T) {
	for name, role := range map[string]Role{"leaf": RoleLeaf, "leaf-searches": RoleLeaf, "ultrapeer": RoleFlat} {
		t.Run(name, func(t *testing.T) {
			session := readSession(t, name)
			dir := t.TempDir()
			want := shareWhatWasFound(t, dir, session)
			synctest.Test(t, func(t *testing.T) { testReplay(t, session, role, dir, want) })
		})
	}
}

func testReplay(t *testing.T, session []captured, role Role, dir string, want map[protocol.GUID]bool) {
	r := newReplay(t, session)
	linked := make(chan struct{}, 1)
	h := runHostOn(t, Config{
		Role: role, Network: Gnutella, Connect: []string{"5.9.0.1:6346"}, listener: newPipes(),
		resolve: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("there is nobody else") },
		dial: func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
			if r.conn != nil || a.Addr() != netip.MustParseAddr("5.9.0.1") {
				return nil, errors.New("nobody is there")
			}
			here, there := net.Pipe()
			r.conn = there
			linked <- struct{}{}
			return here, nil
		},
	})
	if err := h.Share(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	<-linked
	for _, at := range []time.Duration{10 * time.Second, 1210 * time.Second, 2410 * time.Second, 3610 * time.Second} {
		time.AfterFunc(at, func() { // it came by to see whether others can, too
			_, _ = io.WriteString(h.pipes.knockFrom("5.9.0.1:36431"), "\n\n") // nobody answers
		})
	}
	r.run()
	synctest.Wait()
	st := h.Status()
	if r.bye != "" || st.Links["supernode"] != 1 {
		t.Errorf("links %v, bye %q", st.Links, r.bye)
	}
	if st.Drops["malformed"] != 0 || st.Drops["unknown"] != 0 {
		t.Errorf("dropped: %v", st.Drops)
	}
	h.stop()
	<-r.ended
	for _, kind := range []protocol.Kind{protocol.KindVendor, protocol.KindQRP, protocol.KindPing, protocol.KindBye} {
		if r.said[kind] == 0 {
			t.Errorf("our servent sent none of kind %v: %v", kind, r.said)
		}
	}
	if pings := r.pings(); r.said[protocol.KindPong] < pings {
		t.Errorf("%d pongs for %d pings", r.said[protocol.KindPong], pings)
	}
	for id := range want {
		if !r.answers[id] {
			t.Errorf("query %v has no answer; hits: %q", id, r.hits)
		}
	}
}

// shareWhatWasFound puts files into dir that answer the queries that our servent
// answered when the session was captured, and returns the ids of these queries.
func shareWhatWasFound(t *testing.T, dir string, session []captured) map[protocol.GUID]bool {
	t.Helper()
	asked, want := map[protocol.GUID]bool{}, map[protocol.GUID]bool{}
	for _, c := range session {
		h, err := protocol.ParseHeader(c.bytes)
		switch {
		case err != nil:
		case c.theirs && h.Kind == protocol.KindQuery:
			asked[h.ID] = true
		case !c.theirs && h.Kind == protocol.KindQueryHit && h.Hops == 0 && asked[h.ID]:
			want[h.ID] = true
			hit, err := protocol.ParseQueryHit(c.bytes[protocol.HeaderSize:])
			if err != nil {
				t.Fatal(err)
			}
			for rec := range hit.Files() {
				if err := os.WriteFile(filepath.Join(dir, string(rec.Name)), rec.Name, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return want
}

// TestReplayRequests: what gtk-gnutella asked over HTTP is answered: a file, and on
// the same connection its tree.
func TestReplayRequests(t *testing.T) {
	text, err := os.ReadFile("../protocol/testdata/gtkg/get.request")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	content := bytes.Repeat([]byte("not the same bytes "), 20_000)
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{})
		defer func() { h.stop(); time.Sleep(time.Minute) }()
		if err := h.Share(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		files, _ := h.lib.BySHA1(sha1.Sum(content))
		mine := bytes.ReplaceAll(text, []byte("urn:sha1:3NYGYKMRV6ZNDXK6KFUOKCGDFEFAFGG5"), []byte(files.URN.SHA1URN()))
		c := h.pipes.knock()
		defer c.Close()
		go func() { _, _ = c.Write(mine) }()
		in := bufio.NewReader(c)
		for i, kind := range []string{"text/plain", "application/dime"} {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) {
				t.Errorf("%s %v: %d bytes, %v", resp.Status, resp.Header, len(body), err)
			}
			if i == 0 && !bytes.Equal(body, content) {
				t.Error("other bytes")
			}
			if i == 1 {
				if _, err := protocol.ParseTHEX(body, uint64(len(content)), files.URN.Tiger); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
