package transfer

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// TestTreeOnItsWay: where the tree comes only after the last block, it is asked for again, and
// tells which blocks are wrong: what others sent is not fetched once more.
func TestTreeOnItsWay(t *testing.T) {
	t.Parallel()
	content := noise(8 << 20)
	bad := lie(content, 100)
	for i := 100; i < len(bad); i += tiger.MinPart {
		bad[i] ^= 1
	}
	seed := &foreignSource{content: content, reads: 1500 * time.Millisecond, pace: time.Millisecond}
	liar := rogue(t, func(conn net.Conn, r *http.Request) bool {
		time.Sleep(20 * time.Millisecond)
		return answers(conn, r, bad, len(bad), "")
	})
	j := jobFor(t, content, seed.serve(t), liar)
	for range 4 {
		good := &foreignSource{content: content, noTree: true, pace: 2 * time.Millisecond}
		j.Sources = append(j.Sources, Source{Addr: good.serve(t), Name: "file.bin"})
	}
	if r := mustGet(t, NewClient(quick()), j, content); r.Fetched > uint64(2*len(content)) {
		t.Errorf("%.2f files were fetched", float64(r.Fetched)/float64(len(content)))
	}
}

// TestTreesThatDrip: liars whose trees come byte by byte do not keep a file waiting that one of
// them has spoilt.
func TestTreesThatDrip(t *testing.T) {
	t.Parallel()
	content := noise(2 << 20)
	bad := lie(content, 100)
	for i := 100; i < len(bad); i += tiger.MinPart {
		bad[i] ^= 1
	}
	offer := "X-Thex-URI: /tree;" + urnOf(bad).Tiger.String() + "\r\n"
	drips := func(conn net.Conn, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/tree") {
			return answers(conn, r, bad, len(bad), offer)
		}
		_, err := io.WriteString(conn, okHead(500_000))
		for ; err == nil; time.Sleep(50 * time.Millisecond) {
			_, err = conn.Write([]byte{0})
		}
		return false
	}
	good := &foreignSource{content: content, noTree: true, pace: 5 * time.Millisecond}
	j := jobFor(t, content, rogue(t, drips), rogue(t, drips), good.serve(t))
	j.URN.HasTiger, j.URN.Tiger = false, tiger.Digest{}
	cfg := quick()
	cfg.IdleTimeout, cfg.HeaderTimeout = time.Second, time.Second
	if r := mustGet(t, NewClient(cfg), j, content); r.Elapsed > patience {
		t.Errorf("took %v", r.Elapsed)
	}
}

// TestOnlyASourceVouches: a source whose bytes fit a tree that only it vouches for is not known
// as a good one by that; the whole file decides.
func TestOnlyASourceVouches(t *testing.T) {
	for _, known := range []bool{false, true} {
		content := noise(2 << 20)
		f := &foreignSource{content: content, pace: time.Millisecond}
		j := jobFor(t, content, f.serve(t))
		if !known {
			j.URN.HasTiger, j.URN.Tiger = false, tiger.Digest{}
		}
		m, cfg := new(mesh.Mesh), quick()
		cfg.Mesh = m
		praised := false
		if _, err := NewClient(cfg).Get(t.Context(), j, func(p Progress) {
			praised = praised || p.Done < p.Total && m.HasGiven(time.Now(), j.URN.SHA1, netip.MustParseAddr("127.0.0.1"))
		}); err != nil {
			t.Fatal(err)
		}
		if !known && praised || !m.HasGiven(time.Now(), j.URN.SHA1, netip.MustParseAddr("127.0.0.1")) {
			t.Errorf("root known %v: good before the end %v, not at the end", known, praised)
		}
	}
}
