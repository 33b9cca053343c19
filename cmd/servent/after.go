package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

// afterFlags are the flags of get that say what becomes of downloads.
type afterFlags struct {
	detach  bool
	share   bool
	noShare bool
	exec    string
}

func (f *afterFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&f.detach, "detach", "d", false, "leave the downloads to the servent that runs, and return")
	cmd.Flags().BoolVar(&f.share, "share", false, "share each file once it is there, while the servent runs (default where one runs on this data dir)")
	cmd.Flags().BoolVar(&f.noShare, "no-share", false, "do not share what was downloaded")
	cmd.Flags().StringVar(&f.exec, "exec", "", "`command` to run for each file that is done; {} is its path")
	cmd.MarkFlagsMutuallyExclusive("share", "no-share")
	cmd.MarkFlagsMutuallyExclusive("detach", "exec")
}

// shares says whether files are to be shared by a servent that lasts longer than the
// command, or does not. The command line beats the settings, where no beats yes.
func (f *afterFlags) shares(a *app, lasts bool) bool {
	if a.given["share"] {
		return f.share
	}
	return !f.noShare && (f.share || lasts)
}

// hook is nil where none is wanted. An empty command line is an error: a script's
// variable may not be set.
func (f *afterFlags) hook(a *app) (*hook, error) {
	if f.exec == "" && !a.given["exec"] {
		return nil, nil
	}
	return newHook(f.exec)
}

// detach leaves downloads to the servent that runs.
func (a *app) detach(ctx context.Context, f *getFlags, files []wanted, dir string) error {
	if err := a.wantDataDir(); err != nil {
		return err
	}
	c, err := control.Dial(ctx, a.dataDir)
	if errors.Is(err, control.ErrNotRunning) {
		return fmt.Errorf("no servent runs on %s that could go on with a detached download: start one with `%s`, or leave out --detach", a.dataDir, a.hint("share DIR"))
	}
	if err != nil {
		return err
	}
	defer c.Close()
	a.warnUnused(f.node.names(), c.Version().Command)
	if len(files) == 0 {
		if files, err = a.allOf(ctx, c, f.from); err != nil {
			return err
		}
	}
	reqs := make([]servent.GetRequest, len(files))
	for i, file := range files {
		reqs[i] = file.req
		reqs[i].Dir, reqs[i].From, reqs[i].Share = dir, f.from, f.after.shares(a, true)
	}
	list, err := c.Detach(ctx, reqs)
	for _, d := range list {
		if a.json {
			a.printJSON(struct {
				Event string `json:"event"`
				servent.DownloadInfo
			}{"detached", d})
			continue
		}
		a.printf("%s  %s\n", d.ID, search.Clean(d.Name))
	}
	if err == nil && !a.json {
		a.printf("%s left to the servent that runs; `%s` tells how far\n", countText(len(list), "download"), a.hint("transfers"))
	}
	return err
}
