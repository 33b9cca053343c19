package main

import (
	"errors"
	"fmt"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
)

// Exit codes, as scripts know them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNothing     = 3
	exitNotVerified = 4
	exitFaults      = 5
	exitInterrupted = 130
)

var (
	errInterrupted = errors.New("interrupted")
	// errNothing says that a search found nothing.
	errNothing = errors.New("nothing found")
	// errTold wraps errors that the user has been told of.
	errTold = errors.New("")
)

// usageError is a wrong command line, environment or config file.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// told marks err as one that the user knows; its exit code stays.
func told(err error) error { return errors.Join(err, errTold) }

func exitCode(err error) int {
	var u *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &u), errors.Is(err, servent.ErrBlockList):
		return exitUsage
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, servent.ErrNotVerified):
		return exitNotVerified
	case errors.Is(err, errFaults):
		return exitFaults
	case errors.Is(err, errNothing), errors.Is(err, servent.ErrNoSource):
		return exitNothing
	}
	return exitFailed
}

// notRunning tells what helps where a command needs a servent that runs.
func (a *app) notRunning(command string, err error) error {
	if !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	advice := fmt.Sprintf("start one with `%s`, or name its data dir with --data-dir", a.hint("share DIR"))
	if command == "stop" || command == "unshare" {
		advice = "nothing is shared there; if one runs on another data dir, name that with --data-dir"
	}
	return fmt.Errorf("no servent runs on %s: %s", a.dataDir, advice)
}
