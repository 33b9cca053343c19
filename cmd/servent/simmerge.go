package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed282dab8e/servent/sim/study"
)

func (a *app) simMergeCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge --out FOLDER PART...",
		Short: "Join the parts of a study that were run with --shard",
		Long: `Join the results of parts of one study, which may have been run on several
machines, and make the page. The bytes are the same as if all had been run at
once. Each PART is a folder that a study wrote. Parts may be missing: the page
says so.`,
		Example: examples("servent sim compare --shard 1/2 --out a\n  servent sim compare --shard 2/2 --out b\n  servent sim merge --out all a b"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("name the folders of the parts, as in `%s --out all a b`", cmd.CommandPath())
			}
			return nil
		},
		RunE: a.do(func(_ context.Context, args []string) error { return a.mergeStudy(out, args) }),
	}
	cmd.Flags().StringVarP(&out, "out", "o", "servent-sim-merged", "new `folder` for the page, plots and tables")
	cmd.ValidArgsFunction = foldersOnly
	return cmd
}

func (a *app) mergeStudy(out string, dirs []string) error {
	var parts []*study.Results
	for _, dir := range dirs {
		part, err := readResults(dir)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	sum, err := study.Merge(parts...)
	if err != nil {
		return err
	}
	for _, gap := range study.Gaps(parts...) {
		a.note("%s", gap)
	}
	dir, err := newFolder(out)
	if err != nil {
		return err
	}
	defer removeEmpty(dir)
	page, err := saveStudy(dir, sum)
	if err != nil {
		return err
	}
	return a.tellStudy(dir, page, false)
}

func readResults(dir string) (*study.Results, error) {
	f, err := os.Open(filepath.Join(dir, resultsFile))
	if err != nil {
		return nil, fmt.Errorf("%s is no folder of a study: %w", dir, err)
	}
	defer f.Close()
	r, err := study.ReadResults(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	r.From = dir
	return r, nil
}
