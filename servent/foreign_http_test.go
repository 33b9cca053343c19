package servent_test

import (
	"bufio"
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent"
)

// fetch sends a request line by line, as a foreign servent would, and returns
// the whole answer.
func fetch(t *testing.T, to netip.AddrPort, method, uri string, lines ...string) (*http.Response, []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(foreignWait)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Foreign/1.0\r\n%s\r\n", method, uri, to, strings.Join(append(lines, ""), "\r\n"))
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// TestForeignBrowses: another servent lists what ours shares, as QueryHit
// messages and as a page.
func TestForeignBrowses(t *testing.T) {
	dir, _, urn := shareFile(t, "Marmalade Submarine.bin", 3000)
	for i := range 200 {
		name := filepath.Join(dir, "folder", fmt.Sprintf("file %03d.txt", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, servent.Config{Role: servent.RoleFlat}, dir)
	resp, body := fetch(t, s.Addr(), "GET", "/", "Accept: text/html, application/x-gnutella-packets")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/x-gnutella-packets" {
		t.Fatalf("%s, %v", resp.Status, resp.Header)
	}
	var names []string
	f := &foreign{t: t, r: bufio.NewReader(bytes.NewReader(body))}
	for {
		m, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || m.kind != kindHit {
			t.Fatalf("message 0x%02x, %v", m.kind, err)
		}
		for _, h := range parseHit(t, m.payload) {
			names = append(names, h.name)
			if h.addr != s.Addr().String() || guidHex(h.guid) != s.GUID().String() || h.vendor != "SRVT" || h.urn == "" {
				t.Fatalf("hit %+v", h)
			}
		}
	}
	if len(names) != 201 || !slices.Contains(names, "Marmalade Submarine.bin") || !slices.Contains(names, "file 199.txt") {
		t.Errorf("%d files, %.200q", len(names), names)
	}
	resp, body = fetch(t, s.Addr(), "GET", "/", "Accept: text/html")
	if resp.StatusCode != 200 || !bytes.Contains(body, []byte("Marmalade Submarine.bin")) || !bytes.Contains(body, []byte("/uri-res/N2R?"+urn)) {
		t.Errorf("page: %s, %.300s", resp.Status, body)
	}
	if n := s.Status().Transfer.Browses; n != 2 {
		t.Errorf("counted %d", n)
	}
	shy := start(t, servent.Config{Role: servent.RoleFlat, NoBrowse: true}, dir)
	if resp, _ := fetch(t, shy.Addr(), "GET", "/"); resp.StatusCode != 403 || strings.Contains(resp.Header.Get("X-Features"), "browse") {
		t.Errorf("with browsing switched off: %s, %q", resp.Status, resp.Header.Get("X-Features"))
	}
}

// TestForeignFetchesTree: another servent fetches the tree that a file's answer
// names, and sees by hand that its nodes lead to the root.
func TestForeignFetchesTree(t *testing.T) {
	const size = 1_500_000
	dir, content, urn := shareFile(t, "cosmic penguin.bin", size)
	s := start(t, servent.Config{Role: servent.RoleFlat}, dir)
	resp, _ := fetch(t, s.Addr(), "HEAD", "/uri-res/N2R?"+urn)
	uri, root, ok := strings.Cut(resp.Header.Get("X-Thex-URI"), ";")
	if !ok || len(root) != 39 {
		t.Fatalf("X-Thex-URI: %q", resp.Header.Get("X-Thex-URI"))
	}
	resp, body := fetch(t, s.Addr(), "GET", uri)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/dime" {
		t.Fatalf("%s, %v", resp.Status, resp.Header)
	}
	text, _, rest := foreignDIME(t, body)
	nodes, id, rest := foreignDIME(t, rest)
	if len(rest) != 0 || body[0]&0xfc != 0x0c {
		t.Errorf("%d bytes behind the records, first flags %02x", len(rest), body[0])
	}
	var doc struct {
		File struct {
			Size    int `xml:"size,attr"`
			Segment int `xml:"segmentsize,attr"`
		} `xml:"file"`
		Tree struct {
			URI string `xml:"uri,attr"`
		} `xml:"serializedtree"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil || doc.File.Size != size || doc.File.Segment != 1024 || doc.Tree.URI != id {
		t.Fatalf("%+v, %v, record %q", doc, err, id)
	}
	widths := []int{(size + 1023) / 1024}
	for w := widths[0]; w > 1; {
		w = (w + 1) / 2
		widths = append([]int{w}, widths...)
	}
	var above, level []string
	for _, w := range widths {
		if len(nodes) == 0 {
			break
		}
		level = nil
		for range w {
			level = append(level, string(nodes[:24]))
			nodes = nodes[24:]
		}
		for i, p := range above {
			if p != foreignParent(level[2*i:min(2*i+2, w)]) {
				t.Fatalf("node %d of %d does not lead to the one above", i, len(above))
			}
		}
		if above == nil && base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(level[0])) != root {
			t.Fatal("another root")
		}
		above = level
	}
	// What the lowest level covers: the first part of the content gives its first node.
	part := 1024
	for (size+part-1)/part > len(level) {
		part *= 2
	}
	var first tiger.Tree
	first.Write(content[:part])
	if got := first.Root(); string(got[:]) != level[0] {
		t.Errorf("the first of %d nodes is not that of the first %d bytes", len(level), part)
	}
}

// foreignParent hashes one node, or two, to the one above.
func foreignParent(pair []string) string {
	if len(pair) == 1 {
		return pair[0]
	}
	sum := tiger.Sum([]byte("\x01" + pair[0] + pair[1]))
	return string(sum[:])
}

// foreignDIME takes a record off b.
func foreignDIME(t *testing.T, b []byte) (data []byte, id string, rest []byte) {
	t.Helper()
	if len(b) < 12 {
		t.Fatalf("half a record: % x", b)
	}
	sizes := []int{
		int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:])),
		int(binary.BigEndian.Uint16(b[6:])), int(binary.BigEndian.Uint32(b[8:])),
	}
	b = b[12:]
	var parts [][]byte
	for _, n := range sizes {
		parts = append(parts, b[:n])
		b = b[(n+3)/4*4:]
	}
	return parts[3], string(parts[1]), b
}

// TestForeignAsksPushProxy: a servent that cannot be connected to chooses ours
// as push proxy, and another asks for it over HTTP.
func TestForeignAsksPushProxy(t *testing.T) {
	s := start(t, servent.Config{Role: servent.RoleFlat})
	shy := dialForeign(t, s.Addr())
	shy.connect(false)
	guid := "shy-servent-guid"
	shy.send(frame{guid, kindVendor, 1, 0, []byte("LIME\x15\x00\x01\x00")})
	for {
		ack := shy.want(kindVendor)
		if !bytes.HasPrefix(ack.payload, []byte("LIME\x16\x00\x02\x00")) {
			continue
		}
		if ack.id != guid || len(ack.payload) < 14 {
			t.Fatalf("acknowledged as %q: % x", ack.id, ack.payload)
		}
		break
	}
	server := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(guid))
	resp, _ := fetch(t, s.Addr(), "GET", "/gnutella/push-proxy?ServerId="+server+"&file=7", "X-Node: 127.0.0.1:4321")
	if resp.StatusCode != 202 {
		t.Fatalf("push proxy: %s", resp.Status)
	}
	p := shy.want(kindPush)
	want := []byte(guid + "\x07\x00\x00\x00\x7f\x00\x00\x01\xe1\x10")
	if !bytes.HasPrefix(p.payload, want) || p.ttl != 1 || p.hops != 0 {
		t.Errorf("push % x, ttl %d, hops %d", p.payload, p.ttl, p.hops)
	}
	for uri, code := range map[string]int{
		"/gnutella/push-proxy?ServerId=" + strings.Repeat("A", 26): 410,
		"/gnutella/push-proxy?ServerId=" + server[1:]:              400,
		"/gnet/push-proxy?guid=" + guidHex(guid):                   202,
		"/gnet/push-proxy?guid=" + guidHex("somebody-unknown"):     410,
	} {
		if resp, _ := fetch(t, s.Addr(), "HEAD", uri, "X-Node: 127.0.0.1:4321"); resp.StatusCode != code {
			t.Errorf("%s: %s, want %d", uri, resp.Status, code)
		}
	}
}
