// Command bench measures how a servent forwards messages beside nats-server,
// in one run on one machine: the same closed loop of 100-byte messages over
// loopback, first one, then the other, round by round.
//
// Each server is a process of its own, so that its processor time can be told
// from that of the clients, which share this process. It is a module of its
// own, so that nats-server never enters the servent's go.mod.
//
//	go run .                   the whole comparison
//	go run . -json out.json    the figures as JSON, too
//	go run . -profile DIR      a CPU profile of each server in DIR
//	go run . servent           one server alone; it prints its address
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
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
	}
	c, err := parseConfig(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := compare(ctx, c, os.Stderr)
	if err != nil {
		return err
	}
	if err := report.print(os.Stdout); err != nil || c.JSON == "" {
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
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
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
