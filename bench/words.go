package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// word is one comparison, named on the command line.
type word struct {
	name, about string
	run         func(ctx context.Context, args []string, out, progress io.Writer) error
}

func words() []word {
	return []word{
		{"forwarding", "messages passed on, beside nats-server (without a word: this)", forwarding},
		{"hashing", "SHA-1 and tiger tree of files that are shared, beside rhash", hashing},
		{"download", "one large file, beside curl and then rhash", download},
		{"swarm", "one large file from four sources, beside libtorrent and aria2", swarm},
		{"seed", "one slow seed to many loaders, beside libtorrent", seedMany},
		{"small", "10,000 small files of one servent, beside wget", getSmall},
		{"share", "a million small files: memory, rescan beside a bare walk, search", shareMany},
		{"links", "memory of idle leaves at a supernode, beside idle clients of nats-server", links},
		{"leaves", "a million files of ten thousand leaves that come and go, searched, beside SQLite FTS5", searchLeaves},
	}
}

// split tells which word args ask for, and what stands behind it.
func split(args []string) (word, []string, error) {
	all := words()
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return all[0], args, nil
	}
	for _, w := range all {
		if w.name == args[0] {
			return w, args[1:], nil
		}
	}
	return word{}, nil, fmt.Errorf("%q is not a word that can be measured; --help lists them", args[0])
}

func wantsHelp(args []string) bool {
	return len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help")
}

func printWords(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "go run . [WORD] [flags]; `go run . WORD -h` lists its flags")
	for _, w := range words() {
		fmt.Fprintf(t, "  %s\t%s\n", w.name, w.about)
	}
	return t.Flush()
}

// common are the flags that all words but forwarding have.
type common struct {
	*flag.FlagSet
	rounds int
	dir    string // for temporary files
	json   string
}

func commonFlags(name string, rounds int) *common {
	c := &common{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	c.IntVar(&c.rounds, "rounds", rounds, "measurements of each side, which take turns")
	c.StringVar(&c.dir, "tmp", os.TempDir(), "`folder` for the files, on a disk with room for them")
	c.StringVar(&c.json, "json", "", "write the figures to `file`")
	return c
}

func (c *common) parse(args []string) error {
	if err := c.Parse(args); err != nil {
		return err
	}
	switch {
	case c.NArg() > 0:
		return fmt.Errorf("unknown argument %q", c.Arg(0))
	case c.rounds < 1:
		return errors.New("rounds must be 1 at least")
	}
	return nil
}
