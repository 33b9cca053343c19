package main

import (
	"context"
	"runtime/debug"

	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
)

// supernodeCommand is share in the role of a supernode, for which folders are not
// needed.
func (a *app) supernodeCommand() *cobra.Command {
	f := shareFlags{}
	cmd := &cobra.Command{
		Use:   "supernode [DIR…]",
		Short: "Serve leaves until interrupted",
		Long: `Run a supernode until Ctrl-C or "servent stop": leaves hang on it, and it finds
their files for others, and others' for them, so that they see no questions but
those that they may have an answer to. It should be reachable from outside, and run
for long. Folders that are named are shared, too.`,
		Example: examples(
			"servent supernode",
			"servent supernode --listen :6346 --max-leaves 1000 ~/Music",
			"servent supernode --listen :6346 --connect 192.168.1.20:6346 --connect-only",
			"servent supernode --listen :6346 --relay 500kB",
		),
		ValidArgsFunction: foldersOnly,
		RunE: a.do(func(ctx context.Context, args []string) error {
			if a.given["role"] {
				return usagef("--role: `servent supernode` has the role supernode; for another one: `servent share --role %s`", f.node.role)
			}
			dirs, err := folders(args)
			if err != nil {
				return err
			}
			f.node.role = servent.RoleSupernode.String()
			a.spareMemory()
			return a.serve(ctx, &f, dirs)
		}),
	}
	cmd.Flags().BoolVar(&f.leftOut, "left-out", false, "list what is left out, and why")
	f.node.add(cmd)
	f.node.addLeaves(cmd)
	_ = cmd.Flags().MarkHidden("role") // there is one
	return cmd
}

// supernodeGC is GOGC for a supernode. Most of its memory are route tables and
// streams' windows, thousands of them and no pointers within: to look for garbage
// often costs little there, and to leave it lying half of what leaves cost.
const supernodeGC = 25

// spareMemory sets that, unless the user has chosen.
func (a *app) spareMemory() {
	if _, ok := a.lookEnv("GOGC"); !ok {
		debug.SetGCPercent(supernodeGC)
	}
}
