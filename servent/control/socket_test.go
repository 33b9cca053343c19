package control

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

func TestSocketIsPrivate(t *testing.T) {
	s := serve(t, &fakeNode{})
	info, err := os.Lstat(filepath.Join(s.dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	if hasModes && info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	if dir, err := os.Stat(s.dir); hasModes && (err != nil || dir.Mode().Perm() != 0o700) {
		t.Errorf("the folder: %v, %v", dir, err)
	}
	s.end()
	if err := s.wait(t); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(s.dir, ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	dir := shortDir(t)
	// What kill -9 leaves: a socket that nobody listens on.
	l, err := bind(filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("dial of a stale socket: %v", err)
	}
	serveIn(t, &fakeNode{}, dir).client(t)
}

func TestFileInTheWay(t *testing.T) {
	dir := shortDir(t)
	if err := os.WriteFile(filepath.Join(dir, socketName), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Serve(t.Context(), &fakeNode{}, dir)
	if err == nil || !strings.Contains(err.Error(), "in the way") {
		t.Errorf("Serve = %v", err)
	}
}

func TestSuccessorsSocketStays(t *testing.T) {
	path := filepath.Join(shortDir(t), socketName)
	first, err := listen(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.remove()
	first.remove()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket of the second went with the first: %v", err)
	}
}

// TestLongDataDir runs where the socket does not fit into the data dir.
func TestLongDataDir(t *testing.T) {
	for _, xdg := range []bool{true, false} {
		t.Run(fmt.Sprintf("xdg=%v", xdg), func(t *testing.T) {
			runtime := shortDir(t)
			t.Setenv("TMPDIR", runtime)
			t.Setenv("XDG_RUNTIME_DIR", "")
			if xdg {
				t.Setenv("XDG_RUNTIME_DIR", runtime)
			}
			dir := filepath.Join(shortDir(t), strings.Repeat("long", 30))
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			serveIn(t, &fakeNode{}, dir).client(t)
			other := filepath.Join(filepath.Dir(dir), strings.Repeat("gone", 30))
			if _, err := Dial(t.Context(), other); !errors.Is(err, ErrNotRunning) {
				t.Errorf("another data dir has the same socket: %v", err)
			}
		})
	}
}

func TestPathAtTheLimit(t *testing.T) {
	base := shortDir(t)
	for _, over := range []int{0, 1} {
		pad := maxSocketPath + over - len(base) - len("//"+socketName)
		dir := filepath.Join(base, strings.Repeat("x", pad))
		path, err := socketPath(dir)
		if err != nil {
			t.Fatal(err)
		}
		if inside := filepath.Dir(path) == dir; inside != (over == 0) {
			t.Errorf("%d over the limit: socket at %s", over, path)
		}
	}
}

func TestRuntimeFolderOfOthers(t *testing.T) {
	if !hasModes {
		t.Skip("no file modes here")
	}
	tmp := shortDir(t)
	t.Setenv("TMPDIR", tmp)
	t.Setenv("XDG_RUNTIME_DIR", "")
	if err := os.Mkdir(filepath.Join(tmp, fmt.Sprintf("servent-%d", os.Getuid())), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(tmp, fmt.Sprintf("servent-%d", os.Getuid())), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := runtimeDir(); err == nil || !strings.Contains(err.Error(), "not a folder of yours alone") {
		t.Errorf("runtimeDir = %v", err)
	}
}

// TestBadRequests sends what no Client sends.
func TestBadRequests(t *testing.T) {
	s := serve(t, &fakeNode{})
	tests := []struct {
		name, head, body string
		code             int
		text             string
	}{
		{"browser's host", "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n", "", 403, "want servent"},
		{"browser's origin", "GET /v1/status HTTP/1.1\r\nHost: servent\r\nOrigin: http://evil.example\r\n", "", 403, "browsers"},
		{"page of another site", "POST /v1/stop HTTP/1.1\r\nHost: servent\r\nReferer: http://evil.example/\r\n", "", 403, "browsers"},
		{"form of a page", "POST /v1/search HTTP/1.1\r\nHost: servent\r\nContent-Type: text/plain\r\n", `{"query":"x"}`, 400, "content type"},
		{"unknown field", "POST /v1/search HTTP/1.1\r\nHost: servent\r\n", `{"query":"x","colour":1}`, 400, "colour"},
		{"no json", "POST /v1/search HTTP/1.1\r\nHost: servent\r\n", `query=x`, 400, "read request"},
		{"two values", "POST /v1/unshare HTTP/1.1\r\nHost: servent\r\n", `{"dir":"/x"}{}`, 400, "more than one"},
		{"body too large", "POST /v1/get HTTP/1.1\r\nHost: servent\r\n", `{"magnet":"` + strings.Repeat("x", maxBody) + `"}`, 400, "too large"},
		{"relative folder", "POST /v1/share HTTP/1.1\r\nHost: servent\r\n", `{"dir":"music"}`, 400, "absolute"},
		{"relative output", "POST /v1/get HTTP/1.1\r\nHost: servent\r\n", `{"magnet":"x","dir":""}`, 400, "absolute"},
		{"get for post", "GET /v1/stop HTTP/1.1\r\nHost: servent\r\n", "", 405, ""},
		{"no such path", "GET /v2/status HTTP/1.1\r\nHost: servent\r\n", "", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("unix", filepath.Join(s.dir, socketName))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go fmt.Fprintf(conn, "%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", tt.head, len(tt.body), tt.body)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tt.code {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.code)
			}
			if tt.text == "" {
				return
			}
			if err := refusal(resp); !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %q does not say %q", err, tt.text)
			}
		})
	}
	if st, err := s.client(t).Status(t.Context()); err != nil || st.Files != 5 {
		t.Errorf("status after all that: %+v, %v", st, err)
	}
}

// TestBodyAtTheLimit sends as much as is taken.
func TestBodyAtTheLimit(t *testing.T) {
	var got servent.SearchRequest
	head, tail := `{"query":"`, `"}`
	body := head + strings.Repeat("x", maxBody-len(head)-len(tail)) + tail
	w := httptest.NewRecorder()
	r, err := http.NewRequest("POST", "/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{w: w, r: r}
	if err := x.read(&got); err != nil || len(got.Query) != maxBody-len(head)-len(tail) {
		t.Errorf("read %d bytes of query, %v", len(got.Query), err)
	}
}

func TestOtherVersionsAnswer(t *testing.T) {
	resp := &http.Response{Status: "404 Not Found", Body: http.NoBody}
	if err := refusal(resp); !strings.Contains(err.Error(), "another version") {
		t.Errorf("refusal = %v", err)
	}
}
