package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// settled is what the flags of search come to.
func settled(t *testing.T, h home, args ...string) (*app, *searchFlags, error) {
	t.Helper()
	a := newApp(&buffer{}, &buffer{}, h.lookEnv)
	root := a.root()
	cmd, rest, err := root.Find(append([]string{"search"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	// The values stand in the command's flags; read them as text.
	if err := cmd.ParseFlags(rest); err != nil {
		t.Fatal(err)
	}
	err = a.settle(cmd)
	var f searchFlags
	f.timeout, _ = cmd.Flags().GetDuration("timeout")
	f.limit, _ = cmd.Flags().GetInt("limit")
	f.node.connect, _ = cmd.Flags().GetStringSlice("connect")
	f.node.connectOnly, _ = cmd.Flags().GetBool("connect-only")
	f.node.listen, _ = cmd.Flags().GetString("listen")
	return a, &f, err
}

func TestFlagBeatsEnvironmentBeatsFile(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, `
timeout = "3s"        # only here
limit = 4             # also in the environment
listen = ":1"         # everywhere
connect-only = true
connect = ["a:1", "b:2"]
output = "/elsewhere" # a flag of another command
`)
	h.with("SERVENT_LIMIT", "5").with("SERVENT_LISTEN", ":2").with("SERVENT_CONNECT", "c:3,d:4")
	_, f, err := settled(t, h, "--listen", ":3")
	if err != nil {
		t.Fatal(err)
	}
	if f.timeout != 3*time.Second {
		t.Errorf("of the file: timeout %v", f.timeout)
	}
	if f.limit != 5 || !slices.Equal(f.node.connect, []string{"c:3", "d:4"}) {
		t.Errorf("of the environment: limit %d, connect %q", f.limit, f.node.connect)
	}
	if f.node.listen != ":3" {
		t.Errorf("of the command line: listen %q", f.node.listen)
	}
	if !f.node.connectOnly {
		t.Error("of the file: connect-only is false")
	}
}

func TestListInTheFile(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, `connect = ["a:1", "b:2"]`)
	if _, f, err := settled(t, h); err != nil || !slices.Equal(f.node.connect, []string{"a:1", "b:2"}) {
		t.Errorf("connect %q, %v", f.node.connect, err)
	}
}

func TestGlobalSettings(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, "data-dir = \"/of/file\"\njson = true\nlog-level = \"debug\"")
	a, _, err := settled(t, h)
	if err != nil || a.dataDir != "/of/file" || !a.json || a.log.GetLevel().String() != "debug" {
		t.Errorf("data dir %q, json %v, level %v, %v", a.dataDir, a.json, a.log.GetLevel(), err)
	}
	other := filepath.Join(h["HOME"], "other.toml")
	writeFile(t, other, `data-dir = "/of/other"`)
	a, _, err = settled(t, h.with("SERVENT_CONFIG", other))
	if err != nil || a.dataDir != "/of/other" || a.json {
		t.Errorf("named file: data dir %q, json %v, %v", a.dataDir, a.json, err)
	}
	a, _, err = settled(t, h.with("SERVENT_DATA_DIR", "/of/env"))
	if err != nil || a.dataDir != "/of/env" {
		t.Errorf("environment: data dir %q, %v", a.dataDir, err)
	}
	a, _, err = settled(t, h, "--data-dir", "/of/flag")
	if err != nil || a.dataDir != "/of/flag" {
		t.Errorf("flag: data dir %q, %v", a.dataDir, err)
	}
}

func TestWrongSettings(t *testing.T) {
	tests := []struct{ name, file, env, want string }{
		{"unknown key", `lisen = ":1"`, "", `unknown key "lisen": did you mean listen?`},
		{"unknown word", `quux = 1`, "", "servent config --example"},
		{"no toml", `listen = :1`, "", "config.toml"},
		{"wrong type", `limit = "many"`, "", `limit: "many"`},
		{"table", "[listen]\nport = 1", "", "want a string"},
		{"list of numbers", `connect = [1]`, "", "want a list of strings"},
		{"config in config", `config = "x"`, "", `unknown key "config"`},
		{"wrong variable", "", "many", `SERVENT_LIMIT: "many"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHome(t)
			if tt.file != "" {
				h.writeConfig(t, tt.file)
			}
			if tt.env != "" {
				h.with("SERVENT_LIMIT", tt.env)
			}
			code, _, errOut := h.run(t, "search", "x")
			if code != exitUsage || !strings.Contains(errOut, tt.want) {
				t.Errorf("exit %d: %s", code, errOut)
			}
		})
	}
}

func TestByteRate(t *testing.T) {
	tests := map[string]int64{"0": 0, "700": 700, "10MB": 10_000_000, "1.5MiB": 1_572_864, "2kB/s": 2000}
	for text, want := range tests {
		var r byteRate
		if err := r.Set(text); err != nil || int64(r) != want {
			t.Errorf("%q: %d, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "fast", "-1", "10 parsecs", "99999999TB", "10EB"} {
		var r byteRate
		if err := r.Set(text); err == nil {
			t.Errorf("%q is taken as %d", text, r)
		}
	}
	r := byteRate(2000)
	if r.String() != "2.0 kB/s" {
		t.Errorf("shown as %q", r.String())
	}
}
