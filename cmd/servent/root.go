package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "servent",
		Short: "Share folders, find files by words, download and verify them, without a server",
		Long: `Servent shares folders, finds files by words, and downloads and verifies them,
without a server: each node passes questions on to its neighbours (Gnutella 0.6).

By default it stays on your local network, where servents find each other by
themselves. Only folders that you name are shared.`,
		Example: examples(
			"servent demo                     see a whole overlay at work on this machine",
			"servent share ~/Music            share a folder until Ctrl-C",
			`servent search "blue danube"     look for a file`,
			"servent get 1                    download the first row of that search",
		),
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&a.configFile, "config", "", "config `file` (default "+shown(defaultConfig(a.lookEnv))+")")
	f.StringVar(&a.dataDir, "data-dir", "", "`folder` of identity, host cache and control socket (default "+shown(defaultDataDir(a.lookEnv))+")")
	f.StringVar(&a.logLevel, "log-level", "warn", "what is logged on stderr: error, warn, info or debug")
	f.BoolVar(&a.json, "json", false, "one JSON object a line on stdout")
	complete(root, "log-level", "error", "warn", "info", "debug")
	root.AddCommand(
		a.shareCommand(), a.supernodeCommand(), a.unshareCommand(), a.stopCommand(), a.searchCommand(), a.browseCommand(), a.getCommand(), a.transfersCommand(), a.verifyCommand(), a.metalinkCommand(),
		a.peersCommand(), a.statusCommand(), a.doctorCommand(), a.demoCommand(), a.simCommand(), a.configCommand(), a.versionCommand(), a.completionCommand(),
	)
	root.SetFlagErrorFunc(plainFlag)
	root.Version = versionText()
	root.SetVersionTemplate("servent {{.Version}}\n")
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "The same as COMMAND --help", Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q", strings.Join(args, " "))
			}
			return cmd.Help()
		},
	})
	return root
}

// examples lays lines out as cobra shows them.
func examples(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }

func shown(path string) string {
	if path == "" {
		return "none: no home folder is known"
	}
	return path
}

// complete offers values of a flag to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// Fails only for a flag that does not exist, which a test would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// foldersOnly makes the shell offer folders for arguments.
func foldersOnly(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// noArgs wants none, and says which one is too many.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("`%s` takes no arguments: leave out %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// atLeastOne wants arguments, and says what they are for.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("name %s", what)
		}
		return nil
	}
}
