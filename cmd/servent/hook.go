package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// hookLinger is how long a program may go on after Ctrl-C.
const hookLinger = 5 * time.Second

// hook is a program that is run for each file that is done. No shell reads its
// arguments: names of files come from peers.
type hook struct{ words []string }

// hookVariables are what the program finds in its environment.
func hookVariables() []string {
	return []string{envPrefix + "PATH", envPrefix + "NAME", envPrefix + "SHA1", envPrefix + "BYTES"}
}

// newHook reads a command line of the user's.
func newHook(command string) (*hook, error) {
	words, err := splitWords(command)
	if err != nil {
		return nil, usagef("--exec %q: %v", command, err)
	}
	if strings.Contains(words[0], "{}") {
		return nil, usagef("--exec %s: {} stands where the program is named; name one before it", command)
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return nil, usagef("--exec %s: there is no program %s", command, words[0])
	}
	return &hook{words}, nil
}

// splitWords splits a command line at blanks, as a shell would: quotes of both kinds
// hold words together, and a backslash takes the next character as it is, but for
// single quotes, and in double ones only before ", \, $ and `.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun, quote := false, rune(0)
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		escapes := r == '\\' && quote != '\'' && i+1 < len(runes) && (quote == 0 || strings.ContainsRune("\"\\$`", runes[i+1]))
		switch {
		case escapes:
			i++
			word.WriteRune(runes[i])
			begun = true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && strings.ContainsRune(" \t\n", r):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a %c is missing", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, errors.New("name a program")
	}
	return words, nil
}

// run runs the program for a file, if there is one, and tells of its failure. What it
// prints goes to stderr where scripts read stdout.
func (h *hook) run(ctx context.Context, a *app, got *servent.Got) error {
	if h == nil {
		return nil
	}
	args := make([]string, len(h.words)-1)
	for i, w := range h.words[1:] {
		args[i] = strings.ReplaceAll(w, "{}", got.Path)
	}
	cmd := exec.CommandContext(ctx, h.words[0], args...)
	cmd.Env = a.environ()
	for i, value := range []string{got.Path, filepath.Base(got.Path), got.SHA1, strconv.FormatUint(got.Bytes, 10)} {
		cmd.Env = append(cmd.Env, hookVariables()[i]+"="+value)
	}
	cmd.Stdout, cmd.Stderr = a.out, a.err
	if a.json {
		cmd.Stdout = a.err
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = hookLinger
	err := cmd.Run()
	if a.json {
		a.tellHook(cmd, got, err)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("--exec %s for %s: %w", h.words[0], search.Clean(got.Path), err)
	if ctx.Err() == nil && !a.json {
		fmt.Fprintf(a.err, "servent: %v; the file stays\n", err)
	}
	return err
}

// tellHook tells a script how the program has ended.
func (a *app) tellHook(cmd *exec.Cmd, got *servent.Got, err error) {
	event := struct {
		Event string `json:"event"`
		Path  string `json:"path"`
		Code  int    `json:"code"` // -1: it did not run, or was killed
		Error string `json:"error,omitempty"`
	}{"exec", got.Path, cmd.ProcessState.ExitCode(), ""}
	if err != nil {
		event.Error = err.Error()
	}
	a.printJSON(event)
}
