package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
)

// app is what all commands share: where they print, and the global flags.
type app struct {
	out     *output   // results
	err     *output   // the rest
	screen  screen    // what out is shown on
	live    io.Writer // the terminal for lines that change; nil: none
	log     *logrus.Logger
	lookEnv func(string) (string, bool)
	environ func() []string

	configFile string
	dataDir    string
	logLevel   string
	json       bool

	given map[string]bool     // flags of the command line
	file  map[string][]string // the config file: flags and their values
	begun bool                // flags and settings were right
}

func newApp(out, errOut io.Writer, lookEnv func(string) (string, bool)) *app {
	a := &app{
		out: &output{w: out}, err: &output{w: errOut}, screen: screenOf(out),
		lookEnv: lookEnv, environ: os.Environ, given: map[string]bool{},
	}
	if screenOf(errOut).on {
		a.live = errOut
	}
	a.log = newLog(a.err, a.live != nil)
	return a
}

// run executes a command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	defer context.AfterFunc(ctx, a.interrupted)()
	cmd, err := root.ExecuteContextC(ctx)
	if failed := a.out.failed(); err == nil && failed != nil {
		err = fmt.Errorf("write output: %w", failed)
	}
	if err != nil && !a.begun {
		err = &usageError{err}
	}
	return a.explain(ctx, cmd, err)
}

// interrupted goes back to the first column: the terminal has written ^C there,
// which lines that are drawn again do not know of.
func (a *app) interrupted() {
	if a.live != nil {
		fmt.Fprint(a.live, "\r")
	}
}

// explain tells the user about err and returns the exit code.
func (a *app) explain(ctx context.Context, cmd *cobra.Command, err error) int {
	code := exitCode(err)
	if code != exitDone && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		code, err = exitInterrupted, errInterrupted
	}
	if err == nil || errors.Is(err, errTold) {
		return code
	}
	fmt.Fprintf(a.err, "servent: %v\n", err)
	if code == exitUsage {
		fmt.Fprintf(a.err, "See %q.\n", cmd.CommandPath()+" --help")
	}
	return code
}

// do wraps a command: settings first, then the command itself.
func (a *app) do(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := a.settle(cmd); err != nil {
			return err
		}
		a.begun = true
		return f(cmd.Context(), args)
	}
}

// hint is a command line of servent that acts on the same data dir as this one.
func (a *app) hint(args string) string {
	if !a.given["data-dir"] || a.dataDir == defaultDataDir(a.lookEnv) {
		return "servent " + args
	}
	dir := a.dataDir
	if strings.ContainsAny(dir, " \t'\"\\$`&;|<>()*?[]#~!{}") {
		dir = "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
	}
	name, rest, _ := strings.Cut(args, " ")
	return strings.TrimSuffix("servent "+name+" --data-dir "+dir+" "+rest, " ")
}

// note tells the user something that is no error.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.err, "servent: note: %s\n", fmt.Sprintf(format, args...))
}

// printJSON writes v as one line.
func (a *app) printJSON(v any) {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false) // magnet links hold an ampersand
	if err := e.Encode(v); err != nil {
		a.log.WithError(err).Debug("write output") // a.out knows it
	}
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }
