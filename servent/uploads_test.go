package servent

import (
	"bufio"
	"crypto/sha1"
	"encoding/base32"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// visitor is a foreign client at an address of its own, which speaks HTTP line
// by line.
type visitor struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (h *host) visitor(t *testing.T, from string) *visitor {
	c := h.pipes.knockFrom(from + ":1")
	return &visitor{t, c, bufio.NewReader(c)}
}

// get asks and reads the header of the answer, and the body of a refusal.
func (v *visitor) get(uri string, lines ...string) *http.Response {
	v.t.Helper()
	text := "GET " + uri + " HTTP/1.1\r\nHost: x\r\nUser-Agent: Foreign/1.0\r\n" + strings.Join(append(lines, "", ""), "\r\n")
	go func() { _, _ = io.WriteString(v.conn, text) }()
	resp, err := http.ReadResponse(v.r, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	if resp.StatusCode >= 400 {
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	return resp
}

// part is what a key of a queue header says.
func part(header, key string) string {
	for p := range strings.FieldsFuncSeq(header, func(r rune) bool { return strings.ContainsRune(",; ", r) }) {
		if value, ok := strings.CutPrefix(p, key+"="); ok {
			return value
		}
	}
	return ""
}

// TestForeignQueues: two foreign servents wait for the only slot, one with the
// older form of queue and one with the newer, and are served in their turn.
func TestForeignQueues(t *testing.T) {
	content := strings.Repeat("marmalade ", 50_000)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.txt"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum([]byte(content))
	uri := "/uri-res/N2R?urn:sha1:" + base32.StdEncoding.EncodeToString(sum[:])
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{MaxUploads: 1})
		if err := h.Share(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		first, older, newer := h.visitor(t, "5.9.0.1"), h.visitor(t, "5.9.0.2"), h.visitor(t, "5.9.0.3")
		if resp := first.get(uri); resp.StatusCode != 200 {
			t.Fatalf("the first: %s", resp.Status)
		}
		resp := older.get(uri, "X-Queue: 0.1")
		if q := resp.Header.Get("X-Queue"); resp.StatusCode != 503 || part(q, "position") != "1" || part(q, "pollMin") != "30" || part(q, "pollMax") != "90" {
			t.Fatalf("the second: %s, %q", resp.Status, q)
		}
		resp = newer.get(uri, "X-Queue: 1.0", "X-Features: queue/1.0")
		q := resp.Header.Get("X-Queued")
		if resp.StatusCode != 503 || part(q, "position") != "2" || len(part(q, "ID")) != 32 || resp.Header.Get("Retry-After") != "50" {
			t.Fatalf("the third: %s, %q, Retry-After %q", resp.Status, q, resp.Header.Get("Retry-After"))
		}
		id := part(q, "ID")
		time.Sleep(40 * time.Second)
		first.conn.Close()
		synctest.Wait()
		if resp := older.get(uri, "X-Queue: 0.1"); resp.StatusCode != 200 {
			t.Fatalf("the second in its turn: %s", resp.Status)
		}
		time.Sleep(10 * time.Second)
		resp = newer.get(uri, "X-Queue: 1.0", "X-Queued: position=2; ID="+id)
		if q := resp.Header.Get("X-Queued"); resp.StatusCode != 503 || part(q, "position") != "1" || part(q, "ID") != id {
			t.Fatalf("the third, later: %s, %q", resp.Status, q)
		}
		older.conn.Close()
		time.Sleep(30 * time.Second)
		resp = newer.get(uri, "X-Queue: 1.0", "X-Queued: position=1; ID="+id)
		if body, err := io.ReadAll(resp.Body); resp.StatusCode != 200 || err != nil || string(body) != content {
			t.Errorf("the third in its turn: %s, %d bytes, %v", resp.Status, len(body), err)
		}
		newer.conn.Close()
		if st := h.Status(); st.Transfer.Queued != 0 || st.Edge.UploadsBusy != 3 || st.Edge.QueueEarly != 0 {
			t.Errorf("status: %+v, %+v", st.Transfer, st.Edge)
		}
		h.stop()
		time.Sleep(time.Minute)
	})
}

// TestUploadLimits: how many at once, of one address, and who waits, as Config says.
func TestUploadLimits(t *testing.T) {
	dir := t.TempDir()
	var uris []string
	for _, word := range []string{"marmalade ", "butter ", "bread "} {
		content := strings.Repeat(word, 50_000)
		if err := os.WriteFile(filepath.Join(dir, word+".txt"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha1.Sum([]byte(content))
		uris = append(uris, "/uri-res/N2R?urn:sha1:"+base32.StdEncoding.EncodeToString(sum[:]))
	}
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{MaxUploads: 2, MaxUploadsPerAddr: 1, MaxUploadQueue: 2})
		if err := h.Share(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		for i, tt := range []struct {
			from             string
			file             int
			code             int
			place            string
			perAddr, noPlace uint64
		}{
			{"5.9.0.1", 0, 200, "", 0, 0},
			{"5.9.0.1", 1, 503, "1", 0, 0}, // a slot is free, but not for this address
			{"5.9.0.1", 2, 503, "", 1, 0},
			{"5.9.0.2", 0, 200, "", 1, 0},
			{"5.9.0.3", 0, 503, "2", 1, 0},
			{"5.9.0.4", 0, 503, "", 1, 1},
		} {
			v := h.visitor(t, tt.from)
			defer v.conn.Close()
			resp := v.get(uris[tt.file], "X-Queue: 0.1")
			e := h.Status().Edge
			if got := part(resp.Header.Get("X-Queue"), "position"); resp.StatusCode != tt.code || got != tt.place || e.PerAddr != tt.perAddr || e.QueueFull != tt.noPlace {
				t.Errorf("%d: %s at place %q; %+v", i, resp.Status, got, e.HTTPEdge)
			}
		}
		h.stop()
	})
	for _, cfg := range []Config{{MaxUploads: -1}, {MaxUploadsPerAddr: -1}, {MaxUploadQueue: -1}} {
		if s, err := New(cfg); err == nil {
			s.Close()
			t.Errorf("%+v is taken", cfg)
		}
	}
}
