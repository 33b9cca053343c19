package main

import (
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
