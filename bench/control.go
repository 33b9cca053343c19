package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"syscall"
	"time"
)

// servers are the processes that this program can turn into.
func servers() map[string]func(control) error {
	return map[string]func(control) error{
		serventName: serveServent,
		natsName:    serveNATS,
	}
}

const (
	serventName = "servent"
	natsName    = "nats-server"
)

// control is how a server's process talks to the benchmark: it writes its
// address on a line, then for each line that it reads a JSON state, and ends
// when there are no more.
type control struct {
	in      io.Reader
	out     io.Writer
	profile string // file
}

// state is a server at one moment.
type state struct {
	CPU time.Duration `json:"cpu"` // user and system time of the process
	counts
}

// counts is what a server says that it did not pass on.
type counts struct {
	Duplicates uint64 `json:"duplicates"`
	Dropped    uint64 `json:"dropped"`
}

func serve(name string, args []string, in io.Reader, out io.Writer) error {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	profile := f.String("profile", "", "write a CPU profile to `file`")
	if err := f.Parse(args); err != nil {
		return err
	}
	return servers()[name](control{in, out, *profile})
}

// serve tells the server's state whenever the benchmark asks. A profile begins
// with the first question, and so with what is measured.
func (c control) serve(addr string, now func() counts) error {
	if _, err := fmt.Fprintln(c.out, addr); err != nil {
		return err
	}
	stop := func() error { return nil }
	answers := json.NewEncoder(c.out)
	for lines := bufio.NewScanner(c.in); lines.Scan(); {
		if c.profile != "" {
			var err error
			if stop, err = startProfile(c.profile); err != nil {
				return err
			}
			c.profile = ""
		}
		used, err := cpuTime()
		if err == nil {
			err = answers.Encode(state{used, now()})
		}
		if err != nil {
			return err
		}
	}
	return stop()
}

func startProfile(file string) (stop func() error, err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}

// cpuTime is the processor time that this process has used.
func cpuTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
