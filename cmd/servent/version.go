package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Tell which version this is",
		Example: examples("servent version", "servent version --json"),
		Args:    noArgs,
		RunE: a.do(func(context.Context, []string) error {
			v := struct {
				Version  string `json:"version"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
			}{versionText(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			if a.json {
				a.printJSON(v)
				return nil
			}
			a.printf("servent %s\n%s %s\n", v.Version, v.Go, v.Platform)
			return nil
		}),
	}
}

// versionText is what the linker set, or else what `go install` knows.
func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if version != "dev" || !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return version
	}
	return info.Main.Version
}
