package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

// shareFlags are the flags of share.
type shareFlags struct {
	node    nodeFlags
	leftOut bool
	dryRun  bool
}

func (a *app) shareCommand() *cobra.Command {
	var f shareFlags
	cmd := &cobra.Command{
		Use:   "share DIR…",
		Short: "Share folders until interrupted",
		Long: `Share folders until Ctrl-C or "servent stop". Their files can be found while
they are still being scanned, by the words of their names and of the folders in DIR
that they lie in. The name of DIR itself is told to nobody, and finds nothing: for
~/Music/Beethoven to be found as "beethoven", share ~/Music. Dot files, links out of
the folder and names that look like keys or credentials are left out.

Changes in the folders show within seconds. Hashes are kept in the data dir, so
that the next start reads only what is new or has changed.

Where a servent runs on this data dir already, the folders are added to it.
Otherwise the command runs on; its exit code is 0 when Ctrl-C or "servent stop"
ends it, but 130 while it still scans.`,
		Example: examples(
			"servent share ~/Music ~/Books",
			"servent share --left-out ~/Documents                 list what is not shared",
			"servent share --dry-run ~/Documents                  tell what would be shared, and do nothing",
			"servent share --dry-run --left-out ~/Documents       and list all that would be left out",
			"servent share --listen :6346 --upload-rate 2MB ~/Music",
			"servent share --data-dir /tmp/one --listen 127.0.0.1:7001 --connect-only ~/Music",
		),
		Args:              atLeastOne("a folder to share, as in `servent share ~/Music`"),
		ValidArgsFunction: foldersOnly,
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.share(ctx, &f, args)
		}),
	}
	cmd.Flags().BoolVar(&f.leftOut, "left-out", false, "list what is left out, and why")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "tell what would be shared and what would be left out; read, share and start nothing")
	f.node.add(cmd)
	f.node.addLeaves(cmd)
	return cmd
}

func (a *app) share(ctx context.Context, f *shareFlags, args []string) error {
	dirs, err := folders(args)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.dryRun(ctx, dirs, f.leftOut)
	}
	return a.serve(ctx, f, dirs)
}

// serve shares folders through the servent that runs, or through one of its own
// until that is interrupted.
func (a *app) serve(ctx context.Context, f *shareFlags, dirs []string) error {
	cfg, err := a.nodeConfig(&f.node)
	if err != nil {
		return err
	}
	cfg.KeepDownloads = true
	client, own, err := a.join(ctx, cfg)
	switch {
	case err != nil:
		return err
	case client != nil:
		defer client.Close()
		if command := client.Version().Command; command != "" {
			return fmt.Errorf("`servent %s` uses the data dir %s now: wait until it ends, or name another with --data-dir", command, a.dataDir)
		}
		if cfg.Role == servent.RoleSupernode {
			return fmt.Errorf("a servent runs on the data dir %s already: stop it with `%s`, or name another with --data-dir", a.dataDir, a.hint("stop"))
		}
		a.warnUnused(f.node.names(), "")
		return a.addTo(ctx, client, dirs, f.leftOut)
	}
	defer own.Close()
	s := sharing{a: a, own: own, dirs: dirs, leftOut: f.leftOut, wantsLinks: len(cfg.Connect) > 0}
	return s.run(ctx)
}

// folders makes paths absolute, and refuses what is no folder before anything starts.
func folders(args []string) ([]string, error) {
	var dirs []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case os.IsNotExist(err):
			return nil, fmt.Errorf("share %s: there is no such folder", arg)
		case err != nil:
			return nil, fmt.Errorf("share folder: %w", err)
		case !info.IsDir():
			return nil, fmt.Errorf("share %s: it is a file; name the folder that it lies in", arg)
		}
		dir, err := filepath.Abs(arg)
		if err != nil {
			return nil, fmt.Errorf("share %s: %w", arg, err)
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// addTo shares folders with the servent that runs.
func (a *app) addTo(ctx context.Context, c *control.Client, dirs []string, listLeftOut bool) error {
	before, err := c.Status(ctx)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		scan := a.scan()
		shared, err := c.Share(ctx, dir, scan.update)
		scan.close()
		if err != nil {
			return err
		}
		if !a.json {
			a.printf("%s\n", addedText(before.Shares, &shared.Share))
		}
		if listLeftOut {
			a.showLeftOut(dir, shared.LeftOut, shared.Share.LeftOut)
		}
	}
	if !a.json {
		return nil
	}
	st, err := c.Status(ctx)
	if err != nil {
		return err
	}
	a.printJSON(servent.Event{Event: "ready", Ready: &servent.Ready{
		Listen: st.Listen, GUID: st.GUID, Role: st.Role, Files: st.Files, Bytes: st.Bytes,
	}})
	return nil
}

// addedText says what became of a folder that was shared beside others.
func addedText(before []servent.ShareInfo, s *servent.ShareInfo) string {
	for _, b := range before {
		switch rel, err := filepath.Rel(b.Dir, s.Dir); {
		case err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)):
		case rel == ".":
			return "shared already, and scanned again: " + shareText(s)
		default:
			return fmt.Sprintf("%s: already shared by %s", s.Dir, b.Dir)
		}
	}
	return "shared by the servent that runs: " + shareText(s)
}

func shareText(s *servent.ShareInfo) string {
	if s.Single {
		return fmt.Sprintf("%s: downloaded: %s, %s, and nothing else", s.Dir, countText(s.Files, "file"), byteText(s.Bytes))
	}
	return fmt.Sprintf("%s: %s, %s%s", s.Dir, countText(s.Files, "file"), byteText(s.Bytes), leftOutText(s.LeftOut))
}

// showLeftOut lists what of a folder is not shared; total is how much that is.
func (a *app) showLeftOut(dir string, list []servent.LeftOut, total int) {
	for _, o := range list {
		if a.json {
			a.printJSON(struct {
				Event string `json:"event"`
				Dir   string `json:"dir"`
				servent.LeftOut
			}{"left_out", dir, o})
			continue
		}
		a.printf("  left out: %s: %s\n", o.Path, o.Reason)
	}
	if more := total - len(list); more > 0 && !a.json {
		a.printf("  and %s more\n", numberText(more))
	}
}
