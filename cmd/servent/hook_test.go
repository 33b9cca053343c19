package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

func TestSplitWords(t *testing.T) {
	for line, want := range map[string][]string{
		"tar -xf {}":                {"tar", "-xf", "{}"},
		"  a\t b  ":                 {"a", "b"},
		`a 'b c' "d e" f\ g`:        {"a", "b c", "d e", "f g"},
		`a '' ""`:                   {"a", "", ""},
		`a 'b"c' "d'e"`:             {"a", `b"c`, "d'e"},
		`a "b\"c\\d\n" 'e\'`:        {"a", `b"c\d\n`, `e\`},
		`a b'c'"d"`:                 {"a", "bcd"},
		"a $HOME `b` ; c | d > e *": {"a", "$HOME", "`b`", ";", "c", "|", "d", ">", "e", "*"},
		`sh -c "mv \"\$A\" b"`:      {"sh", "-c", `mv "$A" b`},
		`sh -c "mv \"$A\" b"`:       {"sh", "-c", `mv "$A" b`},
		`a \`:                       {"a", `\`},
	} {
		if got, err := splitWords(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", line, got, err, want)
		}
	}
	for _, line := range []string{"", "  ", "a 'b", `a "b`, `"" a`} {
		if got, err := splitWords(line); err == nil {
			t.Errorf("%q: %q", line, got)
		}
	}
}

func TestHookRefused(t *testing.T) {
	for command, want := range map[string]string{
		"":                   "name a program",
		"a 'b":               "a ' is missing",
		"{} x":               "name one before it",
		"no-such-program {}": "there is no program",
	} {
		if _, err := newHook(command); exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", command, err)
		}
	}
	given := &app{given: map[string]bool{"exec": true}}
	if _, err := new(afterFlags).hook(given); exitCode(err) != exitUsage {
		t.Errorf("--exec with nothing: %v", err)
	}
	if h, err := new(afterFlags).hook(new(app)); h != nil || err != nil {
		t.Errorf("no --exec: %v, %v", h, err)
	}
}

// TestHookRuns: the name of a file is a word of its own whatever it is, and no
// shell reads it; a program that fails makes the exit code 1.
func TestHookRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	wild := filepath.Join(dir, "a $(touch "+filepath.Join(dir, "owned")+") 'b' {}.flac")
	script := filepath.Join(dir, "script")
	writeFile(t, script, "#!/bin/sh\nprintf '%s|' \"$#\" \"$@\" \"$SERVENT_PATH\" \"$SERVENT_NAME\" \"$SERVENT_SHA1\" \"$SERVENT_BYTES\" > "+out+"\necho printed\nexit $1\n")
	if err := os.Chmod(script, 0o700); err != nil {
		t.Fatal(err)
	}
	got := servent.Got{Path: wild, SHA1: "ABC", Bytes: 12}
	for code, asked := range map[int]string{exitDone: "0", exitFailed: "3"} {
		h, err := newHook(script + " " + asked + " {} x{}y")
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr buffer
		a := newApp(&stdout, &stderr, home{}.lookEnv)
		n := &fakeNode{get: func(context.Context, servent.GetRequest, func(servent.GetProgress)) (servent.Got, error) {
			return got, nil
		}}
		if err := a.getAll(t.Context(), n, someFiles(1), h); exitCode(err) != code {
			t.Errorf("exit code %d: %v", code, err)
		}
		want := "3|" + asked + "|" + wild + "|x" + wild + "y|" + wild + "|" + filepath.Base(wild) + "|ABC|12|"
		if text, err := os.ReadFile(out); err != nil || string(text) != want {
			t.Errorf("the program got %q, want %q (%v)", text, want, err)
		}
		if !strings.Contains(stdout.String(), "printed\n") || strings.Contains(stderr.String(), "the file stays") != (code != 0) {
			t.Errorf("printed %q and %q", stdout.String(), stderr.String())
		}
		stdout, stderr = buffer{}, buffer{}
		a.json = true
		_ = a.getAll(t.Context(), n, someFiles(1), h)
		if !strings.Contains(stdout.String(), `"event":"exec"`) || !strings.Contains(stdout.String(), `"code":`+asked) || strings.Contains(stdout.String(), "printed") {
			t.Errorf("for scripts: %q", stdout.String())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "owned")); err == nil {
		t.Error("a shell has read the name")
	}
}
