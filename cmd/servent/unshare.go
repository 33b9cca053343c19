package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

func (a *app) unshareCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "unshare DIR…",
		Short:             "Take shared folders back",
		Long:              "Take folders back from the running servent: their files are no longer found. The files stay where they are.",
		Example:           examples("servent unshare ~/Music"),
		Args:              atLeastOne("a shared folder; `servent status` lists them"),
		ValidArgsFunction: a.sharedFolders,
		RunE:              a.ask(a.unshare),
	}
}

// sharedFolders offers the shell the folders that are shared.
func (a *app) sharedFolders(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	err := a.settle(cmd)
	var c *control.Client
	if err == nil {
		c, err = control.Dial(cmd.Context(), a.dataDir)
	}
	if err != nil {
		return foldersOnly(cmd, args, begin)
	}
	defer c.Close()
	st, err := c.Status(cmd.Context())
	if err != nil {
		return foldersOnly(cmd, args, begin)
	}
	var dirs []string
	for _, s := range st.Shares {
		dirs = append(dirs, s.Dir)
	}
	return dirs, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) unshare(ctx context.Context, c *control.Client, dirs []string) error {
	for _, d := range dirs {
		dir, err := filepath.Abs(d)
		if err != nil {
			return fmt.Errorf("folder %s: %w", d, err)
		}
		if err := c.Unshare(ctx, dir); err != nil {
			return fmt.Errorf("%w; `%s` lists the shared folders", err, a.hint("status"))
		}
		if a.json {
			a.printJSON(map[string]string{"event": "unshared", "dir": dir})
			continue
		}
		a.printf("no longer shared: %s\n", dir)
	}
	return nil
}
