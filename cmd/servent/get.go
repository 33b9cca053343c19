package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
)

// getFlags are the flags of get.
type getFlags struct {
	node   nodeFlags
	output string
	from   string
	after  afterFlags
}

func (a *app) getCommand() *cobra.Command {
	var f getFlags
	cmd := &cobra.Command{
		Use:   "get MAGNET|urn:sha1:…|N…|FILE.meta4…|--from HOST:PORT",
		Short: "Download files and verify them",
		Long: `Download files into --output: by magnet link, by urn:sha1:…, by number of a row of
the last search or browse, or those of a metalink (RFC 5854) that have a SHA-1; of its
URLs, those with an address and a port are asked as servents. A file gets its name
only when its content matches its hash; until then it is NAME.part, and the same
command goes on from there after an interruption.

--from names a servent to ask first. With no file named, all that it shares is
downloaded, in its folders; files that are there already are left alone.

--detach leaves the downloads to the servent that runs on this data dir, and returns:
they go on when it is started again. "servent transfers" lists them.

Where a servent runs on this data dir, it shares what was downloaded from then on,
until it ends; of the folder nothing else. --no-share keeps it to yourself; --share
lets also a servent share it that only runs for this command.

--exec runs a program for each file once it is there and verified, without a shell:
the words of COMMAND are split at blanks, quotes hold words together, and {} stands
for the path. SERVENT_PATH, SERVENT_NAME, SERVENT_SHA1 and SERVENT_BYTES are in its
environment. Where it fails the file stays, and the exit code is 1 at the end.

With --json each line has an "event": "progress" (at most twice a second for each
file: "sha1", "name", "done", "total", "sources" that are known, "active" ones that
deliver, "copies" of the rarest block in sight, "rate" in bytes a second, "left_ms",
"state"; none for a small one of many from one servent that takes no time), then
"done" ("path", "sha1", "bytes", "fetched" of them now, "ms", "sources" that delivered,
"liars" that sent wrong bytes, "existing": it was there already) or "error" ("sha1",
"error"); with --exec "exec" ("path", "code", "error"); with --detach "detached" (one
download, as "servent transfers --json" lists it).`,
		Example: examples(
			"servent get 1",
			"servent get 2 5 7 --output ~/Downloads",
			"servent get 'magnet:?xt=urn:sha1:…&dn=danube.flac'",
			"servent get urn:sha1:…",
			"servent get danube.meta4",
			"servent get --from 192.168.1.20:6346 --output ~/Music   all that it shares",
			"servent get --detach 3 4 --output ~/Downloads           go on without this command",
			"servent get 1 --exec 'tar -xf {} -C \"/srv/my files\"'",
		),
		Args: func(cmd *cobra.Command, args []string) error {
			if f.from != "" {
				return nil
			}
			return atLeastOne("a file: a magnet link, urn:sha1:… or the number of a row of the last search; or --from HOST:PORT for all that a servent shares")(cmd, args)
		},
		RunE: a.do(func(ctx context.Context, args []string) error { return a.get(ctx, &f, args) }),
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", ".", "`folder` for the files")
	cmd.Flags().StringVar(&f.from, "from", "", "`host:port` of a servent to ask first; with no file named, for all that it shares")
	f.after.add(cmd)
	f.node.add(cmd)
	return cmd
}

// wanted is one file to download.
type wanted struct {
	label string // for people
	size  uint64 // 0: not known
	row   int    // of the search, where several files are wanted
	req   servent.GetRequest
}

func (a *app) get(ctx context.Context, f *getFlags, args []string) error {
	if f.from != "" {
		if err := checkHostPort("--from", f.from); err != nil {
			return err
		}
	}
	hook, err := f.after.hook(a)
	if err != nil {
		return err
	}
	files, err := a.wanted(args)
	if err != nil {
		return err
	}
	dir, err := outputFolder(f.output)
	if err != nil {
		return err
	}
	if f.after.detach {
		return a.detach(ctx, f, files, dir)
	}
	s, err := a.open(ctx, &f.node, "get")
	if err != nil {
		return err
	}
	defer s.close()
	if len(files) == 0 {
		if files, err = a.allOf(ctx, s, f.from); err != nil {
			return err
		}
	}
	for i := range files {
		files[i].req.Dir, files[i].req.From = dir, f.from
		files[i].req.Share = f.after.shares(a, s.current().lasts())
	}
	err = a.getAll(ctx, s, files, hook)
	switch {
	case errors.Is(err, servent.ErrNoSource):
		why := s.loneliness(ctx)
		if why == "" {
			why = fmt.Sprintf("`%s` shows who has what", a.hint("search WORDS"))
		}
		fmt.Fprintf(a.err, "servent: %s\n", why)
	case ctx.Err() == nil:
		s.noteSeeds(ctx, a)
	}
	return err
}

// wanted finds out which files args name.
func (a *app) wanted(args []string) ([]wanted, error) {
	var last *lastSearch
	var files []wanted
	for _, arg := range args {
		if isMetalink(arg) {
			list, err := a.wantedOf(arg)
			if err != nil {
				return nil, err
			}
			files = append(files, list...)
			continue
		}
		n, err := strconv.Atoi(arg)
		if err != nil {
			w, err := wantedContent(arg)
			if err != nil {
				return nil, err
			}
			files = append(files, w)
			continue
		}
		if last == nil {
			if last, err = a.lastSearch(); err != nil {
				return nil, err
			}
		}
		row, err := last.row(n)
		if err != nil {
			return nil, err
		}
		if len(args) == 1 {
			n = 0
		}
		files = append(files, wanted{row.Name, row.Size, n, servent.GetRequest{Magnet: row.Magnet, Sources: row.Sources}})
	}
	return files, nil
}

// allOf lists all that a servent shares.
func (a *app) allOf(ctx context.Context, n node, from string) ([]wanted, error) {
	var files []wanted
	unnamed := 0
	v := a.newBrowseView()
	err := v.await(func(found func()) error {
		return n.Browse(ctx, servent.BrowseRequest{Source: servent.FoundSource{Addr: from}}, func(f servent.Found) {
			found()
			if f.SHA1 == "" {
				unnamed++
				return
			}
			files = append(files, wanted{f.Name, f.Size, 0, servent.GetRequest{Magnet: f.Magnet, Sources: f.Sources, Folder: f.Path}})
		})
	})
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		return nil, err
	case unnamed > 0:
		a.note("%s without a SHA-1 left out: they could not be verified", countText(unnamed, "file"))
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: %s shares nothing that can be downloaded", errNothing, from)
	}
	return files, nil
}

func (a *app) lastSearch() (*lastSearch, error) {
	if err := a.wantDataDir(); err != nil {
		return nil, err
	}
	return loadLastSearch(a.dataDir)
}

// wantedContent reads a magnet link or a URN.
func wantedContent(arg string) (wanted, error) {
	m, err := protocol.ParseMagnet(arg)
	if err != nil {
		m.URN, err = protocol.ParseURN(arg)
	}
	if err != nil || !m.URN.HasSHA1 {
		return wanted{}, usagef("%q: %s", arg, whyUnwanted(arg))
	}
	label := m.Name
	if label == "" {
		label = m.URN.SHA1URN()
	}
	return wanted{label: label, size: m.Size, req: servent.GetRequest{Magnet: arg}}, nil
}

// outputFolder makes sure that files can be written to dir before any is loaded.
func outputFolder(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("output folder %s: %w", dir, err)
	}
	info, err := os.Stat(abs)
	switch {
	case os.IsNotExist(err):
		return "", fmt.Errorf("output folder %s does not exist: make it, or name another with --output", dir)
	case err != nil:
		return "", fmt.Errorf("output folder: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("output folder %s is a file: name a folder with --output", dir)
	}
	probe, err := os.CreateTemp(abs, ".servent-*.part")
	if err != nil {
		return "", fmt.Errorf("output folder %s cannot be written to: name another with --output (%w)", dir, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return "", fmt.Errorf("output folder: %w", err)
	}
	return abs, nil
}
