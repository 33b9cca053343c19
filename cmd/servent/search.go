package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// searchFlags are the flags of search.
type searchFlags struct {
	node    nodeFlags
	timeout time.Duration
	limit   int
	magnet  bool
	ttl     int
}

const maxTTL = 15 // more is not relayed

func (a *app) searchCommand() *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   `search "WORDS"`,
		Short: "Find files by words",
		Long: `Find files of others by the words in their names, in the folders that lead to them
within a shared one, and in the tags of music. Results come as they are found, equal
files as one row. A search goes on for all of --timeout, unless --limit is reached.
"servent get N" downloads row N. With --json a row comes again, under the same "sha1",
whenever it has got more sources.

It asks through the servent that runs on this data dir; where there is none, it
joins the network for the time of the search. Your own files are not among the
results; a note tells if some match.`,
		Example: examples(
			`servent search "blue danube"`,
			`servent search 'strauss -remix type:audio size:>10MB'   leave out a word; by kind; by size`,
			`servent search 'wal* ext:flac,mp3'                      beginnings of words; by end of name`,
			`servent search '"blue danube"'                          words in this order`,
			`servent search --limit 1 --json "blue danube"           for a script`,
		),
		Args: atLeastOne("words to look for, as in `servent search \"blue danube\"`"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.search(ctx, &f, strings.Join(args, " "))
		}),
	}
	cmd.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to search")
	cmd.Flags().IntVar(&f.limit, "limit", 0, "end after so many rows (default no limit)")
	cmd.Flags().IntVar(&f.ttl, "ttl", 0, "links to pass the question on over, 1 to 15 (default what the network is used to)")
	cmd.Flags().BoolVar(&f.magnet, "magnet", false, "show the magnet link of each row, too")
	cmd.SetFlagErrorFunc(excluded)
	f.node.add(cmd)
	return cmd
}

// check returns what is wrong with the flags, of which those in given stand on
// the command line.
func (f *searchFlags) check(query string, given map[string]bool) error {
	if err := checkQuery(query); err != nil {
		return err
	}
	switch {
	case f.timeout <= 0:
		return usagef("--timeout %v: use a time such as 10s", f.timeout)
	case f.limit < 0 || f.limit == 0 && given["limit"]:
		return usagef("--limit %d: use a number from 1 on", f.limit)
	case f.ttl < 0 || f.ttl > maxTTL || f.ttl == 0 && given["ttl"]:
		return usagef("--ttl %d: use a number from 1 to %d", f.ttl, maxTTL)
	}
	return nil
}

// checkQuery is nil for a query that can be searched for.
func checkQuery(query string) error {
	_, err := search.ParseQuery(query)
	if cause := errors.Unwrap(err); cause != nil {
		err = cause // what is wrong, without that it was read
	}
	if err != nil {
		return &usageError{err}
	}
	return nil
}

// excluded tells how to write what was taken for a flag.
func excluded(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return plainFlag(cmd, err)
	}
	return fmt.Errorf("%w; where that is a word to leave out, put -- before the words: %s -- '-x danube'", err, cmd.CommandPath())
}

func (a *app) search(ctx context.Context, f *searchFlags, query string) error {
	if err := f.check(query, a.given); err != nil {
		return err
	}
	s, err := a.open(ctx, &f.node, "search")
	if err != nil {
		return err
	}
	defer s.close()
	v := a.newSearchView(query)
	v.linksText, v.dataDir, v.magnet = s.linksText, a.dataDir, f.magnet
	req := servent.SearchRequest{Query: query, TTL: uint8(f.ttl), Limit: f.limit}
	err = v.follow(ctx, f.timeout, func(ctx context.Context, found func(servent.Found)) error {
		return s.Search(ctx, req, found)
	})
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	defer s.noteOwn(ctx, query)
	if len(v.rows) == 0 {
		return s.nothing(ctx, query)
	}
	v.conclude()
	s.noteSeeds(ctx, a)
	return nil
}
