package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed282dab8e/servent/sim/study"
)

func (a *app) simCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sim STUDY",
		Short: "Simulate overlays: flooding against supernodes, and published experiments",
		Long: `Run an experiment on simulated networks and write down what it shows into a
new folder: one page to read in a browser, tables as CSV, and plots as SVG and
PNG. Nothing is sent to anybody, and nothing is shared. Equal parameters give
equal files, on any number of cores and any kind of processor. Ctrl-C keeps
what is done.

servent sim STUDY --help tells what a study does and what it can be told.`,
		Example: examples(
			"servent sim compare                       flooding against supernodes",
			"servent sim compare --peers 1000          the same in some seconds",
			"servent sim compare --peers 1000000       the same with a million peers (minutes)",
			"servent sim validate                      check that the simulator's levels agree",
			"servent sim flood --graph FILE --source 0 flood a graph of your own",
		),
		Args: studyName,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, info := range study.All() {
		cmd.AddCommand(a.studyCommand(info))
	}
	cmd.AddCommand(a.simFloodCommand(), a.simMergeCommand())
	return cmd
}

// studyName is for what is no study: it says which one is like it.
func studyName(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // letters that are wrong
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		return fmt.Errorf("there is no study %q: do you mean %s?", args[0], strings.Join(like, " or "))
	}
	return fmt.Errorf("there is no study %q: `%s --help` lists them", args[0], cmd.CommandPath())
}

// memoryUsage is that of --memory.
const memoryUsage = "the `size` of memory that it may take, as 4GB (default what is free)"

// simFlags are those of every study.
type simFlags struct {
	out    string
	shard  shardValue
	memory byteSize
}

func (a *app) studyCommand(info study.Info) *cobra.Command {
	s := info.New()
	var f simFlags
	long := info.Long
	if info.Source != "" {
		long += "\n\nAfter " + info.Source + "."
	}
	cmd := &cobra.Command{
		Use: info.Name, Short: info.Short, Long: long, Example: indented(info.Example), Args: noArgs,
		RunE: a.do(func(ctx context.Context, _ []string) error { return a.runStudy(ctx, info, s, &f) }),
	}
	for _, p := range s.Params() {
		usage := p.Usage
		if len(p.Choices) > 0 {
			usage += ": " + strings.Join(p.Choices, " or ")
			complete(cmd, p.Name, p.Choices...)
		}
		cmd.Flags().Var(paramValue{p}, p.Name, usage)
	}
	cmd.Flags().StringVarP(&f.out, "out", "o", "servent-sim-"+info.Name, "new `folder` for the page, plots and tables")
	cmd.Flags().Var(&f.shard, "shard", "run only part `i/n` of the study, as in 1/4; servent sim merge joins the parts")
	cmd.Flags().Var(&f.memory, "memory", memoryUsage)
	return cmd
}

// paramValue is a parameter of a study as a flag.
type paramValue struct{ study.Param }

func (v paramValue) String() string {
	if v.Int == nil && v.Float == nil && v.Text == nil {
		return "" // the zero value, which pflag makes to know what a default is
	}
	return v.Value()
}

// shardValue is --shard.
type shardValue struct{ study.Shard }

func (v *shardValue) Set(text string) (err error) {
	v.Shard, err = study.ParseShard(text)
	return err
}

func (v *shardValue) Type() string { return "i/n" }
