package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
)

func TestWrongUse(t *testing.T) {
	tests := []struct {
		args []string
		err  string
	}{
		{[]string{"search", "--limit", "0", "x"}, "--limit 0: use a number from 1 on"},
		{[]string{"search", "--ttl", "0", "x"}, "--ttl 0: use a number from 1 to 15"},
		{[]string{"search", "-x danube"}, "servent search -- '-x danube'"},
		{[]string{"search", "--timeout", "5", "x"}, "servent: --timeout 5: use a time with its unit, as 5s or 2m\n"},
		{[]string{"search", "--limit", "many", "x"}, "servent: --limit many: use a whole number\n"},
		{[]string{"search", "--json=often", "x"}, "servent: --json often: use true or false\n"},
		{[]string{"share", "--max-leaves", "0", "."}, "servent: --max-leaves 0: use a number from 1 to 1048576\n"},
		{[]string{"share", "--upload-rate", "fast", "."}, `servent: --upload-rate fast: unknown size "fast": write a number with B, KB, MB`},
		{[]string{"share", "--connect", `a"b:1`, "."}, "use values with commas between them"},
		{[]string{"share", "--connect", "foo:bar", "."}, `--connect foo:bar: port "bar" is not a number from 1 to 65535`},
		{[]string{"search", "--connect", "127.0.0.1:99999", "x"}, "--connect 127.0.0.1:99999: port"},
		{[]string{"browse", "127.0.0.1:0"}, "browse 127.0.0.1:0: port"},
		{[]string{"get", "--from", "127.0.0.1:x"}, "--from 127.0.0.1:x: port"},
		{[]string{"get", "urn:sha1:PLST"}, `32 letters of base32 (A to Z and 2 to 7); this is "PLST"`},
		{[]string{"get", "magnet:?xt=urn:sha1:" + strings.Repeat("0", 40)}, "32 letters of base32"},
		{[]string{"get", "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a&dn=x"}, "BitTorrent, which is not supported: there is no urn:sha1:"},
		{[]string{"get", "magnet:?xt=urn:sha1:" + strings.Repeat("A", 32) + "&xt.2=urn:tree:tiger/:XE3A"}, `tiger root is 39 letters of base32 (A to Z and 2 to 7); this is "XE3A"`},
		{[]string{"get", "magnet:?xt=urn:sha1:" + strings.Repeat("A", 32) + "&xt.2=urn:bitprint:" + strings.Repeat("A", 32)}, "a dot, and a tiger root of 39; this is"},
		{[]string{"get", "magnet:?xt=urn:sha1:" + strings.Repeat("A", 32) + "&xl=1e3"}, `xl tells the size in bytes; this is "1e3"`},
		{[]string{"get", "magnet:?dn=x"}, "holds no xt=urn:sha1:"},
		{[]string{"get", "magnet:?dn=%zz"}, "written as %XX"},
		{[]string{"get", "urn:btih:x"}, "BitTorrent"},
		{[]string{"help", "frob"}, `no command "frob"`},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			code, _, errOut := newHome(t).run(t, tt.args...)
			if code != exitUsage || !strings.Contains(errOut, tt.err) || strings.Contains(errOut, "read query") {
				t.Errorf("exit %d: %s", code, errOut)
			}
		})
	}
	code, _, errOut := newHome(t).with("GOROOT", "/nowhere").run(t, "demo")
	if code != exitUsage || !strings.Contains(errOut, "servent demo --dir") {
		t.Errorf("demo without Go: exit %d: %s", code, errOut)
	}
}

func TestHelpAndVersion(t *testing.T) {
	for args, want := range map[string]string{"help": "Usage:", "help get": "servent get MAGNET", "--version": "servent dev\n"} {
		if code, out, errOut := newHome(t).run(t, strings.Fields(args)...); code != 0 || !strings.Contains(out, want) {
			t.Errorf("servent %s: exit %d: %s%s", args, code, out, errOut)
		}
	}
}

func TestHintsNameTheDataDir(t *testing.T) {
	a := newApp(&buffer{}, &buffer{}, home{"HOME": "/h"}.lookEnv)
	if a.dataDir = "/elsewhere"; a.hint("get 1") != "servent get 1" {
		t.Errorf("one that is always so: %s", a.hint("get 1"))
	}
	a.given["data-dir"] = true
	for dir, want := range map[string]string{
		"/tmp/two":                "servent get --data-dir /tmp/two 1",
		"/tmp/my dir":             "servent get --data-dir '/tmp/my dir' 1",
		"/it's":                   `servent get --data-dir '/it'\''s' 1`,
		defaultDataDir(a.lookEnv): "servent get 1",
	} {
		if a.dataDir = dir; a.hint("get 1") != want {
			t.Errorf("%s", a.hint("get 1"))
		}
	}
	if a.dataDir = "/d"; a.hint("stop") != "servent stop --data-dir /d" {
		t.Errorf("%s", a.hint("stop"))
	}
}

func TestHomeInSettings(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, `data-dir = "~/state"`)
	_, _, errOut := h.run(t, "status")
	if want := filepath.Join(h["HOME"], "state"); !strings.Contains(errOut, "no servent runs on "+want) {
		t.Errorf("config: %s", errOut)
	}
	_, _, errOut = h.with("SERVENT_DATA_DIR", "~").run(t, "status")
	if !strings.Contains(errOut, "no servent runs on "+h["HOME"]+":") {
		t.Errorf("environment: %s", errOut)
	}
	_, _, errOut = h.with("SERVENT_DATA_DIR", "~other/x").run(t, "status")
	if !strings.Contains(errOut, "no servent runs on ~other/x:") {
		t.Errorf("another's home: %s", errOut)
	}
	code, _, errOut := h.with("SERVENT_JSON", "yes").run(t, "status")
	if code != exitUsage || !strings.Contains(errOut, `SERVENT_JSON: "yes": use true or false`) {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestWrongValuesOfSettings: a value is wrong in the same words wherever it stands.
func TestWrongValuesOfSettings(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, `timeout = 5`)
	code, _, errOut := h.run(t, "search", "x")
	if code != exitUsage || !strings.Contains(errOut, `config.toml: timeout: "5": use a time with its unit, as 5s or 2m`) {
		t.Errorf("config: exit %d: %s", code, errOut)
	}
	code, _, errOut = h.with("SERVENT_TIMEOUT", "x").run(t, "search", "x")
	if code != exitUsage || !strings.Contains(errOut, `SERVENT_TIMEOUT: "x": use a time with its unit, as 5s or 2m`) {
		t.Errorf("environment: exit %d: %s", code, errOut)
	}
}

func TestNotesArePlain(t *testing.T) {
	var errOut buffer
	a := newApp(&buffer{}, &errOut, home{}.lookEnv)
	a.logLevel = "warn"
	if err := a.useGlobals(); err != nil {
		t.Fatal(err)
	}
	a.log.WithFields(logrus.Fields{"component": "x", "addr": "1.2.3.4:5"}).WithError(errors.New("went")).Warn("link lost")
	a.log.Error("all ends")
	if got := errOut.String(); got != "servent: note: link lost: went (addr 1.2.3.4:5)\nservent: all ends\n" {
		t.Errorf("%q", got)
	}
}

func TestAddedText(t *testing.T) {
	before := []servent.ShareInfo{{Dir: filepath.FromSlash("/music")}}
	for dir, want := range map[string]string{
		"/music": "shared already", "/music/a": "already shared by ", "/musicals": "shared by the servent", "/": "shared by the servent",
	} {
		if got := addedText(before, &servent.ShareInfo{Dir: filepath.FromSlash(dir)}); !strings.Contains(got, want) {
			t.Errorf("%s: %s", dir, got)
		}
	}
}

// TestShareTellsOfFolders: the running share says what other commands do to it,
// and the shell is offered what can be taken back.
func TestShareTellsOfFolders(t *testing.T) {
	h, other := newHome(t), t.TempDir()
	writeFile(t, filepath.Join(other, "book.txt"), "a book")
	dir, err := filepath.EvalSymlinks(other)
	if err != nil {
		t.Fatal(err)
	}
	c := h.start(t, "share", "--connect-only", "--listen", "127.0.0.1:0", tree(t))
	c.await(t, "listening on")
	h.run(t, "share", dir)
	if line := c.await(t, "shared now"); !strings.Contains(line, dir+": 1 file") {
		t.Error(line)
	}
	_, out, _ := h.run(t, cobra.ShellCompNoDescRequestCmd, "unshare", "")
	if !strings.Contains(out, dir+"\n") {
		t.Errorf("completion: %s", out)
	}
	h.run(t, "unshare", dir)
	c.await(t, "no longer shared: "+dir)
	if n := strings.Count(c.out.String(), "shared now"); n != 1 {
		t.Errorf("%d folders are told of:\n%s", n, c.out.String())
	}
}

func TestShareInterruptedInTheScan(t *testing.T) {
	dir := t.TempDir()
	big, err := os.Create(filepath.Join(dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	defer big.Close()
	if err := big.Truncate(50 << 30); err != nil { // takes long to hash
		t.Skip(err)
	}
	h := newHome(t)
	c := h.start(t, "share", "--connect-only", "--listen", "127.0.0.1:0", dir)
	for h.runs(t) != nil {
	}
	c.stop()
	if code := c.wait(t); code != exitInterrupted || !strings.Contains(c.err.String(), "interrupted before all was scanned") {
		t.Errorf("exit %d: %s", code, c.err.String())
	}
}

// runs is nil when a servent answers.
func (h home) runs(t *testing.T) error {
	t.Helper()
	if code, _, errOut := h.run(t, "status"); code != 0 {
		return errors.New(errOut)
	}
	return nil
}
