package main

import (
	"slices"
	"strings"
	"testing"
)

func TestConfigTellsWhereFrom(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, "listen = \":1\"\nlimit = 4\nconnect = [\"a:1\", \"b:2\"]\nmax-upload-queue = 9")
	h.with("SERVENT_LIMIT", "5")
	code, out, errOut := h.run(t, "config", "--json", "--log-level", "info")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	got := map[string]setting{}
	for line := range strings.Lines(out) {
		s := object[setting](t, line)
		got[s.Key] = s
	}
	for key, want := range map[string][2]string{
		"listen": {":1", "file"}, "limit": {"5", "environment"}, "connect": {"a:1,b:2", "file"},
		"log-level": {"info", "flag"}, "network": {"lan", "default"},
		"max-uploads": {"16", "default"}, "max-uploads-per-ip": {"4", "default"}, "max-upload-queue": {"9", "file"},
	} {
		if s := got[key]; s.Value != want[0] || s.From != want[1] {
			t.Errorf("%s = %+v, want %q", key, s, want)
		}
	}
	if !strings.HasSuffix(got["listen"].Where, "config.toml") || got["limit"].Where != "SERVENT_LIMIT" {
		t.Errorf("listen is from %q, limit from %q", got["listen"].Where, got["limit"].Where)
	}
	code, out, _ = h.run(t, "config")
	if code != exitDone || !strings.Contains(out, "SERVENT_LIMIT") || !strings.Contains(out, "a servent that runs") {
		t.Errorf("exit %d, for people: %s", code, out)
	}
}

// TestConfigTellsDefaults: for people, a setting that is left open has the value that
// is in force.
func TestConfigTellsDefaults(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, "upload-rate = \"0\"\nttl = 3")
	_, out, _ := h.run(t, "config")
	lines := strings.Split(out, "\n")
	for _, want := range []string{
		"upload-rate no limit file", "download-rate no limit default", "index-max-bytes 2 GiB default", "leaf-index-max-bytes 2 GiB default",
		"listen all addresses default", "limit no limit default", "ttl 3 file", "udp-cache those that are built in default", `connect "" default`,
	} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(strings.Join(strings.Fields(l), " "), want) }) {
			t.Errorf("%q is missing: %s", want, out)
		}
	}
}

// TestConfigIsATable: where each value of the nodes' settings comes from stands in one column.
func TestConfigIsATable(t *testing.T) {
	_, out, _ := newHome(t).run(t, "config")
	for _, l := range strings.Split(out, "\n") {
		if i := strings.Index(l, "default"); i >= 0 && !strings.HasPrefix(l, "  data-dir") && i != 2+21+37 {
			t.Errorf("column %d: %q", i, l)
		}
	}
}

func TestConfigTellsWhatIsWrong(t *testing.T) {
	for file, want := range map[string]string{
		"net-work = 1":     "did you mean network?",
		`timeout = "fast"`: "timeout",
	} {
		h := newHome(t)
		h.writeConfig(t, file)
		if code, _, errOut := h.run(t, "config"); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit %d: %s", file, code, errOut)
		}
	}
}

// TestExampleIsAConfigFile takes the marks of comments away: what is left must be
// a file that changes nothing.
func TestExampleIsAConfigFile(t *testing.T) {
	h := newHome(t)
	_, example, _ := h.run(t, "config", "--example")
	_, plain, _ := h.run(t, "config", "--json")
	var file strings.Builder
	keys := 0
	for line := range strings.Lines(example) {
		key, _, ok := strings.Cut(strings.TrimPrefix(line, "# "), " = ")
		if ok && !strings.Contains(key, " ") {
			file.WriteString(strings.TrimPrefix(line, "# "))
			keys++
		}
	}
	if keys != strings.Count(plain, "\n") {
		t.Errorf("%d keys of %d", keys, strings.Count(plain, "\n"))
	}
	h.writeConfig(t, file.String())
	code, out, errOut := h.run(t, "config", "--json")
	if code != exitDone {
		t.Fatalf("exit %d: %s\n%s", code, errOut, file.String())
	}
	want := map[string]string{}
	for line := range strings.Lines(plain) {
		s := object[setting](t, line)
		want[s.Key] = s.Value
	}
	for line := range strings.Lines(out) {
		if s := object[setting](t, line); s.Key != "data-dir" && s.Value != want[s.Key] {
			t.Errorf("%s = %q from %s, without the file %q", s.Key, s.Value, s.From, want[s.Key])
		}
	}
}

func TestBlockListIsChecked(t *testing.T) {
	h := newHome(t)
	code, _, errOut := h.run(t, "share", "--block-list", h["HOME"]+"/absent", "--connect-only", "--listen", "127.0.0.1:0", h["HOME"])
	if code != exitUsage || !strings.Contains(errOut, "block list") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestSharedSettingsAreListedOnce: under all commands that have them, and not under
// the demo, which takes none.
func TestSharedSettingsAreListedOnce(t *testing.T) {
	h := newHome(t)
	h.writeConfig(t, "output = \"/somewhere\"")
	_, out, _ := h.run(t, "config")
	for _, want := range []string{"servent browse, search\n", "servent get\n", "/somewhere"} {
		if strings.Count(out, want) != 1 {
			t.Errorf("%q is not there once: %s", want, out)
		}
	}
	a := newApp(&buffer{}, &buffer{}, h.lookEnv)
	cmd, _, err := a.root().Find([]string{"demo"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(nil); err != nil {
		t.Fatal(err)
	}
	if err := a.settle(cmd); err != nil || cmd.Flags().Lookup("output").Value.String() != "" {
		t.Errorf("the demo writes to %s, %v", cmd.Flags().Lookup("output").Value, err)
	}
}

// TestUnknownVariables: one that looks like a setting is told of.
func TestUnknownVariables(t *testing.T) {
	var errOut buffer
	a := newApp(&buffer{}, &errOut, newHome(t).lookEnv)
	a.environ = func() []string {
		return []string{"SERVENT_LISTN=:5", "SERVENT_LISTEN=:5", "SERVENT_CONFIG=x", "SERVER=1", "SERVENT_QQQQ=1"}
	}
	a.warnUnknownEnv(a.root())
	got := errOut.String()
	if strings.Count(got, "\n") != 2 || !strings.Contains(got, "SERVENT_LISTN is no setting: did you mean SERVENT_LISTEN?") || !strings.Contains(got, "SERVENT_QQQQ") {
		t.Errorf("told: %s", got)
	}
}
