package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// buffer may be written by one goroutine and read by another.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// home is a user's home folder, and what commands run in it see.
type home map[string]string

func newHome(t *testing.T) home {
	t.Helper()
	dir, err := os.MkdirTemp("", "h") // short, so that sockets fit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return home{
		"HOME": dir, "XDG_CONFIG_HOME": filepath.Join(dir, "config"), "XDG_DATA_HOME": filepath.Join(dir, "data"),
		"APPDATA": filepath.Join(dir, "config"), "LOCALAPPDATA": filepath.Join(dir, "data"),
	}
}

func (h home) lookEnv(name string) (string, bool) {
	v, ok := h[name]
	return v, ok
}

// with adds a variable.
func (h home) with(name, value string) home {
	h[name] = value
	return h
}

// writeConfig makes the config file.
func (h home) writeConfig(t *testing.T, text string) {
	t.Helper()
	writeFile(t, filepath.Join(h["XDG_CONFIG_HOME"], "servent", "config.toml"), text)
}

// dataDir is the default data dir.
func (h home) dataDir() string { return filepath.Join(h["XDG_DATA_HOME"], "servent") }

// command is one that runs.
type command struct {
	out, err buffer
	code     chan int
	stop     context.CancelFunc // as Ctrl-C does
}

func (h home) start(t *testing.T, args ...string) *command {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &command{code: make(chan int, 1), stop: cancel}
	a := newApp(&c.out, &c.err, h.lookEnv)
	go func() { c.code <- a.run(ctx, args) }()
	t.Cleanup(func() {
		cancel()
		c.wait(t)
	})
	return c
}

const (
	patience = 20 * time.Second
	// demoPatience is for a whole network that forms, fails and heals, which takes 10 s
	// with the race detector on a machine that is free.
	demoPatience = time.Minute
)

// wait returns the exit code.
func (c *command) wait(t *testing.T) int {
	t.Helper()
	return c.waitFor(t, patience)
}

func (c *command) waitFor(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case code := <-c.code:
		c.code <- code
		return code
	case <-time.After(limit):
		t.Errorf("command does not end\nstdout: %s\nstderr: %s", c.out.String(), c.err.String())
		return -1
	}
}

// run runs a command to its end.
func (h home) run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	return h.runFor(t, patience, args...)
}

func (h home) runFor(t *testing.T, limit time.Duration, args ...string) (code int, out, errOut string) {
	t.Helper()
	c := h.start(t, args...)
	code = c.waitFor(t, limit)
	return code, c.out.String(), c.err.String()
}

// await waits until a command has written a line that holds text, and returns it.
func (c *command) await(t *testing.T, text string) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		for line := range strings.Lines(c.out.String()) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
		select {
		case code := <-c.code:
			c.code <- code
			t.Fatalf("command ended with %d before it wrote %q: %s%s", code, text, c.out.String(), c.err.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Fatalf("command did not write %q: %s%s", text, c.out.String(), c.err.String())
	return ""
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

// object reads one JSON line.
func object[T any](t *testing.T, line string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return v
}

func TestExitCodes(t *testing.T) {
	const sha1 = "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB"
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "text")
	tests := []struct {
		args []string
		code int
		out  string // part of stdout
		err  string // part of stderr
	}{
		{nil, 0, "Usage:", ""},
		{[]string{"--help"}, 0, "servent demo", ""},
		{[]string{"version"}, 0, "servent dev\ngo", ""},
		{[]string{"version", "--json"}, 0, `{"version":"dev","go":"go`, ""},
		{[]string{"completion", "bash"}, 0, "__start_servent", ""},
		{[]string{"completion", "zsh"}, 0, "#compdef servent", ""},
		{[]string{"completion", "fish"}, 0, "complete -c servent", ""},
		{[]string{"completion", "powershell"}, 0, "Register-ArgumentCompleter", ""},
		{[]string{"completion", "tcsh"}, 2, "", "bash, zsh, fish, powershell"},
		{[]string{"frobnicate"}, 2, "", `unknown command "frobnicate"`},
		{[]string{"share"}, 2, "", "name a folder to share"},
		{[]string{"share", "--frob", "."}, 2, "", "unknown flag: --frob"},
		{[]string{"share", "/no/such/folder"}, 1, "", "/no/such/folder: there is no such folder"},
		{[]string{"share", file}, 1, "", "it is a file"},
		{[]string{"share", "--role", "king", "."}, 2, "", "use auto, flat, leaf or supernode"},
		{[]string{"supernode", "--max-leaves", "0"}, 2, "", "use a number from 1"},
		{[]string{"supernode", "--role", "leaf"}, 2, "", "servent share --role leaf"},
		{[]string{"share", "--max-leaf-files", "0", "."}, 2, "", "use a number from 1"},
		{[]string{"share", "--leaf-index-max-bytes", "1", "."}, 2, "", "use 2.1 MB or more"},
		{[]string{"share", "--index", "all", "."}, 2, "", "use list or qrp"},
		{[]string{"supernode", "/no/such/folder"}, 1, "", "there is no such folder"},
		{[]string{"share", "--network", "moon", "."}, 2, "", "use lan or gnutella"},
		{[]string{"share", "--connect", "here", "."}, 2, "", "write host:port"},
		{[]string{"share", "--listen", "6346", "."}, 2, "", "write host:port"},
		{[]string{"share", "--listen", "127.0.0.1:65536", "."}, 2, "", "write host:port"},
		{[]string{"share", "--stun-server", "nonsense:x", "."}, 2, "", `--stun-server nonsense:x: port "x"`},
		{[]string{"share", "--upload-rate", "fast", "."}, 2, "", "as in 10MB"},
		{[]string{"share", "--index-max-bytes", "1MB", "."}, 2, "", "use 2.1 MB or more"},
		{[]string{"share", "--max-uploads", "0", "."}, 2, "", "use a number from 1 to 1048576"},
		{[]string{"share", "--max-uploads-per-ip", "1048577", "."}, 2, "", "use a number from 1 to 1048576"},
		{[]string{"share", "--max-upload-queue", "some", "."}, 2, "", "use a number from 1 to 1048576"},
		{[]string{"search"}, 2, "", "name words"},
		{[]string{"search", "type:poem", "x"}, 2, "", "type"},
		{[]string{"search", "-x"}, 2, "", "unknown shorthand"},
		{[]string{"search", "--", "-x"}, 2, "", "no word to look for"},
		{[]string{"search", "--ttl", "16", "x"}, 2, "", "--ttl 16"},
		{[]string{"search", "--ttl", "-1", "x"}, 2, "", "--ttl -1"},
		{[]string{"search", "--limit", "-1", "x"}, 2, "", "--limit -1"},
		{[]string{"search", "--timeout", "0s", "x"}, 2, "", "--timeout 0s"},
		{[]string{"search", "--timeout", "soon", "x"}, 2, "", "soon"},
		{[]string{"search", "--connect-only", "--listen", "127.0.0.1:0", "--timeout", "20ms", "x"}, 3, "", "name a peer with --connect host:port"},
		{[]string{"get"}, 2, "", "name a file"},
		{[]string{"get", "danube.flac"}, 2, "", "write a magnet link"},
		{[]string{"get", "magnet:?xt=urn:tree:tiger/:LWPNACQDBZRYXW3VHJVCJ64QBZNGHOHHHZWCLNQ"}, 2, "", "names no SHA-1"},
		{[]string{"get", "1"}, 2, "", "search first"},
		{[]string{"get", sha1, "--output", "/no/such/folder"}, 1, "", "does not exist: make it"},
		{[]string{"get", sha1, "--output", file}, 1, "", "is a file"},
		{[]string{"peers"}, 1, "", "start one with `servent share DIR`"},
		{[]string{"status", "--json"}, 1, "", "no servent runs on"},
		{[]string{"stop"}, 1, "", "if one runs on another data dir, name that with --data-dir"},
		{[]string{"unshare", "."}, 1, "", "if one runs on another data dir, name that with --data-dir"},
		{[]string{"stop", "now"}, 2, "", "`servent stop` takes no arguments: leave out \"now\""},
		{[]string{"peers", "extra"}, 2, "", "`servent peers` takes no arguments: leave out \"extra\""},
		{[]string{"--log-level", "loud", "version"}, 2, "", "use error, warn, info or debug"},
		{[]string{"--config", "/no/such/file", "version"}, 2, "", "/no/such/file"},
		{[]string{"demo", "--dir", "/no/such/folder"}, 1, "", "there is no such folder"},
		{[]string{"demo", "--", "-x"}, 2, "", "no word to look for"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			code, out, errOut := newHome(t).run(t, tt.args...)
			if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errOut, tt.err) {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s", code, tt.code, out, errOut)
			}
			if told := strings.Contains(errOut, "--help"); told != (tt.code == 2) {
				t.Errorf("stderr leads to --help: %v: %s", told, errOut)
			}
		})
	}
}

func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	a := newApp(&buffer{}, &buffer{}, newHome(t).lookEnv)
	for _, c := range a.root().Commands() {
		if c.Hidden {
			continue
		}
		code, out, _ := newHome(t).run(t, c.Name(), "--help")
		if code != 0 || !strings.Contains(out, "Examples:\n  ") {
			t.Errorf("servent %s --help: exit %d, %s", c.Name(), code, out)
		}
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	var errOut buffer
	a := newApp(fullDisk{}, &errOut, newHome(t).lookEnv)
	if code := a.run(t.Context(), []string{"version", "--json"}); code != 1 || !strings.Contains(errOut.String(), "no space left") {
		t.Errorf("exit %d: %s", code, errOut.String())
	}
}

func TestNoHomeFolder(t *testing.T) {
	code, _, errOut := home{}.run(t, "status")
	if code != 2 || !strings.Contains(errOut, "--data-dir") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestDefaultPaths(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("other folders here")
	}
	tests := []struct {
		env          home
		config, data string
	}{
		{home{}, "", ""},
		{home{"HOME": "/h"}, "/h/.config/servent/config.toml", "/h/.local/share/servent"},
		{home{"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"}, "/c/servent/config.toml", "/d/servent"},
		{home{"HOME": "/h", "XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": ""}, "/h/.config/servent/config.toml", "/h/.local/share/servent"},
	}
	for _, tt := range tests {
		if c, d := defaultConfig(tt.env.lookEnv), defaultDataDir(tt.env.lookEnv); c != tt.config || d != tt.data {
			t.Errorf("%v: %q, %q", tt.env, c, d)
		}
	}
}
