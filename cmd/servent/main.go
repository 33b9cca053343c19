// Command servent shares folders, searches and downloads on a Gnutella 0.6
// overlay. It parses flags, starts a servent or speaks to the one that runs,
// and prints; what a servent does is in package servent.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker, see Makefile.
var version = "dev"

func main() {
	os.Exit(run())
}

// run ends cleanly at the first Ctrl-C; the second kills at once. So does the
// terminal that goes away, unless nohup lets the program outlast it.
func run() int {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, release := signal.NotifyContext(context.Background(), ends...)
	defer release()
	context.AfterFunc(ctx, release)
	a := newApp(os.Stdout, os.Stderr, os.LookupEnv)
	return a.run(ctx, os.Args[1:])
}
