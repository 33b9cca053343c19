// Command bench measures a servent beside others that do the same work, in one
// run on one machine: first one, then the other, round by round. Each is a
// process of its own. It is a module of its own, so that nats-server never
// enters the servent's go.mod.
//
//	go run . --help            what can be measured
//	go run .                   forwarding, beside nats-server
//	go run . hashing           hashing, beside rhash
//	go run . WORD -json FILE   the figures as JSON, too
//	go run . -profile DIR      a CPU profile of each server in DIR
//	go run . servent           one server alone; it prints its address
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		if _, ok := servers()[args[0]]; ok {
			return serve(args[0], args[1:], os.Stdin, os.Stdout)
		}
		if work, ok := workers()[args[0]]; ok {
			return work(args[1:], os.Stdout)
		}
	}
	if wantsHelp(args) {
		return printWords(os.Stdout)
	}
	w, args, err := split(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err = w.run(ctx, args, os.Stdout, os.Stderr)
	if errors.Is(err, errLeftOut) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", w.name, err)
		return nil
	}
	return err
}

// workers are other things that this program can turn into, a process each.
func workers() map[string]func(args []string, out io.Writer) error {
	return map[string]func(args []string, out io.Writer) error{
		hashWorker: workHash,
		walkWorker: workWalk,
		findWorker: workFind,

		leavesWorker: workLeaves,
	}
}

// forwarding is the comparison with nats-server: the same closed loop of 100-byte
// messages over loopback. The clients share this process.
func forwarding(ctx context.Context, args []string, out, progress io.Writer) error {
	c, err := parseConfig(args)
	if err != nil {
		return err
	}
	report, err := compare(ctx, c, progress)
	if err != nil {
		return err
	}
	if err := report.print(out); err != nil || c.JSON == "" {
		return err
	}
	return report.save(c.JSON)
}

// config is what a comparison depends on.
type config struct {
	Messages int `json:"messages"` // sent in one measurement
	Rounds   int `json:"rounds"`   // measurements of each server
	// Window is how many messages the sender may be ahead of the slowest
	// receiver: fewer than either server queues for a link, so that neither
	// drops any.
	Window int `json:"window"`
	// Repeat says that one of so many messages comes to the servent a second
	// time, by another link; 0: none.
	Repeat  int    `json:"repeat"`
	Profile string `json:"-"` // folder
	JSON    string `json:"-"` // file
}

func parseConfig(args []string) (config, error) {
	var c config
	f := flag.NewFlagSet("forwarding", flag.ContinueOnError)
	f.IntVar(&c.Messages, "messages", 500_000, "`messages` sent in one measurement")
	f.IntVar(&c.Rounds, "rounds", 7, "measurements of each server")
	f.IntVar(&c.Window, "window", 4096, "`messages` that the sender may be ahead of the slowest receiver")
	f.IntVar(&c.Repeat, "repeat", 10, "one of `n` messages comes to the servent twice; 0: none")
	f.StringVar(&c.Profile, "profile", "", "write a CPU profile of each server into `folder`")
	f.StringVar(&c.JSON, "json", "", "write the figures to `file`")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	switch {
	case f.NArg() > 0:
		return c, fmt.Errorf("unknown argument %q", f.Arg(0))
	case c.Messages < 1 || c.Rounds < 1:
		return c, fmt.Errorf("messages and rounds must be 1 at least")
	case c.Window < chunk || c.Window > maxWindow:
		return c, fmt.Errorf("window must be %d to %d", chunk, maxWindow)
	case c.Repeat < 0:
		return c, fmt.Errorf("repeat must not be negative")
	}
	return c, nil
}
