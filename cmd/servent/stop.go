package main

import (
	"context"

	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

func (a *app) stopCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stop",
		Short:   "End the running servent",
		Long:    "End the servent that runs on this data dir, and return when it has ended.",
		Example: examples("servent stop", "servent stop --data-dir /tmp/one"),
		Args:    noArgs,
		RunE: a.ask(func(ctx context.Context, c *control.Client, _ []string) error {
			if err := c.Stop(ctx); err != nil {
				return err
			}
			if a.json {
				a.printJSON(map[string]string{"event": "stopped"})
				return nil
			}
			a.printf("stopped\n")
			return nil
		}),
	}
}
